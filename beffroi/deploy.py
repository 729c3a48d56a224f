"""Put a built site in place: a release beside the live one, then one atomic switch of a symbolic link.

::

    var/www/releases/000041/   former releases, kept for going back
    var/www/releases/000042/
    var/www/current -> releases/000042
"""

from __future__ import annotations

import marshal
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from beffroi import folders
from beffroi.errors import DeployError, why
from beffroi.forks import spread
from beffroi.memo.stamps import DIGEST, digest
from beffroi.records import dataclass

CHUNK = 1 << 20
NUMBER = re.compile(r"\d{6,}")


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


def deploy(
    built: Path, live: Path, keep: int, digests: dict[str, bytes] | None = None, *, amends: bool = False
) -> Deployed:
    """Copy `built` to a new release and point `live` at it. A site without any change makes no new release.

    `digests` stand for the content of every file of `built`; without them all files are read. Files that did not change
    are hard links to the former release, never to `built`: whoever tampers with output/ changes nothing online. One
    that is not among the `keep` newest becomes the new one, so that only what differs is touched; so does one that a
    later release `amends`, which nobody would go back to.
    Raises `DeployError`; the former release then stays live.
    """
    try:
        former = live.resolve() if live.is_symlink() and live.exists() else None
        if live.exists() and not live.is_symlink():
            raise DeployError(
                f"{live} est un dossier ; déplacez-le : la version en ligne est un lien que publish remplace."
            )
        wanted = digests if digests is not None else {name: _digest(built / name) for name in files(built)}
        known = manifest(former) if former else {}
        written = sum(known.get(name) != total for name, total in wanted.items())
        removed = len(known.keys() - wanted.keys())
        if former and not removed and not written:
            return Deployed(former, 0, 0)
        spare = _spare(live.parent / "releases", former, keep, amends=amends)
        release = _stage(built, former, known, wanted, live.parent / "releases", spare)
        switch(live, release)
        if amends and former:
            _amended(former).touch()
        _prune(release.parent, live, keep)
    except OSError as error:
        place = f"{error.filename} : " if error.filename else ""
        said = f"La mise en ligne a échoué : {place}{why(error)}."
        raise DeployError(f"{said} La version précédente reste en ligne.") from error
    return Deployed(release, written, removed)


def _digest(path: Path) -> bytes:
    return digest(path.read_bytes())


def manifest(release: Path) -> Mapping[str, bytes]:
    """The digest of every file of a release: as written when it was made, else read from the files themselves."""
    try:
        data = memoryview(_beside(release).read_bytes())
        if digest(data[DIGEST:]) == data[:DIGEST]:
            known: dict[str, bytes] = marshal.loads(data[DIGEST:])  # noqa: S302  # its digest was just checked
            return known
    except OSError:
        pass
    return {name: _digest(release / name) for name in files(release)}


def _beside(release: Path) -> Path:
    return release.parent / f".{release.name}.files"


def _amended(release: Path) -> Path:
    return release.parent / f".{release.name}.amended"


def _releases(folder: Path) -> tuple[list[Path], list[Path]]:
    """Those that a later one amends, and the others, the oldest first."""
    folder.mkdir(parents=True, exist_ok=True)
    releases = sorted((p for p in folder.iterdir() if NUMBER.fullmatch(p.name)), key=lambda p: int(p.name))
    amended = [p for p in releases if _amended(p).exists()]
    return amended, [p for p in releases if p not in amended]


def _spare(folder: Path, former: Path | None, keep: int, *, amends: bool) -> Path | None:
    """The release that may become the new one."""
    amended, kept = _releases(folder)
    if amends:
        kept = [p for p in kept if p != former]  # nobody will go back to it
    found = [*amended, *kept[: max(0, len(kept) - keep + 1)]]
    return next((p for p in found if p != former and _beside(p).is_file()), None)


def _stage(
    built: Path,
    former: Path | None,
    known: Mapping[str, bytes],
    wanted: dict[str, bytes],
    folder: Path,
    spare: Path | None,
) -> Path:
    """Make the new release, out of the spare one, under a name that no reader looks at, then give it its number."""
    numbers = sorted(int(p.name) for p in folder.iterdir() if NUMBER.fullmatch(p.name))
    release = folder / f"{max(numbers, default=0) + 1:06}"
    staged = folder / f".{release.name}"
    shutil.rmtree(staged, ignore_errors=True)  # a publish killed at this point left it
    has: Mapping[str, bytes] = {}
    if spare:
        has = manifest(spare)
        _beside(spare).unlink()
        _amended(spare).unlink(missing_ok=True)
        os.rename(spare, staged)
    for name in sorted(has.keys() - wanted.keys()):
        _remove(staged, name)
    made: set[str] = set()

    def place(name: str) -> None:
        same = f"{former}/{name}" if former and known.get(name) == wanted[name] else ""
        _place(f"{staged}/{name}", same, f"{built}/{name}", made)

    for _ in spread(place, [name for name, total in wanted.items() if has.get(name) != total]):
        pass
    os.replace(staged, release)
    data = marshal.dumps(wanted)
    with _beside(release).open("wb") as file:
        file.writelines((digest(data), data))
    return release


def _place(target: str, same: str, new: str, made: set[str]) -> None:
    """The file itself, or a link to the same one of the former release. `made` are folders that are there."""
    if (folder := os.path.dirname(target)) not in made:
        folders.made(folder)
        made.add(folder)
    with suppress(FileNotFoundError):
        os.unlink(target)
    if same:
        os.link(same, target)
    else:
        with open(new, "rb", 0) as source, open(target, "xb") as copy:
            while data := source.read(CHUNK):
                copy.write(data)


def _remove(root: Path, name: str) -> None:
    """One file, and the folders that it leaves empty."""
    with suppress(FileNotFoundError):
        os.unlink(f"{root}/{name}")
    while name := os.path.dirname(name):
        try:
            os.rmdir(f"{root}/{name}")
        except OSError:  # not empty: to look into it would cost all that it holds
            return


def switch(live: Path, release: Path) -> None:
    """Point the link at a release in one step: a reader sees the old site or the new one, never neither."""
    live.parent.mkdir(parents=True, exist_ok=True)
    aside = live.with_name(f".{live.name}.{os.getpid()}")
    aside.unlink(missing_ok=True)
    aside.symlink_to(os.path.relpath(release, live.parent), target_is_directory=True)
    os.replace(aside, live)


def _prune(folder: Path, live: Path, keep: int) -> None:
    """Keep the newest releases, the live one whatever its number, and one more, which becomes the next."""
    amended, kept = _releases(folder)
    spent = [release for release in [*kept[:-keep], *amended] if release.resolve() != live.resolve()]
    for release in spent[:-1]:
        for beside in (_beside(release), _amended(release)):
            beside.unlink(missing_ok=True)
        shutil.rmtree(release, ignore_errors=True)
