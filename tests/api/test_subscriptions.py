"""`/api/push`: what comes in, what goes, and each refusal word for word."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from beffroi.store import subscriptions
from tests.api.client import KEY, Client, problem, refused, subscription

ADDRESS = "l’adresse doit être celle d’un service de notification, sans identifiant."
UNKNOWN = "ce service de notification n’est pas admis."
P256DH = ("/keys/p256dh", "attendu : 65 octets en base64url, un point de la courbe P-256.")
AUTH = ("/keys/auth", "attendu : 16 octets en base64url.")


def b64(data: bytes) -> str:
    """Base64url without padding, as browsers write keys."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def test_the_key(client: Client) -> None:
    """The public VAPID key, asked for anew each time: a town that changes it must not be read from a cache."""
    answer = client.ask("GET", "/api/push/key")
    assert (200, {"key": KEY}) == (answer.status, answer.json)
    assert "no-cache" == answer.headers["cache-control"]


def test_a_subscription_is_kept_once(client: Client) -> None:
    """201, then 200 for the same endpoint whatever its keys and choices; the answer shows the choices, sorted."""
    first = client.put(subscription(categories=["alertes", "actualites", "alertes"], areas=["haut"]))
    usual = {"quiet": "21:30-07:00", "alerts_only": False}
    assert (201, {"categories": ["actualites", "alertes"], "areas": ["haut"], **usual}) == (first.status, first.json)
    assert ("no-store", "nosniff") == (first.headers["cache-control"], first.headers["x-content-type-options"])
    again = client.put(subscription(categories=["alertes"], quiet="", alerts_only=True, key=KEY))
    wanted = {"categories": ["alertes"], "areas": [], "quiet": "", "alerts_only": True}
    assert (200, wanted) == (again.status, again.json)
    assert 1 == subscriptions.count(client.engine)


def test_only_who_holds_the_secret_deletes(client: Client) -> None:
    """204 for everybody, so that nobody can probe; the row goes for the holder of `auth` alone."""
    mine = subscription()
    client.put(mine)
    stranger = client.delete(subscription())
    assert (204, b"", 1) == (stranger.status, stranger.body, subscriptions.count(client.engine))
    assert (204, 0) == (client.delete(mine).status, subscriptions.count(client.engine))
    assert (204, "no-store") == ((gone := client.delete(mine)).status, gone.headers["cache-control"])


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://FCM.GoogleApis.com/fcm/send/abc",
        "https://fcm.googleapis.com:443/fcm/send/abc",
        "https://jmt17.google.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=BQ%3d%3d",
    ],
)
def test_the_vendors_are_admitted(client: Client, endpoint: str) -> None:
    """The addresses that the four vendors' browsers give."""
    assert 201 == client.put(subscription(endpoint)).status


@pytest.mark.parametrize(
    ("endpoint", "why"),
    [
        ("http://fcm.googleapis.com/a", UNKNOWN),
        ("ftp://fcm.googleapis.com/a", UNKNOWN),
        ("file:///etc/passwd", ADDRESS),
        ("fcm.googleapis.com/a", ADDRESS),
        ("https://evil-fcm.googleapis.com/a", UNKNOWN),
        ("https://fcm.googleapis.com.evil.example/a", UNKNOWN),
        ("https://notgoogle.com/a", UNKNOWN),
        ("https://google.com/a", UNKNOWN),
        ("https://push.apple.com/a", UNKNOWN),
        ("https://push.exemple.fr/a", UNKNOWN),
        ("https://user@fcm.googleapis.com/a", ADDRESS),
        ("https://fcm.googleapis.com@evil.example/a", ADDRESS),
        ("https://user:pass@fcm.googleapis.com/a", ADDRESS),
        ("https://fcm.googleapis.com./a", ADDRESS),
        ("https://.google.com/a", ADDRESS),
        ("https://fcm.googleapis.com:8443/a", UNKNOWN),
        ("https://fcm.googleapis.com:80/a", UNKNOWN),
        ("https://fcm.googleapis.com:/a", ADDRESS),
        ("https://fcm.googleapis.com:0x1bb/a", "l’adresse est illisible."),
        ("https://fcm.googleapis.com:99999/a", "l’adresse est illisible."),
        ("https://fcm.googleapis.com#@evil.example/a", "l’adresse contient un caractère interdit."),
        ("https://fcm.googleapis.com\\@evil.example/a", "l’adresse contient un caractère interdit."),
        ("https://fcm.gоogleapis.com/a", "l’adresse doit avoir au plus 2048 caractères ASCII, sans espace."),
        ("https://fcm.googleapis.com/a b", "l’adresse doit avoir au plus 2048 caractères ASCII, sans espace."),
        ("https://fcm.googleapis.com/\r\nHost: a", "l’adresse doit avoir au plus 2048 caractères ASCII, sans espace."),
        (
            "https://fcm.googleapis.com/" + "a" * 2048,
            "l’adresse doit avoir au plus 2048 caractères ASCII, sans espace.",
        ),
        ("https://xn--fcm-gogleapis-9fd.com/a", UNKNOWN),
        ("https://127.0.0.1/a", UNKNOWN),
        ("https://10.0.0.1/a", UNKNOWN),
        ("https://192.168.1.1/a", UNKNOWN),
        ("https://169.254.169.254/latest/meta-data", UNKNOWN),
        ("https://localhost/a", UNKNOWN),
        ("https://[::1]/a", UNKNOWN),
        ("https://[fd00::1]/a", ADDRESS),
        ("https://2130706433/a", ADDRESS),
        ("https://0x7f000001/a", ADDRESS),
        ("https://127.1/a", ADDRESS),
        ("https:fcm.googleapis.com/a", ADDRESS),
        ("https:///fcm.googleapis.com/a", ADDRESS),
        ("", ADDRESS),
    ],
)
def test_other_addresses_are_refused(client: Client, endpoint: str, why: str) -> None:
    """Look-alikes, other schemes, ports, credentials, private addresses: refused, by PUT and by DELETE."""
    error = ("/endpoint", why if endpoint else "l’adresse doit avoir au plus 2048 caractères ASCII, sans espace.")
    for answer in (client.put(subscription(endpoint)), client.delete(subscription(endpoint))):
        assert (422, refused(error)) == (answer.status, answer.json)
    assert 0 == subscriptions.count(client.engine)


