"""One worker on one shard: read it, hand it to a sender, and write what comes back, every `COMMIT` results or sooner.

What is killed here leaves in doubt what was in flight and what was answered since the last commit: `DOUBT` messages at
most. These are told again by whoever goes on, and the phone shows one notification.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from beffroi.channels.sending import COMMIT, DOUBT, Outgoing, Result, Sender, Target
from beffroi.store import armed, quiet, shards
from beffroi.store.audience import Choice
from beffroi.store.db import transaction
from beffroi.store.entries import Later, Progress, Row, Shard

READ = 500
"""Subscriptions read at once."""

LONGEST_BACKOFF = 3600

TROUBLE = 16
"""Failures in a row that show a vendor, not a phone, to be in trouble; it is then left alone for `REST` seconds."""
REST = 60

REFUSALS = 8
"""Refusals in a row (400, 401, 403, 413) that show our key or message to be at fault, not one subscription."""
LOOK = 900
"""Seconds after which what a vendor refused is tried again, if nobody asked for it before."""


@dataclass(slots=True)
class Tally:
    """What became of one vendor's messages; `reasons` counts the answers that were not "sent", in French, retried ones
    included; `failures` and `refusals` are those in a row."""

    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    refusals: int = 0


@dataclass(slots=True)
class Means:
    """What a worker works with. `lease` in seconds, `now` in seconds since 1970. `fault` is called with the name of each
    instant at which a crash would hurt: tests die there."""

    engine: Engine
    owner: str
    lease: int
    zone: ZoneInfo
    now: Callable[[], float]
    random: Random
    stopped: Callable[[], bool] = lambda: False
    prearmed: bool = False
    fault: Callable[[str], None] = lambda point: None


class Work:
    """One shard in hand."""

    def __init__(self, means: Means, sender: Sender, shard: Shard, tally: Tally) -> None:
        self._means, self._sender, self._shard, self._tally = means, sender, shard, tally
        self._flying: dict[int, None] = dict.fromkeys(shard.flying)
        self._doubtful = frozenset(shard.flying)
        self._material: dict[int, bytes] = {}
        self._again: dict[int, int] = {}  # of `retries`, where they stay until they are answered
        self._cursor = shard.cursor
        self._progress = Progress(shard.cursor, [])
        self._taken = 0  # answers not committed
        self._handed = 0  # targets without an answer
        self._over = False  # nothing more goes out
        self._through = False  # the range is at its end
        self._lost = False  # somebody else has the shard, or nobody is to have it

    def run(self) -> None:
        """Go through the shard as far as it goes. However this ends, the answers that came are written."""
        said = self._shard.message
        message = Outgoing(said.payload.encode(), said.urgency, said.topic, said.expires_at)
        results = self._sender.send(message, self._targets(), stop=self._stop)
        try:
            for result in results:
                self._means.fault("answered")
                self._take(result)
        finally:
            close = getattr(results, "close", None)
            if close:
                close()
            self._commit()
            if not self._lost:
                self._leave()

    def _second(self) -> int:
        return int(self._means.now())

    def _stop(self) -> bool:
        return self._over or self._means.stopped()

    # what goes out

    def _targets(self) -> Iterator[Target]:
        """Who is in doubt, who is to be tried again, then the rest of the range."""
        with transaction(self._means.engine) as connection:
            doubtful = self._armed(connection, shards.again(connection, self._shard))
        for number in set(self._shard.flying) - {row.id for row in doubtful}:
            del self._flying[number]  # they left
        yield from self._awake(doubtful)
        after = 0
        while rows := self._due(after):
            after = rows[-1].id
            self._again |= {row.id: row.attempts for row in rows}
            yield from self._awake([row for row in rows if row.id not in self._shard.flying])
        while people := self._read():
            yield from self._stretch(people)
        self._through = not self._stop()

    def _due(self, after: int) -> list[Row]:
        with transaction(self._means.engine) as connection:
            return self._armed(connection, shards.due(connection, self._shard, self._second(), after, READ))

    def _read(self) -> list[tuple[Row, bool]]:
        """The next subscriptions of the range, and whether each is concerned; none where this worker is to stop."""
        if self._stop():
            return []
        audience, concerned = self._shard.audience, dict[tuple[str, str, int], bool]()
        found = []
        with transaction(self._means.engine) as connection:
            for row, choice in shards.read(connection, self._shard, self._cursor, READ):
                if choice not in concerned:
                    concerned[choice] = audience.admits(Choice.read(*choice))
                found.append((row, concerned[choice]))
            told = iter(self._armed(connection, [row for row, wanted in found if wanted]))
        self._means.fault("read")
        return [(next(told) if wanted else row, wanted) for row, wanted in found]

    def _stretch(self, people: Sequence[tuple[Row, bool]]) -> Iterator[Target]:
        """The cursor goes with whoever is handed over, passed by, or held until the morning."""
        awake = self._wakes()
        for row, wanted in people:
            if not self._may_go():
                return
            self._cursor = row.id
            if wanted and awake(row):
                self._flying[row.id] = None
                yield self._target(row)
        if len(self._progress.later) >= READ:
            self._commit()

    def _awake(self, rows: Sequence[Row]) -> Iterator[Target]:
        awake = self._wakes()
        for row in rows:
            if not self._may_go():
                return
            if awake(row):
                yield self._target(row)
            else:
                self._flying.pop(row.id, None)

    def _may_go(self) -> bool:
        """Commit where one more message would leave too many in doubt; whether this worker is to go on."""
        if self._handed + self._taken >= DOUBT:
            self._commit()
        return not self._over

    def _wakes(self) -> Callable[[Row], bool]:
        """Tells who may be rung now; the others are held. Asked anew for each few hundred, as the clock goes on."""
        until: dict[str, int] = {}
        said, zone, now = self._shard.message, self._means.zone, self._second()

        def wait(hours: str) -> int:
            if said.wait == "loud":
                return 0
            morning = quiet.later(hours, self._shard.announced_at, zone) if said.wait == "later" else 0
            return morning if morning > now else quiet.release(hours, now, zone)

        def awake(row: Row) -> bool:
            if row.quiet not in until:
                until[row.quiet] = wait(row.quiet)
            if until[row.quiet]:
                self._progress.later.append(Later(row.id, "held", until[row.quiet]))
                self._again.pop(row.id, None)
                self._tally.outcomes["held"] += 1
            return not until[row.quiet]

        return awake

    def _armed(self, connection: Connection, rows: list[Row]) -> list[Row]:
        """With the key material made ahead, kept for what is urgent; deleted by this same transaction."""
        if not self._means.prearmed or self._shard.message.urgency != "high":
            return rows
        self._material |= armed.take(connection, [row.id for row in rows])
        return rows

    def _target(self, row: Row) -> Target:
        self._handed += 1
        material = self._material.pop(row.id, None)
        return Target(row.id, row.endpoint, self._shard.origin, row.p256dh, row.auth, material, row.vapid)

    # what comes back

    def _take(self, result: Result) -> None:
        """Note one answer, and commit when there are enough of them."""
        known = result.id in self._again or result.id in self._doubtful
        attempts = self._again.pop(result.id, 0)
        self._flying.pop(result.id, None)
        self._taken += 1
        self._handed -= 1
        progress = self._progress
        if result.outcome in {"retry", "closed"}:
            progress.later.append(self._later(result, attempts))
        elif known:
            progress.settled.append(result.id)
        match result.outcome:
            case "sent":
                progress.sent += 1
                self._tally.failures = self._tally.refusals = 0
            case "gone":
                progress.gone.append(result.id)
                self._tally.failures = 0
            case "refused":
                progress.refused += 1
            case "late":
                progress.late += 1
        failed = result.outcome == "closed" and result.retry_at is None
        self._tally.outcomes["refused" if failed else result.outcome] += 1
        if result.reason:
            self._tally.reasons[result.reason] += 1
        if self._taken >= COMMIT or progress.closed_until or self._over:
            self._commit()

    def _later(self, result: Result, attempts: int) -> Later:
        """When to try again, and whether the vendor is to be left alone meanwhile."""
        now = self._means.now()
        if result.outcome == "closed" and result.retry_at is not None:
            self._close(result.retry_at)
            return Later(result.id, "retry", result.retry_at, result.reason, attempts + 1)
        if result.outcome == "closed":
            self._tally.refusals += 1
            if self._tally.refusals >= REFUSALS:
                self._close(math.ceil(now) + LOOK, result.reason)
            return Later(result.id, "refused", math.ceil(now) + LOOK, result.reason, attempts + 1)
        self._tally.failures += 1
        if self._tally.failures >= TROUBLE:
            self._tally.failures = 0
            self._close(math.ceil(now) + REST)
        delay = min(2 ** min(attempts + 1, 20), LONGEST_BACKOFF)
        until = now + delay * (0.5 + self._means.random.random() / 2)
        return Later(result.id, "retry", math.ceil(result.retry_at or until), result.reason, attempts + 1)

    def _close(self, until: int, alarm: str = "") -> None:
        self._progress.closed_until = max(self._progress.closed_until, until)
        self._progress.alarm = alarm or self._progress.alarm
        self._over = True

    # what is written

    def _commit(self) -> None:
        progress, self._taken = self._progress, 0
        progress.cursor, progress.flying = self._cursor, list(self._flying)
        self._progress = Progress(self._cursor, [])
        means, shard, now = self._means, self._shard, self._second()
        means.fault("commit")
        with transaction(means.engine) as connection:
            if not shards.advance(connection, means.owner, shard, progress, now, means.lease):
                self._over = self._lost = True
            elif shards.interrupted(connection, shard, now):
                self._over = True
            means.fault("written")
        means.fault("committed")

    def _leave(self) -> None:
        through = self._through and not self._flying
        with transaction(self._means.engine) as connection:
            shards.leave(connection, self._means.owner, self._shard, through=through)
            self._means.fault("leaving")
        self._means.fault("left")
