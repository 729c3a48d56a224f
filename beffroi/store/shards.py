"""How a worker goes through a shard: claim it by lease, read it in batches, commit what was answered, leave it.

A commit is guarded by the owner's name: whoever lost the shard, because its lease ran out or its words were replaced,
learns of it there and stops.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache

from sqlalchemy import ColumnElement, Connection, TextClause, delete, func, or_, select, text, update

from beffroi.store.audience import Audience
from beffroi.store.db import adding, plain
from beffroi.store.entries import Message, Person, Progress, Shard, Standing
from beffroi.store.ledger import batches
from beffroi.store.tables import retries, shards, subscriptions, vendors

LONGEST_LEASE = 600
"""Seconds. A lease that ends later than this was taken by a clock that has since been set back: it is over."""

LONGEST_CLOSURE = 25 * 3600
"""Seconds, likewise: no `Retry-After` is obeyed for more than a day."""

READY = ("retry", "refused")
"""What may be sent when it falls due; "held" first goes through `summaries`."""


# In SQL, as SQLAlchemy spends more on building these statements than SQLite on running them.

_FREE = f"({{0}}.lease_until <= :now OR {{0}}.lease_until > :now + {LONGEST_LEASE})"
"""Nobody has it, or whoever had it is taken for dead."""


def free(now: int) -> ColumnElement[bool]:
    """The same, for statements made of parts."""
    return or_(shards.c.lease_until <= now, shards.c.lease_until > now + LONGEST_LEASE)


_DUE = f"""
    s.state = 'open' AND s.due_at <= :now AND {_FREE.format("s")}
    AND NOT EXISTS (  -- its vendor asked to be left alone
        SELECT 1 FROM vendors v
        WHERE v.origin = s.origin AND v.closed_until > :now AND v.closed_until <= :now + {LONGEST_CLOSURE}
    )
    AND NOT EXISTS (  -- a live worker elsewhere may still be sending older words of the same item to the same vendor
        SELECT 1 FROM shards o
        JOIN announcements said ON said.id = o.announcement_id
        JOIN announcements mine ON mine.id = s.announcement_id AND mine.item_id = said.item_id
        WHERE o.state = 'dropped' AND o.origin = s.origin AND NOT {_FREE.format("o")}
    )
