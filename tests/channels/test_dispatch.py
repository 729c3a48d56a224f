"""Everybody who is owed a message gets it, whatever vendors answer and whatever dies."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import pytest
from sqlalchemy import select

from beffroi.channels.arming import prearm
from beffroi.channels.dispatch import PATIENCE, Clock, Dispatch
from beffroi.channels.hand import REFUSALS, TROUBLE
from beffroi.channels.sending import DOUBT, FREE, WINDOW, Leave, Outgoing, Result, Target
from beffroi.channels.threads import ThreadSender
from beffroi.errors import SendError
from beffroi.store import armed, ledger
from beffroi.store.db import transaction
from beffroi.store.entries import Message, Recipient
from beffroi.store.tables import subscriptions
from beffroi.worker import work
from tests.channels.town import Town, alert, entry
from tests.e2e.push_service import PushService
from tests.e2e.push_state import Behaviour
from tests.store.samples import announcement, counts, subscribe

ROOT = Path(__file__).parents[2]
PHONES = 500


def subscribers(town: Town) -> int:
    """How many subscriptions are left."""
    with transaction(town.engine) as connection:
        return len(connection.execute(select(subscriptions.c.id)).all())


def times_told(service: PushService) -> dict[str, int]:
    """How many messages each endpoint accepted."""
    return Counter(message.endpoint for message in service.journal)


def test_everybody_is_told_once(town: Town) -> None:
    """Each subscriber of the category gets one message, which decrypts to the item's words."""
    town.open()
    with PushService() as service:
        phones = town.phones(service, 40)
        others = town.phones(service, 2, categories=("agenda",))
        town.announce(entry(town.time.at()))
        done = town.deliver()
        assert dict.fromkeys(phones, 1) == times_told(service)
        assert not set(others) & set(times_told(service))
        assert {"Le marché déménage"} == {one.payload["notification"]["title"] for one in service.journal}
        assert service.refused == []
    assert (done.told, done.gone, done.failed, done.owed, done.by_reason) == (40, 0, 0, 0, {})
    assert done.sentences() == ["40 prévenus, 0 désabonné, 0 en échec, 0 à envoyer plus tard"]


def test_two_vendors_at_once(town: Town) -> None:
    """Each vendor gets tokens made for it: neither refuses one."""
    town.open()
    with PushService() as one, PushService() as other:
        town.phones(one, 20)
        town.phones(other, 20)
        town.announce(entry(town.time.at()))
        assert town.deliver().told == 40
        assert (one.refused, other.refused) == ([], [])
        assert (len(one.journal), len(other.journal)) == (20, 20)


def test_kill_in_the_middle_loses_nobody(town: Town, url: str) -> None:
    """Killed with -9 at the 200th acceptance, then run again: all 500 are told, by one notification each.

    Only what was in flight may be repeated, and Topic makes a phone that was off get it once.
    """
    town.open()
    with PushService() as service:
        phones = town.phones(service, PHONES)
        town.announce(alert(town.time.at(), town.time.at(10)))
        service.behave(None, Behaviour(action="hang", accepted=True, after=200))
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.channels.child", str(town.folder), url, "deliver"], cwd=ROOT
        )
        service.wait_for(lambda: len(service.journal) > 200)
        child.kill()
        assert child.wait(60) == -9
        service.behave(None, None)
        done = town.deliver()
        told = times_told(service)
        assert set(phones) == set(told)
        assert (done.owed, done.failed) == (0, 0)
        assert 1 <= len(service.journal) - PHONES <= DOUBT
        assert all(len(service.collect(phone)) == 1 for phone in phones)


@pytest.mark.parametrize("status", [404, 410])
def test_gone_phones_are_forgotten(town: Town, status: int) -> None:
    """A phone that is gone is deleted, and nobody else is."""
    town.open()
    with PushService() as service:
        phones = town.phones(service, 10)
        service.behave(phones[3], Behaviour(status=status))
        town.announce(entry(town.time.at()))
        done = town.deliver()
    assert (done.told, done.gone, done.failed, done.owed) == (9, 1, 0, 0)
    assert subscribers(town) == 9


