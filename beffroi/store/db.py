"""Open the database, at its newest schema, whatever else starts at the same moment."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Dialect,
    Engine,
    Table,
    TextClause,
    create_engine,
    event,
    inspect,
    make_url,
    text,
)
from sqlalchemy.exc import SQLAlchemyError

from beffroi.errors import StoreError, why
from beffroi.store import HEAD
from beffroi.store.troubles import told
from beffroi.store.turns import Turns

NETWORK = {"connect_timeout": 10, "tcp_user_timeout": 20_000, "keepalives_idle": 10, "keepalives_interval": 5}
"""For PostgreSQL: a network that is cut is an error within half a minute, instead of a quarter of an hour."""

MIGRATIONS = Path(__file__).with_name("migrations")


def adding(connection: Connection | Engine, table: Table) -> Any:
    """An INSERT that can say ON CONFLICT, as this database writes it; the other one's is not even imported."""
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]
    return insert(table)


def connect(url: str) -> Engine:
    """An engine on a database at its newest schema; made when absent.

    Many processes may start together on an empty database: one migrates, the others wait. Raises `StoreError`.
    """
    try:
        parsed = make_url(url)
        _check(parsed)
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        # hide_parameters: an endpoint is personal data, and errors end up in logs.
        far = parsed.get_backend_name() != "sqlite"
        network = NETWORK if far else {}
        engine = create_engine(parsed, pool_pre_ping=far, hide_parameters=True, connect_args=network, max_overflow=-1)
        if parsed.get_backend_name() == "sqlite":
            event.listen(engine, "connect", _tune_sqlite)
            event.listen(engine, "begin", _begin_immediate)
        try:
            _migrate(engine)
        except BaseException:
            engine.dispose()
            raise
    except (SQLAlchemyError, OSError) as error:
        raise StoreError(f"La base de données {_shown(url)} ne s’ouvre pas : {told(error)}.") from error
    return engine


def _check(url: URL) -> None:
    """Raises `StoreError` for what is neither a file of SQLite nor a PostgreSQL."""
    if url.drivername == "postgresql+psycopg" or (url.drivername in {"sqlite", "sqlite+pysqlite"} and url.database):
        return
    raise StoreError(
        f"La base de données {_shown(str(url))} n’est pas de celles que l’on sait ouvrir ; dans BEFFROI_DATABASE_URL, "
        "écrivez sqlite:////chemin/du/fichier ou postgresql://rôle:mot-de-passe@machine/base."
    )


def file_of(url: str) -> Path | None:
    """The file of a database of SQLite; None for any other. Raises `StoreError`."""
    try:
        parsed = make_url(url)
    except SQLAlchemyError as error:
        raise StoreError(f"La base de données {_shown(url)} ne s’ouvre pas : {told(error)}.") from error
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """One transaction, committed at its end. Raises `StoreError` where the database fails."""
    try:
        with _turn(engine), engine.begin() as connection:
            yield connection
    except (SQLAlchemyError, engine.dialect.loaded_dbapi.Error) as error:
        raise _lost(engine, error) from error


def _lost(engine: Engine, error: BaseException) -> StoreError:
    return StoreError(f"La base de données {_shown(str(engine.url))} ne répond pas : {told(error)}.")


class Held:
    """One connection, kept for many short transactions in a row, by one thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection: Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """As the function of that name. Raises `StoreError`."""
        try:
            with _turn(self._engine):
                self._connection = self._connection or self._engine.connect()
                with self._connection.begin():
                    yield self._connection
        except (SQLAlchemyError, self._engine.dialect.loaded_dbapi.Error) as error:
            raise _lost(self._engine, error) from error

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def plain(connection: Connection, statement: TextClause, values: Mapping[str, Any]) -> list[Any]:
    """Run a statement straight on the driver; its rows as the driver gives them. For what is run for each few hundred
    messages: SQLAlchemy takes longer to prepare and wrap it than SQLite to run it. Raises the driver's own errors."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(_compiled(statement, connection.dialect), values)
        return list(cursor.fetchall()) if cursor.description else []
    finally:
        cursor.close()


@lru_cache(64)
def _compiled(statement: TextClause, dialect: Dialect) -> str:
    """As that driver wants it; SQLite's takes it as it is."""
    return statement.text if dialect.name == "sqlite" else str(statement.compile(dialect=dialect))


_turns: dict[str, Turns] = {}


@contextmanager
def _turn(engine: Engine) -> Iterator[None]:
    """The right to write: for a file of SQLite, one on this machine at a time; PostgreSQL sees to it by itself.

    Within a process in the order of coming; between processes by a lock of the kernel, that wakes who waits at once.
    SQLite's own way is to sleep and look again, 100 ms in the end: two workers were half as fast as one.
    """
    if engine.dialect.name != "sqlite" or not engine.url.database:
        yield
        return
    with _turns.setdefault(engine.url.database, Turns()):
        try:
            number = os.open(f"{engine.url.database}.lock", os.O_RDONLY | os.O_CREAT, 0o644)
        except OSError as error:
            raise StoreError(f"Le verrou {engine.url.database}.lock ne s’ouvre pas : {why(error)}.") from error
        try:
            fcntl.flock(number, fcntl.LOCK_EX)
            yield
        finally:
            os.close(number)


def _shown(url: str) -> str:
    """The address without its password."""
    try:
        return make_url(url).render_as_string(hide_password=True)
    except SQLAlchemyError:
        return "(adresse illisible : BEFFROI_DATABASE_URL)"


def _tune_sqlite(connection: Any, _record: Any) -> None:
    """WAL so that the site's service reads while `publish` writes; FULL so that a power cut forgets nothing told."""
    connection.isolation_level = None  # transactions are begun by `_begin_immediate`, not by the driver
    for pragma in ("busy_timeout=120000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    """Take SQLite's write lock at once: a transaction that reads, then writes, can no longer fail half-way."""
    connection.connection.cursor().execute("BEGIN IMMEDIATE")  # by the driver: SQLAlchemy takes 20 µs more


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: Engine) -> None:
    with engine.connect() as connection:
        version = _version(connection)
    if version == HEAD:
        return
    if version is not None and version > HEAD:
        raise StoreError(
            f"La base de données {_shown(str(engine.url))} est en version {version}, plus récente que ce programme "
            f"(version {HEAD}) ; installez la version de Beffroi qui l’a mise à jour."
        )
    with _migration_lock(engine) as connection:
        from alembic import command  # imported late: only a new or older database needs it
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _migration_lock(engine: Engine) -> Iterator[Connection]:
    """One migration at a time: an advisory lock on PostgreSQL, a lock file beside the database on SQLite."""
    if engine.url.get_backend_name() != "sqlite":
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(823105)"))
            yield connection
        return
    if not engine.url.database or engine.url.database == ":memory:":
        with engine.begin() as connection:
            yield connection
        return
    with open(f"{engine.url.database}.lock", "a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with engine.begin() as connection:
            yield connection
