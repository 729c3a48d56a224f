"""The rules of the house that a reader of the code may count on."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

from tests.town import REPO

PYTHON = sorted((REPO / "beffroi").rglob("*.py"))
SHARED = [
    *PYTHON,
    REPO / "tasks.py",
    *sorted(p for p in (REPO / "theme").rglob("*") if p.suffix in {".html", ".css", ".js"}),
]


def tracked() -> list[Path]:
    """The files that git knows or would know."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPO, capture_output=True, check=True).stdout.decode().split("\0")
    return [REPO / name for name in names if name and (REPO / name).is_file()]


def functions() -> list[tuple[int, str]]:
    """Length in lines and place of every function of the package."""
    found = []
    for path in PYTHON:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found.append(((node.end_lineno or 0) - node.lineno + 1, f"{path.relative_to(REPO)}:{node.name}"))
    return sorted(found)


def test_nothing_but_settings_and_content_names_the_commune() -> None:
    """Another commune changes content/ and pelicanconf.py alone: neither code nor theme names ours."""
    words = re.compile(r"villard|bonnot|lancey|brignoud|38547|38190", re.IGNORECASE)
    found = [str(p.relative_to(REPO)) for p in SHARED if words.search(p.read_text("utf-8"))]
    assert found == []


def test_files_are_short() -> None:
    """No file of code is over 400 lines; half of them are under 150."""
    sizes = {str(p.relative_to(REPO)): len(p.read_text("utf-8").splitlines()) for p in SHARED}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
    assert statistics.median(len(p.read_text("utf-8").splitlines()) for p in PYTHON) <= 150


def test_functions_are_short() -> None:
    """Nine functions in ten have at most 30 lines."""
    sizes = [size for size, _ in functions()]
    assert sizes[int(len(sizes) * 0.9)] <= 30, functions()[-10:]


@pytest.mark.parametrize("command", [["ruff", "check"], ["ruff", "format", "--check"], ["mypy"], ["lint-imports"]])
def test_the_code_is_clean(command: list[str]) -> None:
    """ruff, mypy strict and the layers of DESIGN have nothing to say."""
    tool = Path(sys.executable).parent / command[0]
    done = subprocess.run([str(tool), *command[1:]], cwd=REPO, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_test_states_its_promise() -> None:
    """Each test function has a docstring."""
    mute = []
    for path in sorted((REPO / "tests").rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node):
                mute.append(f"{path.relative_to(REPO)}:{node.name}")
    assert mute == []


def test_no_test_is_skipped() -> None:
    """What cannot run here is not called a test."""
    forbidden = re.compile(r"pytest\.(?:mark\.)?(?:skip|xfail)|importor" + "skip")
    found = [str(p.relative_to(REPO)) for p in (REPO / "tests").rglob("*.py") if forbidden.search(p.read_text("utf-8"))]
    assert found == ["tests/test_house.py"] or found == []


def test_no_secret_and_no_third_party_file_is_tracked() -> None:
    """No key, database, environment nor package is in git; no lock file holds an address."""
    names = [str(p.relative_to(REPO)) for p in tracked()]
    assert [n for n in names if re.search(r"\.(pem|sqlite3|env)$|^var/|^output/|node_modules/|\.venv/", n)] == []
    locks = [p for p in tracked() if re.search(r"requirements.*\.txt$|package-lock\.json$", p.name)]
    assert locks
    assert [
        p.name for p in locks if re.search(r"https?://", re.sub(r'"(url|funding)": "[^"]*"', "", p.read_text()))
    ] == []


def test_starting_is_quick() -> None:
    """A task imports neither Pelican, feedgen, pywebpush, requests nor the web server before it needs them."""
    code = "import sys, tasks; print(sorted({'pelican', 'feedgen', 'pywebpush', 'requests', 'starlette'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_publishing_does_without_pydantic() -> None:
    """Neither publishing nor telling phones imports pydantic, which takes as long as Pelican: it describes what editors
    may write, for the reference and the form."""
    code = "import sys, beffroi.commands, beffroi.publish, beffroi.telling, beffroi.site.town; print('pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_who_tells_phones_is_soon_ready() -> None:
    """What makes ready to tell phones imports neither typography, Alembic nor, until there is a subscriber, what makes
    and sends messages."""
    late = {"beffroi.text", "alembic", "cryptography", "pywebpush", "beffroi.channels.pushing"}
    code = f"import sys, beffroi.telling; print(sorted({late} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=REPO, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
