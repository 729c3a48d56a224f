"""Workers on several machines, through Procrastinate: correct whatever the queue does."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import create_engine, make_url

from beffroi.cluster import conninfo
from tests.channels.faulty import Sink
from tests.channels.test_kill import PHONES, check, child, subscribed
from tests.channels.town import Town, alert


def server(url: str) -> str:
    """The address of that database's server, at another database of it."""
    return conninfo(create_engine(make_url(url).set(database="postgres")))


def wait_for(sink: Sink, count: int, *workers: subprocess.Popen[bytes]) -> None:
    """Until so many messages have come; as the workers run until they are told to stop, this is looked at."""
    assert sink.reached(count, 60), f"{len(sink.posts)} of {count}"
    assert [None] * len(workers) == [worker.poll() for worker in workers]


def wait_for_workers(town: Town, count: int) -> None:
    """Until so many workers have entered themselves in the queue's table; PostgreSQL does the waiting."""
    with psycopg.connect(conninfo(town.engine), autocommit=True) as connection:
        for _ in range(600):
            (there,) = connection.execute("SELECT to_regclass('procrastinate_workers')").fetchone() or (None,)
            found = connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone() if there else (0,)
            if found == (count,):
                return
            connection.execute("SELECT pg_sleep(0.1)")
    raise AssertionError(f"{found} workers of {count}")


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_workers_start_together_share_and_stop(town: Town, url: str) -> None:
    """Three workers started together on a database without Procrastinate's tables make them once, tell everybody, and
    end by SIGTERM with status 0."""
    town.open()
    with Sink() as one:
        subscribed(town, one)
        workers = [child(town, url, "cluster") for _ in range(3)]
        town.announce(alert(town.time.at(), town.time.at(10)))
        wait_for(one, PHONES, *workers)
        wait_for_workers(town, 3)  # two may have told everybody before the third was up
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        assert [0, 0, 0] == [worker.wait(60) for worker in workers]
        check(town, 0, one)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_queue_that_forgets_and_repeats(town: Town, url: str) -> None:
    """Jobs that are lost are asked for again; jobs that come thrice send nothing twice."""
    town.open()
    with Sink() as sink:
        subscribed(town, sink)
        worker = child(town, url, "cluster")
        town.announce(alert(town.time.at(), town.time.at(10)))
        with psycopg.connect(conninfo(town.engine), autocommit=True) as connection:
            wait_for(sink, PHONES, worker)
            connection.execute("DELETE FROM procrastinate_jobs WHERE task_name = 'send' AND status = 'todo'")
            for _ in range(3):
                arguments = '{"item": "x", "vendor": "y", "shard": 1}'
                query = "INSERT INTO procrastinate_jobs (queue_name, task_name, args) VALUES ('envois', 'send', %s)"
                connection.execute(query, (arguments,))
        town.announce(alert(town.time.at(), town.time.at(10), title="Crue : décrue"))
        wait_for(sink, 2 * PHONES, worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
        assert len(sink.posts) == 2 * PHONES


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_database_that_goes_away_and_comes_back(town: Town, url: str, tmp_path: Path) -> None:
    """A worker whose database is gone says so in a sentence, looks for it, and goes on when it is there again."""
    town.open()
    said = tmp_path / "said"
    name = town.engine.url.database
    with Sink() as sink, said.open("wb") as out, psycopg.connect(server(url), autocommit=True) as admin:
        subscribed(town, sink)
        worker = child(town, url, "cluster", out=out)
        wait_for_workers(town, 1)
        town.engine.dispose()
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,))
        for _ in range(600):
            if b"nouvel essai" in said.read_bytes():
                break
            admin.execute("SELECT pg_sleep(0.1)")
        admin.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        town.announce(alert(town.time.at(), town.time.at(10)))
        wait_for(sink, PHONES, worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(60) == 0
    words = said.read_text("utf-8")
    assert "La base de données ne répond plus : " in words
    assert "Traceback" not in words
