"""What a push service receives is what RFC 8030, 8291, 8292 and the vendors ask for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from py_vapid import Vapid02

from beffroi.channels import FeedItem, webpush
from beffroi.channels import keys as vapid_key
from beffroi.channels.reference import Reference, check_answer
from beffroi.channels.senders import senders
from beffroi.channels.sending import Outgoing, Target
from beffroi.channels.vapid import Tokens
from beffroi.errors import Gone, SendError, SettingsError
from beffroi.model import Alert, Severity
from beffroi.settings import read_service, site_from
from beffroi.store.entries import Message, Recipient
from tests.channels.town import RAW
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import check_topic

AT = datetime(2026, 5, 4, 9, tzinfo=UTC)
ITEM = FeedItem("alertes/crue", "alertes", "Crue", "https://e.fr/alertes/crue/", "Éloignez-vous.", "fr", AT, AT)
texts = st.text(max_size=4000)
slugs = st.from_regex(r"[a-z0-9-]{1,60}", fullmatch=True)
alerts = st.none() | st.builds(Alert, st.sampled_from(Severity))
moments = st.none() | st.integers(-(10**6), 10**7).map(lambda seconds: AT + timedelta(seconds=seconds))
items = st.builds(
    lambda slug, title, summary, push, alert, end: replace(
        ITEM, id=f"alertes/{slug}", title=title, summary=summary, push=push, alert=alert, end=end
    ),
    slugs,
    texts,
    texts,
    st.none() | texts,
    alerts,
    moments,
)


def sender(subject: str = "mailto:mairie@exemple.fr", now: float = AT.timestamp(), timeout: float = 2) -> Reference:
    """A channel with a new key and a stopped clock."""
    vapid = Vapid02()
    vapid.generate_keys()
    return Reference(Tokens(vapid, subject, lambda: now), timeout=timeout, now=lambda: now)


class Sink(BaseHTTPRequestHandler):
    """Answers what `server.answer` says, and keeps what it was asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """One message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((self.client_address, self.path, dict(self.headers), body))  # type: ignore[attr-defined]
        status, headers = self.server.answer  # type: ignore[attr-defined]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": "0"}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@contextmanager
def sink(status: int = 201, headers: dict[str, str] | None = None) -> Iterator[SimpleNamespace]:
    """A push service that answers one thing; `seen` are the requests, `recipient` one of its subscribers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    server.seen = []  # type: ignore[attr-defined]
    server.answer = (status, headers or {})  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield SimpleNamespace(seen=server.seen, port=server.server_port)  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def recipient(port: int, keys: PaperKeys | None = None, host: str = "127.0.0.1") -> Recipient:
    """One subscriber of a sink."""
    made = (keys or PaperKeys.generate()).subscription("")["keys"]
    origin = f"http://{host}:{port}"
    return Recipient(f"{origin}/wpush/1", origin, made["p256dh"], made["auth"])


def a_message(seconds: int = 3600) -> Message:
    """A message that ends so many seconds after AT."""
    return Message('{"web_push":8030}', "high", "t" * 32, int(AT.timestamp()) + seconds)


def test_payload_is_declarative_web_push() -> None:
    """iOS shows it without our code, our service worker finds its own member beside."""
    item = replace(ITEM, alert=Alert(Severity.SEVERE))
    assert json.loads(webpush.payload(item)) == {
        "web_push": 8030,
        "notification": {
            "title": "Crue",
            "navigate": "https://e.fr/alertes/crue/",
            "body": "Éloignez-vous.",
            "lang": "fr",
            "dir": "ltr",
            "tag": "alertes/crue",
            "silent": False,
        },
        "beffroi": {"category": "alertes", "severity": "Severe", "id": "alertes/crue"},
    }


def test_only_a_real_update_of_an_alert_rings_again() -> None:
    """`renotify` is for an alert's new words, not for first words nor for news."""
    alert = replace(ITEM, alert=Alert())
    asked = [webpush.payload(alert, update=True), webpush.payload(alert), webpush.payload(ITEM, update=True)]
    assert [json.loads(one)["notification"].get("renotify") for one in asked] == [True, None, None]


