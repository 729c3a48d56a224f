"""The database opens at its newest schema, whatever else starts."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text

from beffroi.errors import StoreError
from beffroi.store.db import HEAD, Held, connect, plain
from beffroi.store.db import transaction as opening
from beffroi.store.tables import metadata
from tests.store.samples import subscribe

PROCESSES = 8


def described(url: str) -> dict[str, object]:
    """Columns, keys, indexes of every table, as the database itself tells them."""
    engine = create_engine(url)
    inspector = inspect(engine)
    tables = [name for name in sorted(inspector.get_table_names()) if name != "alembic_version"]
    found: dict[str, object] = {
        name: (
            [{**column, "type": str(column["type"]), "comment": None} for column in inspector.get_columns(name)],
            inspector.get_pk_constraint(name),
            sorted(map(str, inspector.get_unique_constraints(name))),
            sorted(map(str, inspector.get_indexes(name))),
            sorted(map(str, inspector.get_foreign_keys(name))),
        )
        for name in tables
    }
    engine.dispose()
    return found


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """An engine on that database, closed at the end."""
    engine = connect(url)
    try:
        yield engine
    finally:
        engine.dispose()


def test_migrated_schema_is_the_metadata(url: str) -> None:
    """A migrated database and one made of `tables.py` are the same, column by column, index by index."""
    with opened(url) as engine:
        with engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            assert compare_metadata(MigrationContext.configure(connection, opts=options), metadata) == []
        migrated = described(url)
        metadata.drop_all(engine)
        metadata.create_all(engine)
    assert described(url) == migrated


def test_head_is_the_newest_migration() -> None:
    """`HEAD`, which spares the import of Alembic, names the newest file of the migrations."""
    versions = Path(__file__).parents[2] / "beffroi" / "store" / "migrations" / "versions"
    newest = max(path.name for path in versions.glob("[0-9]*.py"))
    assert newest.split("_")[0] == HEAD


def _open(url: str, gate: object) -> None:
    gate.wait()  # type: ignore[attr-defined]
    with opened(url) as engine, engine.begin() as connection:
        connection.execute(text("SELECT count(*) FROM shards"))


def test_processes_starting_together_make_one_database(url: str) -> None:
    """Many processes that start on an empty database at the same moment all find it whole."""
    spawn = multiprocessing.get_context("spawn")
    gate = spawn.Barrier(PROCESSES)
    processes = [spawn.Process(target=_open, args=(url, gate)) for _ in range(PROCESSES)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0] * PROCESSES


def test_database_of_a_newer_version_is_refused(url: str) -> None:
    """A database that a newer Beffroi has migrated is left alone, with a sentence that says what to install."""
    with opened(url) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="en version 9999, plus récente que ce programme") as caught:
        connect(url)
    assert "installez la version de Beffroi qui l’a mise à jour" in str(caught.value)


def test_unreachable_database_is_a_sentence_without_password() -> None:
    """The message names the database and never shows its password."""
    with pytest.raises(StoreError, match="ne s’ouvre pas") as caught:
        connect("postgresql+psycopg://agent:secret@127.0.0.1:1/base")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql+pymysql://agent@machine/base", "écrivez sqlite:////chemin/du/fichier ou postgresql://"),
        ("postgresql+psycopg2://agent@machine/base", "écrivez sqlite:////chemin/du/fichier ou postgresql://"),
        ("sqlite://", "écrivez sqlite:////chemin/du/fichier ou postgresql://"),
        ("beffroi.sqlite3", "ce n’est pas une adresse"),
        ("sqlite:////proc/nulle-part/base", "ce dossier n’existe pas"),
        ("postgresql+psycopg://agent@127.0.0.1:1/base", "aucun serveur n’y répond"),
    ],
)
def test_database_that_cannot_be_opened_is_a_french_sentence(url: str, words: str) -> None:
    """Another kind of database, an address that is none, a server that is down: what was found, and what to do."""
    with pytest.raises(StoreError, match="La base de données") as caught:
        connect(url)
    assert words in str(caught.value)
    assert "sqlalche.me" not in str(caught.value)


def test_trouble_of_the_driver_is_a_sentence(url: str) -> None:
    """What fails in a statement that is run straight on the driver is told as any other trouble."""
    with opened(url) as engine:
        for transaction in (Held(engine).transaction, lambda: opening(engine)):
            with pytest.raises(StoreError, match="ne répond pas") as caught, transaction() as connection:
                plain(connection, text("SELECT * FROM nulle_part"), {})
            assert "SELECT" not in str(caught.value)


def test_numbers_of_deleted_subscribers_are_not_given_again(url: str) -> None:
    """Nobody inherits what was owed to a subscriber who left."""
    with opened(url) as engine, engine.begin() as connection:
        first = subscribe(connection, "a")
        connection.execute(text("DELETE FROM subscriptions"))
        second = subscribe(connection, "b")
    assert second > first
