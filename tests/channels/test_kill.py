"""Real processes, killed with SIGKILL at each instant at which it could hurt: nobody is lost, next to nobody told twice,
and what is told twice is one notification."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from beffroi.channels.sending import COMMIT, DOUBT
from beffroi.store import ledger
from beffroi.store.db import transaction
from tests.channels.child import LEASE
from tests.channels.faulty import Post, Sink
from tests.channels.town import Town, alert
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import b64url
from tests.store.samples import subscribe

ROOT = Path(__file__).parents[2]
PHONES = 300
KEYS = PaperKeys.generate()

POINTS = [
    ("claimed", 1),
    ("read", 1),
    ("answered", 1),
    ("answered", COMMIT + 7),
    ("commit", 3),
    ("written", 3),
    ("committed", 3),
    ("answered", PHONES),
    ("leaving", 1),
    ("left", 1),
]


def child(town: Town, url: str, act: str, *fault: object, out: IO[bytes] | None = None) -> subprocess.Popen[bytes]:
    """A process on this town; all that it says goes to `out`."""
    command = [sys.executable, "-m", "tests.channels.child", str(town.folder), url, act, *map(str, fault)]
    return subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)


def subscribed(town: Town, *sinks: Sink) -> None:
    """`PHONES` phones, shared by these vendors."""
    with transaction(town.engine) as connection:
        for n in range(PHONES):
            origin = sinks[n % len(sinks)].origin
            subscribe(connection, f"{origin}/p/{n}", origin=origin, keys=(KEYS.p256dh, b64url(KEYS.auth)))


def check(town: Town, kills: int, *sinks: Sink) -> None:
    """Everybody was told; repeats are few, and of the same Topic and tag, so that a phone shows one notification."""
    posts: list[Post] = [post for sink in sinks for post in sink.posts]
    assert len({(post.path) for post in posts}) == PHONES
    assert len(posts) - PHONES <= kills * DOUBT
    assert len({post.headers["topic"] for post in posts}) == 1
    with transaction(town.engine) as connection:
        assert ledger.owed(connection) == 0


@pytest.mark.parametrize(("point", "number"), POINTS)
def test_killed_sender_that_comes_back(town: Town, url: str, point: str, number: int) -> None:
    """Killed at that point, then run again on the same machine: it goes on at once where it was."""
    town.open()
    with Sink() as sink:
        subscribed(town, sink)
        town.announce(alert(town.time.at(), town.time.at(10)))
        assert child(town, url, "deliver", point, number).wait(120) == -signal.SIGKILL
        before = len(sink.posts)
        done = town.deliver()
        assert (done.owed, done.failed) == (0, 0)
        assert point not in {"leaving", "left"} or len(sink.posts) == before == PHONES
        check(town, 1, sink)


@pytest.mark.parametrize("point", ["recorded", "announced"])
def test_killed_announcer_tells_all_or_nothing_yet(town: Town, url: str, point: str) -> None:
    """Killed before its transaction ends it has announced nothing, after it everything; then nobody is told twice."""
    town.open()
    with Sink() as sink:
        subscribed(town, sink)
        item = alert(town.time.at(), town.time.at(10))
        town.feed(item)
        assert child(town, url, "announce", point, 1).wait(120) == -signal.SIGKILL
        with transaction(town.engine) as connection:
            assert (PHONES if point == "announced" else 0) == ledger.owed(connection)
        assert town.announce(item).owed == PHONES
        town.deliver()
        assert len(sink.posts) == PHONES
        check(town, 0, sink)


def test_killed_worker_that_stays_dead(town: Town, url: str) -> None:
    """Three workers, of which two die and never return: the third one takes over once their leases are over."""
    assert LEASE < 5
    town.open()
    with Sink() as one, Sink() as two:
        subscribed(town, one, two)
        town.announce(alert(town.time.at(), town.time.at(10)))
        workers = [child(town, url, "work", *fault) for fault in [("committed", 2), ("written", 2), ("", 0)]]
        codes = [worker.wait(120) for worker in workers]
        assert codes[2] == 0
        check(town, codes.count(-signal.SIGKILL), one, two)
