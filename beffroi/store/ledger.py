"""The ledger: what was told, and what is still owed to whom.

::

    record ──> shard: open ──claim──> leased ──advance...──> done
                         ^               │
                         └─ lease over ──┘      dropped: its words were replaced, withdrawn, or came too late

An announcement is owed in *shards*: ranges of subscriptions of one vendor. Here they are written and called off;
`shards.py` is how workers go through them. Every verb takes a connection inside a transaction
(`beffroi.store.db.transaction`) and whole seconds since 1970.

Told at least once: a worker that dies leaves at most the answers of its last commit in doubt; these few, and no others,
may be sent twice, and the notification's tag and RFC 8030's Topic make the second one replace the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, insert, select, text, update

from beffroi.store.audience import Audience, Interest, of
from beffroi.store.db import adding, plain
from beffroi.store.entries import Announcement, Known, Message, latest
from beffroi.store.ranges import Range, ranges
from beffroi.store.tables import announcements, retries, shards, vendors

RANKS: Mapping[str, int] = {"high": 0, "normal": 1, "low": 2, "very-low": 3}
"""The order of claiming, by urgency (RFC 8030, section 5.3): an alert never waits behind the week's news."""

ANNOUNCE_LOCK = 823106

T = TypeVar("T")


def batches(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
    """Lists that fit in one statement of either database."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch


# What is known


def lock(connection: Connection) -> None:
    """One announcer at a time on PostgreSQL, until the transaction ends; SQLite's transactions are alone anyway."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ANNOUNCE_LOCK})


def empty(connection: Connection) -> bool:
    """Whether nothing was ever announced nor adopted."""
    return connection.execute(select(announcements.c.id).limit(1)).first() is None


def known(connection: Connection, item_ids: Iterable[str]) -> dict[str, Known]:
    """The last revision of each of these items that the ledger has."""
    found: dict[str, Known] = {}
    columns = announcements.c
    for ids in batches(dict.fromkeys(item_ids)):
        rows = connection.execute(
            select(columns.item_id, columns.revision, columns.number, columns.state)
            .where(columns.item_id.in_(ids))
            .order_by(columns.number)
        )
        found |= latest((one[0], one[1], one[2], one[3]) for one in rows)
    return found


def items_owed(connection: Connection) -> set[str]:
    """The ids of the items of which something is still owed; summaries, which are of several, are not among them."""
    owing = exists().where(shards.c.announcement_id == announcements.c.id, shards.c.state == "open")
    rows = connection.execute(select(announcements.c.item_id).where(owing, announcements.c.state == "told"))
    return set(rows.scalars())


def titled_owed(connection: Connection, among: Select[tuple[int]]) -> tuple[str, ...]:
    """The ids of everything of which something is still owed among these announcements, summaries included."""
    query = select(announcements.c.item_id).join_from(announcements, shards)
    query = query.where(shards.c.state == "open", announcements.c.id.in_(among))
    return tuple(sorted(set(connection.execute(query).scalars())))


def remaining() -> ColumnElement[int]:
    """How many of a shard have no answer yet: as many as it concerned when it was written, less the answers."""
    columns = shards.c
    return columns.total - columns.sent - columns.gone - columns.refused - columns.late


_OWED = text(
    "SELECT origin, SUM(total - sent - gone - refused - late) FROM shards WHERE state = 'open' GROUP BY origin"
)


def owed_to(connection: Connection) -> dict[str, int]:
    """How many messages have no answer yet, by vendor, for those to whose subscribers something is owed. Subscriptions
    that left meanwhile are counted until their shard ends."""
    return {origin: max(0, int(count)) for origin, count in plain(connection, _OWED, {})}


def owed(connection: Connection) -> int:
    """How many in all."""
    return sum(owed_to(connection).values())


_HELD = text("SELECT COUNT(*) FROM retries WHERE kind = 'held'")


def held(connection: Connection) -> int:
    """How many of them wait for a morning."""
    return int(plain(connection, _HELD, {})[0][0])


def waiting(connection: Connection, but: Iterable[str]) -> int:
    """How many wait for no morning, those of these items excepted: their older words are about to be called off."""
    older = select(announcements.c.id).where(announcements.c.item_id.in_(list(but)))
    mine = (shards.c.state == "open", shards.c.announcement_id.not_in(older))
    owed = connection.execute(select(func.coalesce(func.sum(remaining()), 0)).where(*mine)).scalar_one()
    joined = select(func.count()).select_from(retries.join(shards)).where(retries.c.kind == "held", *mine)
    return max(0, int(owed) - connection.execute(joined).scalar_one())


_NEXT_DUE = text(
    """
    SELECT MIN(CASE WHEN due_at >= lease_until AND due_at >= closed THEN due_at
        WHEN lease_until >= closed THEN lease_until ELSE closed END)
    FROM (
        SELECT s.due_at, s.lease_until, COALESCE(v.closed_until, 0) AS closed
        FROM shards s LEFT JOIN vendors v ON v.origin = s.origin
        WHERE s.state = 'open' AND (:origin = '' OR s.origin = :origin)
    ) AS waiting
    """
)


def next_due(connection: Connection, origin: str = "") -> int | None:
    """The first instant at which something owed (to that vendor's subscribers) may be claimed; None for nothing."""
    found: int | None = plain(connection, _NEXT_DUE, {"origin": origin})[0][0]
    return found


# record


def record(connection: Connection, entries: Sequence[Announcement], at: int) -> int:
    """Write these announcements and their shards; return how many messages are owed by them.

    What is still owed of an item's older words is dropped, and owed anew in the new words. An entry that another
    announcer wrote first is left alone.
    """
    cut: list[Range] | None = None
    count = 0
    for entry in entries:
        heard = None
        if entry.message is not None:
            heard = audience(connection, entry.item_id, entry.number, entry.interest)
        announcement_id = _write(connection, entry, heard, at)
        if announcement_id is None:
            continue
        _supersede(connection, entry.item_id, announcement_id)
        if entry.message is not None and heard is not None:
            cut = ranges(connection) if cut is None else cut
            count += owe(connection, announcement_id, entry.message, heard, cut)
    return count


def audience(connection: Connection, item_id: str, number: int, interest: Interest) -> Audience:
    """Whom that revision of an item concerns, and whoever heard, or was about to hear, the words before."""
    columns = announcements.c
    before = connection.execute(
        select(columns.audience)
        .where(columns.item_id == item_id, columns.number < number, columns.state == "told")
        .order_by(columns.number.desc())
        .limit(1)
    ).scalar()
    heard = Audience.read(before).every[0] if before else ()
    return of(interest, *heard)


def _write(connection: Connection, entry: Announcement, heard: Audience | None, at: int) -> int | None:
    message = entry.message or Message("", "low", "", 0)
    values = {
        "item_id": entry.item_id,
        "number": entry.number,
        "revision": entry.revision,
        "state": "told" if entry.message else "adopted",
        "audience": heard.dumped() if heard else "",
        "created_at": at,
        **said(message),
    }
    insert_into = adding(connection, announcements)
    statement = insert_into.values(values).on_conflict_do_nothing().returning(announcements.c.id)
    return connection.execute(statement).scalar()


def said(message: Message) -> dict[str, Any]:
    """The columns of `announcements` that hold a message."""
    return {
        "payload": message.payload,
        "urgency": message.urgency,
        "topic": message.topic,
        "expires_at": message.expires_at,
        "wait": message.wait,
    }


def _supersede(connection: Connection, item_id: str, announcement_id: int) -> None:
    """Drop what is owed of the older words. A live worker may be sending them right now: `shards.claim` waits for it."""
    older = select(announcements.c.id).where(announcements.c.item_id == item_id, announcements.c.id != announcement_id)
    drop(connection, shards.c.announcement_id.in_(older), "remplacé par une version plus récente")


def owe(connection: Connection, announcement_id: int, message: Message, heard: Audience, cut: Iterable[Range]) -> int:
    """Write the shards of one announcement; return how many people they concern."""
    rows = [
        {**new_shard(announcement_id, part.origin, message), "low": part.low, "high": part.high, "cursor": part.low}
        | {"total": total}
        for part in cut
        if (total := part.concerned(heard))
    ]
    if rows:
        connection.execute(insert(shards), rows)
    return sum(int(row["total"]) for row in rows)


def new_shard(announcement_id: int, origin: str, message: Message) -> dict[str, Any]:
    """A shard in which nothing has happened yet, and which covers no range."""
    zero = dict.fromkeys(("low", "high", "cursor", "due_at", "lease_until", "sent", "gone", "refused", "late"), 0)
    return {
        **zero,
        "announcement_id": announcement_id,
        "origin": origin,
        "flying": "[]",
        "rank": RANKS[message.urgency],
        "state": "open",
        "owner": "",
        "error": "",
    }


# call off


def withdraw(connection: Connection, item_ids: Iterable[str]) -> int:
    """Drop what is still owed of items that citizens can no longer read; return how many messages that was."""
    count = 0
    for ids in batches(sorted(item_ids)):
        gone = select(announcements.c.id).where(announcements.c.item_id.in_(ids))
        count += drop(connection, shards.c.announcement_id.in_(gone), "retiré du site")
    return count


_OVER = text(
    "SELECT 1 FROM announcements a JOIN shards s ON s.announcement_id = a.id "
    "WHERE s.state = 'open' AND a.expires_at <= :now LIMIT 1"
)


def expire(connection: Connection, now: int) -> int:
    """Drop what is owed of announcements that are over; return how many messages that was."""
    if not plain(connection, _OVER, {"now": now}):
        return 0
    over = select(announcements.c.id).where(announcements.c.state != "adopted", announcements.c.expires_at <= now)
    return drop(connection, shards.c.announcement_id.in_(over), "trop tard pour être utile")


def drop(connection: Connection, condition: ColumnElement[bool], reason: str) -> int:
    """Call off open shards: the worker that has one learns of it at its next commit."""
    rows = connection.execute(
        update(shards)
        .where(condition, shards.c.state == "open")
        .values(state="dropped", error=reason)
        .returning(shards.c.id, remaining())
    ).all()
    for some in batches(row[0] for row in rows):
        connection.execute(delete(retries).where(retries.c.shard_id.in_(some)))
    return sum(max(0, row[1]) for row in rows)


def reopen(connection: Connection, now: int) -> int:
    """Owe again at once what vendors refused, and open those that were closed with an alarm: for after a mended key.

    Returns how many messages.
    """
    connection.execute(update(vendors).where(vendors.c.alarm != "").values(closed_until=0, alarm=""))
    again = connection.execute(
        update(retries).where(retries.c.kind == "refused").values(not_before=now).returning(retries.c.shard_id)
    )
    ids = again.scalars().all()
    for some in batches(sorted(set(ids))):
        connection.execute(update(shards).where(shards.c.id.in_(some), shards.c.due_at > now).values(due_at=now))
    return len(ids)
