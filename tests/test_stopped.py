"""A publication, or a build, that is stopped: it ends in a sentence, and nothing is half-done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from beffroi import due
from tests.test_publish import tree
from tests.town import Town

PLUGIN = """
import os, signal
from pelican import signals

ENDING = {signal.SIGINT, signal.SIGTERM}

def wait(_):
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)  # Python drops what is raised where something is being let go
    with open("reached", "w"):  # whoever reads it is waited for
        pass
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    while True:
        signal.pause()

def register():
    if os.path.exists("reached"):
        signals.article_generator_finalized.connect(wait)
"""


def stopped(town: Town, task: str, number: signal.Signals, *, everybody: bool) -> tuple[int, str]:
    """Exit status and words of a task that hears that signal while Pelican renders."""
    os.mkfifo(town.root / "reached")
    process = subprocess.Popen(
        [sys.executable, "-m", "invoke", task],
        cwd=town.root,
        env=town.environment({"BEFFROI_WORKERS": "2", "PYTHONPATH": f"{town.root}:{os.getcwd()}"}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with (town.root / "reached").open():
        (os.killpg if everybody else os.kill)(process.pid, number)
    said, _ = process.communicate(timeout=60)  # ends once no child holds the pipe any more
    (town.root / "reached").unlink()
    return process.returncode, said


@pytest.mark.parametrize("everybody", [True, False])
@pytest.mark.parametrize(
    ("task", "number", "status", "words"),
    [
        ("publish", signal.SIGTERM, 143, "Publication arrêtée (SIGTERM) : le site en ligne est entier"),
        ("publish", signal.SIGINT, 130, "Publication arrêtée (Ctrl-C) : le site en ligne est entier"),
        ("build", signal.SIGTERM, 143, "Construction arrêtée (SIGTERM) : le site d’avant est entier"),
    ],
)
def test_stopped_while_it_builds(
    town: Town, task: str, number: signal.Signals, status: int, words: str, *, everybody: bool
) -> None:
    """Said to the task alone, as a service manager does, or to all its processes: one sentence, the site as it was, and the
    next publication, which is due, does all of it."""
    (town.root / "arret.py").write_text(PLUGIN, encoding="utf-8")
    conf = town.root / "pelicanconf.py"
    conf.write_text(conf.read_text("utf-8") + '\nPLUGINS = ["beffroi.site", "arret"]\n', encoding="utf-8")
    assert 0 == town.invoke("publish", env={"PYTHONPATH": f"{town.root}:{os.getcwd()}"}).returncode
    before = tree(town.live), tree(town.output)
    town.write("actualites/marche", "title: Marché\ndate: 2026-05-04")
    code, said = stopped(town, task, number, everybody=everybody)
    assert (status, True, False) == (code, words in said, "Traceback" in said), said
    assert before == (tree(town.live), tree(town.output))
    assert (task == "publish") == due.read(town.root / "var").running
    assert 0 == town.invoke("publish", env={"PYTHONPATH": f"{town.root}:{os.getcwd()}"}).returncode
    assert (town.live / "actualites/marche/index.html").is_file()
