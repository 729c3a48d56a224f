"""Targets in, results out, whatever the vendor does: nobody forgotten, nobody deleted by mistake, no post too many."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial

import pytest
from py_vapid import Vapid02

from beffroi.channels import encoding
from beffroi.channels.pushing import SOME, WebPush
from beffroi.channels.sending import WINDOW, Outgoing, Result, Target
from beffroi.channels.vapid import Tokens
from tests.channels.faulty import FINE, Fault, Sink
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import b64url
from tests.e2e.tls import Authority

AT = datetime(2026, 5, 4, 9, tzinfo=UTC).timestamp()
MESSAGE = Outgoing('{"web_push":8030,"é":"œ"}'.encode(), "high", "t" * 32, int(AT) + 3600)
KEYS = PaperKeys.generate()
VAPID = Vapid02()
VAPID.generate_keys()


Vendor = Callable[..., Sink]


@pytest.fixture(name="vendor", params=["http/1.1", "h2"])
def vendor_fixture(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vendor]:
    """Makes a vendor that speaks the one or the other."""
    with closing(Authority()) as authority:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        yield partial(Sink, authority=authority, http2=True) if request.param == "h2" else Sink


def sender(timeout: float = 5, now: float = AT) -> WebPush:
    """A sender with a stopped clock."""
    return WebPush(Tokens(VAPID, "mailto:mairie@exemple.fr", lambda: now), timeout=timeout, now=lambda: now)


def target(sink: Sink, number: int, **changes: object) -> Target:
    """One phone of that vendor."""
    fields = {"p256dh": KEYS.p256dh, "auth": b64url(KEYS.auth), **changes}
    return Target(number, f"{sink.origin}/p/{number}", sink.origin, **fields)  # type: ignore[arg-type]


def targets(sink: Sink, count: int) -> list[Target]:
    """So many phones."""
    return [target(sink, number) for number in range(count)]


def send(channel: WebPush, wanted: Iterable[Target], message: Outgoing = MESSAGE) -> dict[int, Result]:
    """All results, by target; each target has one."""
    found = list(channel.send(message, wanted, stop=lambda: False))
    assert len(found) == len({one.id for one in found})
    return {one.id: one for one in found}


def outcomes(found: dict[int, Result]) -> dict[str, int]:
    """How many of each."""
    return Counter(one.outcome for one in found.values())


def test_everybody_is_told_what_was_meant(vendor: Vendor) -> None:
    """Each phone gets the message once, with its headers and its own key; it decrypts to the very bytes."""
    with vendor() as sink, closing(sender()) as channel:
        found = send(channel, targets(sink, 300))
    assert ({"sent": 300}, Counter(f"/p/{number}" for number in range(300))) == (outcomes(found), sink.told)
    post = sink.posts[0]
    assert MESSAGE.payload == KEYS.decrypt(post.body)
    wanted = {"ttl": "3600", "topic": "t" * 32, "urgency": "high", "content-encoding": "aes128gcm"}
    assert wanted.items() <= post.headers.items()
    assert post.headers["content-type"] == "application/octet-stream"
    assert not {"expect", "user-agent", "accept"} & post.headers.keys()
    assert len({one.body[21:86] for one in sink.posts}) == 300


def test_connections_are_kept(vendor: Vendor) -> None:
    """Two calls with 100 messages each share a few connections."""
    with vendor() as sink, closing(sender()) as channel:
        assert {"sent": 100} == outcomes(send(channel, targets(sink, 100)))
        assert {"sent": 100} == outcomes(send(channel, targets(sink, 100)))
        assert sink.connections <= 16


def test_armed_keys_are_used_as_given(vendor: Vendor) -> None:
    """A pre-armed target's message carries its key; the others have fresh ones."""
    armed = encoding.arm(KEYS.p256dh, b64url(KEYS.auth))
    with vendor() as sink, closing(sender()) as channel:
        send(channel, [target(sink, 1, armed=armed), target(sink, 2)])
    used = {post.path: post.body[21:86] for post in sink.posts}
    assert armed[-65:] == used["/p/1"] != used["/p/2"]
    assert {MESSAGE.payload} == {KEYS.decrypt(post.body) for post in sink.posts}


