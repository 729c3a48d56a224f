"""One shard in hand: who of it is next, what came back, and what is then written of it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field
from functools import partial
from itertools import compress
from operator import not_
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from beffroi.channels.doubt import Share
from beffroi.channels.sending import Result, Target
from beffroi.records import dataclass
from beffroi.store import armed, quiet, shards
from beffroi.store.audience import Choice
from beffroi.store.db import Held
from beffroi.store.entries import Later, Person, Progress, Shard, Standing

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
    included; `failures` and `refusals` are those in a row; `sent` is not among the `outcomes`."""

    sent: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    failures: int = 0
    refusals: int = 0


@dataclass(slots=True)
class Means:
    """What a worker works with: a connection to the ledger, its share of what may be in doubt. `lease` in seconds, `now`
    in seconds since 1970. `fault` is called with the name of each instant at which a crash would hurt: tests die there.
    """

    store: Held
    share: Share
    owner: str
    lease: int
    zone: ZoneInfo
    now: Callable[[], float]
    random: Random
    stopped: Callable[[], bool] = lambda: False
    prearmed: bool = False
    fault: Callable[[str], None] = lambda point: None


_target = partial(tuple.__new__, Target)  # a named tuple's own constructor takes three times as long

NEVER = -1
"""In the place of the instant until which somebody is held: of no concern to them."""


