"""Key material made in idle time, one a subscription: read once, and deleted by the same transaction.

Whoever dies after that has burnt it: the message goes again with a fresh key, never with the same one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection, delete, func, select, text

from beffroi.store.db import adding, plain
from beffroi.store.ledger import batches
from beffroi.store.tables import armed, subscriptions

_TAKE = text("DELETE FROM armed WHERE subscription_id = ANY(:ids) RETURNING subscription_id, material")
# SQLite has one writer: what is read here is what is deleted, and RETURNING takes half as long again.
_THESE = "FROM armed WHERE subscription_id IN (SELECT value FROM json_each(:ids))"
_READ = text(f"SELECT subscription_id, material {_THESE}")  # nothing of anybody's
_BURN = text(f"DELETE {_THESE}")


def take(connection: Connection, ids: Iterable[int]) -> dict[int, bytes]:
    """What is there for these subscriptions; from the end of this transaction on it is nowhere else."""
    if connection.dialect.name != "sqlite":
        return dict(plain(connection, _TAKE, {"ids": list(ids)}))
    some = {"ids": json.dumps(list(ids))}  # one statement for any number of ids: it is built once
    material: dict[int, bytes] = dict(plain(connection, _READ, some))
    plain(connection, _BURN, some)
    return material


class Made(NamedTuple):
    """Material, and the browser's keys for which it was made."""

    p256dh: str
    auth: str
    material: bytes


def bare(connection: Connection, after: int, limit: int) -> list[tuple[int, str, str]]:
    """The next subscriptions without any: (id, p256dh, auth)."""
    columns = subscriptions.c
    query = (
        select(columns.id, columns.p256dh, columns.auth)
        .select_from(subscriptions.outerjoin(armed))
        .where(columns.id > after, armed.c.subscription_id.is_(None))
        .order_by(columns.id)
        .limit(limit)
    )
    return [(row[0], row[1], row[2]) for row in connection.execute(query)]


def put(connection: Connection, made: Mapping[int, Made]) -> None:
    """Keep what was made; not where the browser has meanwhile left, or changed its keys."""
    for ids in batches(made):
        columns = subscriptions.c
        query = select(columns.id, columns.p256dh, columns.auth).where(columns.id.in_(ids)).with_for_update()
        rows = [
            {"subscription_id": row.id, "material": made[row.id].material}
            for row in connection.execute(query)
            if made[row.id][:2] == (row.p256dh, row.auth)
        ]
        if rows:
            insert = adding(connection, armed)
            connection.execute(insert.on_conflict_do_nothing(), rows)


def forget(connection: Connection, ids: Iterable[int] | None = None) -> None:
    """Burn what is there, of these subscriptions or of all."""
    if ids is None:
        connection.execute(delete(armed))
        return
    for some in batches(ids):
        connection.execute(delete(armed).where(armed.c.subscription_id.in_(some)))


def count(connection: Connection) -> int:
    """For how many subscriptions there is some."""
    return connection.execute(select(func.count()).select_from(armed)).scalar_one()
