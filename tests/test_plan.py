"""Planning: what starts and ends, told in French, and the timer that publishes when something is due."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from beffroi import content, due, plan
from beffroi.errors import BuildError
from beffroi.memo.stamps import Files
from beffroi.publish import only_one, publish
from beffroi.settings import read_site
from tests.town import AT, Town


def calendar(town: Town, first: str, days: int = 30) -> list[str]:
    """The calendar from that instant on, as `invoke plan` prints it."""
    tree = content.read(read_site(town.root / "publishconf.py"))
    assert () == tree.faults
    start, end = plan.period(datetime.fromisoformat(first), days, tree.site.zone)
    return [line.replace("\u00a0", " ") for line in plan.told(plan.calendar(tree, start, end), tree.site.zone)]


def state(town: Town) -> due.Due:
    """What the last publication left."""
    return due.read(town.root / "var")


def test_calendar(town: Town) -> None:
    """Publication, window, event and panels: each change on its day, at its hour, in the commune's time; no draft."""
    town.write("alertes/vent", "title: Vent violent\ndate: 2026-05-10 18:30\nend: 2026-05-11 06:00")
    town.write("alertes/essai", "title: Essai de sirène\ndate: 2026-05-10 18:30")
    town.write("agenda/bal", "title: Bal\ndate: 2026-05-01\nevent:\n  start: 2026-05-23 20:30\n  end: 2026-05-24 01:00")
    town.write("actualites/plus-tard", "title: Plus tard\ndate: 2026-05-01\nstatus: draft")
    assert [
        "dimanche 10 mai 2026",
        "  18 h 30  Essai de sirène (alertes/essai) paraît",
        "  18 h 30  Vent violent (alertes/vent) paraît",
        "lundi 11 mai 2026",
        "      6 h  Vent violent (alertes/vent) prend fin",
        "  18 h 30  Essai de sirène (alertes/essai) prend fin",
        "mercredi 13 mai 2026",
        "  20 h 30  Bal (agenda/bal) arrive sur les panneaux",
        "samedi 23 mai 2026",
        "  20 h 30  Bal (agenda/bal) commence",
        "dimanche 24 mai 2026",
        "      1 h  Bal (agenda/bal) se termine",
    ] == calendar(town, "2026-05-04T11:00+02:00", 21)


def test_the_night_of_two_hours(town: Town) -> None:
    """On the last Sunday of October an hour comes twice: what starts does so at the first one, what ends at the second;
    an offset says which one is meant."""
    town.write("alertes/a", "title: Doux\ndate: 2026-10-25 02:30\nend: 2026-10-25 02:30")
    town.write("alertes/b", "title: Exact\ndate: 2026-10-25 02:45+02:00\nend: 2026-10-25 02:15+01:00")
    assert [
        "dimanche 25 octobre 2026",
        "  2 h 30 (heure d’été)  Doux (alertes/a) paraît",
        "  2 h 45 (heure d’été)  Exact (alertes/b) paraît",
        "  2 h 15 (heure d’hiver)  Exact (alertes/b) prend fin",
        "  2 h 30 (heure d’hiver)  Doux (alertes/a) prend fin",
    ] == calendar(town, "2026-10-24T22:00+02:00", 2)


@pytest.mark.parametrize(
    ("minutes", "shown"), [(-1, False), (0, True), (59, True), (60, False)], ids=["avant", "début", "dernière", "fin"]
)
def test_an_hour_that_comes_twice_on_panels(town: Town, minutes: int, shown: bool) -> None:
    """From 2:15 to 2:15 of that night is an hour, on panels as in the calendar: its last minute is 2:14 in winter."""
    town.write("alertes/nuit", "title: Nuit\ndate: 2026-10-25 02:15\nend: 2026-10-25 02:15")
    first = datetime(2026, 10, 25, 0, 15, tzinfo=UTC)
    town.publish(first + timedelta(minutes=minutes))
    assert shown is ("alertes/nuit" in (town.live / "feeds" / "panel.json").read_text("utf-8"))


