"""The ledger: what was told, and what is still owed to whom.

::

    record ──> owed ──claim──> claimed ──settle──> sent | gone | failed
                 ^                │
                 └─ retry, release┘        dropped: its words were replaced, withdrawn, or came too late

Every verb takes a connection inside a transaction (`beffroi.store.db.transaction`) and whole seconds since 1970. Told
at least once: a worker that dies leaves claims without an answer, which `release` gives back; these few, and no
others, may be sent twice, and the notification's tag and RFC 8030's Topic make the second one replace the first.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from beffroi.store.entries import Announcement, Answer, Known, Message, Owed, Recipient
from beffroi.store.tables import announcements, deliveries, subscriptions

RANKS: Mapping[str, int] = {"high": 0, "normal": 1, "low": 2, "very-low": 3}
"""The order of claiming, by urgency (RFC 8030, section 5.3): an alert never waits behind the week's news."""

OPEN = ("owed", "claimed")
ANNOUNCE_LOCK = 823106

T = TypeVar("T")


def _batches(values: Iterable[T], size: int = 500) -> Iterator[list[T]]:
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
    for ids in _batches(dict.fromkeys(item_ids)):
        rows = connection.execute(
            select(columns.item_id, columns.revision, columns.number, columns.state)
            .where(columns.item_id.in_(ids))
            .order_by(columns.number)
        )
        for item_id, revision, number, state in rows:
            before = found.get(item_id)
            found[item_id] = Known(revision, number, state == "told" or (before is not None and before.told))
    return found


def items_owed(connection: Connection) -> set[str]:
    """The ids of the items of which something is still owed."""
    rows = connection.execute(
        select(announcements.c.item_id).where(
            exists().where(deliveries.c.announcement_id == announcements.c.id, deliveries.c.state.in_(OPEN))
        )
    )
    return set(rows.scalars())


def owed(connection: Connection) -> int:
    """How many deliveries have no answer yet."""
    query = select(func.count()).select_from(deliveries).where(deliveries.c.state.in_(OPEN))
    return connection.execute(query).scalar_one()


def next_due(connection: Connection) -> int | None:
    """The first instant at which something owed may be claimed; None when nothing is owed."""
    return connection.execute(select(func.min(deliveries.c.not_before)).where(deliveries.c.state == "owed")).scalar()


# record


def record(connection: Connection, entries: Sequence[Announcement], at: int) -> int:
    """Write these announcements and one delivery a recipient; return how many deliveries are owed by them.

    What is still owed of an item's older words is dropped, and owed anew in the new words. An entry that another
    announcer wrote first is left alone.
    """
    count = 0
    for entry in entries:
        announcement_id = _write(connection, entry, at)
        if announcement_id is None:
            continue
        heirs = _supersede(connection, entry.item_id, announcement_id)
        if entry.message is not None:
            for recipient in entry.recipients:
                heirs.setdefault(recipient, 0)
            _owe(connection, announcement_id, RANKS[entry.message.urgency], heirs)
            count += len(heirs)
    return count


def _write(connection: Connection, entry: Announcement, at: int) -> int | None:
    message = entry.message or Message("", "low", "", 0)
    values = {
        "item_id": entry.item_id,
        "number": entry.number,
        "revision": entry.revision,
        "state": "told" if entry.message else "adopted",
        "payload": message.payload,
        "urgency": message.urgency,
        "topic": message.topic,
        "expires_at": message.expires_at,
        "created_at": at,
    }
    insert_into = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(announcements)
    statement = insert_into.values(values).on_conflict_do_nothing().returning(announcements.c.id)
    return connection.execute(statement).scalar()


def _supersede(connection: Connection, item_id: str, announcement_id: int) -> dict[int, int]:
    """Drop what is owed of the older words; return to whom, with the instant from which the new ones may go.

    A live worker elsewhere may be sending the old words right now: the new ones wait until its lease is over.
    """
    columns = deliveries.c
    older = select(announcements.c.id).where(announcements.c.item_id == item_id, announcements.c.id != announcement_id)
    rows = connection.execute(
        update(deliveries)
        .where(columns.announcement_id.in_(older), columns.state.in_(OPEN))
        .values(state="dropped", error="remplacé par une version plus récente")
        .returning(columns.subscription_id, columns.lease_until)
    ).all()
    alive = _existing(connection, [row.subscription_id for row in rows])
    return {row.subscription_id: row.lease_until for row in rows if row.subscription_id in alive}


def _existing(connection: Connection, ids: Iterable[int]) -> set[int]:
    found: set[int] = set()
    for some in _batches(ids):
        found |= set(connection.execute(select(subscriptions.c.id).where(subscriptions.c.id.in_(some))).scalars())
    return found


def _owe(connection: Connection, announcement_id: int, rank: int, heirs: Mapping[int, int]) -> None:
    rows = [
        {
            "announcement_id": announcement_id,
            "subscription_id": subscription_id,
            "state": "owed",
            "rank": rank,
            "not_before": not_before,
        }
        for subscription_id, not_before in sorted(heirs.items())
    ]
    if rows:
        connection.execute(insert(deliveries), rows)


def withdraw(connection: Connection, item_ids: Iterable[str]) -> int:
    """Drop what is still owed of items that citizens can no longer read; return how many deliveries that was."""
    count = 0
    for ids in _batches(sorted(item_ids)):
        gone = select(announcements.c.id).where(announcements.c.item_id.in_(ids))
        count += _drop(connection, deliveries.c.announcement_id.in_(gone), "retiré du site")
    return count


def expire(connection: Connection, now: int) -> int:
    """Drop what is owed of announcements that are over; return how many deliveries that was."""
    over = select(announcements.c.id).where(announcements.c.state == "told", announcements.c.expires_at <= now)
    return _drop(connection, deliveries.c.announcement_id.in_(over), "trop tard pour être utile")


