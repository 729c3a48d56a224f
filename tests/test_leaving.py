"""The end of a process: nothing that was to be done is lost, and nothing is let go of for nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.town import REPO, Town

WATCHED = """
import os, runpy, sys

class Last:
    def __del__(self, write=os.write):
        write(1, b"let go\\n")

sys.last = Last()
sys.argv = ["invoke", *sys.argv[1:]]
runpy.run_module("invoke", run_name="__main__")
"""


def run(town: Town, *words: str) -> subprocess.CompletedProcess[str]:
    """Those tasks, in a process that says what it lets go of."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as settings:
        settings.write("\nimport atexit\natexit.register(print, 'handler')\n")
    command = [sys.executable, "-c", WATCHED, *words]
    return subprocess.run(command, cwd=town.root, env=town.environment(), capture_output=True, text=True, check=False)


def test_a_publication_leaves_at_once(town: Town) -> None:
    """Its last words are read, exit handlers are called, and objects are left to the system."""
    done = run(town, "publish")
    assert (0, "handler") == (done.returncode, done.stdout.splitlines()[-1]), done.stderr
    assert "Téléphones" in done.stdout


def test_a_publication_that_is_not_the_last_task(town: Town) -> None:
    """What comes after it on the command line is done, and gives the exit status."""
    done = run(town, "publish", "explain", "rien.html", "check", "--format", "autre")
    assert (1, ["handler", "let go"]) == (done.returncode, done.stdout.splitlines()[-2:]), done.stderr
    assert "Téléphones" in done.stdout
    assert "Forme inconnue : « autre »" in done.stderr


@pytest.mark.parametrize("through", [True, False])
def test_nobody_reads_any_more(through: bool) -> None:
    """What nobody reads is told as by any program of Python."""
    code = f"from beffroi import leaving; print('said'); {through} and leaving.through()"
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=REPO, env={}, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert b"BrokenPipeError" in process.stderr.read()
    assert 120 == process.returncode
