"""The search index of a large site, made by a process of its own once phones were told.

::

    publish ── deploy ── announce ── deliver ── start ─┐ ends
                                                       └─> the live release ── Pagefind ──> var/index/<pages>/
                                                            lock of the site: still these pages? ── release, output/

Pagefind reads the live release, which nobody writes to, and needs no lock. What is due stays in `due.json` until the
index is in place: a process that is killed anywhere leaves its work to the next publication, or to the timer.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from beffroi import due, forks, locks
from beffroi.deploy import deploy, manifest
from beffroi.errors import BeffroiError
from beffroi.memo import Memo
from beffroi.settings import SETTINGS, Service, Site, read_service, read_site
from beffroi.site import search, standing

LOG = "index.log"
NICE = 10
RETRY = 900
"""Seconds after which the timer tries again where Pagefind failed."""

Told = Callable[[str], None]


def start(root: Path, var: Path) -> bool:
    """Have a process of its own make the index; one that is already at work will see that the site has changed.
    Returns whether there is one. To be called by whoever holds the lock of the site."""
    lock: int | None = None
    try:
        lock = locks.taken(var / due.LOCK)
        if lock is None:
            return True
        with open(var / LOG, "wb") as log:
            subprocess.Popen(
                [sys.executable, "-m", "beffroi.indexing", str(root.resolve()), str(lock)],
                cwd=root,
                env=forks.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=(lock,),  # it is the child's from its first instant
                start_new_session=True,
            )
    except OSError:
        return False
    finally:
        if lock is not None:
            os.close(lock)
    return True


def by_hand(root: Path, told: Told) -> None:
    """Make the index in this process, if one is due and nobody is at it. Raises `BeffroiError`."""
    service = read_service(root)
    service.var.mkdir(parents=True, exist_ok=True)
    lock = locks.taken(service.var / due.LOCK)
    if lock is None:
        told("L’index de recherche est déjà en cours.")
    else:
        work(root, lock, told)


def work(root: Path, lock: int, told: Told) -> None:
    """Make the index of the live site and put it in place; anew where the site has changed meanwhile. `lock` is that of
    the index: it is given back with that of the site in hand, so that no change goes unseen. Raises `BeffroiError`."""
    try:
        site, service = read_site(root / SETTINGS), read_service(root)
        index: search.Index | None = None
        while True:
            with locks.site(service.var):
                if due.read(service.var).index is None or (index and _settled(site, service, index)):
                    told(f"L’index de recherche est à jour ({_spent():.1f} s de calcul).".replace(".", ",", 1))
                    os.close(lock)
                    lock = -1
                    return
                release = service.current.resolve()
                pages = search.folder(manifest(release))
                search.sweep(service.var, pages)
            with _put_off(service.var):
                index = _made(release, service.var, pages, told)
    finally:
        if lock >= 0:
            os.close(lock)


def _spent() -> float:
    """Seconds of CPU of this process and of its children."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _made(release: Path, var: Path, pages: bytes, told: Told) -> search.Index | None:
    """The index of a release; `None` where the release was replaced and gone before that was done."""
    if found := search.waiting(var, pages):
        return found
    began, before = time.monotonic(), _inode(release)
    try:
        made = search.prepared(release, var, pages)
    except BeffroiError:
        if _same(release, before, pages):
            raise
        return None
    told(f"{search.size(made.files)} pages indexées en {time.monotonic() - began:.1f} s.".replace(".", ",", 1))
    return made if _same(release, before, pages) else None


def _same(release: Path, inode: int, pages: bytes) -> bool:
    return _inode(release) == inode and search.folder(manifest(release)) == pages


def _inode(release: Path) -> int:
    try:
        return release.stat().st_ino
    except OSError:  # it has become another one, or nothing
        return 0


@contextmanager
def _put_off(var: Path) -> Iterator[None]:
    """The timer, which asks every minute, tries what has failed only `RETRY` later."""
    try:
        yield
    except BeffroiError:
        with locks.site(var):
            state = due.read(var)
            due.write(var, replace(state, index=None if state.index is None else time.time() + RETRY))
        raise


def _settled(site: Site, service: Service, index: search.Index) -> bool:
    """Put the index in place, if it is that of the live site. Returns whether it is."""
    if not _in_place(site, service, index, standing.memory(site, service.var)):
        return False
    due.write(service.var, replace(due.read(service.var), index=None))
    return True


def _in_place(site: Site, service: Service, index: search.Index, memo: Memo) -> bool:
    """The release first: it is what citizens see. An index that `output/` cannot take now waits for the next build."""
    release = service.current.resolve()
    files = manifest(release)
    pages = search.folder(files)
    if index.root.name != pages.hex():
        return False
    wanted = {name: total for name, total in files.items() if not search.owns(name)} | index.files
    deploy(index.root, service.current, service.keep_releases, wanted, amends=True)
    if standing.amend(memo, standing.place(site), service.var, pages, index):
        search.sweep(service.var)
    return True


def complete(site: Site, service: Service) -> Path:
    """Make the index of the live site here and now; the caller holds the lock of the site. Returns the live release.
    Raises `BeffroiError`."""
    release = service.current.resolve()
    pages = search.folder(manifest(release))
    index = search.waiting(service.var, pages) or search.prepared(release, service.var, pages)
    _in_place(site, service, index, standing.memory(site, service.var))
    return service.current.resolve()


def main(arguments: list[str]) -> int:
    """The process of its own: ROOT, and the descriptor of the lock that it was born with."""
    os.nice(NICE)
    try:
        work(Path(arguments[0]), int(arguments[1]), lambda words: print(words, flush=True))  # noqa: T201  # to the log
    except BeffroiError as error:
        print(error, flush=True)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
