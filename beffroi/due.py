"""What the last publication left to do, and when: one small file, `var/due.json`, read by `publish --if-due`.

A timer asks every minute. Nothing but the standard library is imported here, so that "nothing is due" costs no more
than the start of Python.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from beffroi.records import dataclass

FILE = "due.json"
Task = Literal["publish", "deliver", "index"]
LOCK = "index.lock"
"""Held, below `var`, by the process that makes the search index."""


DRIFT = 60
"""Seconds by which the clocks of two machines may differ."""


@dataclass(frozen=True, slots=True)
class Due:
    """Seconds since 1970: `next` is when something starts or ends, `owed` when messages may be sent again; `None`
    where there is nothing. `running` is true from the start of a publication to its end: one that was killed is due.
    `commit` is what was published, empty outside git. `index` is from when on the search index may be made: it is
    that of the site before. `at` is the instant of that publication: where it is still to come, a clock was wrong, and
    what it showed may not be what should be shown now."""

    next: float | None = None
    owed: float | None = None
    running: bool = False
    commit: str = ""
    index: float | None = None
    at: float = 0.0

    def task(self, now: float, commit: str = "") -> Task | None:
        """What there is to do at that instant, when that commit is the one in the folder. A publication delivers
        besides."""
        if (
            self.running
            or now < self.at - DRIFT
            or commit != self.commit
            or (self.next is not None and self.next <= now)
        ):
            return "publish"
        if self.owed is not None and self.owed <= now:
            return "deliver"
        return "index" if self.index is not None and self.index <= now else None


def folder(root: Path) -> Path:
    """`BEFFROI_VAR`, as `settings.read_service` finds it."""
    return root / (os.environ.get("BEFFROI_VAR") or _in_file(root / "beffroi.env") or "var")


def _in_file(path: Path) -> str:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    found = [value for line in lines for key, _, value in [line.partition("=")] if key.strip() == "BEFFROI_VAR"]
    return found[-1].strip().strip("\"'") if found else ""


def head(root: Path) -> str:
    """The commit that the folder's git repository stands at, read without git; empty where there is none."""
    for folder in (root, *root.parents):
        if (git := folder / ".git").exists():
            try:
                return _commit(git if git.is_dir() else folder / _said(git).removeprefix("gitdir: "))
            except (OSError, UnicodeDecodeError):
                return ""
    return ""


def _commit(git: Path) -> str:
    """That of HEAD (gitrepository-layout(5)); a worktree has its own, and the branches of its repository."""
    name = _said(git / "HEAD")
    if not name.startswith("ref: "):
        return name
    ref = name.removeprefix("ref: ")
    common = git / _said(git / "commondir") if (git / "commondir").is_file() else git
    if (common / ref).is_file():
        return _said(common / ref)
    packed = (common / "packed-refs").read_text(encoding="utf-8").splitlines()
    return next((line.split()[0] for line in packed if line.endswith(f" {ref}")), "")


def _said(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


def read(var: Path) -> Due:
    """The state that the last publication left. Without one, or where it cannot be read, a publication is due."""
    try:
        return Due(**json.loads((var / FILE).read_bytes()))
    except (OSError, ValueError, TypeError):
        return Due(running=True)


def write(var: Path, due: Due) -> None:
    """Put the state down, in one step."""
    var.mkdir(parents=True, exist_ok=True)
    aside = var / f".{FILE}.{os.getpid()}"
    aside.write_text(json.dumps(asdict(due)) + "\n", encoding="ascii")
    os.replace(aside, var / FILE)


def task(root: Path, at: str = "") -> Task | None:
    """What there is to do in that commune's folder, now or at the instant given (as to `settings.instant`)."""
    var, now = folder(root), time.time()
    if at or os.environ.get("SOURCE_DATE_EPOCH"):
        from beffroi.settings import instant  # for tests: it costs what this module saves

        now = instant(at).timestamp()
    found = read(var).task(now, head(root))
    return None if found == "index" and _held(var / LOCK) else found


def _held(lock: Path) -> bool:
    """Whether a process holds that lock."""
    try:
        with open(lock, "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