"""  # noqa: S608  # nothing of anybody's

_DUE_NOW = text(
    f"""
    SELECT s.id, a.item_id, s.origin FROM shards s JOIN announcements a ON a.id = s.announcement_id
    WHERE {_DUE} ORDER BY s.rank, s.due_at, s.id
    """  # noqa: S608  # nothing of anybody's
)


@cache
def _claim(which: str, lock: str) -> TextClause:
    """One conditional UPDATE; the choice is a table of its own, as the LIMIT of a plain subquery may run twice."""
    return text(
        f"""
        WITH chosen AS {lock and "MATERIALIZED"} (
            SELECT s.id FROM shards s WHERE {_DUE} {which} ORDER BY s.rank, s.due_at, s.id LIMIT 1 {lock}
        )
        UPDATE shards SET owner = :owner, lease_until = :until
        WHERE id IN (SELECT id FROM chosen) AND state = 'open' RETURNING id
        """  # noqa: S608  # nothing of anybody's
    )


def claim(
    connection: Connection,
    owner: str,
    now: int,
    lease: int,
    *,
    origin: str | None = None,
    shard: int | None = None,
    announcement: int | None = None,
) -> Shard | None:
    """Take one shard that is due, the most urgent first, for `lease` seconds; of that vendor, that announcement, or that
    very one.

    Who else claims at this moment gets another one (SKIP LOCKED; SQLite has one writer).
    """
    asked = {"origin": origin, "id": shard, "announcement_id": announcement}
    which = " ".join(f"AND s.{column} = :{column}" for column, value in asked.items() if value is not None)
    lock = "" if connection.dialect.name == "sqlite" else "FOR UPDATE OF s SKIP LOCKED"
    values = {"owner": owner, "now": now, "until": now + lease, **asked}
    taken = plain(connection, _claim(which, lock), values)
    return _described(connection, taken[0][0], now) if taken else None


def due_now(connection: Connection, now: int) -> list[tuple[int, str, str]]:
    """(shard, item, vendor) of everything that `claim` would give, the most urgent first."""
    return plain(connection, _DUE_NOW, {"now": now})


_DESCRIBED = text(
    """
    SELECT s.origin, s.high, s.cursor, s.flying, s.rank, a.audience, a.created_at,
        EXISTS (SELECT 1 FROM retries r WHERE r.shard_id = s.id AND r.kind <> 'held' AND r.not_before <= :now),
        s.announcement_id, a.payload, a.urgency, a.topic, a.expires_at, a.wait
    FROM shards s JOIN announcements a ON a.id = s.announcement_id WHERE s.id = :shard
    """
)


def _described(connection: Connection, shard_id: int, now: int) -> Shard:
    (row,) = plain(connection, _DESCRIBED, {"shard": shard_id, "now": now})
    origin, high, cursor, flying, rank, audience, at, again, announcement, *said = row
    ids = tuple(json.loads(flying))
    heard = Audience.read(audience)
    return Shard(shard_id, origin, high, cursor, ids, rank, Message(*said), heard, at, bool(again), announcement)


# read

_PERSON = "s.id, s.endpoint, s.p256dh, s.auth, s.vapid, s.quiet, s.categories, s.areas, s.alerts_only"
_READ = text(
    f"SELECT {_PERSON} FROM subscriptions s "  # noqa: S608  # columns, and nothing of anybody's
    "WHERE s.origin = :origin AND s.id > :after AND s.id <= :high ORDER BY s.id LIMIT :most"
)


def read(connection: Connection, shard: Shard, after: int, limit: int) -> list[Person]:
    """The next subscriptions of its range."""
    values = {"origin": shard.origin, "after": after, "high": shard.high, "most": limit}
    return plain(connection, _READ, values)


def again(connection: Connection, shard: Shard) -> list[Person]:
    """Those that a former worker handed over without an answer being written: in doubt, and told again."""
    found: list[Person] = []
    for ids in batches(shard.flying):
        rows = connection.execute(select(*_COLUMNS).where(subscriptions.c.id.in_(ids)).order_by(subscriptions.c.id))
        found += [tuple(row) for row in rows]
    return found


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
    kept = next(iter(plain(connection, _ADVANCE, values)), None)
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
    insert = adding(connection, retries)
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
    insert = adding(connection, vendors)
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


_ALARMS = text("SELECT origin, alarm FROM vendors WHERE alarm <> ''")


def alarms(connection: Connection) -> Mapping[str, str]:
    """The vendors that somebody must look after, and why."""
    return dict(plain(connection, _ALARMS, {}))


_LEFT = text("SELECT COUNT(*), MIN(not_before) FROM retries WHERE shard_id = :shard")
_LEAVE = text("UPDATE shards SET owner = '', lease_until = 0 WHERE id = :shard AND owner = :owner")
_LEAVE_THROUGH = text(
    """
    UPDATE shards SET owner = '', lease_until = 0, total = sent + gone + refused + late + :left,
        state = CASE WHEN :left > 0 THEN state ELSE 'done' END,
        due_at = CASE WHEN :left > 0 THEN :due ELSE due_at END
    WHERE id = :shard AND owner = :owner AND state = 'open'
    """
)


def leave(connection: Connection, owner: str, shard: Shard, *, through: bool) -> None:
    """Give a shard back, at its last commit. `through`: its range is at its end, so that it falls due with the first
    of its retries, or is done; those who left meanwhile are owed nothing."""
    values = {"shard": shard.id, "owner": owner}
    if through:
        ((left, due),) = plain(connection, _LEFT, values)
        plain(connection, _LEAVE_THROUGH, values | {"left": left, "due": due or 0})
    plain(connection, _LEAVE, values)


def release(connection: Connection, owner: str, shard_id: int) -> None:
    """Let go of a shard that was called off, so that its successors need not wait for the lease."""
    mine = (shards.c.id == shard_id, shards.c.owner == owner)
    connection.execute(update(shards).where(*mine).values(owner="", lease_until=0))


_BURY = text(
    "UPDATE shards SET owner = '', lease_until = 0 "
    "WHERE owner <> '' AND SUBSTR(owner, 1, :length) = :start RETURNING id"
)


def bury(connection: Connection, predecessors: str) -> int:
    """Give back the shards of owners whose name starts so, known dead; return how many."""
    return len(plain(connection, _BURY, {"start": predecessors, "length": len(predecessors)}))