@pytest.mark.parametrize(
    ("endpoint", "status"),
    [
        ("http://127.0.0.1:8123/a", 201),
        ("https://127.0.0.1:8123/a", 201),
        ("http://127.0.0.1:8124/a", 422),
        ("http://127.0.0.2:8123/a", 422),
        ("http://push.exemple.fr/a", 422),
        ("https://push.exemple.fr/a", 201),
        ("https://push.exemple.fr:8443/a", 422),
        ("https://fcm.googleapis.com/a", 422),
        ("https://10.0.0.1/a", 422),
    ],
)
def test_the_list_decides(tmp_path: Path, endpoint: str, status: int) -> None:
    """BEFFROI_PUSH_HOSTS replaces the vendors; plain http is for a loopback host named there, with its port; a private
    address is refused even when named."""
    client = Client(tmp_path, push_hosts="127.0.0.1:8123, push.exemple.fr, 10.0.0.1")
    assert status == client.put(subscription(endpoint)).status


@pytest.mark.parametrize(
    ("keys", "errors"),
    [
        (None, [P256DH, AUTH]),
        ([], [P256DH, AUTH]),
        ({}, [P256DH, AUTH]),
        ({"p256dh": 1, "auth": None}, [P256DH, AUTH]),
        ({"p256dh": b64(b"\x04" + bytes(63)), "auth": b64(bytes(16))}, [P256DH]),
        ({"p256dh": b64(b"\x04" + bytes(65)), "auth": b64(bytes(16))}, [P256DH]),
        ({"p256dh": b64(b"\x04" + b"\x01" * 64), "auth": b64(bytes(16))}, [P256DH]),
        ({"p256dh": b64(b"\x02" + b"\x01" * 64), "auth": b64(bytes(16))}, [P256DH]),
        ({"p256dh": "é" * 87, "auth": "!" * 22}, [P256DH, AUTH]),
        ({"p256dh": "A" * 4000, "auth": b64(bytes(15))}, [P256DH, AUTH]),
        ({"auth": b64(bytes(17))}, [P256DH, AUTH]),
    ],
)
def test_bad_keys_are_refused(client: Client, keys: Any, errors: list[tuple[str, str]]) -> None:
    """Not 65 bytes, not on the curve, compressed, not 16 bytes, no text: each is named, all at once."""
    answer = client.put({**subscription(), "keys": keys})
    assert (422, refused(*errors)) == (answer.status, answer.json)


def test_padded_keys_are_the_same(client: Client) -> None:
    """Some libraries pad base64url: whoever subscribed without may leave with."""
    made = subscription()
    assert 201 == client.put(made).status
    padded = {name: text + "=" * (-len(text) % 4) for name, text in made["keys"].items()}
    assert (204, 0) == (client.delete({**made, "keys": padded}).status, subscriptions.count(client.engine))


QUIET = 'attendu : deux demi-heures, par exemple « 21:30-07:00 », ou rien ("").'


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("quiet", "21:30", QUIET),
        ("quiet", "21:15-07:00", QUIET),
        ("quiet", "22:00-22:00", QUIET),
        ("quiet", 22, QUIET),
        ("alerts_only", "oui", "attendu : true ou false."),
        ("categories", ["alertes", "sport"], "« sport » est inconnu ; les noms admis sont : alertes, actualites."),
        ("areas", ["centre"], "« centre » est inconnu ; les noms admis sont : bas, haut."),
        ("areas", ["\ud800"], "« ? » est inconnu ; les noms admis sont : bas, haut."),
        ("categories", "alertes", "attendu : une liste d’au plus 50 noms."),
        ("categories", [1], "attendu : une liste d’au plus 50 noms."),
        ("areas", {"bas": True}, "attendu : une liste d’au plus 50 noms."),
        ("quiet", "21:30", 'attendu : deux demi-heures, par exemple « 21:30-07:00 », ou rien ("").'),
        ("quiet", 7, 'attendu : deux demi-heures, par exemple « 21:30-07:00 », ou rien ("").'),
        ("alerts_only", "oui", "attendu : true ou false."),
        ("areas", ["bas"] * 51, "attendu : une liste d’au plus 50 noms."),
    ],
)
def test_unknown_choices_are_refused(client: Client, field: str, value: Any, why: str) -> None:
    """A category or an area that the town has not, or no list at all: the sentence gives the names that exist."""
    answer = client.put(subscription(**{field: value}))
    assert (422, refused((f"/{field}", why))) == (answer.status, answer.json)


