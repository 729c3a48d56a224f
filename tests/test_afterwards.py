"""What comes after everybody was told: where it fails, the publication has come to its end, and says what is to be done."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

from sqlalchemy import text

from beffroi import due
from beffroi.publish import Published, publish, send
from beffroi.settings import read_service
from beffroi.store.db import connect, transaction
from tests.test_publish import tree
from tests.town import AT, Town

NEWS = "title: Marché de printemps\ndate: 2026-05-04\n"


def in_the_way(place: Path, stage: str, name: str) -> None:
    """At that stage, put a folder where a file is to be written."""
    if name == stage:
        place.unlink(missing_ok=True)
        (place / "left").mkdir(parents=True)


def published(town: Town, place: str, stage: str) -> Published:
    """A publication of one news item, which finds a folder at that place."""
    town.publish()
    town.write("actualites/marche", NEWS)
    return publish(town.root, AT, step=partial(in_the_way, town.root / "var" / place, stage))


def refusing(town: Town) -> None:
    """A database that no longer lets anything be counted."""
    town.publish()
    engine = connect(read_service(town.root).database)
    with transaction(engine) as connection:
        connection.execute(text("DELETE FROM marks WHERE name = 'retained'"))
        full = "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        connection.execute(text(f"CREATE TRIGGER full BEFORE INSERT ON marks WHEN NEW.name = 'retained' {full}"))
    engine.dispose()


def test_memory_that_cannot_be_written(town: Town) -> None:
    """The site is online with its index, and announced; a warning names the memory and what to do; the next publication,
    once the folder has gone, does anew what this one did not note, and nobody is told twice."""
    done = published(town, "cache/memo.bin", "Mise en ligne")
    assert ("actualites/marche",) == tuple(item.id for item in done.announced.told)
    (memory,) = map(str, done.warnings)
    for words in ("var/cache", "n’a pas pu être écrite", "un dossier est à sa place", "publication refera davantage"):
        assert words in memory
    assert not done.index_follows
    assert [] != list((town.live / "pagefind/fragment").iterdir())
    assert not due.read(town.root / "var").running
    (town.root / "var/cache/memo.bin/left").rmdir()
    (town.root / "var/cache/memo.bin").rmdir()
    again = town.publish()
    assert (0, []) == (len(again.announced.told), again.warnings)
    assert tree(town.output) == tree(town.live)
    assert "marche" in (town.live / "actualites/marche/index.html").read_text("utf-8")


def test_due_that_cannot_be_written(town: Town) -> None:
    """Where the state of what is due cannot be written, the publication is over, and the timer finds one to be made."""
    done = published(town, "due.json", "Annonce")
    assert ("actualites/marche",) == tuple(item.id for item in done.announced.told)
    assert "due.json" in str(done.warnings[-1])
    assert "la minuterie publiera de nouveau" in str(done.warnings[-1])
    assert due.read(town.root / "var").running


def test_retention_that_fails(town: Town) -> None:
    """A database that refuses to forget what need not be kept is a warning of a publication that came to its end."""
    refusing(town)
    town.write("actualites/marche", NEWS)
    done = town.publish()
    assert ("actualites/marche",) == tuple(item.id for item in done.announced.told)
    (said,) = done.delivered.alarms
    assert "le disque est plein" in said
    assert "Tous ceux qui devaient l’être sont prévenus" in said
    assert not json.loads((town.root / "var" / "due.json").read_bytes())["running"]


def test_retention_that_fails_after_a_delivery(town: Town) -> None:
    """`deliver`, too, ends as delivered."""
    refusing(town)
    (said,) = send(town.root).alarms
    assert "le disque est plein" in said