@pytest.mark.parametrize("status", [400, 401, 403, 413])
def test_refusals_delete_nobody(town: Town, status: int) -> None:
    """A vendor that refuses everything is stopped with an alarm, costs no subscription, and hears of us again when the
    cause is mended: with `again`, or by itself a quarter of an hour later."""
    town.open()
    with PushService() as service:
        town.phones(service, 100)
        service.behave(None, Behaviour(status=status))
        town.announce(entry(town.time.at()))
        done = town.deliver()
        assert (done.told, done.owed) == (0, 100)
        assert REFUSALS <= done.failed < 50
        assert list(done.by_reason.values()) == [done.failed]
        assert f"({status})" in done.sentences()[1]
        assert "est arrêté" in done.sentences()[2]
        service.behave(None, None)
        assert (town.deliver().told, len(service.refused)) == (0, done.failed)
        last = town.deliver(again=True)
        assert (last.told, last.owed, last.alarms) == (100, 0, ())
        service.behave(None, Behaviour(status=status))
        town.announce(entry(town.time.at(), "actualites/b"))
        assert town.deliver().owed == 100
        service.behave(None, None)
        town.time.sleep(901)
        assert (town.deliver().told, town.deliver().owed) == (100, 0)
    assert subscribers(town) == 100


def test_one_refusal_stops_nobody_else(town: Town) -> None:
    """A subscription made with another key answers 403: it is kept, and everybody else is told."""
    town.open()
    with PushService() as service:
        phones = town.phones(service, 60)
        for phone in phones[::10]:
            service.behave(phone, Behaviour(status=403))
        town.announce(entry(town.time.at()))
        done = town.deliver()
        assert (done.told, done.failed, done.owed, done.alarms) == (54, 6, 6, ())
    assert subscribers(town) == 60


def test_short_trouble_is_overcome_in_one_run(town: Town) -> None:
    """A few errors, resets and time-outs are tried again, soon, with ever longer pauses that are not all alike."""
    town.open()
    with PushService() as service:
        phones = town.phones(service, 30)
        service.behave(phones[0], Behaviour(status=500, times=2))
        service.behave(phones[1], Behaviour(status=502, times=1))
        service.behave(phones[2], Behaviour(action="reset", times=1))
        town.announce(entry(town.time.at()))
        done = town.deliver()
        assert (done.told, done.gone, done.failed, done.owed) == (30, 0, 0, 0)
        assert dict.fromkeys(phones, 1) == times_told(service)
    assert 0 < sum(town.time.slept) <= PATIENCE


def test_vendor_that_asks_for_peace_gets_it(town: Town) -> None:
    """After a 429, that vendor is left alone until it said, others are not; then its phones are told."""
    town.open()
    with PushService() as busy, PushService() as idle:
        town.phones(busy, 100)
        town.phones(idle, 100)
        busy.behave(None, Behaviour(status=429, retry_after="300"))
        town.announce(entry(town.time.at()))
        first = town.deliver()
        assert (first.told, first.failed, first.owed) == (100, 0, 100)
        assert len(busy.refused) <= WINDOW
        assert town.time.slept == []
        busy.behave(None, None)
        asked = len(busy.refused)
        assert town.deliver().owed == 100
        assert (asked, 0) == (len(busy.refused), len(busy.journal))
        town.time.sleep(301)
        assert ((last := town.deliver()).told, last.owed) == (100, 0)
    assert subscribers(town) == 200


@pytest.mark.parametrize("fault", [Behaviour(status=500), Behaviour(action="reset")])
def test_vendor_that_is_down_does_not_hold_up_the_rest(town: Town, fault: Behaviour) -> None:
    """A vendor that fails again and again is left alone for a while; what it is owed stays owed."""
    town.open()
    with PushService() as down, PushService() as up:
        town.phones(down, 100)
        town.phones(up, 100)
        down.behave(None, fault)
        town.announce(entry(town.time.at()))
        done = town.deliver()
        assert (done.told, done.failed, done.owed) == (100, 0, 100)
        assert len(down.refused) <= TROUBLE + WINDOW
        down.behave(None, None)
        town.time.sleep(3600)
        assert town.deliver().told == 100
    assert subscribers(town) == 200