def test_all_errors_at_once(client: Client) -> None:
    """A body wrong everywhere is told everything."""
    answer = client.put({"categories": ["x"], "areas": 1, "endpoint": 7, "keys": {}})
    pointers = ["/categories", "/areas", "/endpoint", "/keys/p256dh", "/keys/auth"]
    assert pointers == [one["pointer"] for one in answer.json["errors"]]
    assert "l’adresse de l’abonnement manque." == answer.json["errors"][2]["detail"]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"", "Le corps de la demande n’est pas du JSON lisible."),
        (b"{", "Le corps de la demande n’est pas du JSON lisible."),
        (b"\xff\xfe\x00", "Le corps de la demande n’est pas du JSON lisible."),
        (b"[" * 9000, "Le corps de la demande n’est pas du JSON lisible."),
        (b"1" * 5000, "Le corps de la demande n’est pas du JSON lisible."),
        (b"[]", "Le corps de la demande doit être un objet JSON."),
        (b"null", "Le corps de la demande doit être un objet JSON."),
        (b'"a"', "Le corps de la demande doit être un objet JSON."),
    ],
)
def test_bodies_that_are_no_object(client: Client, body: bytes, detail: str) -> None:
    """400, whatever the bytes."""
    answer = client.put(body)
    assert (400, problem(400, "Demande illisible", detail)) == (answer.status, answer.json)
    assert "application/problem+json" == answer.headers["content-type"]


def test_a_body_too_large(client: Client) -> None:
    """413 beyond 16 KiB, counted as it comes, and the connection closed; a body of 16 KiB is read."""
    expected = problem(413, "Demande trop longue", "Un abonnement tient en 16 Kio.")
    for body in (b" " * 16385, [b" " * 9000, b" " * 9000, b" " * 10**6]):
        answer = client.ask("PUT", "/api/push/subscriptions", body, {"Content-Type": "application/json"})
        assert (413, expected, "close") == (answer.status, answer.json, answer.headers["connection"])
    assert 400 == client.put(b" " * 16384).status


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "application/problem+json"])
def test_a_body_that_is_not_announced_as_json(client: Client, kind: str) -> None:
    """415: a form of another site can send nothing else without asking first."""
    answer = client.put(subscription(), Content_Type=kind)
    expected = problem(415, "Format non admis", "Envoyez du JSON (Content-Type: application/json).")
    assert (415, expected) == (answer.status, answer.json)
    assert 201 == client.put(subscription(), Content_Type="Application/JSON; charset=utf-8").status


def test_a_request_that_breaks_off(client: Client) -> None:
    """The citizen leaves the tunnel too late: no error of ours, nothing kept."""
    answer = client.ask("PUT", "/api/push/subscriptions", [], {"Content-Type": "application/json"})
    assert (400, "La demande s’est interrompue.") == (answer.status, answer.json["detail"])


@pytest.mark.parametrize(
    ("method", "target", "status", "title", "detail", "allow"),
    [
        ("GET", "/api/push/subscriptions", 405, "Méthode non admise", "Cette adresse ne répond pas à cette méthode.", "DELETE, PUT"),
        ("POST", "/api/push/key", 405, "Méthode non admise", "Cette adresse ne répond pas à cette méthode.", "GET, HEAD"),
        ("GET", "/api/", 404, "Adresse inconnue", "Cette adresse n’existe pas sous /api.", None),
        ("GET", "/api/push", 404, "Adresse inconnue", "Cette adresse n’existe pas sous /api.", None),
        ("POST", "/", 405, "Méthode non admise", "Cette adresse ne répond pas à cette méthode.", "GET, HEAD"),
    ],
)  # fmt: skip
def test_other_doors(
    client: Client, method: str, target: str, status: int, title: str, detail: str, allow: str | None
) -> None:
    """404 and 405 are problems too; 405 says which methods there are."""
    answer = client.ask(method, target)
    assert (status, problem(status, title, detail)) == (answer.status, answer.json)
    assert allow == (answer.headers.get("allow") and ", ".join(sorted(answer.headers["allow"].split(", "))))
    assert "no-store" == answer.headers["cache-control"]


def test_a_database_that_is_gone(client: Client) -> None:
    """503 with a time to come back, and a health that says so; no sentence of the database leaves."""
    with client.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE subscriptions")
    answer = client.put(subscription())
    detail = "Le service est momentanément indisponible ; réessayez dans une minute."
    assert (503, problem(503, "Service indisponible", detail)) == (answer.status, answer.json)
    assert "30" == answer.headers["retry-after"]
