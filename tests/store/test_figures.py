"""Counts without names, what is forgotten in time, and a database copied into another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select

from beffroi.errors import StoreError
from beffroi.retention import MONTH, retain
from beffroi.settings import read_service
from beffroi.store import armed, figures, ledger, shards, subscriptions
from beffroi.store.armed import Made
from beffroi.store.copy import copy
from beffroi.store.curve import svg
from beffroi.store.db import connect, transaction
from beffroi.store.subscriptions import Subscription
from beffroi.store.tables import metadata
from beffroi.store.tables import subscriptions as table
from tests.store.samples import announcement, subscribe


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An empty database, migrated."""
    engine = connect(url)
    yield engine
    engine.dispose()


def test_counts_by_vendor_category_and_area(engine: Engine) -> None:
    """Everybody who would hear of it counts for a category, an area, a vendor."""
    with transaction(engine) as connection:
        subscribe(connection, "https://a.example/1")
        subscribe(connection, "https://a.example/2", categories=("agenda",), areas=("bourg",))
        subscribe(connection, "https://b.example/3", origin="https://b.example", alerts_only=True, quiet="21:30-07:00")
        figures.count(connection, "2026-05-03")
        figures.count(connection, "2026-05-04")
        figures.count(connection, "2026-05-04")
        found = figures.read(connection, ["agenda", "actualites"], ["bourg", "lancey"], "2026-05-04")
    assert (3, {"https://a.example": 2, "https://b.example": 1}) == (found.total, found.vendors)
    assert ({"agenda": 2, "actualites": 1}, {"bourg": 3, "lancey": 2}) == (found.categories, found.areas)
    assert (1, {"": 2, "21:30-07:00": 1}) == (found.alerts_only, found.quiet)
    assert (("2026-05-04", 3),) == found.curve


def test_unseen_subscriptions_are_forgotten(engine: Engine) -> None:
    """Who was not seen for so long is deleted, and nobody else."""
    keys = ("https://a.example/", "p", "a")
    for name, at in (("old", 100), ("new", 200)):
        subscriptions.put(engine, Subscription(keys[0] + name, *keys[1:]), at)
    with transaction(engine) as connection:
        assert figures.forget_unseen(connection, 150) == 1
        assert ["https://a.example/new"] == connection.execute(select(table.c.endpoint)).scalars().all()


def test_forgetting_is_done_once_a_day_and_never_by_a_clock_that_jumped(engine: Engine, tmp_path: Path) -> None:
    """Who was not seen for twelve months is forgotten at the first occasion of a day; a clock that is ten years ahead
    forgets nobody who was seen in the year before the last visit."""
    service, start = read_service(tmp_path), 10**9
    for name, months in (("gone", 14), ("old", 10), ("new", 0)):
        seen = start - months * MONTH
        subscriptions.put(engine, Subscription(f"https://a.example/{name}", "p", "a"), seen)
    assert [1, 0] == [retain(service, engine, start) for _ in range(2)]
    assert 0 == retain(service, engine, start + 120 * MONTH)
    subscriptions.put(engine, Subscription("https://a.example/new", "p", "a"), start + 3 * MONTH)
    assert 1 == retain(service, engine, start + 3 * MONTH)


def test_curve_is_a_picture_of_its_own() -> None:
    """Any number of days, none included, makes an SVG that holds neither script nor address."""
    for curve in ((), (("2026-05-04", 3),), (("2026-05-04", 3), ("2026-06-04", 30))):
        picture = svg(curve, "Abonnés <à> Exemple", goal=71)
        assert picture.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
        assert "&lt;à&gt;" in picture
        assert "href" not in picture


def test_armed_material_is_read_once(engine: Engine) -> None:
    """Key material is there once: whoever reads it takes it away; a changed key burns it."""
    with transaction(engine) as connection:
        ids = [subscribe(connection, f"https://a.example/{n}", keys=(f"p{n}", "a")) for n in range(4)]
        assert [(ids[0], "p0", "a"), (ids[1], "p1", "a")] == armed.bare(connection, 0, 2)
        made = {n: Made(f"p{n}", "a", b"x" * 97) for n in range(2)}
        others = {2: Made("former", "a", b"y" * 97), 3: Made("p3", "former", b"z" * 97)}
        armed.put(connection, {ids[n]: one for n, one in (made | others).items()})
        assert armed.count(connection) == 2
        assert {ids[0]: b"x" * 97} == armed.take(connection, ids[:1])
        assert {} == armed.take(connection, ids[:1])
    subscriptions.put(engine, Subscription("https://a.example/1", "p1", "another"), 5)
    with transaction(engine) as connection:
        assert armed.count(connection) == 0


def test_copy_keeps_everything_but_secrets(engine: Engine, tmp_path: Path) -> None:
    """A copy has every row; work goes on in it where it was; numbers of who left are not given again; the key material
    made ahead stays behind."""
    source = connect(f"sqlite:///{tmp_path / 'source.sqlite3'}")
    with transaction(source) as connection:
        ids = [subscribe(connection, f"https://a.example/{n}") for n in range(2500)]
        ledger.record(connection, [announcement("actualites/a")], 50)
        connection.execute(delete(table).where(table.c.id == ids[-1]))
        armed.put(connection, {ids[0]: Made("", "", b"x" * 97)})
    counts = copy(source, engine)
    assert (2499, 1, 3, 0) == tuple(counts[name] for name in ("subscriptions", "announcements", "shards", "armed"))
    with transaction(engine) as connection:
        assert ledger.owed(connection) == 2500
        assert subscribe(connection, "https://a.example/new") > ids[-1]
        shard = shards.claim(connection, "w", 100, 60)
        assert shard
        assert 500 == len(list(shards.read(connection, shard, 0, 500)))
        assert armed.count(connection) == 0
        assert {table.name for table in metadata.sorted_tables} == set(counts)
    with pytest.raises(StoreError, match="n’est pas vide"):
        copy(source, engine)
    same = connect(f"sqlite:///{tmp_path}/./source.sqlite3")
    for twin in (source, same):  # which would wait for itself
        with pytest.raises(StoreError, match="est celle de départ"):
            copy(source, twin)
    same.dispose()
    source.dispose()