def test_push_words_win_over_the_summary() -> None:
    """The agent's own words for phones are what phones show; the title stays."""
    shown = json.loads(webpush.payload(replace(ITEM, push="Ne prenez pas la D523.")))["notification"]
    assert (shown["title"], shown["body"]) == ("Crue", "Ne prenez pas la D523.")


@given(items, st.booleans())
def test_payload_fits_every_road(item: FeedItem, update: bool) -> None:
    """Whatever the words: at most 2,600 bytes of valid UTF-8 JSON, and the words are a beginning of the item's."""
    text = webpush.payload(item, update=update)
    assert len(text.encode("utf-8")) <= 2600
    shown = json.loads(text)["notification"]
    assert item.id == shown["tag"]
    for said, whole in ((shown["body"], item.words), (shown["title"], item.title)):
        assert said == whole or not said or whole.startswith(said.removesuffix("…").rstrip())


@given(st.text(alphabet="mot é\u202f!«»", max_size=200), st.integers(0, 200))
def test_text_is_shortened_at_a_word(words: str, length: int) -> None:
    """Never longer than asked, never a cut word where there is a space, and a sign that something is missing."""
    short = webpush.shorten(words, length)
    assert len(short) <= length or words == short
    if short != words and short:
        kept = short.removesuffix("…")
        assert short.endswith("…")
        assert " " not in kept.lstrip() or re.match(r"[\s\u202f]", words[len(kept) :])


@given(st.text(min_size=1))
def test_topic_is_decodable_and_stable(item_id: str) -> None:
    """32 base64url characters, the same for the same item, as Apple wants them."""
    topic = webpush.topic(item_id)
    assert (32, topic) == (len(topic), check_topic({"topic": topic}))
    assert topic == webpush.topic(item_id)
    assert topic != webpush.topic(f"{item_id}x")


@given(items)
def test_life_of_a_message(item: FeedItem) -> None:
    """Alerts live until their end, at most 4 weeks; the rest 72 h; nothing beyond the item's end."""
    life = webpush.expiry(item, AT) - AT.timestamp()
    limit = 28 * 86400 if item.alert and item.end else 72 * 3600
    until_end = (item.end - AT).total_seconds() if item.end else limit
    assert min(limit, until_end) == life


def test_urgency_follows_severity_and_kind() -> None:
    """Phones on low battery are woken for alerts, and never for a walk to discover."""
    ranks = {word: webpush.urgency(replace(ITEM, alert=Alert(word)), "alert") for word in Severity}
    assert ranks == {"Extreme": "high", "Severe": "high", "Moderate": "high", "Unknown": "high", "Minor": "normal"}
    kinds = {"news": "normal", "agenda": "low", "discover": "low"}
    assert kinds == {kind: webpush.urgency(ITEM, kind) for kind in kinds}  # type: ignore[arg-type]


def test_message_decrypts_to_what_was_meant() -> None:
    """With the phone's own key, the body is the payload, byte for byte; the headers are the message's."""
    keys = PaperKeys.generate()
    message = replace(a_message(), payload=webpush.payload(replace(ITEM, summary="œ’« é »\u202f!")))
    with sink() as service, closing(sender()) as channel:
        channel.send(message, recipient(service.port, keys))
    _, _, headers, body = service.seen[0]
    assert message.payload.encode() == keys.decrypt(body)
    found = {name.lower(): value for name, value in headers.items()}
    assert (found["ttl"], found["urgency"], found["topic"]) == ("3600", "high", "t" * 32)


def test_nothing_is_sent_after_the_end() -> None:
    """A TTL of 0 or less is never sent: it is a failure of this delivery."""
    with sink() as service, closing(sender()) as channel:
        for seconds in (0, -5):
            with pytest.raises(SendError, match="trop tard") as caught:
                channel.send(a_message(seconds), recipient(service.port))
            assert caught.value.permanent
    assert service.seen == []


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_accepted_answers(status: int) -> None:
    """All that vendors answer to an accepted message counts as sent."""
    with sink(status) as service, closing(sender()) as channel:
        channel.send(a_message(), recipient(service.port))


