"""A publication that has nothing to tell is answered without the ledger's own program, and with the same words."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from beffroi import telling, unchanged
from beffroi.store import witness
from beffroi.store.db import transaction
from beffroi.told import Outlook, Said
from tests.channels.town import Town, alert, entry, make_town
from tests.store.samples import subscribe

REPO = Path(__file__).parents[1]


@pytest.fixture(name="town")
def town_fixture(tmp_path: Path) -> Town:
    """A commune of one file, whose last publication told what there is."""
    town = make_town(tmp_path, f"sqlite:///{tmp_path}/base &é.sqlite3")
    town.feed(*feed(town))
    told(town)
    return town


def feed(town: Town) -> list[dict[str, object]]:
    """One item, which was adopted long ago."""
    return [entry(town.time.at(-24 * 30), "actualites/bienvenue")]


def told(town: Town) -> Said:
    """What the whole program says, whatever it takes."""
    return telling.tell(
        town.site, town.service, town.release, town.time.at(), False, lambda _: True, lambda _done, _total: None
    )


def answer(town: Town) -> Said | None:
    """What is said at once, if anything."""
    return unchanged.answer(town.site, town.service, town.release, town.time.at())


def run(town: Town, statement: str) -> None:
    """Run a statement on the ledger."""
    with transaction(town.engine) as connection:
        connection.execute(text(statement))


def held(town: Town) -> dict[str, bytes]:
    """All that was written."""
    with transaction(town.engine) as connection:
        tables = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")).scalars()
        rows = {name: repr(connection.execute(text(f"SELECT * FROM {name}")).all()).encode() for name in tables}
    return rows | {witness.NAME: (town.service.var / witness.NAME).read_bytes()}


def test_same_answer(town: Town) -> None:
    """Where nothing is new, the answer is that of the whole program, with subscribers or without, and nothing is written."""
    for phones in range(2):
        if phones:
            with transaction(town.engine) as connection:
                subscribe(connection, "https://push.example/1")
        expected, before = told(town), held(town)
        assert expected == answer(town)
        assert before == held(town)


def restored(town: Town) -> None:
    """The file beside knows of a publication that the database does not."""
    last = witness.last(town.service.var)
    witness.write(town.service.var, replace(last, generation=last.generation + 1))


def another_alert(town: Town) -> None:
    """An alert that was announced, and that nobody was sent yet."""
    with transaction(town.engine) as connection:
        subscribe(connection, "https://push.example/1")
    told(town)
    town.announce(*feed(town), alert(town.time.at(), town.time.at(10)))


def overwritten(town: Town) -> None:
    """Something else stands where the database was."""
    for path in town.folder.glob("base*"):
        path.write_bytes(b"\0" * 100)


DOUBTS: dict[str, Callable[[Town], object]] = {
    "new item": lambda town: town.feed(*feed(town), entry(town.time.at())),
    "old item that was not known": lambda town: town.feed(*feed(town), entry(town.time.at(-24 * 300))),
    "other words": lambda town: town.feed(entry(town.time.at(-24 * 30), "actualites/bienvenue", title="Bonjour")),
    "unreadable item": lambda town: town.feed(*feed(town), {"id": "actualites/x"}),
    "no feed": lambda town: (town.release / "feeds" / "feed.json").unlink(),
    "something owed": another_alert,
    "somebody subscribed": lambda town: run(town, "UPDATE census SET subscriptions = 7"),
    "another day": lambda town: run(town, "DELETE FROM census"),
    "nothing forgotten today": lambda town: run(town, "UPDATE marks SET value = value - 1 WHERE name = 'retained'"),
    "nothing ever told": lambda town: run(town, "DELETE FROM announcements"),
    "older copy put back": restored,
    "another schema": lambda town: run(town, "UPDATE alembic_version SET version_num = '0002'"),
    "no key": lambda town: town.service.vapid_key.unlink(),
    "no database": lambda town: (town.folder / "base &é.sqlite3").unlink(),
    "no database, but bytes": overwritten,
}


@pytest.mark.parametrize("doubt", DOUBTS)
def test_any_doubt_is_no_answer(town: Town, doubt: str) -> None:
    """Whatever is to be told or written, or cannot be read, is for the whole program."""
    assert answer(town) is not None
    DOUBTS[doubt](town)
    assert answer(town) is None


def test_other_databases(town: Town) -> None:
    """Only a file is asked; keys that may not be kept are a doubt, too."""
    for url in ("postgresql://mairie@exemple.fr/base", "sqlite://", "sqlite:///x?mode=ro", "sqlite:///x%20y"):
        elsewhere = replace(town.service, database_url=url)
        assert unchanged.answer(town.site, elsewhere, town.release, town.time.at()) is None
        assert unchanged.expected(elsewhere)


def test_who_is_expected(town: Town) -> None:
    """The ledger's own program is made ready for whoever has subscribed or is still owed something, and in doubt."""
    assert not unchanged.expected(town.service)
    with transaction(town.engine) as connection:
        subscribe(connection, "https://push.example/1")
    assert unchanged.expected(town.service)


def test_tells_all_the_same(town: Town) -> None:
    """What is new is told by the whole program, which nobody made ready; what comes beside is done once."""
    done: list[str] = []

    def confirm(outlook: Outlook) -> bool:
        done.append(f"asked of {len(outlook.told)}")
        return True

    town.feed(*feed(town), entry(town.time.at()))
    said = [
        unchanged.tell(
            town.site,
            town.service,
            town.release,
            town.time.at(),
            False,
            confirm,
            lambda _done, _total: None,
            meanwhile=lambda: done.append("beside"),
        )
        for _ in range(2)
    ]
    assert [1, 0] == [len(one.announced.told) for one in said]
    assert ["beside", "asked of 1", "beside", "asked of 0"] == done


def test_answers_without_sqlalchemy() -> None:
    """What answers imports neither SQLAlchemy nor what sends."""
    late = {"sqlalchemy", "cryptography", "beffroi.telling", "beffroi.text"}
    code = f"import sys, beffroi.unchanged; print(sorted({late} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
