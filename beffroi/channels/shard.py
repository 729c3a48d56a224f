"""One worker on one shard: read it, hand it to a sender, and write what comes back, `COMMIT` answers or so together.

What is killed here leaves in doubt what was in flight and what was answered since the last commit: its share of
`DOUBT` messages at most. These are told again by whoever goes on, and the phone shows one notification.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from random import Random
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from beffroi.channels.doubt import Share
from beffroi.channels.sending import COMMIT, DOUBT, Outgoing, Result, Sender, Target
from beffroi.store import armed, quiet, shards
from beffroi.store.audience import Choice
from beffroi.store.db import Held
from beffroi.store.entries import Later, Person, Progress, Shard

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

TICK = 0.1
"""Seconds for which others' answers are waited for, at once, where all that may be in doubt is theirs."""

NEVER = -1
"""In the place of the instant until which somebody is held: of no concern to them."""


class Work:
    """One shard in hand, and the `Leave` of its sender."""

    def __init__(self, means: Means, sender: Sender, shard: Shard, tally: Tally) -> None:
        self._means, self._sender, self._shard, self._tally = means, sender, shard, tally
        self._flying: dict[int, None] = dict.fromkeys(shard.flying)
        self._known = set(shard.flying)  # in doubt, or of `retries`, where they stay until they are answered
        self._attempts: dict[int, int] = {}
        self._cursor = shard.cursor
        self._progress = Progress(shard.cursor, [])
        self._handed = 0  # launched without an answer
        self._taken = 0  # answers not committed
        self._idle = 0  # decisions, without a launch, not committed
        self._over = False  # nothing more goes out
        self._through = False  # the range is at its end
        self._lost = False  # somebody else has the shard, or nobody is to have it

    def run(self) -> None:
        """Go through the shard as far as it goes. However this ends, the answers that came are written."""
        said = self._shard.message
        message = Outgoing(said.payload.encode(), said.urgency, said.topic, said.expires_at)
        results = self._sender.send(message, self._targets(), stop=self._stop, leave=self)
        fault = self._means.fault
        try:
            for result in results:
                fault("answered")
                self._take(result)
        finally:
            close = getattr(results, "close", None)
            if close:
                close()
            self.give_back(self._handed)  # without an answer for ever
            self._commit()
            if not self._lost:
                self._leave()

    def _second(self) -> int:
        return int(self._means.now())

    def _stop(self) -> bool:
        return self._over or self._means.stopped()

    # what may go out

    def take(self, wanted: int, *, hurry: bool = False) -> int:
        """See `Leave`: commit where so many more would leave too many in doubt."""
        share = self._means.share
        while not self._stop():
            free = share.limit - self._handed
            if self._handed and not hurry and free < min(wanted, share.limit * COMMIT // DOUBT):
                break  # let answers gather
            if self._taken and wanted > free - self._taken:
                self._commit()
                continue
            granted = share.take(min(wanted, free), patience=0 if self._handed else TICK)
            self._handed += granted
            if granted or self._handed:
                return granted
        return 0

    def give_back(self, count: int) -> None:
        """See `Leave`."""
        self._handed -= count
        self._means.share.give(count)

    # what goes out

    def _targets(self) -> Iterator[Target]:
        """Who is in doubt, who is to be tried again, then the rest of the range."""
        if self._shard.flying:
            with self._means.store.transaction() as connection:
                doubtful = self._sorted(connection, shards.again(connection, self._shard))
            for number in set(self._shard.flying) - {person[0] for person, _, _ in doubtful}:
                del self._flying[number]  # they left
            yield from self._awake(doubtful)
        after = 0
        while self._shard.retries and (rows := self._due(after)):
            after = rows[-1][0][0]
            yield from self._awake([row for row in rows if row[0][0] not in self._shard.flying])
        while self._cursor < self._shard.high and not self._stop():
            yield from self._stretch(self._read())
        self._through = not self._stop()

    def _due(self, after: int) -> list[_Sorted]:
        with self._means.store.transaction() as connection:
            rows = shards.due(connection, self._shard, self._second(), after, READ)
            self._attempts |= {person[0]: attempts for person, attempts in rows}
            self._known |= self._attempts.keys()
            return self._sorted(connection, [person for person, _ in rows])

    def _read(self) -> list[_Sorted]:
        with self._means.store.transaction() as connection:
            found = self._sorted(connection, shards.read(connection, self._shard, self._cursor, READ))
        self._means.fault("read")
        return found

    def _sorted(self, connection: Connection, people: list[Person]) -> list[_Sorted]:
        """Each with the instant until which it is held, and its key material, kept for what is urgent: that is deleted
        by this same transaction."""
        until = _Until(self._held)  # anew for each few hundred, as the clock goes on
        found = [(person, until[person[5:]]) for person in people]
        material: dict[int, bytes] = {}
        if self._means.prearmed and self._shard.message.urgency == "high":
            material = armed.take(connection, [person[0] for person, held in found if not held])
        return [(person, held, material.get(person[0])) for person, held in found]

    def _held(self, chosen: Chosen) -> int:
        """Until when somebody who chose so is held: 0 for who may be rung now, `NEVER` for who is not concerned."""
        hours, categories, areas, alerts_only = chosen
        said, zone, now = self._shard.message, self._means.zone, self._second()
        if not self._shard.audience.admits(Choice.read(categories, areas, alerts_only)):
            return NEVER
        if said.wait == "loud":
            return 0
        morning = quiet.later(hours, self._shard.announced_at, zone) if said.wait == "later" else 0
        return morning if morning > now else quiet.release(hours, now, zone)

    def _stretch(self, people: list[_Sorted]) -> Iterator[Target]:
        """The cursor goes with whoever is handed over, passed by, or held until the morning."""
        origin, flying = self._shard.origin, self._flying
        for (number, endpoint, p256dh, auth, key, *_), held, material in people:
            if self._over:
                return
            self._cursor = number
            if not held:
                flying[number] = None
                yield _target((number, endpoint, origin, p256dh, auth, material, key))
            elif held > 0:
                self._hold(number, held)
        if len(people) < READ:
            self._cursor = self._shard.high
        if len(self._progress.later) >= READ:
            self._commit()

    def _awake(self, people: Iterable[_Sorted]) -> Iterator[Target]:
        for (number, endpoint, p256dh, auth, key, *_), held, material in people:
            if self._over:
                return
            if held > 0:
                self._flying.pop(number, None)
                self._hold(number, held)
            else:  # whoever no longer wants to hear of it was about to be told
                yield _target((number, endpoint, self._shard.origin, p256dh, auth, material, key))

    def _hold(self, number: int, until: int) -> None:
        self._progress.later.append(Later(number, "held", until))
        self._tally.outcomes["held"] += 1

    # what comes back

    def _take(self, result: Result) -> None:
        """Note one answer."""
        number, outcome, _, _, _, launched = result
        self._flying.pop(number, None)
        if launched:
            self._handed -= 1
            self._taken += 1
        else:
            self._idle += 1
        if outcome == "sent":
            tally, self._progress.sent = self._tally, self._progress.sent + 1
            tally.sent += 1
            tally.failures = tally.refusals = 0
            if self._known:
                self._settle(number)
            return
        self._unsent(result)
        if self._idle >= COMMIT or (self._progress.closed_until and not self._over):
            self._over = self._over or bool(self._progress.closed_until)
            self._commit()

    def _settle(self, number: int) -> None:
        """Answered for good."""
        if number in self._known:
            self._progress.settled.append(number)

    def _unsent(self, result: Result) -> None:
        """An answer that is not "sent": what it means for this phone."""
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

    def _commit(self) -> None:
        progress, taken = self._progress, self._taken
        self._taken = self._idle = 0
        progress.cursor, progress.flying = self._cursor, list(self._flying)
        self._progress = Progress(self._cursor, [])
        means, shard, now = self._means, self._shard, self._second()
        means.fault("commit")
        with means.store.transaction() as connection:
            standing = shards.advance(connection, means.owner, shard, progress, now, means.lease)
            means.fault("written")
        means.fault("committed")
        means.share.give(taken)
        self._lost = standing is None
        self._over = self._over or standing is None or standing.interrupted

    def _leave(self) -> None:
        through = self._through and not self._flying
        with self._means.store.transaction() as connection:
            shards.leave(connection, self._means.owner, self._shard, through=through)
            self._means.fault("leaving")
        self._means.fault("left")


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
