"""What is written in the ledger, and read from it, as plain frozen data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Literal

from beffroi.records import dataclass
from beffroi.store.audience import Audience, Interest

Wait = Literal["loud", "quiet", "later"]


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, the same for every recipient. `payload` is JSON; `expires_at` in seconds since 1970.

    `wait` is "loud" for what rings in the night too, "quiet" for what waits for the end of somebody's quiet hours,
    "later" for what waits for the next morning in any case.
    """

    payload: str
    urgency: str
    topic: str
    expires_at: int
    wait: Wait = "quiet"


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a message goes: the subscription of one browser (Push API). `origin` is the vendor, `key` the public VAPID
    key under which it subscribed, "" for the present one."""

    endpoint: str
    origin: str
    p256dh: str
    auth: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """The last revision of one item in the ledger. `told` is true where any revision was told to somebody."""

    revision: str
    number: int
    told: bool


def latest(rows: Iterable[tuple[str, str, int, str]]) -> dict[str, Known]:
    """The last revision of each item, of rows (item, revision, number, state) in the order of their numbers."""
    found: dict[str, Known] = {}
    for item_id, revision, number, state in rows:
        before = found.get(item_id)
        found[item_id] = Known(revision, number, state == "told" or (before is not None and before.told))
    return found


@dataclass(frozen=True, slots=True)
class Announcement:
    """One revision of one item, to be written. `message` is None for one that is adopted: known, told to nobody."""

    item_id: str
    number: int
    revision: str
    message: Message | None
    interest: Interest = field(default_factory=lambda: Interest(""))


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of an announcement's work, claimed: the subscriptions of one vendor with `low` < id <= `high`.

    Everybody up to `cursor` was answered or stands in `flying` (handed over, no answer written) or in `retries`.
    `announced_at` is the instant of the announcement, `announcement` its number; `retries` whether somebody is
    to be tried again now.
    """

    id: int
    origin: str
    high: int
    cursor: int
    flying: tuple[int, ...]
    rank: int
    message: Message
    audience: Audience
    announced_at: int
    retries: bool = True
    announcement: int = 0


Person = tuple[int, str, str, str, str, str, str, str, int]
"""One subscription as a shard reads it, plain as it is read a million times: id, endpoint, p256dh, auth, public VAPID
key, then what was chosen: quiet hours, categories, areas, alerts only."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a shard stands after a commit: `interrupted` where its vendor was closed, by whichever worker, or where
    something more urgent is due for it: who has the week's news in hand makes way for an alert."""

    interrupted: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Somebody to be tried again, from `not_before` on."""

    subscription_id: int
    kind: Literal["retry", "refused", "held"]
    not_before: int
    reason: str = ""
    attempts: int = 0


@dataclass(slots=True)
class Progress:
    """What one commit writes. `settled` are those of `retries` that are answered for good; `gone` are deleted;
    `closed_until`, `alarm` are the vendor's, when it asked to be left alone."""

    cursor: int
    flying: list[int]
    sent: int = 0
    refused: int = 0
    late: int = 0
    settled: list[int] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    later: list[Later] = field(default_factory=list)
    closed_until: int = 0
    alarm: str = ""


@dataclass(frozen=True, slots=True)
class Week:
    """How many notifications citizens got in seven days: the most that anybody got, and what half of them got."""

    most: int = 0
    median: int = 0
    people: int = 0
