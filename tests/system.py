"""What the tests need of the machine besides Python packages: browsers, a PostgreSQL server, Java, npm's checker.

`python3 tasks.py test` comes here: on a new Debian 12 it installs what is missing, and only that.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = tuple(ROOT / "node_modules" / name / "package.json" for name in ("vnu-jar", "decap-cms"))

NEEDED: Mapping[str, str] = {
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "initdb": "postgresql",
    "java": "default-jre-headless",
    "npm": "npm",
    "git": "git",
    "hunspell": "hunspell",
    "/usr/share/hunspell/fr.dic": "hunspell-fr-classical",
    "newsboat": "newsboat",
    "nginx": "nginx-light",
    "libatomic.so.1": "libatomic1",  # of Playwright's own node
}
"""Command or shared library → Debian package."""


def run(args: str = "") -> None:
    """Install what is missing, then run pytest over the cores; its exit status is ours."""
    ensure()
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-n",
        str(os.cpu_count() or 1),
        "--dist",
        "loadgroup",
        *shlex.split(args),
    ]
    sys.exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


def ensure() -> None:
    """Install the Debian packages and the HTML checker that are missing. Exits with a French sentence where it can't."""
    if packages := sorted({package for command, package in NEEDED.items() if not find(command)}):
        install(packages)
    if not all(path.is_file() for path in MODULES):
        print("Installation du vérificateur HTML et du formulaire (npm)…", file=sys.stderr, flush=True)
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=ROOT, check=False
        )
        if done.returncode:
            sys.exit(
                "L’installation du vérificateur HTML et du formulaire a échoué ; relancez : npm ci --ignore-scripts"
            )


def find(command: str) -> str | None:
    """The path of a command; Debian keeps PostgreSQL's server commands off the PATH. Of a library, its name.
    Of a dictionary, its file."""
    if ".so" in command:
        try:
            return str(ctypes.CDLL(command)._name)
        except OSError:
            return None
    if command.endswith(".dic"):
        return command if Path(command).is_file() else None
    servers = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{command}"), reverse=True)
    path = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"  # nginx is an administrator's
    return shutil.which(command, path=path) or (str(servers[0]) if servers else None)


def install(packages: list[str]) -> None:
    """Install Debian packages, as root or through sudo; else exit with the command to run."""
    # A new machine's own updates may hold the lock for a while.
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=300", "install", "-y", "--no-install-recommends", *packages]
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if not shutil.which("apt-get") or (sudo and not shutil.which("sudo")):
        sys.exit(f"Il manque aux tests : {', '.join(packages)}. Sous Debian, en root : {shlex.join(command)}")
    print(f"Installation de {', '.join(packages)}…", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):  # one source of many that does not answer need not stop us
        done = subprocess.run([*sudo, *step], env=quiet, stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(f"L’installation a échoué ; lancez en root : apt-get update && {shlex.join(command)}")
