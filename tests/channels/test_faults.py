"""One phone in five meets a fault, of every kind that a vendor knows: everybody alive is told, nobody is deleted by
mistake, and the other vendor notices nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from random import Random

from sqlalchemy import select

from beffroi.channels.transport import CONNECTIONS_HTTP_1
from beffroi.store.db import transaction
from beffroi.store.tables import subscriptions
from tests.channels.faulty import FINE, Fault, Sink
from tests.channels.test_kill import KEYS
from tests.channels.town import Town, alert
from tests.e2e.push_rules import b64url
from tests.store.samples import subscribe

PHONES = 200
PAUSE = 300
"""Seconds that this vendor asks for."""

GONE = {404, 410}


def faults(now: float) -> list[Fault]:
    """Every fault: those that may have been taken count as told."""
    date = format_datetime(datetime.fromtimestamp(now, UTC) + timedelta(seconds=PAUSE), usegmt=True)
    refused = [Fault(status=status, taken=False) for status in (404, 410, 403, 413, 400, 401, 500, 502)]
    pauses = [
        Fault(status=status, headers=(("Retry-After", value),), taken=False)
        for status, value in ((429, str(PAUSE)), (429, date), (503, str(PAUSE)))
    ]
    lost = [
        Fault("hang", taken=False),
        Fault("reset", taken=False),
        Fault("half", taken=False),
        Fault("close", taken=False),
    ]
    return [*refused, *pauses, *lost, Fault("reset"), Fault("hang"), Fault("slow")]


class Bad:
    """What each phone of the bad vendor meets at its first try; those that are gone stay gone."""

    def __init__(self, seed: int, now: float) -> None:
        random, kinds = Random(seed), faults(now)
        hit = random.sample(range(PHONES), PHONES // 5)
        self.met = {f"/p/{number}": kinds[turn % len(kinds)] for turn, number in enumerate(hit)}
        self.gone = {path for path, fault in self.met.items() if fault.status in GONE}
        self.asked: set[str] = set()
        self.release = lambda: None

    def __call__(self, path: str, attempt: int) -> Fault:
        self.asked.add(path)
        if len(self.asked) > PHONES // 2:  # late, but not too late
            self.release()
        if path in self.gone or attempt == 0:
            return self.met.get(path, FINE)
        return FINE


def people(town: Town, sink: Sink) -> None:
    """Phones of that vendor."""
    with transaction(town.engine) as connection:
        for n in range(PHONES):
            subscribe(connection, f"{sink.origin}/p/{n}", origin=sink.origin, keys=(KEYS.p256dh, b64url(KEYS.auth)))


def test_one_fault_in_five(town: Town) -> None:
    """Mixed faults at 20 %: each live phone told, no post after 410, no vendor asked before its Retry-After, 403 and 413
    delete nobody, and the good vendor's phones are all told in the first run."""
    town.service = replace(town.service, push_timeout=3)
    town.open()
    start = town.time.now()
    bad = Bad(4, start)
    with Sink(bad, now=town.time.now) as faulty, Sink(now=town.time.now) as good:
        bad.release = faulty.release
        people(town, faulty)
        people(town, good)
        town.announce(alert(town.time.at(), town.time.at(20)))
        first = town.deliver()
        assert PHONES == len(good.told) == len(good.posts)
        rounds = 0
        while first.owed:
            town.time.sleep(PAUSE + 1)
            first = town.deliver()
            rounds += 1
            assert rounds < 40
        alive = {f"/p/{n}" for n in range(PHONES)} - bad.gone
        assert alive == set(faulty.told)
        assert all(faulty.attempts[path] == 1 for path in bad.gone)
        doubtful = {path for path, fault in bad.met.items() if fault.kind in {"reset", "hang"} and fault.taken}
        assert {"slow"} < {fault.kind for fault in bad.met.values()}
        twice = {path: bad.met.get(path) for path, count in faulty.told.items() if count > 1 and path not in doubtful}
        assert {} == twice
        with transaction(town.engine) as connection:
            left = connection.execute(select(subscriptions.c.endpoint).where(subscriptions.c.origin == faulty.origin))
            assert {faulty.origin + path for path in alive} == set(left.scalars())
        first_posts = {post.path: (index, post) for index, post in reversed(list(enumerate(faulty.posts)))}
        for path in (path for path, fault in bad.met.items() if fault.headers):
            index, asked = first_posts[path]
            dated = not bad.met[path].headers[0][1].isdigit()
            until = (start if dated else asked.at) + PAUSE
            early = [post for post in faulty.posts[index + 1 :] if post.at < until]
            assert len(early) < CONNECTIONS_HTTP_1  # on their way when the answer came