def test_the_night_without_two_o_clock(town: Town) -> None:
    """On the last Sunday of March 2:30 does not exist: `check` says so and proposes 3:30; 3:00 comes right after 1:59."""
    town.write("alertes/nuit", "title: Nuit\ndate: 2026-03-29 01:59\nend: 2026-03-29 02:30")
    (fault,) = content.read(read_site(town.root / "publishconf.py")).faults
    assert re.search("heure sautée au passage à l’heure d’été.; écrivez «.2026-03-29 03:30.»", fault.message)
    town.write("alertes/nuit", "title: Nuit\ndate: 2026-03-29 01:59\nend: 2026-03-29 03:00")
    assert [
        "dimanche 29 mars 2026",
        "   1 h 59  Nuit (alertes/nuit) paraît",
        "      3 h  Nuit (alertes/nuit) prend fin",
    ] == (calendar(town, "2026-03-28T22:00+01:00", 2))
    assert datetime(2026, 3, 29, 1, 0, tzinfo=UTC) == plan.following(
        content.read(read_site(town.root / "publishconf.py")), datetime(2026, 3, 29, 0, 59, tzinfo=UTC)
    )


def test_next_instant(town: Town) -> None:
    """A publication writes down the next instant at which something changes; before it there is nothing to do."""
    town.write("actualites/midi", "title: À midi\ndate: 2026-05-05 12:00")
    noon = datetime(2026, 5, 5, 10, 0, tzinfo=UTC).timestamp()
    town.publish()
    assert due.Due(next=noon, at=AT.timestamp()) == state(town)
    assert (None, "publish") == (state(town).task(noon - 1), state(town).task(noon))


@pytest.mark.parametrize(
    "front", ["date: 2026-05-05 12:00", "start: 2026-05-05 12:00", "date: 2026-05-05 12:00\nstatus: withdrawn"]
)
def test_a_page_with_a_date_is_due(town: Town, front: str) -> None:
    """A lasting page may have a date too: the timer publishes it, and the calendar says so."""
    town.write("pages/marche", f"title: Le marché\n{front}")
    town.publish()
    assert datetime(2026, 5, 5, 10, 0, tzinfo=UTC).timestamp() == state(town).next
    said = ["mardi 5 mai 2026", "     12 h  Le marché (pages/marche) paraît"]
    assert ([] if "withdrawn" in front else said) == calendar(town, "2026-05-04T11:00+02:00", 3)


def test_a_clock_that_went_back() -> None:
    """What was published at an instant that is still to come may show what nobody should see yet: a publication is
    due."""
    ahead = due.Due(at=5000.0)
    assert [None, None, "publish"] == [ahead.task(now) for now in (5000, 4941, 4900)]


def test_commit_of_a_worktree(tmp_path: Path) -> None:
    """A folder whose `.git` is a file, a worktree or a submodule, stands at its own commit: on a branch that was packed,
    that moved since, or on none."""
    main, beside = tmp_path / "main", tmp_path / "beside"

    def git(*words: str, at: Path = main) -> str:
        who = ("-c", "user.name=Mairie", "-c", "user.email=mairie@bourg.example", "-c", "protocol.file.allow=always")
        return subprocess.run(["git", *who, *words], cwd=at, capture_output=True, text=True, check=True).stdout.strip()

    main.mkdir()
    git("init", "-q")
    git("commit", "-q", "-m", "Dire bonjour", "--allow-empty")
    git("worktree", "add", "-q", "-b", "essai", str(beside))
    git("pack-refs", "--all")
    assert git("rev-parse", "HEAD") == due.head(beside)
    git("commit", "-q", "-m", "Essayer", "--allow-empty", at=beside)
    assert git("rev-parse", "HEAD", at=beside) == due.head(beside) != due.head(main)
    git("checkout", "-q", "--detach", at=beside)
    assert git("rev-parse", "HEAD", at=beside) == due.head(beside)
    git("submodule", "add", "-q", str(beside), "textes")
    git("commit", "-q", "-m", "Autres", "--allow-empty", at=main / "textes")
    assert git("rev-parse", "HEAD", at=main / "textes") == due.head(main / "textes")
    (beside / ".git").write_text("gitdir: nowhere")
    assert "" == due.head(beside)


