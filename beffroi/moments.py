"""What time alone does to an item: when it comes out, begins, ends, and when panels show it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from beffroi.model import FRESH, Item, latest
from beffroi.records import dataclass

AHEAD = timedelta(days=10)
"""How long before an event panels tell of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """At that instant, something (a key of `plan.WORDS`) happens to an item."""

    at: datetime
    what: str
    item: Item


def changes(item: Item) -> Iterator[Change]:
    """Everything that time alone does to an item, in no order."""
    yield Change(item.since, "out", item)
    on, off = window(item)
    if goes(item) and on > item.since:
        yield Change(on, "panel", item)
    if item.event:
        if item.event.start > item.since:
            yield Change(item.event.start, "begin", item)
        yield Change(item.event.end, "finish", item)
    if item.end and not (item.event and item.event.end == item.end):
        yield Change(item.end, "end", item)
    if item.over is None and goes(item):
        yield Change(off, "off", item)


def window(item: Item) -> tuple[datetime, datetime]:
    """From when and until when (exclusive) panels show it.

    An event is told ten days ahead unless the editor gave an end or words for panels; what has no end goes after 30
    days.
    """
    start = item.since
    if item.event and not (item.end or item.panel or item.alert):
        start = latest(start, item.event.start - AHEAD) or start
    return start, item.over or item.since + FRESH


def goes(item: Item) -> bool:
    """Whether panels show it at all. Heritage and the like only with words of their own for panels."""
    return item.panel is not False and (item.category.kind != "discover" or bool(item.panel or item.alert))