class Hand:
    """One shard of one worker. `stop` says whether nothing more goes out, `commit` writes before too much waits."""

    def __init__(
        self, means: Means, shard: Shard, tally: Tally, stop: Callable[[], bool], commit: Callable[[], None]
    ) -> None:
        self._means, self.shard, self._tally, self._stop, self._commit = means, shard, tally, stop, commit
        self.flying: dict[int, None] = dict.fromkeys(shard.flying)
        self._known = set(shard.flying)  # in doubt, or of `retries`, where they stay until they are answered
        self._attempts: dict[int, int] = {}
        self._cursor = shard.cursor
        self._progress = Progress(shard.cursor, [])
        self.through = False
        """The range is at its end."""
        self.lost = False
        """Somebody else has the shard, or nobody is to have it."""

    def owns(self, number: int) -> bool:
        """Whether that subscription was handed over from here."""
        return number in self.flying or number in self._known

    @property
    def done(self) -> bool:
        """Whether everybody was handed over and answered."""
        return self.through and not self.flying

    @property
    def closed(self) -> bool:
        """Whether the vendor asked to be left alone, which is not written yet."""
        return bool(self._progress.closed_until)

    def _second(self) -> int:
        return int(self._means.now())

    # what goes out

    def targets(self) -> Iterator[Target]:
        """Who is in doubt, who is to be tried again, then the rest of the range."""
        if self.shard.flying:
            with self._means.store.transaction() as connection:
                doubtful = self._sorted(connection, shards.again(connection, self.shard))
            for number in set(self.shard.flying) - {person[0] for person, _, _ in doubtful}:
                del self.flying[number]  # they left
            yield from self._awake(doubtful)
        after = 0
        while self.shard.retries and (rows := self._due(after)):
            after = rows[-1][0][0]
            yield from self._awake([row for row in rows if row[0][0] not in self.shard.flying])
        while self._cursor < self.shard.high and not self._stop():
            yield from self._stretch(self._read())
        self.through = not self._stop()

    def _due(self, after: int) -> list[_Sorted]:
        with self._means.store.transaction() as connection:
            rows = shards.due(connection, self.shard, self._second(), after, READ)
            self._attempts |= {person[0]: attempts for person, attempts in rows}
            self._known |= self._attempts.keys()
            return self._sorted(connection, [person for person, _ in rows])

    def _read(self) -> list[_Sorted]:
        with self._means.store.transaction() as connection:
            found = self._sorted(connection, shards.read(connection, self.shard, self._cursor, READ))
        self._means.fault("read")
        return found

    def _sorted(self, connection: Connection, people: list[Person]) -> list[_Sorted]:
        """Each with the instant until which it is held, and its key material, kept for what is urgent: that is deleted
        by this same transaction."""
        until = _Until(self._held)  # anew for each few hundred, as the clock goes on
        held = [until[person[5:]] for person in people]
        if not (self._means.prearmed and self.shard.message.urgency == "high"):
            return [(person, later, None) for person, later in zip(people, held, strict=True)]
        ids = [person[0] for person in people]
        material = armed.take(connection, compress(ids, map(not_, held)))
        return list(zip(people, held, map(material.get, ids), strict=True))

    def _held(self, chosen: Chosen) -> int:
        """Until when somebody who chose so is held: 0 for who may be rung now, `NEVER` for who is not concerned."""
        hours, categories, areas, alerts_only = chosen
        said, zone, now = self.shard.message, self._means.zone, self._second()
        if not self.shard.audience.admits(Choice.read(categories, areas, alerts_only)):
            return NEVER
        if said.wait == "loud":
            return 0
        morning = quiet.later(hours, self.shard.announced_at, zone) if said.wait == "later" else 0
        return morning if morning > now else quiet.release(hours, now, zone)

    def _stretch(self, people: list[_Sorted]) -> Iterator[Target]:
        """The cursor goes with whoever is handed over, passed by, or held until the morning. Who must stop pulls no
        more: that is not asked here for each."""
        origin, flying = self.shard.origin, self.flying
        for (number, endpoint, p256dh, auth, key, _, _, _, _), held, material in people:
            self._cursor = number
            if not held:
                flying[number] = None
                yield _target((number, endpoint, origin, p256dh, auth, material, key))
            elif held > 0:
                self._hold(number, held)
        if len(people) < READ:
            self._cursor = self.shard.high
        if len(self._progress.later) >= READ:
            self._commit()

    def _awake(self, people: Iterable[_Sorted]) -> Iterator[Target]:
        for (number, endpoint, p256dh, auth, key, *_), held, material in people:
            if self._stop():
                return
            if held:
                self.flying.pop(number, None)
            if held > 0:
                self._hold(number, held)
            elif held == NEVER:  # as if they had left
                self._settle(number)
            else:
                yield _target((number, endpoint, self.shard.origin, p256dh, auth, material, key))

    def _hold(self, number: int, until: int) -> None:
        self._progress.later.append(Later(number, "held", until))
        self._tally.outcomes["held"] += 1

    # what comes back

    def sent(self, number: int) -> None:
        """The usual answer."""
        self.flying.pop(number, None)
        self._progress.sent += 1
        if self._known:
            self._settle(number)

    def unsent(self, result: Result) -> None:
        """Any other answer: what it means for this phone, and for the vendor."""
        self.flying.pop(result.id, None)
        progress, tally = self._progress, self._tally
        failed = result.outcome == "closed" and result.retry_at is None
        tally.outcomes["refused" if failed else result.outcome] += 1
        if result.reason:
            tally.reasons[result.reason] += 1
        if result.outcome in {"retry", "closed"}:
            progress.later.append(self._later(result, self._attempts.get(result.id, 0)))
            return
        self._settle(result.id)
        match result.outcome:
            case "gone":
                progress.gone.append(result.id)
                tally.failures = 0
            case "refused":
                progress.refused += 1
            case "late":
                progress.late += 1

    def _settle(self, number: int) -> None:
        """Answered for good."""
        if number in self._known:
            self._progress.settled.append(number)

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

    # what is written

    def write(self, connection: Connection) -> Standing | None:
        """What came back since the last time; None where the shard is `lost`."""
        progress, self._progress = self._progress, Progress(self._cursor, [])
        progress.cursor, progress.flying = self._cursor, list(self.flying)
        means = self._means
        standing = shards.advance(connection, means.owner, self.shard, progress, self._second(), means.lease)
        self.lost = standing is None
        return standing

    def leave(self, connection: Connection) -> None:
        """Give the shard back."""
        shards.leave(connection, self._means.owner, self.shard, through=self.done)


Chosen = tuple[str, str, str, int]
"""Quiet hours, categories, areas, alerts only."""

_Sorted = tuple[Person, int, bytes | None]
"""Somebody, the instant until which they are held (0, `NEVER`), and key material made ahead."""


class _Until(dict[Chosen, int]):
    """What `of` says of each choice, asked once."""

    def __init__(self, of: Callable[[Chosen], int]) -> None:
        self._of = of

    def __missing__(self, chosen: Chosen) -> int:
        found = self[chosen] = self._of(chosen)
        return found
