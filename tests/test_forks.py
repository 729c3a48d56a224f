"""Work that is spread over processes gives what it gives in one."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from mmap import mmap
from pathlib import Path

import pytest

from beffroi import forks
from beffroi.errors import BeffroiError, BuildError, CheckFailed, Fault
from beffroi.forks import spread
from tests.test_build import differing
from tests.test_publish import tree
from tests.town import AT, REPO, Town


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes, however few the tasks are and the cores."""
    monkeypatch.setattr(forks, "asked", 2)
    monkeypatch.setattr(forks, "LEAST", 2)
    monkeypatch.setattr(forks, "CHUNK", 3)


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The processes that part from this one."""
    children: list[int] = []
    fork = os.fork

    def noted() -> int:
        if child := fork():
            children.append(child)
        return child

    monkeypatch.setattr(os, "fork", noted)
    return children


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 6, 7, 100])
def test_in_order(count: int) -> None:
    """Each task has its result, in the order of the tasks, and several processes made them."""
    found = list(spread(lambda n: (n * n, os.getpid()), range(count)))
    assert [n * n for n in range(count)] == [square for square, _ in found]
    assert (2 if count > 3 else min(count, 1)) == len({pid for _, pid in found})
    assert (count > 3) == (os.getpid() not in {pid for _, pid in found} and count > 0)


@pytest.mark.usefixtures("two")
def test_an_error_is_raised_here(forked: list[int]) -> None:
    """With its class and its words, even one whose arguments are not its text; nothing runs on behind it."""

    def work(number: int) -> int:
        if number == 7:
            raise CheckFailed([Fault("content/a.md", 3, "faute.")])
        return number

    seen = []
    with pytest.raises(CheckFailed, match="content/a.md:3: faute"):
        seen.extend(spread(work, range(20)))
    with pytest.raises(BuildError, match="cassé"):
        list(spread(lambda _: (_ for _ in ()).throw(BuildError("cassé")), range(20)))
    assert len(forked) > 1
    for child in forked:
        with pytest.raises(ChildProcessError):  # waited for already
            os.waitpid(child, os.WNOHANG)


@pytest.mark.usefixtures("two")
def test_a_killed_process_is_told() -> None:
    """The system killed one, out of memory: a sentence, no wait without end."""
    here = os.getpid()

    def work(number: int) -> int:
        if number == 5:
            assert os.getpid() != here
            os.kill(os.getpid(), signal.SIGKILL)
        return number

    with pytest.raises(BeffroiError, match="faute de mémoire"):
        list(spread(work, range(20)))


@pytest.mark.usefixtures("two")
def test_who_listens_no_more(forked: list[int]) -> None:
    """A caller that stops in the middle leaves no process behind."""
    found = spread(lambda number: "x" * 100_000, range(1000))
    assert "x" * 100_000 == next(found)
    found.close()  # type: ignore[attr-defined]
    assert len(forked) > 1
    for child in forked:
        with pytest.raises(ChildProcessError):  # waited for already
            os.waitpid(child, os.WNOHANG)


@pytest.mark.usefixtures("two")
def test_whoever_is_free_goes_on() -> None:
    """A task that takes its time holds up only who has it: the other process makes all that is on offer."""
    hearing, telling = os.pipe()

    def work(number: int) -> int:
        if number == 0:
            os.read(hearing, 1)
        if number == 7:  # of the third chunk, which is the first one's where they take turns
            os.write(telling, b"!")
        return number

    assert list(range(30)) == list(spread(work, range(30)))
    os.close(hearing)
    os.close(telling)


@pytest.mark.usefixtures("two")
def test_nobody_runs_far_ahead() -> None:
    """However slow the parent is: what it has not asked for never piles up."""
    done = mmap(-1, 1000)

    def work(number: int) -> int:
        done[number] = 1
        return number

    found = spread(work, range(1000))
    assert 0 == next(found)
    found.close()  # type: ignore[attr-defined]
    assert 0 < done[:].count(1) <= (2 * (forks.OFFERED + 1) + 1) * forks.CHUNK


@pytest.mark.usefixtures("two")
def test_alone_where_threads_serve() -> None:
    """The form and the preview have threads: whatever the number of tasks, no process parts from theirs."""
    forks.alone()
    assert {os.getpid()} == set(spread(lambda _: os.getpid(), range(100)))


def test_nothing_outlives_a_killed_parent() -> None:
    """SIGKILL of the parent: its children die in the middle of their work, and their last pipe closes."""
    program = """
import signal
from beffroi import forks
forks.asked = forks.LEAST = forks.CHUNK = 2
for _ in forks.spread(lambda n: n < 4 or signal.pause(), range(8)):
    print("one", flush=True)
"""
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=REPO, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert b"one\n" == parent.stdout.readline()
    parent.kill()
    parent.stdout.read()  # ends when the last process that has it is gone
    assert -signal.SIGKILL == parent.wait()


def test_one_worker_or_two_same_bytes(tmp_path: Path) -> None:
    """A site built by one process and by two, from nothing and after an edit of the theme: identical files."""
    found = []
    for count in ("1", "2"):
        theme = tmp_path / count / "theme"
        shutil.copytree(REPO / "theme", theme)
        town = Town(tmp_path / count / "ville", theme=theme)
        for number in range(90):
            front = f"title: Contenu {number}\ndate: 2026-0{1 + number % 4}-11\ntags: [eau]"
            town.write(f"actualites/c-{number}", front, f"Lire [ceci](c-{number * 7 % 90}.md) et [cela](#x).\n\n## X")
        for _ in range(2):
            done = town.invoke("build", "--at", AT.isoformat(), env={"BEFFROI_WORKERS": count})
            assert 0 == done.returncode, done.stderr
            with open(theme / "templates/article.html", "a", encoding="utf-8") as template:
                template.write("<!-- fin -->")
        found.append(tree(town.output))
    assert len(found[0]) > 100
    assert set() == differing(*found)


@pytest.mark.parametrize("cores", [1, 2])
def test_beside(cores: int, forked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Work beside gives its result, made by another process where there is a core for it, which then ends."""
    monkeypatch.setattr(forks, "asked", cores)
    with forks.beside(os.getpid) as made:
        assert cores - 1 == len(forked)
        assert (forked or [os.getpid()])[0] == made()
    for child in forked:
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


@pytest.mark.usefixtures("two")
def test_an_error_beside_is_raised_when_its_result_is_wanted() -> None:
    """Not before, nor where nobody asks."""

    def fail() -> None:
        raise CheckFailed([Fault("content/a.md", 3, "Erreur")])

    with forks.beside(fail):
        pass
    with forks.beside(fail) as made, pytest.raises(CheckFailed, match=r"a\.md:3"):
        made()