def test_nothing_is_sent_after_the_end(vendor: Vendor) -> None:
    """A TTL of 0 or less is never sent: the target is late."""
    with vendor() as sink, closing(sender()) as channel:
        for end in (0, -5):
            message = Outgoing(b"a", "high", "t" * 32, int(AT) + end)
            assert {"late": 3} == outcomes(send(channel, targets(sink, 3), message))
        assert sink.posts == []


def test_unreadable_subscriptions_are_refused_alone(vendor: Vendor) -> None:
    """Impossible keys and addresses cost nobody else anything, and nothing goes to another host."""
    with vendor() as sink, closing(sender()) as channel:
        elsewhere = Target(3, "http://127.0.0.1:1/p", sink.origin, KEYS.p256dh, b64url(KEYS.auth))
        inside = Target(4, f"{sink.origin}/p\r\nx: y", sink.origin, KEYS.p256dh, b64url(KEYS.auth))
        clear = Target(5, "http://example.org/p", "http://example.org", KEYS.p256dh, b64url(KEYS.auth))
        bad = [target(sink, 1, p256dh="BAAA"), target(sink, 2, auth="A"), elsewhere, inside, clear]
        found = send(channel, [*bad, target(sink, 6)])
    assert [*["refused"] * 5, "sent"] == [found[number].outcome for number in range(1, 7)]
    assert (found[1].reason, found[4].reason) == ("clés d’abonnement illisibles", "adresse d’abonnement illisible")


@pytest.mark.parametrize(
    "origin", ["https://a..b", f"https://{'x' * 70}.fr", "https://localhost:99999", "https://[zz]"]
)
def test_name_that_no_machine_can_have(origin: str) -> None:
    """An address whose host or port cannot be is refused, in a sentence, and ends nothing else."""
    with closing(sender()) as channel:
        found = send(channel, [Target(1, f"{origin}/p", origin, KEYS.p256dh, b64url(KEYS.auth))])
    assert ("refused", "adresse d’abonnement illisible") == (found[1].outcome, found[1].reason)


ANSWERS = [
    (Fault(status=200), "sent", None),
    (Fault(status=202), "sent", None),
    (Fault(status=204), "sent", None),
    (Fault(status=404), "gone", None),
    (Fault(status=410), "gone", None),
    (Fault(status=400), "closed", None),
    (Fault(status=401), "closed", None),
    (Fault(status=403), "closed", None),
    (Fault(status=413), "closed", None),
    (Fault(status=418), "closed", None),
    (Fault(status=307, headers=(("Location", "http://127.0.0.1:1/"),)), "closed", None),
    (Fault(status=429), "closed", 60),
    (Fault(status=429, headers=(("Retry-After", "120"),)), "closed", 120),
    (Fault(status=503, headers=(("Retry-After", "Mon, 04 May 2026 09:00:30 GMT"),)), "closed", 30),
    (Fault(status=429, headers=(("retry-after", "bientôt"),)), "closed", 60),
    (Fault(status=429, headers=(("Retry-After", "99999999"),)), "closed", 86400),
    (Fault(status=503), "retry", None),
    (Fault(status=500), "retry", None),
    (Fault(status=408), "retry", None),
]


@pytest.mark.parametrize(("fault", "outcome", "pause"), ANSWERS)
def test_answers(vendor: Vendor, fault: Fault, outcome: str, pause: int | None) -> None:
    """What each answer means: only 404 and 410 delete, refusals and wishes for peace close the vendor."""
    with vendor(lambda path, attempt: fault) as sink, closing(sender()) as channel:
        found = send(channel, targets(sink, 1))[0]
        assert len(sink.posts) == 1
    assert (outcome, None if pause is None else int(AT) + pause, False) == (found.outcome, found.retry_at, found.doubt)
    assert found.reason == "" or (f"({fault.status})" in found.reason or f"réponse {fault.status}" in found.reason)


LOST = [
    (Fault("reset", taken=False), "a coupé la connexion"),
    (Fault("reset"), "a coupé la connexion"),
    (Fault("close"), "a coupé la connexion"),
    (Fault("half"), "a coupé la connexion"),
    (Fault("hang"), "ne répond pas à temps"),
]


