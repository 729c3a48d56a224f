"""One announcing process at a time on one machine, and the name under which it claims."""

from __future__ import annotations

import fcntl
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from beffroi.errors import StoreError, why
from beffroi.records import dataclass


@dataclass(frozen=True, slots=True)
class Worker:
    """`owner` names this process in the ledger. `predecessors` starts the names of all that held this lock before:
    whoever holds it knows that they are dead, without asking for process numbers, which are reused and which differ
    from one container to the next. `lock` is the open lock file: a child that has it, too, holds the lock until its end."""

    owner: str
    predecessors: str
    lock: int


@contextmanager
def working(folder: Path) -> Iterator[Worker]:
    """Hold the exclusive lock of this folder (`Service.var`), waiting for it; the kernel frees it when we die.

    Raises `StoreError` where the folder cannot be written.
    """
    path = folder / "announce.lock"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = open(path, "a+", encoding="ascii")  # noqa: SIM115  # closed below, with the lock
    except OSError as error:
        raise StoreError(f"Le verrou {path} ne s’ouvre pas : {why(error)}.") from error
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        # The number of this lock file, drawn once: two machines, or two containers of one name, on the same database
        # must not take each other for dead. The host name tells a copied folder from its original.
        number = lock.read().strip()
        if not number:
            number = uuid.uuid4().hex
            lock.write(number)
            lock.flush()
            os.fsync(lock.fileno())
        place = f"{socket.gethostname()[:64]}/{number}/"
        yield Worker(f"{place}{os.getpid()}/{uuid.uuid4().hex[:12]}", place, lock.fileno())
