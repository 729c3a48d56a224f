"""What was held during the night: one notification each, or one summary for whoever has several."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, delete, insert, select, text, update

from beffroi.store.db import plain
from beffroi.store.entries import Message
from beffroi.store.ledger import batches, lock, new_shard, said
from beffroi.store.shards import free
from beffroi.store.tables import announcements, retries, shards

Summary = Callable[[Sequence[Message]], Message]
"""Makes one message of several."""

Several = Mapping[tuple[tuple[int, ...], str], Sequence[int]]
"""Announcements (in their order) and vendor -> the subscriptions that were to hear of exactly these."""


def compose(connection: Connection, now: int, summary: Summary) -> int:
    """Let go what was held until now; return how many summaries that made.

    One transaction: whoever dies in it changes nothing, and a second one finds nothing left to do. Shards that a worker
    has in hand at this moment wait for the next call.
    """
    lock(connection)
    if not _any(connection, now):
        return 0
    several: defaultdict[tuple[tuple[int, ...], str], list[int]] = defaultdict(list)
    for subscription_id, rows in groupby(_held(connection, now), key=lambda row: row[0]):
        owed = [(row[1], row[2]) for row in rows]
        if len(owed) > 1:
            several[tuple(one for one, _ in owed), owed[0][1]].append(subscription_id)
    for (ids, origin), people in several.items():
        _sum_up(connection, now, ids, origin, people, summary)
    ready = select(shards.c.id).where(shards.c.state == "open", free(now))
    held = (retries.c.kind == "held", retries.c.not_before <= now)
    connection.execute(update(retries).where(*held, retries.c.shard_id.in_(ready)).values(kind="retry"))
    return len(several)


_ANY = text("SELECT 1 FROM retries WHERE kind = 'held' AND not_before <= :now LIMIT 1")


def _any(connection: Connection, now: int) -> bool:
    return bool(plain(connection, _ANY, {"now": now}))


def _held(connection: Connection, now: int) -> Iterator[tuple[int, int, str]]:
    """(subscription, announcement, vendor), in the order of subscriptions, then of announcements."""
    columns = retries.c
    query = (
        select(columns.subscription_id, shards.c.announcement_id, shards.c.origin)
        .select_from(retries.join(shards).join(announcements))
        .where(columns.kind == "held", columns.not_before <= now, shards.c.state == "open", free(now))
        .where(announcements.c.expires_at > now)
        .order_by(columns.subscription_id, shards.c.announcement_id)
    )
    for row in connection.execute(query):
        yield row[0], row[1], row[2]


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
            audience="",
            created_at=now,
            **said(message),
        )
        .returning(announcements.c.id)
    ).scalar_one()
    shard = new_shard(number, origin, message) | {"total": len(people)}
    heir = connection.execute(insert(shards).values(shard).returning(shards.c.id)).scalar_one()
    for some in batches(people):
        _move(connection, now, ids, some, heir)


def _move(connection: Connection, now: int, ids: tuple[int, ...], people: Sequence[int], heir: int) -> None:
    columns = retries.c
    old = select(shards.c.id).where(shards.c.announcement_id.in_(ids))
    moved = connection.execute(
        delete(retries)
        .where(columns.shard_id.in_(old), columns.subscription_id.in_(people), columns.kind == "held")
        .returning(columns.shard_id)
    ).scalars()
    for shard_id, rows in groupby(sorted(moved)):
        lighter = {"total": shards.c.total - len(list(rows))}
        connection.execute(update(shards).where(shards.c.id == shard_id).values(lighter))
    row = {"shard_id": heir, "kind": "retry", "attempts": 0, "not_before": now, "reason": ""}
    connection.execute(insert(retries), [row | {"subscription_id": one} for one in people])


def _message(connection: Connection, announcement_id: int) -> Message:
    columns = announcements.c
    row = connection.execute(
        select(columns.payload, columns.urgency, columns.topic, columns.expires_at, columns.wait).where(
            columns.id == announcement_id
        )
    ).one()
    return Message(*row)
