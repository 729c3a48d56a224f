"""Real databases for tests: SQLite in a file, PostgreSQL in a cluster of its own (a Unix socket, no port)."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, text

BINARIES = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))


@contextmanager
def cluster(address: str = "") -> Iterator[str]:
    """A PostgreSQL server, without a password; yields the URL of its database `postgres`.

    It listens on a Unix socket; at that address too, for everybody, where one is given (benches with networks).
    """
    folder = Path(tempfile.mkdtemp(prefix="beffroi-pg-"))
    # PostgreSQL refuses to be run by root, as which containers run tests.
    user = "postgres" if os.getuid() == 0 else pwd.getpwuid(os.getuid()).pw_name
    shutil.chown(folder, user)
    run = partial(subprocess.run, check=True, user=user, cwd=folder, stdout=subprocess.DEVNULL, env={"LC_ALL": "C"})
    data, log = str(folder / "data"), str(folder / "log")
    try:
        run([BINARIES / "initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "-U", "postgres", "-D", data])
        options = (
            f"-c listen_addresses='{address}' -c unix_socket_directories='{folder}' -c fsync=off -c max_connections=60"
        )
        if address:
            with open(Path(data) / "pg_hba.conf", "a", encoding="ascii") as file:
                file.write("host all all 0.0.0.0/0 trust\n")
        run([BINARIES / "pg_ctl", "-w", "-D", data, "-l", log, "-o", options, "start"])
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            run([BINARIES / "pg_ctl", "-w", "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", name="postgres")
def postgres_fixture() -> Iterator[str]:
    """The URL of a PostgreSQL server's first database."""
    with cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"], name="url")
def url_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'var' / 'beffroi.sqlite3'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"t{uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.replace("/postgres?", f"/{name}?")
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()
