"""From a bare python3 to the project's own environment: what `python3 tasks.py NAME` does first.

Standard library only, since nothing is installed yet. Made for Debian 12: its python3 has no ensurepip and refuses to
install outside an environment (PEP 668), but its pip (22.3 or newer) can install into another one (`pip --python`).
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
BASE = getattr(sys, "_base_executable", sys.executable)
"""The python3 that has pip: within `.venv`, which has none, the one that it was made from."""
DEV_TASKS = frozenset({"test", "lint"})
"""Tasks that need more than running the site does."""
OPTIONAL = {"preview": "--path"}
"""Tasks whose first word may be left out, and the option that it stands for: invoke has no optional word."""


def run(arguments: list[str]) -> None:
    """Make the environment when it is absent or out of date, then become `invoke` within it. Never returns."""
    if sys.version_info < (3, 11):  # noqa: UP036  # this file is read by whatever python3 there is
        sys.exit(f"Beffroi demande Python 3.11 ou plus récent ; celui-ci est {sys.version.split()[0]}.")
    dev = any(argument in DEV_TASKS for argument in arguments)
    prepare("requirements-dev.txt" if dev else "requirements.txt")
    invoke = [str(PYTHON), "-m", "invoke", "--search-root", str(ROOT), *(spelled(arguments) or ["--list"])]
    os.execv(PYTHON, invoke)  # noqa: S606


def spelled(arguments: list[str]) -> list[str]:
    """The same arguments, a word that may be left out under the name of its option: `preview --path content/x.md` for
    `preview content/x.md`. Only what holds a slash or ends in `.md` is such a word: anything else names another task."""
    found: list[str] = []
    option, waiting = "", False
    for argument in arguments:
        name = argument.startswith("-")
        if option and not name and not waiting and ("/" in argument or argument.endswith(".md")):
            found.append(option)
            option = ""
        option = OPTIONAL.get(argument, option) if not name and not waiting else option
        waiting = name and "=" not in argument
        found.append(argument)
    return found


def again(argv: list[str]) -> None:
    """Where plain `invoke` was given a word that it cannot take, become the `invoke` that was meant."""
    program = Path(argv[0])
    ours = program.name in {"invoke", "inv"} or program.parent.name == "invoke"
    if ours and (meant := spelled(argv[1:])) != argv[1:]:
        os.execv(sys.executable, [sys.executable, "-m", "invoke", *meant])  # noqa: S606


def prepare(lock: str) -> None:
    """Bring `.venv` to the state of one lock file; nothing to do when it is there already.

    The tests' lock holds everything of the other one, so that a switch between both installs nothing.
    """
    folder = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)  # `serve` and `publish` may be started together on a new machine
    try:
        wanted = {name: _digest(name) for name in (lock, "requirements-build.txt")}
        if _is_ready(wanted):
            return
        print("Préparation de l’environnement (.venv), une minute environ…", file=sys.stderr, flush=True)
        _make_environment()
        _pip("requirements-build.txt")
        _pip(lock, "--no-build-isolation", "--use-pep517")
        _compile()
        stamps = {**wanted, "requirements.txt": _digest("requirements.txt")}
        for name, digest in stamps.items():
            (VENV / f".{name}.sha256").write_text(digest, encoding="ascii")
    finally:
        os.close(folder)


def _digest(name: str) -> str:
    return hashlib.sha256((ROOT / name).read_bytes()).hexdigest()


def _is_ready(wanted: dict[str, str]) -> bool:
    stamps = {name: VENV / f".{name}.sha256" for name in wanted}
    return PYTHON.exists() and all(
        stamps[name].is_file() and stamps[name].read_text(encoding="ascii") == digest for name, digest in wanted.items()
    )


def _make_environment() -> None:
    """A new environment where there is none, or where its interpreter is gone or of another version."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    if PYTHON.exists() and (VENV / "lib" / f"python{version}").is_dir():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    _call([BASE, "-m", "venv", "--without-pip", str(VENV)], "L’environnement .venv n’a pas pu être créé.")


def _pip(lock: str, *options: str) -> None:
    """Install one lock file, every archive checked against its hash."""
    found = subprocess.run([BASE, "-m", "pip", "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"pip (\d+)\.(\d+)", found.stdout)
    if found.returncode or not version or (int(version[1]), int(version[2])) < (22, 3):
        sys.exit("Il manque pip 22.3 ou plus récent à ce python3. Sous Debian ou Ubuntu : apt-get install python3-pip")
    pip = [BASE, "-m", "pip", "--python", str(VENV), "--disable-pip-version-check", "--no-input", "-q"]
    command = [*pip, "install", "--no-deps", "--require-hashes", *options, "-r", str(ROOT / lock)]
    _call(command, f"L’installation de {lock} a échoué ; vérifiez l’accès au réseau, puis relancez la commande.")


def _compile() -> None:
    """Our own bytecode, as pip does for what it installs: whoever runs the tasks may have no right to write it."""
    subprocess.run([str(PYTHON), "-m", "compileall", "-q", str(ROOT / "beffroi")], check=False)


def _call(command: list[str], sentence: str) -> None:
    if subprocess.run(command, check=False).returncode:
        sys.exit(sentence)
