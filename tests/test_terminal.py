"""What a person at a terminal sees of a long work."""

from __future__ import annotations

import errno
import os
import re
import signal
import sys
from contextlib import suppress
from typing import Any

import pycurl
import pytest
from rich.console import Console

from beffroi import forks, terminal
from tests.town import REPO, Town


def voice(**how: Any) -> terminal.Voice:
    """One that speaks to a console of that kind."""
    said = terminal.Voice(stderr=True)
    said.console = Console(stderr=True, **how)
    return said


def test_a_bar_for_what_lasts(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A stage that has lasted long enough shows how many of its tasks are done, then leaves its name alone."""
    monkeypatch.setattr(terminal, "err", voice(force_terminal=True, width=80))
    monkeypatch.setattr(terminal, "LONG", 0)
    monkeypatch.setattr(terminal, "REFRESH", 0)
    with terminal.Stages() as stages:
        stages.step("Construction du site")
        assert list(range(40)) == list(forks.spread(lambda number: number, range(40), least=100))
    shown = capsys.readouterr().err
    assert "▸ Construction du site" in shown
    assert "16/40" in shown
    assert "32/40" in shown
    assert shown.endswith("\x1b[2K")  # the bar is gone
    assert forks.told is None


def test_no_bar_where_nobody_looks(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Into a file or a timer's log: the stages alone, however long they last."""
    monkeypatch.setattr(terminal, "LONG", 0)
    with terminal.Stages() as stages:
        stages.step("Vérification")
        assert forks.told
        forks.told(1, 2)
    assert "▸ Vérification\n" == capsys.readouterr().err


def test_a_bar_for_what_is_sent(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """How many messages have an answer, of how many, from the first one on; nothing where there is none to send."""
    monkeypatch.setattr(terminal, "err", voice(force_terminal=True, width=80))
    with terminal.sending():
        pass
    assert "" == capsys.readouterr().err
    with terminal.sending() as progress:
        progress(150, 2500)
        progress(2500, 2500)
    shown = capsys.readouterr().err
    assert "▸ Envoi" in shown
    assert "2500/2500" in shown
    assert "\x1b[?25h" in shown  # the cursor is back


def test_where_time_went(town: Town) -> None:
    """`--profile`: each stage with its seconds, then the functions that cost most."""
    done = town.invoke("build", "--at", "2026-05-04T09:00Z", "--profile")
    assert 0 == done.returncode, done.stderr
    for stage in ("Contrôle des contenus", "Construction du site", "Vérification"):
        assert re.search(rf"{stage} +\d+\.\d\d +\d+\.\d\d", done.stderr)
    assert "Fonction" in done.stderr
    assert "un seul processus a travaillé" in done.stderr


def test_all_is_measured_in_one_process(town: Town) -> None:
    """`publish --profile` looks at the content in the process that is measured: whoever traces it sees no other Python."""
    (town.root / "sitecustomize.py").write_text(FORKS, encoding="utf-8")
    for option, expected in (["--profile"], 0), ([], 2):
        (town.root / "forks").write_text("", encoding="ascii")
        path = f"{town.root}{os.pathsep}{REPO}"
        done = town.invoke("publish", "--yes", *option, env={"PYTHONPATH": path, "BEFFROI_WORKERS": "2"})
        assert 0 == done.returncode, done.stderr
        assert expected <= len((town.root / "forks").read_text("ascii")) <= 50 * expected


FORKS = """
import os
os.register_at_fork(after_in_child=lambda: open("forks", "a").write("x"))
"""


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "le disque est plein"),
        (errno.EROFS, "en lecture seule"),
        (errno.EACCES, "les droits manquent"),
        (errno.EISDIR, "un dossier est à sa place"),
        (errno.ENOENT, "il n’existe pas"),
    ],
)
def test_disk_in_trouble_is_a_sentence(number: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A disk that is full or may not be written, wherever it is met: which file, why, what to do, and exit status 1."""
    with pytest.raises(SystemExit, match="1"), terminal.plainly():
        raise OSError(number, "en anglais", "var/publish.lock")
    said = capsys.readouterr().err
    assert words in said
    assert "var/publish.lock" in said
    assert "anglais" not in said


class Released:
    """Something whose end the signal meets: Python drops what is raised in there."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __del__(self) -> None:
        signal.raise_signal(self.number)


@pytest.mark.parametrize(
    ("number", "word", "status"), [(signal.SIGTERM, "SIGTERM", 143), (signal.SIGINT, "Ctrl-C", 130)]
)
def test_no_end_is_lost(
    number: int, word: str, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Said once, while Python lets something go, and where nothing else would say it again: it is heard all the same, and
    leaves nothing behind."""
    monkeypatch.setattr(terminal, "err", voice())
    before = sys.unraisablehook, sys.excepthook, signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended, terminal.plainly(stopped="Arrêtée ({})."):
        Released(number)
        signal.sigtimedwait([], 30)
    assert (status, f"Arrêtée ({word}).\n") == (ended.value.code, capsys.readouterr().err)
    assert before == (
        *(sys.unraisablehook, sys.excepthook),
        *(signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGTERM)),
    )


def test_somebody_elses_alarm_ends_nothing() -> None:
    """What waits for our alarm takes no other for it."""
    with terminal.plainly(stopped="Arrêtée ({})."):
        signal.raise_signal(signal.SIGALRM)


def test_no_end_is_lost_while_sending(capsys: pytest.CaptureFixture[str]) -> None:
    """Nor where pycurl calls back, which prints what is raised and goes on."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.URL, "file:///etc/hostname")
    curl.setopt(pycurl.WRITEFUNCTION, lambda _: signal.raise_signal(signal.SIGTERM))
    with pytest.raises(SystemExit), terminal.plainly(stopped="Arrêtée ({})."):
        with suppress(pycurl.error):
            curl.perform()
        signal.sigtimedwait([], 30)
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["publier"], "« publier » n’est ni une tâche ni une option d’ici ; voyez : invoke --list"),
        (
            ["publish", "--dri-run"],
            "« --dri-run » n’est ni une tâche ni une option d’ici ; voyez : invoke --help publish",
        ),
        (["--help", "publier"], "« publier » n’est ni une tâche ni une option d’ici ; voyez : invoke --list"),
        (["store"], "Il manque à « store » : what, to ; voyez : invoke --help store"),
        (["build", "--at"], "L’option --at demande une valeur ; voyez : invoke --help build"),
        (["check", "--changed", "check"], "« check » peut être une tâche ou la valeur de l’option qui précède"),
        (["bench", "rien"], "« rien » n’est pas un banc ; écrivez l’un de : alert, build, check"),
        (
            ["bench", "push", "--options", "pair=deux"],
            "Option « pair » ; écrivez « nom=nombre », les noms étant : messages",
        ),
    ],
)
def test_a_command_that_is_not_understood(town: Town, words: list[str], told: str) -> None:
    """In French too, whoever finds it out: what was not understood, and where to look."""
    done = town.invoke(*words)
    assert (1, told) == (done.returncode, done.stderr[: len(told)])
