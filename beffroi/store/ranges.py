"""How the subscriptions are cut into shards, and how many chose what in each: read once an announcement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import Connection, func, select

from beffroi.records import dataclass
from beffroi.store.audience import Audience, Choice
from beffroi.store.tables import subscriptions

SMALLEST = 1000
SHARES = 20
"""A vendor's subscriptions are cut into 20 shards, of 1,000 at least: enough for as many workers to share them."""


@dataclass(frozen=True, slots=True)
class Group:
    """Subscribers who chose alike."""

    choice: Choice
    quiet: str


@dataclass(frozen=True, slots=True)
class Range:
    """The subscriptions of one vendor with `low` < id <= `high`, counted by choice."""

    origin: str
    low: int
    high: int
    groups: Counter[Group]

    def concerned(self, audience: Audience) -> int:
        """How many of them an announcement is meant for."""
        return sum(count for group, count in self.groups.items() if audience.admits(group.choice))


def ranges(connection: Connection) -> list[Range]:
    """All subscriptions, each in one range."""
    columns = subscriptions.c
    vendors = connection.execute(
        select(columns.origin, func.count(), func.max(columns.id)).group_by(columns.origin).order_by(columns.origin)
    ).all()
    return [
        Range(origin, low, high, _groups(connection, origin, low, high))
        for origin, count, last in vendors
        for low, high in _cuts(connection, origin, max(SMALLEST, -(-count // SHARES)), last)
    ]


def _cuts(connection: Connection, origin: str, size: int, last: int) -> Iterator[tuple[int, int]]:
    column = subscriptions.c.id
    low = 0
    while low < last:
        query = select(column).where(subscriptions.c.origin == origin, column > low).order_by(column)
        high = connection.execute(query.offset(size - 1).limit(1)).scalar() or last
        yield low, high
        low = high


def _groups(connection: Connection, origin: str, low: int, high: int) -> Counter[Group]:
    columns = subscriptions.c
    choices = (columns.categories, columns.areas, columns.alerts_only, columns.quiet)
    rows = connection.execute(
        select(*choices, func.count())
        .where(columns.origin == origin, columns.id > low, columns.id <= high)
        .group_by(*choices)
    )
    found: Counter[Group] = Counter()
    for categories, areas, alerts_only, quiet, count in rows:
        found[Group(Choice.read(categories, areas, alerts_only), quiet)] += count
    return found