def test_a_new_commit_is_due(town: Town) -> None:
    """A server that pulls publishes what it pulled: another commit than the one published last is due, packed or not."""

    def git(*words: str) -> str:
        who = ("-c", "user.name=Mairie", "-c", "user.email=mairie@bourg.example")
        done = subprocess.run(["git", *who, *words], cwd=town.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    town.publish()
    assert due.task(town.root, AT.isoformat()) is None
    git("init", "-q")
    git("add", "content")
    git("commit", "-q", "-m", "Dire bonjour")
    assert "publish" == due.task(town.root, AT.isoformat())
    town.publish()
    assert due.task(town.root, AT.isoformat()) is None
    git("pack-refs", "--all")
    assert git("rev-parse", "HEAD") == due.head(town.root)
    git("checkout", "-q", "--detach")
    assert git("rev-parse", "HEAD") == due.head(town.root)

    def pulled() -> Files:
        found = Files.below(str(town.root / "content"))
        git("commit", "-q", "-m", "Arrivé un instant plus tard", "--allow-empty")
        return found

    publish(town.root, AT, below=(due.head(town.root), pulled))
    assert "publish" == due.task(town.root, AT.isoformat()), "what was pulled once the files were seen is still due"


def test_owed_messages_alone_need_no_publication() -> None:
    """Where only messages are owed, only they are sent, from the instant at which they may be."""
    left = due.Due(next=2000, owed=1000)
    assert [None, "deliver", "publish"] == [left.task(now) for now in (999, 1000, 2000)]


def test_a_killed_publication_is_due(town: Town) -> None:
    """Without a state, with a torn one, or from the start of a publication to its end, one is due at once."""
    assert "publish" == state(town).task(0)
    town.publish()
    (town.root / "var" / "due.json").write_text('{"next": 12', encoding="ascii")
    assert "publish" == state(town).task(0)
    hung = [sys.executable, "-c", KILLED]
    town.publish()
    assert -9 == subprocess.run(hung, cwd=town.root, env=town.environment(), check=False).returncode
    assert "publish" == state(town).task(0)


KILLED = """
import os, signal
from datetime import UTC, datetime
from pathlib import Path
from beffroi.publish import publish
publish(Path.cwd(), datetime(2026, 5, 4, 9, tzinfo=UTC), step=lambda name: name == "Annonce" and os.kill(os.getpid(), 9))
"""


def test_a_fault_changes_nothing_in_what_is_due(town: Town) -> None:
    """A publication that stops before anything is online is not tried again every minute: what was due still is."""
    town.publish()
    before = state(town)
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write('\nPLUGINS = ["beffroi.sit"]\n')
    with pytest.raises(BuildError):
        town.publish()
    assert before == state(town)


def test_the_timer(town: Town) -> None:
    """`publish --if-due` says and does nothing before the instant, publishes at it, and then waits for the next one; it
    leaves a publication that is at work alone, exit status 0."""
    town.write("actualites/midi", "title: À midi\ndate: 2026-05-05 12:00")
    town.publish()
    early = town.invoke("publish", "--if-due", "--at", "2026-05-05T11:59+02:00")
    assert (0, "", "") == (early.returncode, early.stdout, early.stderr)
    with only_one(town.root / "var"):
        busy = town.invoke("publish", "--if-due", "--at", "2026-05-05T12:00+02:00")
    assert (0, "") == (busy.returncode, busy.stdout)
    assert "Une autre publication est en cours" in busy.stderr
    done = town.invoke("publish", "--if-due", "--at", "2026-05-05T12:00+02:00")
    assert 0 == done.returncode
    assert (town.live / "actualites" / "midi" / "index.html").is_file()
    again = town.invoke("publish", "--if-due", "--at", "2026-05-05T12:01+02:00")
    assert (0, "", "") == (again.returncode, again.stdout, again.stderr)


def test_the_folder_is_the_service_s(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """`BEFFROI_VAR` is read as the service reads it: environment, else beffroi.env, else var."""
    from beffroi.settings import read_service

    def both() -> tuple[Path, Path]:
        return due.folder(town.root), read_service(town.root).var

    monkeypatch.delenv("BEFFROI_VAR", raising=False)
    assert (town.root / "var",) * 2 == both()
    (town.root / "beffroi.env").write_text('# ici\nBEFFROI_VAR="ailleurs"\n', encoding="utf-8")
    assert (town.root / "ailleurs",) * 2 == both()
    monkeypatch.setenv("BEFFROI_VAR", "/tmp/la-bas")
    assert (Path("/tmp/la-bas"),) * 2 == both()


def test_nothing_due_costs_nothing(town: Town) -> None:
    """When nothing is due, a turn of the timer reads one file and imports neither Pelican, pydantic, SQLAlchemy nor
    rich."""
    due.write(town.root / "var", due.Due(next=4e9))
    code = (
        "import sys, tasks; tasks.publish(__import__('invoke').Context(), if_due=True); "
        "print(sorted({'pelican', 'pydantic', 'sqlalchemy', 'rich', 'lxml'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=town.root, env=town.environment(), capture_output=True, text=True, check=True
    )
    assert "[]" == done.stdout.strip()
    assert {"next": 4e9, "owed": None, "running": False, "commit": "", "index": None, "at": 0.0} == json.loads(
        (town.root / "var" / "due.json").read_bytes()
    )


def test_plan_task(town: Town) -> None:
    """`invoke plan` prints the calendar, then the drafts and the files that it could not read."""
    town.write("actualites/midi", "title: À midi\ndate: 2026-05-05 12:00")
    town.write("actualites/un-jour", "title: Un jour\ndate: 2026-05-05\nstatus: draft")
    town.write("actualites/faux", "title: Faux\ndate: demain")
    done = town.invoke("plan", "--from", "2026-05-05T00:00+02:00", "--days", "1")
    assert (
        "mardi 5 mai 2026\n"
        "     12 h  À midi (actualites/midi) paraît\n"
        "Brouillon, ne paraîtra pas : Un jour (content/actualites/un-jour.md)\n"
    ) == done.stdout.replace("\u00a0", " ")
    assert "content/actualites/faux.md:3" in done.stderr
    empty = town.invoke("plan", "--from", "2027-05-05", "--days", "7")
    assert "Rien ne commence ni ne finit avant le mercredi 12 mai 2027." == empty.stdout.split("\n")[0].replace(
        "\u00a0", " "
    )


@pytest.mark.parametrize("days", ["x", "-3", "1e3", "70000"])
def test_a_number_that_is_none(town: Town, days: str) -> None:
    """An option that wants a number says so in a sentence; invoke alone shows a traceback."""
    done = town.invoke("plan", f"--days={days}")
    sentence = f"--days vaut « {days} » ; écrivez un nombre entier, 65535 au plus.\n"
    assert (1, "", sentence) == (
        done.returncode,
        done.stdout,
        done.stderr.replace("\u00a0", " ").replace("\u202f", " "),
    )


@pytest.mark.parametrize("start", ["9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"])
def test_a_period_beyond_the_calendar(town: Town, start: str) -> None:
    """`plan --from` in the last year that there is, or the first, gets a sentence."""
    done = town.invoke("plan", "--from", start, "--days", "400")
    assert (1, True, "") == (done.returncode, "Cette période sort du calendrier" in done.stderr, done.stdout), (
        done.stderr
    )
