"""What is written in the ledger, and read from it, as plain frozen data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Message:
    """What is said, the same for every recipient. `payload` is JSON; `expires_at` in seconds since 1970."""

    payload: str
    urgency: str
    topic: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where a message goes: the subscription of one browser (Push API). `origin` is the vendor."""

    endpoint: str
    origin: str
    p256dh: str
    auth: str


@dataclass(frozen=True, slots=True)
class Known:
    """The last revision of one item in the ledger. `told` is true where any revision was told to somebody."""

    revision: str
    number: int
    told: bool


@dataclass(frozen=True, slots=True)
class Announcement:
    """One revision of one item, to be written. `message` is None for one that is adopted: known, told to nobody."""

    item_id: str
    number: int
    revision: str
    message: Message | None
    recipients: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Owed:
    """One claimed delivery. `attempts` counts the tries before this one."""

    id: int
    subscription_id: int
    attempts: int
    message: Message
    recipient: Recipient


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one claimed delivery.

    `retry` was tried, `defer` was not (its vendor asked for a pause); both are owed again from `not_before` on.
    """

    owed: Owed
    state: Literal["sent", "gone", "failed", "retry", "defer"]
    error: str = ""
    not_before: int = 0