def _drop(connection: Connection, condition: ColumnElement[bool], reason: str) -> int:
    return connection.execute(
        update(deliveries).where(condition, deliveries.c.state.in_(OPEN)).values(state="dropped", error=reason)
    ).rowcount


# claim


def claim(connection: Connection, owner: str, now: int, lease: int, limit: int) -> list[Owed]:
    """Take up to `limit` deliveries that are due, the most urgent first, for `lease` seconds.

    A delivery whose subscription was deleted meanwhile is settled as gone on the spot, and not returned.
    """
    taken: dict[int, Row[tuple[int, int, int, int]]] = {}
    for rank in RANKS.values():
        if len(taken) < limit:
            taken |= {row.id: row for row in _claim(connection, owner, now, lease, limit - len(taken), rank)}
    if not taken:
        return []
    claimed = _described(connection, taken)
    lost = [row_id for row_id in taken if row_id not in claimed]
    if lost:
        connection.execute(
            update(deliveries).where(deliveries.c.id.in_(lost)).values(state="gone", error="abonnement supprimé")
        )
    return [claimed[row_id] for row_id in taken if row_id in claimed]


def _claim(
    connection: Connection, owner: str, now: int, lease: int, limit: int, rank: int
) -> Sequence[Row[tuple[int, int, int, int]]]:
    """One conditional UPDATE: who else claims at this moment gets other rows (SKIP LOCKED; SQLite has one writer)."""
    columns = deliveries.c
    due = (
        select(columns.id)
        .where(columns.state == "owed", columns.rank == rank, columns.not_before <= now)
        .order_by(columns.not_before, columns.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("due")  # in a plain subquery PostgreSQL may run the LIMIT more than once
    )
    taken = connection.execute(
        update(deliveries)
        .where(columns.id.in_(select(due.c.id)), columns.state == "owed")
        .values(state="claimed", owner=owner, lease_until=now + lease)
        .returning(columns.id, columns.announcement_id, columns.subscription_id, columns.attempts)
    ).all()
    return sorted(taken)


def _described(connection: Connection, taken: Iterable[int]) -> dict[int, Owed]:
    """The claimed rows with their message and their recipient."""
    d, a, s = deliveries.c, announcements.c, subscriptions.c
    rows = connection.execute(
        select(d.id, d.subscription_id, d.attempts)
        .add_columns(a.payload, a.urgency, a.topic, a.expires_at)
        .add_columns(s.endpoint, s.origin, s.p256dh, s.auth)
        .select_from(deliveries.join(announcements).join(subscriptions, s.id == d.subscription_id))
        .where(d.id.in_(list(taken)))
    )
    return {row[0]: Owed(row[0], row[1], row[2], Message(*row[3:7]), Recipient(*row[7:11])) for row in rows}


# settle


def settle(connection: Connection, owner: str, answers: Sequence[Answer]) -> None:
    """Write what became of claimed deliveries; those that another worker has meanwhile are left to it.

    Subscriptions that are gone are deleted in the same transaction; no other answer ever deletes one.
    """
    if not answers:
        return
    columns = deliveries.c
    connection.execute(
        update(deliveries)
        .where(columns.id == bindparam("row"), columns.state == "claimed", columns.owner == owner)
        .values(
            state=bindparam("new_state"),
            error=bindparam("new_error"),
            not_before=bindparam("new_not_before"),
            attempts=columns.attempts + bindparam("tries", type_=columns.attempts.type),
            owner="",
            lease_until=0,
        ),
        # In the order of ids, as every worker does: two batches on PostgreSQL then never wait for one another.
        [_settled(answer) for answer in sorted(answers, key=lambda answer: answer.owed.id)],
    )
    gone = sorted({answer.owed.subscription_id for answer in answers if answer.state == "gone"})
    if gone:
        connection.execute(delete(subscriptions).where(subscriptions.c.id.in_(gone)))


def _settled(answer: Answer) -> dict[str, Any]:
    return {
        "row": answer.owed.id,
        "new_state": "owed" if answer.state in {"retry", "defer"} else answer.state,
        "new_error": answer.error,
        "new_not_before": answer.not_before,
        "tries": 0 if answer.state == "defer" else 1,
    }


def postpone(connection: Connection, origin: str, not_before: int) -> None:
    """Leave a vendor in peace: nothing owed to its subscriptions goes out before that instant."""
    of_vendor = select(subscriptions.c.id).where(subscriptions.c.origin == origin)
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state == "owed",
            deliveries.c.not_before < not_before,
            deliveries.c.subscription_id.in_(of_vendor),
        )
        .values(not_before=not_before)
    )


def release(connection: Connection, now: int, predecessors: str = "") -> int:
    """Give back the claims whose lease ran out, and those of owners whose name starts with `predecessors`, known dead.

    Returns how many.
    """
    dead = [deliveries.c.lease_until <= now]
    if predecessors:
        dead.append(deliveries.c.owner.startswith(predecessors, autoescape=True))
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.state == "claimed", or_(*dead))
        .values(state="owed", owner="", lease_until=0)
    ).rowcount


def reopen(connection: Connection, now: int) -> int:
    """Owe again what push services refused, while it is still of use; return how many. For after a mended setting."""
    newer = announcements.alias()
    replaced = exists().where(newer.c.item_id == announcements.c.item_id, newer.c.number > announcements.c.number)
    alive = select(announcements.c.id).where(announcements.c.expires_at > now, ~replaced)
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.state == "failed", deliveries.c.announcement_id.in_(alive))
        .values(state="owed", not_before=0, error="")
    ).rowcount
