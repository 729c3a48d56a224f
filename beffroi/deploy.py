"""Put a built site in place: a release beside the live one, then one atomic switch of a symbolic link.

::

    var/www/releases/000041/   former releases, kept for going back
    var/www/releases/000042/
    var/www/current -> releases/000042
"""

from __future__ import annotations

import ctypes
import filecmp
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from beffroi.errors import DeployError

NUMBER = re.compile(r"\d{6,}")
RENAME_EXCHANGE = 2
AT_FDCWD = -100


@dataclass(frozen=True)
class Deployed:
    """`release` is the live folder; `written` counts the files that differ from the former release, `removed` those
    that it alone had."""

    release: Path
    written: int
    removed: int


def files(folder: Path) -> Iterator[str]:
    """Relative paths of all files below, sorted."""
    for base, names, found in os.walk(folder):
        names.sort()
        for name in sorted(found):
            yield os.path.relpath(os.path.join(base, name), folder)


def deploy(built: Path, live: Path, keep: int) -> Deployed:
    """Copy `built` to a new release and point `live` at it. A site without any change makes no new release.

    Files that did not change are hard links to the former release, never to `built`: whoever tampers with output/
    changes nothing online. Raises `DeployError`; the former release then stays live.
    """
    try:
        former = live.resolve() if live.is_symlink() and live.exists() else None
        if live.exists() and not live.is_symlink():
            raise DeployError(
                f"{live} est un dossier ; déplacez-le : la version en ligne est un lien que publish remplace."
            )
        wanted = list(files(built))
        same = {name for name in wanted if former and _same(built / name, former / name)}
        removed = len(set(files(former)) - set(wanted)) if former else 0
        if former and not removed and len(same) == len(wanted):
            return Deployed(former, 0, 0)
        release = _stage(built, former, wanted, same, live.parent / "releases")
        switch(live, release)
        _prune(release.parent, live, keep)
    except OSError as error:
        raise DeployError(f"La mise en ligne a échoué : {error}. La version précédente reste en ligne.") from error
    return Deployed(release, len(wanted) - len(same), removed)


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and filecmp.cmp(one, other, shallow=False)


def _stage(built: Path, former: Path | None, wanted: list[str], same: set[str], folder: Path) -> Path:
    """Make the new release under a name that no reader looks at, then give it its number."""
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [int(p.name) for p in folder.iterdir() if NUMBER.fullmatch(p.name)]
    release = folder / f"{max(numbers, default=0) + 1:06}"
    staged = folder / f".{release.name}"
    shutil.rmtree(staged, ignore_errors=True)  # a publish killed at this point left it
    for name in wanted:
        target = staged / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if former and name in same:
            os.link(former / name, target)
        else:
            shutil.copyfile(built / name, target)
    os.replace(staged, release)
    return release


def switch(live: Path, release: Path) -> None:
    """Point the link at a release in one step: a reader sees the old site or the new one, never neither."""
    live.parent.mkdir(parents=True, exist_ok=True)
    aside = live.with_name(f".{live.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(os.path.relpath(release, live.parent), target_is_directory=True)
    os.replace(aside, live)


def _prune(folder: Path, live: Path, keep: int) -> None:
    """Keep the newest releases, and the live one whatever its number."""
    releases = sorted((p for p in folder.iterdir() if NUMBER.fullmatch(p.name)), key=lambda p: int(p.name))
    for release in releases[:-keep]:
        if release.resolve() != live.resolve():
            shutil.rmtree(release, ignore_errors=True)


def swap(new: Path, place: Path) -> None:
    """Put the folder `new` at `place`, in one step; what stood there is removed.

    On Linux both names are exchanged (renameat2), so that `place` exists at every instant. Raises `OSError`.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    if not os.path.lexists(place):
        os.rename(new, place)
        return
    if not _exchange(new, place):
        aside = new.with_name(f"{new.name}.old")
        os.rename(place, aside)
        os.rename(new, place)
        new = aside
    shutil.rmtree(new)


def _exchange(one: Path, other: Path) -> bool:
    """Whether the kernel and the file system could exchange two names."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    if renameat2 is None:
        return False
    return bool(renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)
