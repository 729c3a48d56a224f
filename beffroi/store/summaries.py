"""What was held during the night: one notification each, or one summary for whoever has several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from functools import cache
from itertools import groupby
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select, text, update

from beffroi.records import dataclass
from beffroi.store import quiet
from beffroi.store.audience import Audience, Choice, of
from beffroi.store.db import plain
from beffroi.store.entries import Message
from beffroi.store.ledger import batches, lock, new_shard, said
from beffroi.store.shards import free
from beffroi.store.tables import announcements, retries, shards, subscriptions

Summary = Callable[[Sequence[Message]], Message]
"""Makes one message of several."""

Exactly = tuple[tuple[int, ...], str]
"""Announcements, in their order, and the vendor of whoever is owed exactly these."""


_Row = tuple[int, str, str, str, int, int, str, str]
"""A subscription and what it chose (quiet hours, categories, areas, alerts only), then the announcement that it is owed,
its vendor, and whom that concerns."""


@dataclass(slots=True)
class Morning:
    """What is to be done with whom, by subscription: of `several` one message is made, who is in `asleep` waits on, and
    no longer wants what is in `unwanted`."""

    several: defaultdict[Exactly, list[int]] = field(default_factory=lambda: defaultdict(list))
    unwanted: defaultdict[tuple[int, ...], list[int]] = field(default_factory=lambda: defaultdict(list))
    asleep: defaultdict[int, list[int]] = field(default_factory=lambda: defaultdict(list))


def compose(connection: Connection, now: int, zone: ZoneInfo, summary: Summary) -> int:
    """Let go what was held until now; return how many summaries that made. What citizens chose meanwhile counts.

    One transaction: whoever dies in it changes nothing, and a second one finds nothing left to do. Shards that a worker
    has in hand at this moment wait for the next call.
    """
    lock(connection)
    if not _any(connection, now):
        return 0
    morning = _sorted(connection, now, zone)
    for until, people in morning.asleep.items():
        _hold(connection, now, people, until)
    for ids, people in morning.unwanted.items():
        _take(connection, ids, people)
    for (ids, origin), people in morning.several.items():
        _sum_up(connection, now, ids, origin, people, summary)
    ready = select(shards.c.id).where(shards.c.state == "open", free(now))
    held = (retries.c.kind == "held", retries.c.not_before <= now)
    connection.execute(update(retries).where(*held, retries.c.shard_id.in_(ready)).values(kind="retry"))
    return len(morning.several)


def _sorted(connection: Connection, now: int, zone: ZoneInfo) -> Morning:
    morning, audiences = Morning(), dict[int, Audience]()

    @cache  # people are many, and what they chose is not
    def wants(chosen: tuple[str, str, int], announcement_id: int) -> bool:
        return audiences[announcement_id].admits(Choice.read(*chosen))

    @cache
    def asleep(hours: str) -> int:
        return quiet.release(hours, now, zone)

    for (number, hours, *chosen), rows in groupby(_held(connection, now), key=lambda row: row[:5]):
        owed = [(row[5], row[6], row[7]) for row in rows]
        if until := asleep(hours):
            morning.asleep[until].append(number)
            continue
        audiences |= {one: Audience.read(text) for one, _, text in owed if one not in audiences}
        wanted = tuple(one for one, _, _ in owed if wants(tuple(chosen), one))
        if unwanted := tuple(one for one, _, _ in owed if one not in wanted):
            morning.unwanted[unwanted].append(number)
        if len(wanted) > 1:
            morning.several[wanted, owed[0][1]].append(number)
    return morning


_ANY = text("SELECT 1 FROM retries WHERE kind = 'held' AND not_before <= :now LIMIT 1")


def _any(connection: Connection, now: int) -> bool:
    return bool(plain(connection, _ANY, {"now": now}))


def _held(connection: Connection, now: int) -> Iterator[_Row]:
    """In the order of subscriptions, then of announcements; not the summaries of another morning, which stay whole."""
    columns, chose = retries.c, subscriptions.c
    query = (
        select(columns.subscription_id, chose.quiet, chose.categories, chose.areas, chose.alerts_only)
        .add_columns(shards.c.announcement_id, shards.c.origin, announcements.c.audience)
        .select_from(retries.join(shards).join(announcements).join(subscriptions, chose.id == columns.subscription_id))
        .where(columns.kind == "held", columns.not_before <= now, shards.c.state == "open", free(now))
        .where(announcements.c.expires_at > now, announcements.c.state != "summary")
        .order_by(columns.subscription_id, shards.c.announcement_id)
    )
    for row in connection.execute(query):
        yield tuple(row)


def _sum_up(
    connection: Connection, now: int, ids: tuple[int, ...], origin: str, people: Sequence[int], summary: Summary
) -> None:
    """One announcement that stands for several, and one shard whose people are all in `retries`."""
    message = summary([_message(connection, one) for one in ids])
    number = connection.execute(
        insert(announcements)
        .values(
            item_id=f"resume/{now}/{'-'.join(map(str, ids))}/{origin}",
            number=1,
            revision="",
            state="summary",
            audience=_together(connection, ids).dumped(),
            created_at=now,
            **said(message),
        )
        .returning(announcements.c.id)
    ).scalar_one()
    shard = new_shard(number, origin, message) | {"total": len(people)}
    heir = connection.execute(insert(shards).values(shard).returning(shards.c.id)).scalar_one()
    _take(connection, ids, people)
    row = {"shard_id": heir, "kind": "retry", "attempts": 0, "not_before": now, "reason": ""}
    for some in batches(people):
        connection.execute(insert(retries), [row | {"subscription_id": one} for one in some])


def _together(connection: Connection, ids: Iterable[int]) -> Audience:
    """Whoever is concerned by one of these at least."""
    columns = announcements.c
    texts = connection.execute(select(columns.audience).where(columns.id.in_(ids)).order_by(columns.id)).scalars()
    return of(*(interest for one in texts for interest in Audience.read(one).every[0]))


def _hold(connection: Connection, now: int, people: Iterable[int], until: int) -> None:
    """They have other quiet hours by now."""
    for some in batches(people):
        columns = retries.c
        held = (columns.subscription_id.in_(some), columns.kind == "held", columns.not_before <= now)
        connection.execute(update(retries).where(*held).values(not_before=until))


def _take(connection: Connection, ids: tuple[int, ...], people: Iterable[int]) -> None:
    """What is held of these announcements for them is no longer owed there."""
    columns = retries.c
    old = select(shards.c.id).where(shards.c.announcement_id.in_(ids))
    for some in batches(people):
        taken = connection.execute(
            delete(retries)
            .where(columns.shard_id.in_(old), columns.subscription_id.in_(some), columns.kind == "held")
            .returning(columns.shard_id)
        ).scalars()
        for shard_id, rows in groupby(sorted(taken)):
            lighter = {"total": shards.c.total - len(list(rows))}
            connection.execute(update(shards).where(shards.c.id == shard_id).values(lighter))


def _message(connection: Connection, announcement_id: int) -> Message:
    columns = announcements.c
    row = connection.execute(
        select(columns.payload, columns.urgency, columns.topic, columns.expires_at, columns.wait).where(
            columns.id == announcement_id
        )
    ).one()
    return Message(*row)