def test_nothing_goes_out_too_late(town: Town) -> None:
    """What was owed beyond its end is dropped, and the report says so."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        town.announce(alert(town.time.at(), town.time.at(1)))
        town.time.sleep(3600)
        done = town.deliver()
        assert service.journal == []
    assert (done.told, done.owed, done.late) == (0, 0, 3)
    assert "trop tard pour être utile : 3" in done.sentences()


class Paper:
    """A channel of paper: says what it is told to say, in turn."""

    def __init__(self, *failures: Exception, slow_after: int = 10**9) -> None:
        self.failures = list(failures)
        self.sent: list[str] = []
        self.slow = Event()
        self.slow_after = slow_after

    def send(self, message: Message, recipient: Recipient) -> None:
        """Fail while there are failures left, then wait, then be quick."""
        if self.failures:
            raise self.failures.pop()
        if len(self.sent) >= self.slow_after:
            assert self.slow.wait(60)
        self.sent.append(recipient.endpoint)


def owe(town: Town, count: int) -> None:
    """One item owed to that many."""
    with transaction(town.engine) as connection:
        for n in range(count):
            subscribe(connection, f"https://a.example/{n}")
        ledger.record(connection, [announcement("actualites/a")], 0)


def dispatch(town: Town, channel: Paper, threads: int = 4, **changes: Any) -> Dispatch:
    """A run on paper."""

    def summary(messages: Sequence[Message]) -> Message:
        raise NotImplementedError

    make = partial(ThreadSender, channel, threads, town.time.now)
    clock = Clock(town.time.now, town.time.sleep, Random(1))
    return Dispatch(town.engine, make, "me", 5, town.site.zone, summary, clock, **changes)


def test_interruption_keeps_what_was_answered(town: Town) -> None:
    """Ctrl-C writes the answers that came and gives back the rest: nobody is told twice, nobody is left out."""
    owe(town, 100)
    channel = Paper(slow_after=30)

    def interrupt(done: int, _: int) -> None:
        if len(channel.sent) >= 30:
            channel.slow.set()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dispatch(town, channel, progress=interrupt).run()
    assert 30 <= len(channel.sent) < 100
    with transaction(town.engine) as connection:
        assert {"sent": len(channel.sent), "owed": 100 - len(channel.sent)} == counts(connection)
    dispatch(town, channel).run()
    assert (len(channel.sent), len(set(channel.sent))) == (100, 100)


def test_fault_of_ours_loses_nothing(town: Town) -> None:
    """An unexpected exception in a channel is reported, and the message is tried again."""
    owe(town, 3)
    channel = Paper(ZeroDivisionError("oups"), SendError("a.example : réponse 500", permanent=False))
    seen: list[tuple[int, int]] = []
    done = dispatch(town, channel, 1, progress=lambda *pair: seen.append(pair)).run()
    assert (done.told, done.owed) == (3, 0)
    assert done.by_reason == {"ZeroDivisionError: oups": 1, "a.example : réponse 500": 1}
    assert seen[-1] == (3, 3)


def test_broken_sender_is_an_error_and_loses_nothing(town: Town) -> None:
    """A sender that raises ends the run with its error; what was answered before stays answered."""
    owe(town, 10)

    class Broken:
        def send(
            self, message: Outgoing, targets: Iterable[Target], *, stop: object, leave: Leave = FREE
        ) -> Iterator[Result]:
            for number, target in enumerate(targets):
                assert leave.take(1) == 1
                if number == 4:
                    raise ZeroDivisionError
                yield Result(target.id, "sent")

        def close(self) -> None: ...

    run = dispatch(town, Paper())
    run.senders = Broken
    with pytest.raises(ZeroDivisionError):
        run.run()
    with transaction(town.engine) as connection:
        assert {"sent": 4, "owed": 6} == counts(connection)
    assert dispatch(town, Paper()).run().told == 6


def test_keys_made_ahead_are_burnt_when_they_are_no_longer_wanted(town: Town) -> None:
    """With BEFFROI_PUSH_PREARM off, the next publication and the next start of a worker leave none in the database."""
    town.open()
    stopped = Event()
    stopped.set()
    with PushService() as service:
        town.phones(service, 3)
    town.service = replace(town.service, push_prearm=False)
    for start in (
        lambda: town.announce(entry(town.time.at())),
        lambda: work(town.site, town.service, town.engine, stopped),
    ):
        assert prearm(town.engine) == 3
        start()
        with transaction(town.engine) as connection:
            assert armed.count(connection) == 0
