"""Send what the ledger owes: one thread a vendor, so that a slow one holds up no other, each on one shard at a time.

Any number of processes may do so at once, on any number of machines: the ledger's leases keep them apart.
"""

from __future__ import annotations

import gc
import math
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import field
from random import Random
from threading import Event, Thread
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine

from beffroi.channels.delivered import Delivered
from beffroi.channels.doubt import Doubt, Share
from beffroi.channels.hand import Means, Tally
from beffroi.channels.sending import Sender, Senders
from beffroi.channels.shard import Work
from beffroi.records import dataclass
from beffroi.store import ledger, shards, summaries
from beffroi.store.db import Held, transaction
from beffroi.store.entries import Shard
from beffroi.store.summaries import Summary

LEASE = 10
"""Seconds of a lease on top of twice the time-out: after them another worker goes on."""

PATIENCE = 15
"""Seconds that one run waits in all for a vendor's messages to fall due again; the rest stays owed for the next run."""

TICK = 0.1


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as this run sees it: `now` in seconds since 1970, `sleep` in seconds, `random` for the jitter."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=Random)


def lease(timeout: float) -> int:
    """Seconds of one lease, given one message's time-out: two of them may pass without any answer to commit."""
    return LEASE + math.ceil(2 * timeout)


@dataclass(slots=True)
class Dispatch:
    """One run. `timeout` is one message's, in seconds; `progress` is called with (done, all) every tick."""

    engine: Engine
    senders: Senders
    owner: str
    timeout: float
    zone: ZoneInfo
    summary: Summary
    clock: Clock = field(default_factory=Clock)
    progress: Callable[[int, int], None] = lambda done, total: None
    prearmed: bool = False
    fault: Callable[[str], None] = lambda point: None
    patience: float = PATIENCE
    doubt: Doubt = field(default_factory=Doubt)
    stopped: Event = field(default_factory=Event)
    _ends: list[Event] = field(default_factory=list)
    _tallies: list[Tally] = field(default_factory=list)
    _errors: list[BaseException] = field(default_factory=list)

    def run(self) -> Delivered:
        """Send until nothing is due. However it ends, the answers that came are written and no shard is kept."""
        with transaction(self.engine) as connection:
            late = ledger.expire(connection, self._second())
            summaries.compose(connection, self._second(), self.zone, self.summary)
            vendors = ledger.owed_to(connection)
        total = sum(vendors.values())
        gc.freeze()  # what there is by now stays: looking through it again and again costs 5 µs a message
        try:
            for share, origin in [(self.doubt.share(count), origin) for origin, count in vendors.items()]:
                self._start(origin, share)
            while going := [end for end in self._ends if not end.is_set()]:
                going[0].wait(TICK)  # not `join`: one that Ctrl-C interrupts takes its thread for ended (Python 3.11)
                self.progress(self._done(), total)
        except BaseException:
            self.stop()
            raise
        finally:
            for end in self._ends:
                end.wait()
            gc.unfreeze()
        if self._errors:
            raise self._errors[0]
        self.progress(self._done(), total)
        return self._delivered(late)

    def stop(self) -> None:
        """Let nothing more go out; `run` then ends once what is in flight is answered."""
        self.stopped.set()

    def _second(self) -> int:
        return int(self.clock.now())

    def _start(self, origin: str, share: Share) -> None:
        tally, end = Tally(), Event()
        self._tallies.append(tally)
        Thread(target=self._guarded, args=(origin, share, tally, end), name=f"vendor {origin}", daemon=True).start()
        self._ends.append(end)

    def _guarded(self, origin: str, share: Share, tally: Tally, end: Event) -> None:
        """In a thread: one vendor, until nothing is due to its subscribers."""
        try:
            with share, closing(self.senders()) as sender:
                waited, looked = 0.0, self._second()
                while not self.stopped.is_set():
                    looked = self._wake(looked)
                    if self.one(sender, share, tally, origin=origin):
                        continue
                    seconds = self._pause(origin)
                    waited += seconds
                    if not seconds or waited > self.patience:
                        return
                    self.clock.sleep(seconds)
        except BaseException as error:  # told by `run`, in the main thread
            self._errors.append(error)
            self.stop()
        finally:
            end.set()

    def _wake(self, looked: int) -> int:
        """Let go what was held until now, as a morning may come while we are at work; `looked` is the second at which
        that was done last."""
        if (second := self._second()) != looked:
            with transaction(self.engine) as connection:
                summaries.compose(connection, second, self.zone, self.summary)
        return second

    def one(
        self, sender: Sender, share: Share, tally: Tally, *, origin: str | None = None, shard: int | None = None
    ) -> bool:
        """Claim one shard that is due, of that vendor or that very one, and go through it; whether there was one.

        One of a vendor's is followed by the others of the same announcement that are due, as far as they go.
        """
        seconds = lease(self.timeout)
        with closing(Held(self.engine)) as store:

            def claim(announcement: int | None = None) -> Shard | None:
                with store.transaction() as connection:
                    found = shards.claim(
                        connection,
                        self.owner,
                        self._second(),
                        seconds,
                        origin=origin,
                        shard=shard,
                        announcement=announcement,
                    )
                self.fault("claimed")
                return found

            if (found := claim()) is None:
                return False
            now, random, stopped = self.clock.now, self.clock.random, self.stopped.is_set
            means = Means(store, share, self.owner, seconds, self.zone, now, random, stopped, self.prearmed, self.fault)
            more = (lambda last: claim(last.announcement)) if shard is None else (lambda last: None)
            Work(means, sender, found, tally, more).run()
        return True

    def _pause(self, origin: str) -> float:
        """Seconds until something falls due for that vendor; 0 where nothing will."""
        with transaction(self.engine) as connection:
            due = ledger.next_due(connection, origin)
        return 0 if due is None else max(due - self.clock.now(), TICK)

    def _done(self) -> int:
        outcomes = self._outcomes()
        return sum(outcomes[state] for state in ("sent", "gone", "refused", "late"))

    def _outcomes(self) -> Counter[str]:
        sent = Counter(sent=sum(tally.sent for tally in self._tallies))
        return sum((tally.outcomes.copy() for tally in self._tallies), sent)

    def _delivered(self, late: int) -> Delivered:
        with transaction(self.engine) as connection:
            owed, held = ledger.owed(connection), ledger.held(connection)
            alarms = shards.alarms(connection)
        outcomes, reasons = self._outcomes(), sum((tally.reasons for tally in self._tallies), Counter[str]())
        told, gone, failed = outcomes["sent"], outcomes["gone"], outcomes["refused"]
        told_why = tuple(f"{urlsplit(origin).netloc} est arrêté : {why}" for origin, why in alarms.items())
        return Delivered(told, gone, failed, owed, late + outcomes["late"], dict(reasons.most_common()), held, told_why)
