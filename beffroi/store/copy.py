"""Copy a database into another, empty one: from SQLite to PostgreSQL when one machine is outgrown, or back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine, Table, func, insert, select, text

from beffroi.errors import StoreError
from beffroi.store.db import transaction
from beffroi.store.tables import announcements, metadata, retries, shards, subscriptions

BATCH = 1000


def copy(source: Engine, target: Engine, told: Callable[[str, int], None] = lambda table, rows: None) -> dict[str, int]:
    """Copy every row, in one transaction of each side; return how many rows each table has.

    Nothing may be published or sent meanwhile. Key material made ahead stays behind: two databases must never use it
    twice. Raises `StoreError` where the target holds anything, or is the source.
    """
    if _same(source, target):
        raise StoreError("La base d’arrivée est celle de départ ; donnez l’adresse d’une autre, vide.")
    counts = {}
    with transaction(source) as old, transaction(target) as new:
        for table in metadata.sorted_tables:
            if new.execute(select(func.count()).select_from(table)).scalar_one():
                raise StoreError(f"La base d’arrivée n’est pas vide ({table.name}) ; donnez-en une nouvelle.")
        for table in metadata.sorted_tables:
            counts[table.name] = 0 if table.name == "armed" else _rows(old, new, table)
            told(table.name, counts[table.name])
        for table in (subscriptions, announcements, shards):
            _number(new, table)
    return counts


def _same(source: Engine, target: Engine) -> bool:
    """Whether it is one database, however it is written: a file of SQLite would wait for itself for ever."""
    if {source.dialect.name, target.dialect.name} != {"sqlite"}:
        return source.url == target.url
    return Path(str(source.url.database)).samefile(str(target.url.database))


def _rows(old: Connection, new: Connection, table: Table) -> int:
    count = 0
    with old.execute(select(table).order_by(*table.primary_key.columns).execution_options(yield_per=BATCH)) as rows:
        for batch in rows.mappings().partitions(BATCH):
            new.execute(insert(table), [dict(row) for row in batch])
            count += len(batch)
    return count


def _number(new: Connection, table: Table) -> None:
    """The next row gets a number that none of the copied ones has, nor any subscriber who left and is still owed."""
    used = [select(func.max(table.c.id))]
    if table is subscriptions:
        used += [select(func.max(shards.c.high)), select(func.max(retries.c.subscription_id))]
    largest = max(new.execute(query).scalar() or 0 for query in used)
    if new.dialect.name == "postgresql":
        statement = "SELECT setval(pg_get_serial_sequence(:name, 'id'), :largest + 1, false)"
    else:
        statement = "INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :largest)"
        new.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
    new.execute(text(statement), {"name": table.name, "largest": largest})
