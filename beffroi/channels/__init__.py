"""The ways out. Each channel is one module with the same seam, and imports none of its sisters::

    message(item, kind, update, at) -> Message       what it says of an item
    interest(item) -> Interest                       whom it owes it to
    send(message, targets, stop) -> results          tells them, see `sending`

A channel is given a `FeedItem`: what citizens can read, and nothing else.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from beffroi.model import Alert
from beffroi.records import dataclass

LATER = frozenset({"later", "plus tard", "demain"})
"""What `push:` may say for "with the next morning's summary"."""


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One item of `feeds/feed.json` (JSON Feed 1.1). `category` and `areas` are slugs; `end` is exclusive, that of its
    window or else of its event; `push` is the channel's own words, None for the default ones, False for silence, and
    one of `LATER` for the default ones, the next morning."""

    id: str
    category: str
    title: str
    url: str
    summary: str
    lang: str
    published: datetime
    modified: datetime
    start: datetime | None = None
    end: datetime | None = None
    alert: Alert | None = None
    areas: tuple[str, ...] = ()
    push: str | Literal[False] | None = None
    status: Literal["", "withdrawn", "cancelled"] = ""
    """What was withdrawn has neither window nor words of its own, but a title and a summary that say so; `cancelled` is
    an alert or an event, which phones are told to take back."""

    @property
    def since(self) -> datetime:
        """The instant from which citizens may know of it: the later of its publication and its start."""
        return max(self.published, self.start) if self.start else self.published

    def over(self, at: datetime) -> bool:
        """Whether it is out of date at that instant."""
        return self.end is not None and self.end <= at

    @property
    def words(self) -> str:
        """What a notification says under the title."""
        return self.summary if self.push_later else self.push or self.summary

    @property
    def push_later(self) -> bool:
        """Whether it waits for the next morning, whatever the hour."""
        return isinstance(self.push, str) and self.push.strip().lower() in LATER
