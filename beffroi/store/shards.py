"""How a worker goes through a shard: claim it by lease, read it in batches, commit what was answered, leave it.

A commit is guarded by the owner's name: whoever lost the shard, because its lease ran out or its words were replaced,
learns of it there and stops.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import closing
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, delete, exists, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from beffroi.store.audience import Audience
from beffroi.store.entries import Message, Person, Progress, Shard, Standing
from beffroi.store.ledger import batches, remaining
from beffroi.store.tables import announcements, retries, shards, subscriptions, vendors

LONGEST_LEASE = 600
"""Seconds. A lease that ends later than this was taken by a clock that has since been set back: it is over."""

LONGEST_CLOSURE = 25 * 3600
"""Seconds, likewise: no `Retry-After` is obeyed for more than a day."""

READY = ("retry", "refused")
"""What may be sent when it falls due; "held" first goes through `summaries`."""


def claim(
    connection: Connection, owner: str, now: int, lease: int, *, origin: str | None = None, shard: int | None = None
) -> Shard | None:
    """Take one shard that is due, the most urgent first, for `lease` seconds; of that vendor, or that very one.

    One conditional UPDATE: who else claims at this moment gets another one (SKIP LOCKED; SQLite has one writer).
    """
    columns = shards.c
    query = select(columns.id).where(
        columns.state == "open", columns.due_at <= now, free(now), ~_closed(now), ~_busy(now)
    )
    if origin is not None:
        query = query.where(columns.origin == origin)
    if shard is not None:
        query = query.where(columns.id == shard)
    first = query.order_by(columns.rank, columns.due_at, columns.id).limit(1)
    chosen = first.with_for_update(skip_locked=True, of=shards).cte(
        "chosen"
    )  # a plain subquery may run the LIMIT twice
    taken = connection.execute(
        update(shards)
        .where(columns.id.in_(select(chosen.c.id)), columns.state == "open")
        .values(owner=owner, lease_until=now + lease)
        .returning(columns.id)
    ).scalar()
    return None if taken is None else _described(connection, taken, now)


def due_now(connection: Connection, now: int) -> list[tuple[int, str, str]]:
    """(shard, item, vendor) of everything that `claim` would give, the most urgent first."""
    columns = shards.c
    rows = connection.execute(
        select(columns.id, announcements.c.item_id, columns.origin)
        .select_from(shards.join(announcements))
        .where(columns.state == "open", columns.due_at <= now, free(now), ~_closed(now), ~_busy(now))
        .order_by(columns.rank, columns.due_at, columns.id)
    )
    return [(row[0], row[1], row[2]) for row in rows]


def free(now: int) -> ColumnElement[bool]:
    """Nobody has it, or whoever had it is taken for dead."""
    return or_(shards.c.lease_until <= now, shards.c.lease_until > now + LONGEST_LEASE)


def _closed(now: int) -> ColumnElement[bool]:
    """Its vendor asked to be left alone."""
    vendor = vendors.c
    return exists().where(
        vendor.origin == shards.c.origin, vendor.closed_until > now, vendor.closed_until <= now + LONGEST_CLOSURE
    )


def _busy(now: int) -> ColumnElement[bool]:
    """A live worker elsewhere may still be sending older words of the same item to the same vendor."""
    older, said, mine = shards.alias(), announcements.alias(), announcements.alias()
    return exists().where(
        older.c.origin == shards.c.origin,
        older.c.state == "dropped",
        older.c.lease_until > now,
        older.c.lease_until <= now + LONGEST_LEASE,
        said.c.id == older.c.announcement_id,
        mine.c.id == shards.c.announcement_id,
        mine.c.item_id == said.c.item_id,
    )


_DESCRIBED = text(
    """
    SELECT s.origin, s.high, s.cursor, s.flying, s.rank, a.audience, a.created_at,
        EXISTS (SELECT 1 FROM retries r WHERE r.shard_id = s.id AND r.kind <> 'held' AND r.not_before <= :now),
        a.payload, a.urgency, a.topic, a.expires_at, a.wait
    FROM shards s JOIN announcements a ON a.id = s.announcement_id WHERE s.id = :shard
    """
)


def _described(connection: Connection, shard_id: int, now: int) -> Shard:
    row = connection.execute(_DESCRIBED, {"shard": shard_id, "now": now}).one()
    origin, high, cursor, flying, rank, audience, at, again, *said = row
    ids = tuple(json.loads(flying))
    return Shard(
        shard_id, origin, high, cursor, ids, rank, Message(*said), Audience.read(audience), at, retries=bool(again)
    )


# read: in SQL, as SQLAlchemy spends more on building statements than SQLite on running them

_PERSON = "s.id, s.endpoint, s.p256dh, s.auth, s.vapid, s.quiet, s.categories, s.areas, s.alerts_only"
_READ = text(
    f"SELECT {_PERSON} FROM subscriptions s "  # noqa: S608  # columns, and nothing of anybody's
    "WHERE s.origin = :origin AND s.id > :after AND s.id <= :high ORDER BY s.id LIMIT :most"
)


def read(connection: Connection, shard: Shard, after: int, limit: int) -> list[Person]:
    """The next subscriptions of its range."""
    values = {"origin": shard.origin, "after": after, "high": shard.high, "most": limit}
    return _plain(connection.execute(_READ, values))


def again(connection: Connection, shard: Shard) -> list[Person]:
    """Those that a former worker handed over without an answer being written: in doubt, and told again."""
    found: list[Person] = []
    for ids in batches(shard.flying):
        rows = connection.execute(select(*_COLUMNS).where(subscriptions.c.id.in_(ids)).order_by(subscriptions.c.id))
        found += _plain(rows)
    return found


def _plain(rows: CursorResult[Any]) -> list[Person]:
    """As the driver gives them: nothing in them needs SQLAlchemy."""
    with closing(rows):
        return [] if rows.cursor is None else list(rows.cursor.fetchall())


def due(connection: Connection, shard: Shard, now: int, after: int, limit: int) -> list[tuple[Person, int]]:
    """The next of those to be tried again now, and how often each was tried; who left meanwhile is forgotten."""
    columns = retries.c
    rows = connection.execute(
        select(columns.subscription_id, columns.attempts, *_COLUMNS)
        .select_from(retries.outerjoin(subscriptions, subscriptions.c.id == columns.subscription_id))
        .where(columns.shard_id == shard.id, columns.kind.in_(READY), columns.not_before <= now)
        .where(columns.subscription_id > after)
        .order_by(columns.subscription_id)
        .limit(limit)
    ).all()
    left = [row[0] for row in rows if row[2] is None]
    _forget(connection, shard.id, left)
    return [(tuple(row[2:]), row[1]) for row in rows if row[2] is not None]


_COLUMNS = [
    subscriptions.c[name]
    for name in ("id", "endpoint", "p256dh", "auth", "vapid", "quiet", "categories", "areas", "alerts_only")
]


def _forget(connection: Connection, shard_id: int, ids: Iterable[int]) -> None:
    for some in batches(sorted(ids)):
        connection.execute(delete(retries).where(retries.c.shard_id == shard_id, retries.c.subscription_id.in_(some)))


# write

# One statement a commit: what is written, and what must be known to go on.
_ADVANCE = text(
    f"""
    UPDATE shards SET cursor = :cursor, flying = :flying, sent = sent + :sent, gone = gone + :gone,
        refused = refused + :refused, late = late + :late, lease_until = :until
    WHERE id = :shard AND owner = :owner AND state = 'open'
    RETURNING
        COALESCE((SELECT closed_until FROM vendors v WHERE v.origin = shards.origin), 0),
        COALESCE((SELECT alarm FROM vendors v WHERE v.origin = shards.origin), ''),
        EXISTS (
            SELECT 1 FROM shards o WHERE o.state = 'open' AND o.rank < shards.rank AND o.due_at <= :now
            AND o.origin = shards.origin AND (o.lease_until <= :now OR o.lease_until > :now + {LONGEST_LEASE})
        )
    """  # noqa: S608  # a number of ours
)


def advance(
    connection: Connection, owner: str, shard: Shard, progress: Progress, now: int, lease: int
) -> Standing | None:
    """Write what was answered, together: cursor, counts, deletions, retries, lease. None where the shard is no longer
    this owner's: then nothing but the deletions of those who are gone is written, as these are true in any case."""
    values = {
        "shard": shard.id,
        "owner": owner,
        "cursor": progress.cursor,
        "flying": json.dumps(progress.flying),
        "sent": progress.sent,
        "gone": len(progress.gone),
        "refused": progress.refused,
        "late": progress.late,
        "until": now + lease,
        "now": now,
    }
    kept = connection.execute(_ADVANCE, values).first()
    if progress.gone:  # in the order of ids, as every worker does: on PostgreSQL two of them never wait in a circle
        connection.execute(delete(subscriptions).where(subscriptions.c.id.in_(sorted(progress.gone))))
    if progress.closed_until or progress.alarm:
        close(connection, shard.origin, progress.closed_until, progress.alarm)
    elif progress.sent and kept and kept[1]:
        _content(connection, shard.origin)
    if not kept:
        release(connection, owner, shard.id)
        return None
    _forget(connection, shard.id, progress.settled)
    _postpone(connection, shard.id, progress)
    return Standing(now < max(kept[0], progress.closed_until) or bool(kept[2]))


