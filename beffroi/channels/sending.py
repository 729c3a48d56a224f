"""The seam between the ledger and whoever sends: what a worker hands over, and what comes back.

A worker (`dispatch`) reads a shard's subscriptions, gives them to a `Sender`, and commits what came back every `COMMIT`
results. A sender knows nothing of the database; a worker knows nothing of encryption and HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Literal, NamedTuple, Protocol

from beffroi.records import dataclass

DOUBT = 150
"""Messages that a killed process repeats, at most: those in flight and those whose answer is not committed, to all
vendors together. A commit comes before whatever would make them more."""

WINDOW = DOUBT
"""Messages handed to a vendor and not yet answered, at most, by one sender; and as many are made ready meanwhile."""

COMMIT = 100
"""Answers that are waited for, of `WINDOW`, before they are committed together and their room is filled again."""

Outcome = Literal["sent", "gone", "refused", "retry", "closed", "late"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is said, the same for every target. `payload` is JSON, 2,600 bytes of plaintext at most; nothing goes out
    from `expires_at` on (seconds since 1970)."""

    payload: bytes
    urgency: str
    topic: str
    expires_at: int


class Target(NamedTuple):
    """One subscription. `id` is its number, `origin` its vendor, `p256dh` and `auth` base64url as the browser gave them.

    `armed` is key material made in idle time (65 bytes of our public point, then 32 of the shared secret): its rows are
    deleted by the transaction that reads them, so that it comes here once and never again. None: make a fresh key.
    `key` is the public VAPID key under which the browser subscribed, base64url; "" for the present one.
    """

    id: int
    endpoint: str
    origin: str
    p256dh: str
    auth: str
    armed: bytes | None = None
    key: str = ""


class Result(NamedTuple):
    """What became of one target. `reason` is French, empty for "sent".

    sent     the vendor took it.
    gone     404 or 410: the subscription is over, and is deleted. Nothing else ever deletes one.
    refused  this subscription can never be sent to (unreadable keys or address); it is not tried again.
    retry    5xx, reset, time-out: tried again; `retry_at` None leaves the back-off to the worker.
    closed   the vendor must be left alone: until `retry_at` (429, 503, their Retry-After), or, with None, until somebody
             looked (400, 401, 403, 413): the worker raises an alarm. The message stays owed.
    late     it expired before it could be sent.

    `doubt` is true where the vendor may have taken the message although its answer was lost; `launched` is false where
    it was decided without asking the vendor, hence without leave.
    """

    id: int
    outcome: Outcome
    reason: str = ""
    retry_at: int | None = None
    doubt: bool = False
    launched: bool = True


class Leave(Protocol):
    """Who keeps the books allows launches, and commits answers first where too many messages would be in doubt."""

    def take(self, wanted: int, *, hurry: bool = False) -> int:
        """How many of so many may be launched now. 0: wait for what is in flight; where nothing is, nothing more goes
        out. Unless in a `hurry`, it is refused while so few answers came that others had better be waited for."""

    def give_back(self, count: int) -> None:
        """So many of those that were allowed were not launched, and will have no result."""


class Free:
    """Nobody keeps books."""

    def take(self, wanted: int, *, hurry: bool = False) -> int:
        """All of them."""
        return wanted

    def give_back(self, count: int) -> None:
        """Nothing to do."""


FREE = Free()


class Sender(Protocol):
    """Sends to one vendor at a time, from one thread; keeps its connections from one call to the next."""

    def send(
        self, message: Outgoing, targets: Iterable[Target], *, stop: Callable[[], bool], leave: Leave = FREE
    ) -> Iterator[Result]:
        """One result for each target that was launched, in the order of the answers. Raises nothing for a vendor's
        fault.

        Targets are pulled as they are needed, `WINDOW` ahead at most; they are launched by `leave`, at most `WINDOW` are
        in flight, and whatever came back is yielded before anything more is launched. Once `stop()` is true nothing
        more is launched: what is in flight is waited for and yielded, targets that were pulled but not launched get no
        result. However the iterator ends, closed early included, nothing is left in flight.
        """

    def close(self) -> None:
        """Close every connection."""


Senders = Callable[[], Sender]
"""Makes one sender, for one thread and one vendor; what may be shared (the VAPID tokens) is shared inside."""
