"""Who may change the site: locks of the kernel, gone with their process, however that ends."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beffroi.errors import BeffroiError


class Busy(BeffroiError):
    """Another publication is at work."""


@contextmanager
def only_one(var: Path) -> Iterator[None]:
    """Two publications at once would announce against one another: the second is refused, with a sentence. One that
    finds a new search index being put in place waits for that."""
    var.mkdir(parents=True, exist_ok=True)
    with open(var / "publish.lock", "a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.seek(0)
            raise Busy(
                f"Une autre publication est en cours (processus {lock.read().strip() or 'inconnu'}) ; "
                "attendez sa fin, puis relancez la commande."
            ) from error
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        with site(var):
            yield


@contextmanager
def site(var: Path) -> Iterator[None]:
    """Nobody else changes `output/`, the live release or `due.json` meanwhile; waits for whoever does."""
    with open(var / "site.lock", "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)  # whatever child has inherited the file


def taken(path: Path) -> int | None:
    """Take that lock: its descriptor, which a child may go on holding; `None` where somebody has it. Raises
    `OSError`."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock
