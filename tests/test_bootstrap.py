"""From a bare python3 to the tasks: what `python3 tasks.py` does first."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from beffroi import bootstrap
from tests.town import REPO


@pytest.fixture
def venv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project elsewhere, with lock files of its own and no environment."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-build.txt"):
        (tmp_path / name).write_text("# empty\n", encoding="ascii")
    return tmp_path / ".venv"


def test_it_needs_nothing_but_the_standard_library() -> None:
    """The bootstrap runs under `python3 -S -E`: no site-packages at all."""
    code = "import sys; sys.path.insert(0, '.'); from beffroi import bootstrap; print(bootstrap.ROOT.name)"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], cwd=REPO, capture_output=True, text=True, check=True
    )
    assert REPO.name == done.stdout.strip()


def test_an_environment_is_made_once(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first call makes .venv and installs; the second one, with the same locks, installs nothing."""
    installed: list[str] = []
    monkeypatch.setattr(bootstrap, "_pip", lambda lock, *_: installed.append(lock))
    bootstrap.prepare("requirements.txt")
    assert (venv / "bin" / "python").exists()
    bootstrap.prepare("requirements.txt")
    assert installed == ["requirements-build.txt", "requirements.txt"]


def test_a_changed_lock_is_installed_again(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another lock file, another installation."""
    installed: list[str] = []
    monkeypatch.setattr(bootstrap, "_pip", lambda lock, *_: installed.append(lock))
    bootstrap.prepare("requirements.txt")
    (venv.parent / "requirements.txt").write_text("# changed\n", encoding="ascii")
    bootstrap.prepare("requirements.txt")
    assert installed == ["requirements-build.txt", "requirements.txt"] * 2


def test_the_tests_lock_covers_the_run(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `test`, `publish` has nothing to install."""
    installed: list[str] = []
    monkeypatch.setattr(bootstrap, "_pip", lambda lock, *_: installed.append(lock))
    bootstrap.prepare("requirements-dev.txt")
    bootstrap.prepare("requirements.txt")
    assert installed == ["requirements-build.txt", "requirements-dev.txt"]


def test_locks_agree() -> None:
    """Every package of the run's lock stands in the tests' lock at the same version, with hashes."""

    def versions(name: str) -> set[str]:
        lines = (REPO / name).read_text("ascii").splitlines()
        return {line.split(" ")[0] for line in lines if line[:1].isalnum()}

    assert versions("requirements.txt") <= versions("requirements-dev.txt")
    assert "--hash=sha256:" in (REPO / "requirements.txt").read_text("ascii")


def test_without_pip_a_sentence(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A python3 without pip gets the command that installs it, and no stamp that would hide the failure next time."""
    bare = venv.parent / "bare"
    subprocess.run([bootstrap.BASE, "-m", "venv", "--without-pip", str(bare)], check=True)
    monkeypatch.setattr(bootstrap, "BASE", str(bare / "bin" / "python"))
    with pytest.raises(SystemExit, match="apt-get install python3-pip"):
        bootstrap.prepare("requirements.txt")
    assert list(venv.glob(".*.sha256")) == []


def test_a_failed_installation_is_a_sentence(venv: Path) -> None:
    """An archive whose hash is not the lock's is refused; the sentence names the file."""
    archive = venv.parent / "faux-1.0-py3-none-any.whl"
    archive.write_bytes(b"not what was locked")
    lock = f"faux @ {archive.as_uri()} --hash=sha256:{hashlib.sha256(b'').hexdigest()}\n"
    (venv.parent / "requirements-build.txt").write_text(lock, encoding="utf-8")
    with pytest.raises(SystemExit, match=r"L’installation de requirements-build\.txt a échoué"):
        bootstrap.prepare("requirements.txt")
    assert list(venv.glob(".*.sha256")) == []


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("preview", "preview"),
        ("preview content/a/b.md", "preview --path content/a/b.md"),
        ("preview --port 0 a/b", "preview --port 0 --path a/b"),
        ("preview --port=0 b.md", "preview --port=0 --path b.md"),
        ("preview --path a/b", "preview --path a/b"),
        ("preview -p a/b", "preview -p a/b"),
        ("check preview a/b", "check preview --path a/b"),
        ("explain preview/index.html", "explain preview/index.html"),
        ("preview check", "preview check"),
    ],
)
def test_a_word_that_may_be_left_out(given: str, meant: str) -> None:
    """`preview FILE` is `preview --path FILE`; nothing else changes."""
    assert meant.split() == bootstrap.spelled(given.split())


@pytest.mark.parametrize("asked", ["", "1"])
def test_bytecode_stays(asked: str, tmp_path: Path) -> None:
    """A task leaves the bytecode of our modules for the next one, which invoke would not; unless Python was told not to
    (`PYTHONDONTWRITEBYTECODE`)."""
    shutil.copytree(REPO / "beffroi", tmp_path / "beffroi", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(REPO / "tasks.py", tmp_path)
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": asked, "PYTHONPATH": ""}
    subprocess.run(
        [sys.executable, "-m", "invoke", "--list"], cwd=tmp_path, env=environment, check=True, capture_output=True
    )
    assert (not asked) == any(tmp_path.glob("beffroi/__pycache__/due.*.pyc"))


def test_our_own_bytecode_is_part_of_the_environment(venv: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who makes the environment compiles our modules, too: who runs the tasks may not be allowed to write there."""
    monkeypatch.setattr(bootstrap, "_pip", lambda *_: None)
    (venv.parent / "beffroi").mkdir()
    (venv.parent / "beffroi" / "some.py").write_text("x = 1\n", encoding="ascii")
    bootstrap.prepare("requirements.txt")
    assert any(venv.parent.glob("beffroi/__pycache__/some.*.pyc"))
