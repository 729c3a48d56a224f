"""Counts, never a person: who asked for what, and how often phones rang."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, delete, func, select

from beffroi.records import dataclass
from beffroi.store.audience import Audience, Interest
from beffroi.store.db import adding
from beffroi.store.entries import Week
from beffroi.store.ranges import Group, Range, ranges
from beffroi.store.tables import announcements, census, marks, shards, subscriptions

WEEK = 7 * 24 * 3600


def groups(cut: Iterable[Range]) -> Counter[Group]:
    """All subscriptions, counted by what they chose."""
    return sum((part.groups for part in cut), Counter())


def by_vendor(connection: Connection) -> dict[str, int]:
    """How many subscribers each vendor has."""
    columns = subscriptions.c
    rows = connection.execute(select(columns.origin, func.count()).group_by(columns.origin).order_by(columns.origin))
    return {row[0]: row[1] for row in rows}


def week(connection: Connection, now: int, chosen: Counter[Group], more: Sequence[Audience] = ()) -> Week:
    """Of the announcements of the last seven days and `more`, which are about to come. What a night's summary told
    together counts once for each item."""
    columns = announcements.c
    rows = connection.execute(
        select(columns.audience).where(
            columns.state == "told", columns.audience != "", columns.created_at > now - WEEK, columns.created_at <= now
        )
    )
    told = [Audience.read(text) for text in rows.scalars()] + list(more)
    rung = Counter[int]()
    for group, count in chosen.items():
        rung[sum(audience.admits(group.choice) for audience in told)] += count
    return Week(max(rung, default=0), _median(rung), rung.total())


def _median(rung: Counter[int]) -> int:
    """What at least half of the people got at most."""
    passed, half = 0, rung.total() / 2
    for number in sorted(rung):
        passed += rung[number]
        if passed >= half:
            return number
    return 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Subscriptions in all, by vendor, by category and by area (everybody who would hear of an item of it), by kind of
    quiet hours, and day by day over a year."""

    total: int
    vendors: dict[str, int]
    categories: dict[str, int]
    areas: dict[str, int]
    alerts_only: int
    quiet: dict[str, int]
    curve: tuple[tuple[str, int], ...]


def read(connection: Connection, categories: Iterable[str], areas: Iterable[str], since: str) -> Figures:
    """The counts; the curve from the day `since` on (ISO 8601)."""
    cut = ranges(connection)
    chosen = groups(cut)

    def hear(interest: Interest) -> int:
        return sum(count for group, count in chosen.items() if interest.concerns(group.choice))

    vendors, quiet = Counter[str](), Counter[str]()
    for part in cut:
        vendors[part.origin] += part.groups.total()
    for group, count in chosen.items():
        quiet[group.quiet] += count
    days = connection.execute(select(census).where(census.c.day >= since).order_by(census.c.day))
    return Figures(
        total=chosen.total(),
        vendors=dict(vendors.most_common()),
        categories={slug: hear(Interest(slug)) for slug in categories},
        areas={
            slug: sum(n for g, n in chosen.items() if not g.choice.areas or slug in g.choice.areas) for slug in areas
        },
        alerts_only=sum(count for group, count in chosen.items() if group.choice.alerts_only),
        quiet=dict(quiet.most_common()),
        curve=tuple((row.day, row.subscriptions) for row in days),
    )


def count(connection: Connection, day: str) -> None:
    """Note how many subscriptions there are on that day: the last count of a day stays."""
    number = connection.execute(select(func.count()).select_from(subscriptions)).scalar_one()
    insert_into = adding(connection, census)
    statement = insert_into.values(day=day, subscriptions=number)
    connection.execute(statement.on_conflict_do_update(index_elements=["day"], set_={"subscriptions": number}))


def retained(connection: Connection, day: int | None = None) -> int:
    """The day (since 1970) on which what need not be kept was forgotten last; `day` writes a new one."""
    if day is not None:
        statement = adding(connection, marks).values(name="retained", value=day)
        connection.execute(statement.on_conflict_do_update(index_elements=["name"], set_={"value": day}))
    return connection.execute(select(marks.c.value).where(marks.c.name == "retained")).scalar() or 0


def last_seen(connection: Connection) -> int:
    """When a browser presented its subscription last; 0 where there is none."""
    return connection.execute(select(func.max(subscriptions.c.seen_at))).scalar() or 0


def forget_unseen(connection: Connection, before: int) -> int:
    """Delete the subscriptions that no browser has presented since; return how many."""
    return connection.execute(delete(subscriptions).where(subscriptions.c.seen_at < before)).rowcount


def forget_told(connection: Connection, before: int) -> int:
    """Delete the counts of shards that ended, of announcements older than that; what was told stays known."""
    old = select(announcements.c.id).where(announcements.c.created_at < before)
    ended = (shards.c.state != "open", shards.c.announcement_id.in_(old))
    return connection.execute(delete(shards).where(*ended)).rowcount