@pytest.mark.parametrize("fresh", [True, False])
@pytest.mark.parametrize(("fault", "reason"), LOST)
def test_lost_answers(vendor: Vendor, fault: Fault, reason: str, fresh: bool) -> None:
    """A lost connection is tried again, by the worker and not in silence; in doubt as it had gone out."""
    with vendor(lambda path, attempt: fault if path == "/p/0" else FINE) as sink, closing(sender(0.3)) as channel:
        if not fresh:  # libcurl would send again by itself what it lost on a connection that it had used before
            send(channel, [target(sink, 1)])
        found = send(channel, [target(sink, 0)])[0]
        assert sink.attempts["/p/0"] == 1
    assert ("retry", None, True) == (found.outcome, found.retry_at, found.doubt)
    assert f"127.0.0.1:{sink.port} {reason}" == found.reason


def test_absent_vendor_is_tried_again(vendor: Vendor) -> None:
    """A refused connection is no doubt: nothing went out."""
    with vendor() as sink:
        pass
    with closing(sender()) as channel:
        found = send(channel, targets(sink, 2))
    assert {("retry", f"127.0.0.1:{sink.port} est injoignable", False)} == {
        (one.outcome, one.reason, one.doubt) for one in found.values()
    }


def test_certificates_are_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An https vendor is told with the authorities of the environment; without them, or under another name than its own,
    nothing goes out, and the reason says so."""
    with closing(Authority()) as authority, closing(Authority()) as other, Sink(authority=authority) as sink:
        for file, wanted in ((other.ca_file, "retry"), (authority.ca_file, "sent")):
            monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(file))
            with closing(sender()) as channel:
                found = send(channel, targets(sink, 50))
                assert {wanted: 50} == outcomes(found)
                assert {wanted == "retry"} == {"montre un certificat" in one.reason for one in found.values()}
        with Sink(authority=authority, host="127.0.0.2") as elsewhere, closing(sender()) as channel:
            found = send(channel, targets(elsewhere, 1))
        assert {True} == {"127.0.0.2" in one.reason and "montre un certificat" in one.reason for one in found.values()}
        assert elsewhere.posts == []
    assert len(sink.posts) == 50


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """Citizens' addresses go to their vendor only."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with Sink() as sink, closing(sender()) as channel:
        assert {"sent": 1} == outcomes(send(channel, targets(sink, 1)))


def test_slow_phones_do_not_hold_up_the_others(vendor: Vendor) -> None:
    """While a few answers are awaited, everybody else is told."""
    slow = {f"/p/{number}" for number in (20, 21, 22)}
    plan = lambda path, attempt: Fault("slow") if path in slow else FINE  # noqa: E731
    with vendor(plan) as sink, closing(sender()) as channel:
        order = []
        for one in channel.send(MESSAGE, targets(sink, 200), stop=lambda: False):
            order.append(one.id)
            if len(order) == 197:
                sink.release()
    assert ({20, 21, 22}, 200) == (set(order[197:]), len(set(order)))


def test_targets_are_pulled_as_needed(vendor: Vendor) -> None:
    """At most a window of messages is in flight, and another one made ready, whoever asks for how many."""
    pulled = 0

    def wanted(sink: Sink) -> Iterator[Target]:
        nonlocal pulled
        for pulled in range(1, 1001):
            yield target(sink, pulled)

    with vendor() as sink, closing(sender()) as channel:
        for done, _ in enumerate(channel.send(MESSAGE, wanted(sink), stop=lambda: False)):
            assert pulled <= done + 2 * WINDOW + SOME
    assert pulled == 1000


def test_stop_leaves_nothing_in_flight(vendor: Vendor) -> None:
    """Once asked to stop, what is in flight is answered, and nothing more is launched."""
    with vendor() as sink, closing(sender()) as channel:
        results: list[Result] = []
        results.extend(channel.send(MESSAGE, targets(sink, 1000), stop=lambda: len(sink.posts) >= 200))
    assert 200 <= len(results) <= 200 + WINDOW
    assert {one.id for one in results} == {int(post.path[3:]) for post in sink.posts}


