"""Publishing twice, clocks that jump, a database put back from yesterday's copy: nobody hears twice, the agent is told."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from threading import Event

import pytest

from beffroi.announce import Why
from beffroi.cluster import conninfo
from beffroi.store.db import connect
from beffroi.store.witness import NAME
from beffroi.worker import work
from tests.channels.town import Town, alert, entry, town_fixture
from tests.e2e.push_service import PushService
from tests.store.databases import BINARIES, postgres_fixture, url_fixture

__all__ = ["postgres_fixture", "town_fixture", "url_fixture"]  # fixtures used below

COPY = "copie.sql"
OLDER = "La base de données est plus ancienne que la dernière publication : une copie a été remise en place."


def yesterday(town: Town) -> None:
    """Put a copy of the database aside: its file, or what PostgreSQL's own tool writes of it."""
    town.engine.dispose()
    if town.engine.dialect.name == "postgresql":
        postgresql(town, "pg_dump", "--file", COPY)
        return
    for path in town.folder.glob("var/beffroi.sqlite3*"):
        shutil.copy(path, town.folder / f"copie-{path.name}")


def restore(town: Town) -> None:
    """Put that copy back."""
    town.engine.dispose()
    if town.engine.dialect.name == "postgresql":
        postgresql(town, "psql", "--command", "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        postgresql(town, "psql", "--file", COPY)
    else:
        for path in town.folder.glob("var/beffroi.sqlite3*"):
            path.unlink()
        for path in town.folder.glob("copie-*"):
            shutil.copy(path, town.folder / "var" / path.name.removeprefix("copie-"))
    town.engine = connect(town.service.database)


def postgresql(town: Town, tool: str, *words: str) -> None:
    """One of PostgreSQL's tools on the town's database."""
    command = [str(BINARIES / tool), "--quiet", *words] if tool == "psql" else [str(BINARIES / tool), *words]
    address = ["--dbname", conninfo(town.engine)]
    subprocess.run([*command, *address], cwd=town.folder, check=True, stdout=subprocess.DEVNULL)


def test_publishing_twice_tells_once(town: Town) -> None:
    """The same feed announced and delivered again rings nobody."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        item = alert(town.time.at(), town.time.at(5))
        for _ in range(3):
            town.announce(item)
            town.deliver()
        assert len(service.journal) == 3


@pytest.mark.parametrize("hours", [-30, -2, 2, 30])
def test_clock_that_jumps(town: Town, hours: int) -> None:
    """The clock jumps, forth or back, between two publications: what was told is not told again."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        item = alert(town.time.at(), town.time.at(60))
        town.announce(item)
        town.deliver()
        town.time.seconds += hours * 3600
        town.announce(item)
        town.deliver()
        town.time.seconds -= hours * 3600
        town.announce(item)
        assert (town.deliver().owed, len(service.journal)) == (0, 3)


def test_database_of_yesterday(town: Town) -> None:
    """What was announced since the copy is known again from the journal and told to nobody; what the copy believes
    unfinished is stopped, and named; what is really new is told."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        town.announce(entry(town.time.at(), "actualites/entamee", title="Entamée"))
        yesterday(town)
        assert town.deliver().told == 3
        town.announce(
            entry(town.time.at(), "actualites/entamee", title="Entamée"), entry(town.time.at(), title="Depuis")
        )
        assert town.deliver().told == 3
        restore(town)
        new = entry(town.time.at(), "actualites/neuve", title="Neuve")
        old = [entry(town.time.at(), "actualites/entamee", title="Entamée"), entry(town.time.at(), title="Depuis")]
        done = town.announce(*old, new)
        assert [("actualites/neuve", Why.NEW)] == [(d.item.id, d.why) for d in done.decisions]
        assert OLDER in done.faults
        assert "Déjà annoncés depuis cette copie, et non annoncés de nouveau : actualites/marche." in done.faults
        assert any(
            sentence.startswith("En doute, et arrêtés") and "actualites/entamee" in sentence for sentence in done.faults
        )
        town.deliver()
        assert ["Entamée"] * 3 + ["Depuis"] * 3 + ["Neuve"] * 3 == [
            one.payload["notification"]["title"] for one in service.journal
        ]
        assert () == town.announce(*old, new).faults


def test_sending_alone_notices_too(town: Town) -> None:
    """`deliver` on a restored copy sends nothing of what that copy believes unfinished, and says so."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        town.announce(entry(town.time.at()))
        yesterday(town)
        town.deliver()
        restore(town)
        done = town.deliver()
        assert (done.told, done.alarms[0], len(service.journal)) == (0, OLDER, 3)


def worked(town: Town) -> list[str]:
    """What a worker of its own says until nothing is owed."""
    stopped, said = Event(), list[str]()
    work(
        town.site,
        town.service,
        town.engine,
        stopped,
        idle=stopped.set,
        told=lambda done: said.extend(done.sentences()),
    )
    return said


@pytest.mark.parametrize("again", ["worker", "deliver"])
def test_copy_of_before_a_worker_told(town: Town, again: str) -> None:
    """What a worker told since the copy was made is told again by nobody, whoever sends first from that copy."""
    town.open()
    with PushService() as service:
        town.phones(service, 3)
        town.announce(entry(town.time.at()))
        yesterday(town)
        worked(town)
        assert len(service.journal) == 3
        restore(town)
        said = worked(town) if again == "worker" else town.deliver().sentences()
        assert OLDER in said
        assert len(service.journal) == 3
        town.announce(entry(town.time.at()), entry(town.time.at(), "actualites/neuve", title="Neuve"))
        worked(town)
        assert len(service.journal) == 6


def test_other_machines_notice_no_more_than_they_know(town: Town) -> None:
    """A second machine that finds out later stops nothing of what the first one has announced meanwhile."""
    town.open()
    elsewhere = {"var": town.folder / "autre", "vapid_key_file": town.service.vapid_key}
    other = replace(town, service=replace(town.service, **elsewhere))
    with PushService() as service:
        town.phones(service, 3)
        town.announce(entry(town.time.at()))
        yesterday(town)
        worked(other)
        restore(town)
        other.engine = town.engine
        town.time.sleep(60)
        town.announce(entry(town.time.at(), "actualites/neuve", title="Neuve"))
        assert OLDER in worked(other)
        assert ["Le marché déménage"] * 3 + ["Neuve"] * 3 == [
            one.payload["notification"]["title"] for one in service.journal
        ]


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_line_cut_by_a_power_failure(town: Town) -> None:
    """A journal whose last line is unfinished is read as far as it goes."""
    town.open()
    with open(town.service.var / NAME, "a", encoding="ascii") as file:
        file.write('{"item": "actual')
    assert () == town.announce(entry(town.time.at())).faults
    lines = (town.service.var / NAME).read_text("ascii").splitlines()
    assert '{"item": "actual' in lines
    assert any(line.startswith('{"item": "actualites/marche"') for line in lines)
