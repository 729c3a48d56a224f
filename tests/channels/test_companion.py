"""Two processes on one delivery: each phone once, whatever becomes of either."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from beffroi import announce, forks
from beffroi.channels.companion import Companion
from beffroi.channels.delivered import Delivered
from beffroi.channels.sending import DOUBT
from beffroi.channels.transport import CONNECTIONS
from beffroi.store import ranges
from tests.channels.faulty import Fault, Sink
from tests.channels.test_kill import PHONES, check, child, subscribed
from tests.channels.town import Town, alert

SLOW = Fault("slow")
"""Nothing is answered before the test says so: one process has `CONNECTIONS` posts there by then, not one more."""


@pytest.fixture(autouse=True)
def two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a core for the second process, and more shards than one process has in hand."""
    monkeypatch.setenv("BEFFROI_WORKERS", "2")
    monkeypatch.setattr(ranges, "SMALLEST", 30)


@dataclass
class Told:
    """A delivery on its way, with its companion."""

    done: Future[Delivered]
    met: list[Companion]


@contextmanager
def telling(town: Town, sink: Sink, monkeypatch: pytest.MonkeyPatch) -> Iterator[Told]:
    """A delivery, from the instant at which both processes have posts on their way."""
    met: list[Companion] = []

    def meet(*words: object) -> Companion:
        met.append(Companion(*words))  # type: ignore[arg-type]
        return met[-1]

    monkeypatch.setattr(announce, "Companion", meet)
    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(lambda: town.deliver(many=PHONES))
        assert sink.reached(CONNECTIONS + 1, 60)
        yield Told(done, met)


def owing(town: Town, sink: Sink) -> None:
    """`PHONES` phones are owed an alert."""
    town.open()
    subscribed(town, sink)
    town.announce(alert(town.time.at(), town.time.at(10)))


def test_both_send_and_each_phone_is_told_once(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is told twice, nobody is forgotten, and the report is of both."""
    with Sink(lambda path, attempt: SLOW) as sink:
        owing(town, sink)
        with telling(town, sink, monkeypatch) as told:
            sink.release()
            done = told.done.result(60)
        check(town, 0, sink)
        assert Delivered(told=PHONES) == done
        assert 0 < told.met[0].delivered.told < PHONES
        assert len(sink.posts) == PHONES


def test_companion_killed(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first process goes on at once where the other one was killed, and says so."""
    with Sink(lambda path, attempt: SLOW) as sink:
        owing(town, sink)
        with telling(town, sink, monkeypatch) as told:
            told.met[0]._child.kill()
            sink.release()
            done = told.done.result(60)
        check(town, 1, sink)
        assert done.owed == 0
        why = "Le premier processus d’envoi a fini seul : le second a été tué, sans doute faute de mémoire."
        assert (why,) == done.alarms


def test_first_process_killed(town: Town, url: str) -> None:
    """The other one lets nothing more go out, writes its answers, and holds the lock until then: who comes next finds
    what is left, and repeats what the killed one had in doubt, not more."""
    with Sink(lambda path, attempt: SLOW) as sink:
        owing(town, sink)
        first = child(town, url, "together", "answered", 20)
        assert sink.reached(CONNECTIONS + 1, 60)
        sink.release()
        assert first.wait(60) == -signal.SIGKILL
        assert town.deliver().owed == 0
        check(town, 1, sink)


def test_interrupted(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends both, after the answers to what is in flight: what is left goes out later, nothing twice."""
    with Sink(lambda path, attempt: SLOW) as sink:
        owing(town, sink)

        def progress(done: int, total: int) -> None:
            if len(sink.posts) > CONNECTIONS:
                sink.release()
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            town.deliver(many=PHONES, progress=progress)
        before = len(sink.posts)
        assert before <= 2 * DOUBT
        assert PHONES - before == town.deliver().told
        assert len(sink.posts) == PHONES
        check(town, 0, sink)


@dataclass
class Bar:
    """Hears how far it is."""

    heard: list[tuple[int, int]] = field(default_factory=list)

    def __call__(self, done: int, total: int) -> None:
        self.heard.append((done, total))


@pytest.mark.parametrize(("python", "alarms"), [("/nowhere/python", 0), ("/bin/false", 1)])
def test_companion_that_cannot_be(town: Town, monkeypatch: pytest.MonkeyPatch, python: str, alarms: int) -> None:
    """Where there is no room for it, or it ends at once, one process tells everybody, and its progress is whole."""
    monkeypatch.setattr(sys, "executable", python)
    bar = Bar()
    with Sink() as sink:
        owing(town, sink)
        done = town.deliver(many=PHONES, progress=bar)
        check(town, 0, sink)
    assert (PHONES, 0, alarms) == (done.told, done.owed, len(done.alarms))
    assert bar.heard[-1] == (PHONES, PHONES)
    assert bar.heard == sorted(bar.heard)


@pytest.mark.parametrize(("cores", "many"), [(1, PHONES), (2, PHONES + 1), (2, None)])
def test_alone(town: Town, monkeypatch: pytest.MonkeyPatch, cores: int, many: int | None) -> None:
    """None is started on one core, for fewer messages than it is worth, or where nobody asked for it."""
    monkeypatch.setattr(forks, "asked", cores)
    monkeypatch.setattr(announce, "Companion", lambda *words: pytest.fail("a second process"))
    with Sink() as sink:
        owing(town, sink)
        assert PHONES == town.deliver(many=many).told