@pytest.mark.parametrize("status", [404, 410])
def test_gone_answers(status: int) -> None:
    """404 and 410 end the subscription."""
    with sink(status) as service, closing(sender()) as channel, pytest.raises(Gone):
        channel.send(a_message(), recipient(service.port))


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(400, True), (401, True), (403, True), (413, True), (418, True), (408, False), (429, False), (500, False)],
)
def test_refusals_are_not_gone(status: int, permanent: bool) -> None:
    """Other answers fail this delivery, or are tried again; they say which service answered what."""
    with (
        sink(status) as service,
        closing(sender()) as channel,
        pytest.raises(SendError, match=rf"^127\.0\.0\.1:\d+ : .*{status}") as caught,
    ):
        channel.send(a_message(), recipient(service.port))
    assert (permanent, False) == (caught.value.permanent, isinstance(caught.value, Gone))


@pytest.mark.parametrize(
    ("status", "header", "seconds"),
    [
        (429, "120", 120),
        (503, "Mon, 04 May 2026 09:00:30 GMT", 30),
        (503, "Mon, 04 May 2026 08:00:00 GMT", 0),
        (429, "bientôt".encode().decode("latin-1"), 60),
        (429, None, 60),
        (503, None, None),
        (500, "120", None),
        (429, "99999999", 86400),
        (429, "-3", 0),
        (429, "9" * 400, 86400),
        (429, "Monday, 04-May-26 09:00:30 GMT", 30),
        (429, "Mon May  4 09:00:30 2026", 30),
        (503, "Mon, 04 May 2026 09:00:30 -0000", 30),
    ],
)
def test_retry_after(
    status: int,
    header: str | None,
    seconds: float | None,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """A vendor's wish to be left in peace is read as seconds or as a date in each form of HTTP, within a day, wherever
    the machine stands."""
    monkeypatch.setenv("TZ", "Europe/Paris")
    request.addfinalizer(time.tzset)  # once TZ is what it was
    time.tzset()
    headers = {"Retry-After": header} if header is not None else {}
    answer = SimpleNamespace(status_code=status, headers=headers)
    with pytest.raises(SendError) as caught:
        check_answer(recipient(1), answer, AT.timestamp())  # type: ignore[arg-type]
    assert seconds == caught.value.retry_after


def test_redirects_are_not_followed() -> None:
    """A push service that points elsewhere is not obeyed: nothing is asked there."""
    with sink() as elsewhere:
        with (
            sink(307, {"Location": f"http://127.0.0.1:{elsewhere.port}/interne"}) as service,
            closing(sender()) as channel,
            pytest.raises(SendError, match="réponse inattendue") as caught,
        ):
            channel.send(a_message(), recipient(service.port))
        assert (elsewhere.seen, caught.value.permanent) == ([], True)


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Citizens' addresses go to their vendor only."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with sink() as service, closing(sender()) as channel:
        channel.send(a_message(), recipient(service.port))
    assert len(service.seen) == 1


def test_connection_is_kept_open() -> None:
    """Ten messages from one thread use one connection."""
    with sink() as service, closing(sender()) as channel:
        for _ in range(10):
            channel.send(a_message(), recipient(service.port))
        assert len({address for address, *_ in service.seen}) == 1


def test_silent_and_absent_services_are_tried_again() -> None:
    """A refused connection and a service that says nothing are temporary."""
    with sink() as service:
        port = service.port
    with closing(sender(timeout=0.05)) as channel:
        with pytest.raises(SendError, match="injoignable") as caught:
            channel.send(a_message(), recipient(port))
        assert not caught.value.permanent
        with ThreadingHTTPServer(("127.0.0.1", 0), Sink) as deaf:  # accepts, never answers
            with pytest.raises(SendError, match="ne répond pas à temps") as caught:
                channel.send(a_message(), recipient(deaf.server_port))
            assert not caught.value.permanent


def test_unreadable_keys_fail_this_delivery_only() -> None:
    """A subscription with impossible keys is reported, not a crash."""
    bad = replace(recipient(1), p256dh="BAAA")
    with closing(sender()) as channel, pytest.raises(SendError, match="clés d’abonnement illisibles") as caught:
        channel.send(a_message(), bad)
    assert caught.value.permanent


class Signer:
    """Stands for `Vapid02`; keeps the very dicts that it was given, and spoils them as the libraries do."""

    def __init__(self) -> None:
        self.given: list[dict[str, object]] = []
        self.copies: list[dict[str, object]] = []

    def sign(self, claims: dict[str, object]) -> dict[str, str]:
        """A numbered token."""
        self.given.append(claims)
        self.copies.append(dict(claims))
        claims["spoiled"] = True
        return {"Authorization": f"token {len(self.given)}"}


def test_each_vendor_has_its_own_claims() -> None:
    """Two origins never share a claims dict, or every second vendor would answer 403."""
    signer = Signer()
    tokens = Tokens(signer, "mailto:a@b.fr", lambda: 1000.0)  # type: ignore[arg-type]
    origins = ("https://a.example", "https://b.example", "https://a.example")
    assert [tokens.authorization(origin) for origin in origins] == ["token 2", "token 3", "token 2"]
    # The first one is a try, which no vendor sees: a contact that py_vapid refuses is told before anything is sent.
    found = [claims["aud"] for claims in signer.copies]
    assert found == ["https://push.invalid", "https://a.example", "https://b.example"]
    assert len({id(claims) for claims in signer.given}) == 3
    assert all("spoiled" not in claims for claims in signer.copies)


def test_tokens_are_renewed_in_time() -> None:
    """A token is signed for 12 h and renewed after 6; a clock set back renews it too."""
    signer, clock = Signer(), [10**6]
    tokens = Tokens(signer, "mailto:a@b.fr", lambda: float(clock[0]))  # type: ignore[arg-type]
    signer.copies.clear()
    for moment in (0, 6 * 3600 - 1, 6 * 3600, -10):
        clock[0] = 10**6 + moment
        tokens.authorization("https://a.example")
    assert [one["exp"] for one in signer.copies] == [10**6 + 12 * 3600, 10**6 + 18 * 3600, 10**6 - 10 + 12 * 3600]


@pytest.mark.parametrize(
    ("email", "url", "setting", "expected"),
    [
        ("m@exemple.fr", "https://exemple.fr", "mailto:dsi@exemple.fr", "mailto:dsi@exemple.fr"),
        ("m@exemple.fr", "https://exemple.fr", "", "mailto:m@exemple.fr"),
        ("", "https://exemple.fr/ville", "", "https://exemple.fr"),
    ],
)
def test_subject(email: str, url: str, setting: str, expected: str) -> None:
    """Vendors can write to the setting's address, else to the commune's, else to its site; py_vapid takes all three."""
    site = site_from({**RAW, "SITEURL": url, "PUBLISHER": {"email": email}}, Path())
    assert expected == webpush.subject(site, read_service(vapid_subject=setting))
    sender(expected).close()


def test_subject_that_vendors_refuse_is_a_sentence() -> None:
    """Without a contact, or with one that the library refuses, nothing is sent and the setting to write is named."""
    site = site_from({**RAW, "SITEURL": "http://localhost:8000", "PUBLISHER": {}}, Path())
    with pytest.raises(SettingsError, match="BEFFROI_VAPID_SUBJECT"):
        webpush.subject(site, read_service())
    with pytest.raises(SettingsError, match="BEFFROI_VAPID_SUBJECT"):
        sender("https://exemple.fr/contact")


def test_reference_is_a_setting(tmp_path: Path) -> None:
    """With it, pywebpush sends; the same message reaches the phone, and decrypts to the same."""
    keys, key = PaperKeys.generate(), tmp_path / "vapid.pem"
    vapid_key.ensure(key)
    site = site_from({**RAW, "SITEURL": "https://exemple.fr", "PUBLISHER": {"email": "m@exemple.fr"}}, tmp_path)
    said = Outgoing(b"bonjour", "high", "t" * 32, int(AT.timestamp()) + 60)
    with sink() as service:
        to = recipient(service.port, keys)
        for reference in (True, False):
            machine = read_service(tmp_path, vapid_key_file=key, push_reference=reference)
            with closing(senders(site, machine, AT.timestamp)()) as channel:
                targets = [Target(1, to.endpoint, to.origin, to.p256dh, to.auth)]
                assert ["sent"] == [one.outcome for one in channel.send(said, targets, stop=lambda: False)]
        assert [b"bonjour", b"bonjour"] == [keys.decrypt(body) for *_, body in service.seen]
        assert "python-requests" in service.seen[0][2].get("User-Agent", "")


def test_pywebpush_is_imported_late() -> None:
    """A publication that owes nothing does not pay for pywebpush."""
    code = (
        "import sys, beffroi.announce; print({'pywebpush', 'requests', 'aiohttp', 'cryptography'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