def _postpone(connection: Connection, shard_id: int, progress: Progress) -> None:
    if not progress.later:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(retries)
    new = {name: insert.excluded[name] for name in ("kind", "attempts", "not_before", "reason")}
    statement = insert.on_conflict_do_update(index_elements=["shard_id", "subscription_id"], set_=new)
    connection.execute(
        statement,
        [
            {
                "shard_id": shard_id,
                "subscription_id": one.subscription_id,
                "kind": one.kind,
                "attempts": one.attempts,
                "not_before": one.not_before,
                "reason": one.reason,
            }
            for one in progress.later
        ],
    )


def close(connection: Connection, origin: str, until: int, alarm: str = "") -> None:
    """Leave a vendor alone until then, for all workers; never shorter than another worker was asked for."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(vendors)
    larger = func.max if connection.dialect.name == "sqlite" else func.greatest
    statement = insert.values(origin=origin, closed_until=until, alarm=alarm)
    longest = larger(vendors.c.closed_until, statement.excluded.closed_until)
    new = {"closed_until": longest} | ({"alarm": alarm} if alarm else {})
    connection.execute(statement.on_conflict_do_update(index_elements=["origin"], set_=new))


def closed_until(connection: Connection, origin: str) -> int:
    """Until when a vendor is left alone; 0 for one that is open."""
    query = select(vendors.c.closed_until).where(vendors.c.origin == origin)
    return connection.execute(query).scalar() or 0


def _content(connection: Connection, origin: str) -> None:
    """A vendor that takes messages again needs nobody's look."""
    connection.execute(update(vendors).where(vendors.c.origin == origin, vendors.c.alarm != "").values(alarm=""))