def test_closing_early_cuts_what_is_in_flight(vendor: Vendor) -> None:
    """An iterator that is dropped cancels the rest; the next call works."""
    with vendor(lambda path, attempt: Fault("hang") if path == "/p/1" else FINE) as sink, closing(sender()) as channel:
        first = channel.send(MESSAGE, targets(sink, 2), stop=lambda: False)
        assert next(first).id == 0
        first.close()  # type: ignore[attr-defined]
        assert {"sent": 20} == outcomes(send(channel, [target(sink, number) for number in range(2, 22)]))


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_vendor_that_asks_for_peace_gets_it(vendor: Vendor, form: str) -> None:
    """After a 429 nothing more is launched, and everybody who was not asked stays owed."""
    date = format_datetime(datetime.fromtimestamp(AT, UTC) + timedelta(seconds=90), usegmt=True)
    busy = Fault(status=429, headers=(("Retry-After", "90" if form == "seconds" else date),))
    with vendor(lambda path, attempt: busy) as sink, closing(sender()) as channel:
        found = send(channel, targets(sink, 1000))
        assert len(sink.posts) == len(found) <= WINDOW
    assert {("closed", AT + 90)} == {(one.outcome, one.retry_at) for one in found.values()}


def test_tokens_serve_a_vendor_for_hours(vendor: Vendor) -> None:
    """A thousand messages carry one token; a rotated key signs for those who subscribed with it."""
    former = Vapid02()
    former.generate_keys()
    tokens = Tokens(VAPID, "mailto:mairie@exemple.fr", lambda: AT, {"former": former})
    with vendor() as sink, closing(WebPush(tokens, timeout=5, now=lambda: AT)) as channel:
        send(channel, targets(sink, 1000))
        assert len({post.headers["authorization"] for post in sink.posts}) == 1
        send(channel, [target(sink, 1000, key="former"), target(sink, 1001, key="unknown")])
    first, *_, old, new = sorted(sink.posts, key=lambda post: int(post.path[3:]))
    assert old.headers["authorization"] != first.headers["authorization"] == new.headers["authorization"]


KINDS = [
    Fault(status=410),
    Fault(status=429, headers=(("Retry-After", "30"),)),
    Fault(status=429, headers=(("Retry-After", format_datetime(datetime.fromtimestamp(AT + 45, UTC), usegmt=True)),)),
    Fault(status=500),
    Fault("slow"),
    Fault("hang"),
    Fault("reset", taken=False),
    Fault("reset"),
    Fault("half"),
    Fault("close"),
    Fault(status=403),
    Fault(status=413),
]


def test_faults_mixed_at_one_in_five(vendor: Vendor) -> None:
    """Every live phone is told; no post after a 410, none before Retry-After; nobody is deleted by a refusal.

    The loop below is what a worker does with the results: it waits by a clock of its own, and mends what was refused.
    """
    dice = random.Random(8)
    faults = {f"/p/{number}": dice.choice(KINDS) for number in range(400) if dice.random() < 0.2}
    clock = [AT]
    dead = {int(path[3:]) for path, fault in faults.items() if fault.status == 410}
    plan = lambda path, attempt: faults.get(path, FINE) if not attempt or int(path[3:]) in dead else FINE  # noqa: E731
    with vendor(plan, now=lambda: clock[0]) as sink:
        sink.release()
        tokens = Tokens(VAPID, "mailto:mairie@exemple.fr", lambda: clock[0])
        with closing(WebPush(tokens, timeout=0.5, now=lambda: clock[0])) as channel:
            owed, doubted, quiet = {one.id: one for one in targets(sink, 400)}, set(), AT
            gone: dict[int, int] = {}
            while owed:
                assert clock[0] >= quiet
                wishes = [clock[0] + 1]
                for one in channel.send(MESSAGE, list(owed.values()), stop=lambda: False):
                    if one.outcome in {"sent", "gone"}:
                        del owed[one.id]
                    gone |= {one.id: sink.attempts[f"/p/{one.id}"]} if one.outcome == "gone" else {}
                    doubted |= {f"/p/{one.id}"} if one.doubt else set()
                    wishes.append(one.retry_at or 0)
                clock[0] = quiet = max(wishes)
    assert dead == set(gone)
    assert {f"/p/{number}" for number in range(400) if number not in dead} == set(sink.told)
    assert gone == {number: sink.attempts[f"/p/{number}"] for number in dead}
    assert {path for path, times in sink.told.items() if times > 1} <= doubted
