"""Send what the ledger owes: claim a few, hand them to threads, settle the answers in small batches.

Only the main thread touches the database. Nothing is claimed long before it is sent, so that a killed process leaves
little in doubt: at most `threads` messages in flight and one batch of answers not yet written.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from random import Random
from typing import Protocol

from sqlalchemy import Engine

from beffroi.errors import Gone, SendError
from beffroi.store import ledger
from beffroi.store.db import transaction
from beffroi.store.entries import Answer, Message, Owed, Recipient

BATCH = 16
"""Answers committed at once."""

LEASE = 60
"""Seconds of a claim on top of the time-outs: after them another machine takes over."""

PATIENCE = 15
"""Seconds that one run waits in all for deliveries to fall due again; the rest stays owed for the next run."""

LONGEST_BACKOFF = 3600

TROUBLE = 16
"""Failures in a row that show a vendor, not a phone, to be in trouble; it is then left alone for `REST` seconds."""
REST = 60


class Channel(Protocol):
    """What sends. Raises `Gone` where the recipient no longer exists, else `SendError`."""

    def send(self, message: Message, recipient: Recipient) -> None:
        """Tell one recipient."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as this run sees it: `now` in seconds since 1970, `sleep` in seconds, `random` for the jitter."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    random: Random = field(default_factory=Random)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the deliveries. `owed` are left for a next run, `late` were dropped, too late to be of use;
    `by_reason` counts the answers that were not "sent", in French, retried ones included."""

    told: int = 0
    gone: int = 0
    failed: int = 0
    owed: int = 0
    late: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)

    def sentences(self) -> list[str]:
        """The report for the agent."""
        told, gone = _plural(self.told, "prévenu"), _plural(self.gone, "désabonné")
        head = f"{told}, {gone}, {self.failed} en échec, {self.owed} à envoyer plus tard"
        late = [f"trop tard pour être utile : {self.late}"] if self.late else []
        return [head, *late, *(f"{count} × {reason}" for reason, count in self.by_reason.items())]


def _plural(count: int, word: str) -> str:
    """French: from two on."""
    return f"{count} {word}{'s' if count > 1 else ''}"


@dataclass(slots=True)
class Dispatch:
    """One run. `timeout` is one message's, in seconds; `progress` is called with (done, all) after each batch."""

    engine: Engine
    channel: Channel
    owner: str
    threads: int
    timeout: float
    clock: Clock = field(default_factory=Clock)
    progress: Callable[[int, int], None] = lambda done, total: None
    _answers: SimpleQueue[Answer] = field(default_factory=SimpleQueue)
    _flying: int = 0
    _waited: float = 0
    _counts: Counter[str] = field(default_factory=Counter)
    _reasons: Counter[str] = field(default_factory=Counter)
    _paused: dict[str, int] = field(default_factory=dict)
    _trouble: Counter[str] = field(default_factory=Counter)

    def run(self) -> Delivered:
        """Send until nothing is due. However it ends, the answers that came are written and no claim is kept."""
        with transaction(self.engine) as connection:
            late = ledger.expire(connection, self._second())
            total = ledger.owed(connection)
        pool = ThreadPoolExecutor(self.threads, thread_name_prefix="send")
        try:
            while self._claim(pool) or self._wait():
                while self._flying:
                    self._collect()
                    self._claim(pool)
                    self.progress(self._counts.total(), total)
        finally:
            pool.shutdown(cancel_futures=True)
            self._leave()
        with transaction(self.engine) as connection:
            owed = ledger.owed(connection)
        told, gone, failed = (self._counts[state] for state in ("sent", "gone", "failed"))
        return Delivered(told, gone, failed, owed, late, dict(self._reasons.most_common()))

    def _second(self) -> int:
        return int(self.clock.now())

    def _claim(self, pool: ThreadPoolExecutor) -> int:
        """Keep the threads busy, never more than two rounds ahead; return how many are on their way."""
        if self._flying <= self.threads:
            lease = LEASE + math.ceil(4 * self.timeout)
            with transaction(self.engine) as connection:
                claimed = ledger.claim(connection, self.owner, self._second(), lease, 2 * self.threads - self._flying)
            for owed in claimed:
                pool.submit(self._attempt, owed)
            self._flying += len(claimed)
        return self._flying

    def _attempt(self, owed: Owed) -> None:
        """In a thread: send one, and always answer."""
        until = self._paused.get(owed.recipient.origin, 0)
        if self.clock.now() < until:
            self._answers.put(Answer(owed, "defer", not_before=until))
            return
        try:
            self.channel.send(owed.message, owed.recipient)
            answer = Answer(owed, "sent")
        except Gone as error:
            answer = Answer(owed, "gone", str(error))
        except SendError as error:
            answer = Answer(owed, "failed", str(error)) if error.permanent else self._retry(owed, error)
        except Exception as error:  # a fault of ours must not lose the message: it stays owed, and is reported
            answer = self._retry(owed, SendError(f"{type(error).__name__}: {error}", permanent=False))
        self._answers.put(answer)

    def _retry(self, owed: Owed, error: SendError) -> Answer:
        """Later: when the service said, else after 2, 4, 8... seconds, half of it random so that they spread."""
        if error.retry_after is not None:
            until = self.clock.now() + error.retry_after
            self._paused[owed.recipient.origin] = math.ceil(until)
        else:
            delay = min(2 ** min(owed.attempts + 1, 20), LONGEST_BACKOFF)
            until = self.clock.now() + delay * (0.5 + self.clock.random.random() / 2)
        return Answer(owed, "retry", str(error), math.ceil(until))

    def _collect(self) -> None:
        """Take the answers that are there, at least one, and write them."""
        answers = [self._answers.get()]
        with suppress(Empty):
            while len(answers) < BATCH:
                answers.append(self._answers.get_nowait())
        self._flying -= len(answers)
        self._settle(answers)

    def _settle(self, answers: list[Answer]) -> None:
        rests = self._rests(answers)
        with transaction(self.engine) as connection:
            ledger.settle(connection, self.owner, answers)
            for origin, until in rests.items():
                ledger.postpone(connection, origin, until)
        self._counts.update(answer.state for answer in answers if answer.state in {"sent", "gone", "failed"})
        self._reasons.update(answer.error for answer in answers if answer.error)

    def _rests(self, answers: list[Answer]) -> dict[str, int]:
        """The vendors to leave alone, and until when: those that asked for it, and those that fail without end."""
        rests = {}
        for answer in answers:
            origin = answer.owed.recipient.origin
            if answer.state == "retry":
                self._trouble[origin] += 1
                if self._trouble[origin] >= TROUBLE:
                    self._trouble[origin] = 0
                    self._paused[origin] = max(self._paused.get(origin, 0), self._second() + REST)
                if self.clock.now() < self._paused.get(origin, 0):
                    rests[origin] = self._paused[origin]
            elif answer.state != "defer":
                self._trouble[origin] = 0
        return rests

    def _wait(self) -> bool:
        """Nothing is on its way: wait for what falls due soon. False when the run is over."""
        with transaction(self.engine) as connection:
            ledger.release(connection, self._second())
            due = ledger.next_due(connection)
        if due is None:
            return False
        seconds = max(due - self.clock.now(), 0.1)
        if self._waited + seconds > PATIENCE:
            return False
        self._waited += seconds
        self.clock.sleep(seconds)
        return True

    def _leave(self) -> None:
        """Write the last answers and give back what was claimed but not sent: the next run has it at once."""
        answers = []
        with suppress(Empty):
            while True:
                answers.append(self._answers.get_nowait())
        with transaction(self.engine) as connection:
            ledger.settle(connection, self.owner, answers)
            ledger.release(connection, self._second(), self.owner)