def alarms(connection: Connection) -> Mapping[str, str]:
    """The vendors that somebody must look after, and why."""
    rows = connection.execute(select(vendors.c.origin, vendors.c.alarm).where(vendors.c.alarm != ""))
    return {row.origin: row.alarm for row in rows}


def leave(connection: Connection, owner: str, shard: Shard, *, through: bool) -> None:
    """Give a shard back, at its last commit. `through`: its range is at its end, so that it falls due with the first
    of its retries, or is done."""
    columns = shards.c
    values: dict[str, Any] = {"owner": "", "lease_until": 0}
    mine = update(shards).where(columns.id == shard.id, columns.owner == owner)
    if not through:
        connection.execute(mine.values(values))
        return
    rest = connection.execute(
        select(func.count(), func.min(retries.c.not_before)).where(retries.c.shard_id == shard.id)
    ).one()
    answered = columns.total - remaining()
    if rest[0]:
        values |= {"due_at": rest[1], "total": answered + rest[0]}  # those who left meanwhile are owed nothing
    else:
        values |= {"state": "done", "total": answered}
    connection.execute(mine.where(columns.state == "open").values(values))
    connection.execute(mine.values(owner="", lease_until=0))


def release(connection: Connection, owner: str, shard_id: int) -> None:
    """Let go of a shard that was called off, so that its successors need not wait for the lease."""
    mine = (shards.c.id == shard_id, shards.c.owner == owner)
    connection.execute(update(shards).where(*mine).values(owner="", lease_until=0))


def bury(connection: Connection, predecessors: str) -> int:
    """Give back the shards of owners whose name starts so, known dead; return how many."""
    columns = shards.c
    dead = columns.owner.startswith(predecessors, autoescape=True)
    return connection.execute(update(shards).where(columns.owner != "", dead).values(owner="", lease_until=0)).rowcount
