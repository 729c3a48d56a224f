"""The search index of the pages: Pagefind, with French stemming.

Pagefind indexes a whole site or nothing. An index therefore belongs to all pages as they were, which `folder` stands
for; one that was made beside a publication waits below `var/index/` under that name, until the site takes it.
"""

from __future__ import annotations

import gzip
import json
import marshal
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from beffroi.errors import BuildError
from beffroi.memo.stamps import digest
from beffroi.records import dataclass

FOLDER = "pagefind"
_BELOW = f"{FOLDER}/"
KEPT = ("pagefind.js", "pagefind-entry.json", "pagefind-worker.js")
"""Of Pagefind's own files, those that our search page uses; its ready-made interfaces are not."""

BODY = b"data-pagefind-body"
"""A page without it is not indexed, where another one has it."""

SIGNATURE = b"pagefind_dcd"
EMPTY = gzip.compress(
    SIGNATURE + b'{"url":"","content":"","word_count":0,"filters":{},"meta":{},"anchors":[]}', mtime=0
)
"""A fragment (what Pagefind keeps of one page) without title nor text: the search page passes over it."""


@dataclass(frozen=True)
class Index:
    """An index in the folder `root`: the digest of each of its files, and the fragment of each page."""

    root: Path
    files: dict[str, bytes]
    fragments: dict[str, str]


def owns(name: str) -> bool:
    """Whether an output belongs to the index."""
    return name.startswith(_BELOW)


def folder(files: Mapping[str, bytes]) -> bytes:
    """What stands for all pages among these files (name → digest): while it is the same, so is their index."""
    pages = sorted(name for name in files if name.endswith(".html"))
    return digest(b"".join(["\0".join([*pages, ""]).encode(), *map(files.__getitem__, pages)]))


def size(files: Mapping[str, bytes]) -> int:
    """How many pages the index among these files knows."""
    return sum(name.startswith(f"{FOLDER}/fragment/") for name in files)


def index(site: Path, root: Path, names: Iterable[str] | None = None) -> Index:
    """Index the pages of a site, or some of them, into a folder of `root`. Raises `BuildError`."""
    from pagefind_bin import get_executable

    target, pages = root / FOLDER, root / ".pages"
    shutil.rmtree(target, ignore_errors=True)
    _set_out(site, pages, names)
    command = [str(get_executable()), "--site", str(pages), "--output-path", str(target)]
    command += ["--force-language", "fr", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # our own arguments
    shutil.rmtree(pages)
    if done.returncode:
        reason = done.stderr.strip() or done.stdout.strip() or f"statut {done.returncode}"
        raise BuildError(f"L’index de recherche n’a pas pu être fait : {reason}")
    files, fragments = {}, {}
    for name in _files(target):
        data = (target / name).read_bytes()
        files[f"{FOLDER}/{name}"] = digest(data)
        if name.startswith("fragment/"):
            fragments[_page(data)] = f"{FOLDER}/{name}"
    return Index(root, files, fragments)


def _set_out(site: Path, pages: Path, names: Iterable[str] | None) -> None:
    """The pages in a folder that was filled in the order of their names: Pagefind numbers them as the file system lists
    them, which on some depends on what was written when."""
    shutil.rmtree(pages, ignore_errors=True)
    pages.mkdir(parents=True)
    if names is None:
        names = (os.path.relpath(os.path.join(base, name), site) for base, _, found in os.walk(site) for name in found)
    for name in sorted(name for name in names if name.endswith(".html")):
        (pages / name).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(site / name, pages / name)
        except OSError:  # another file system
            shutil.copyfile(site / name, pages / name)


def _files(target: Path) -> Iterator[str]:
    """The files of an index, sorted within each folder; what is of no use here is removed."""
    for base, _, names in os.walk(target):
        for name in sorted(names):
            if name.endswith((".js", ".css")) and name not in KEPT:
                os.unlink(os.path.join(base, name))
            else:
                yield os.path.relpath(os.path.join(base, name), target)


def _page(data: bytes) -> str:
    """The page of a fragment, as a name relative to the site: its address is what the fragment begins with."""
    text = zlib.decompressobj(31).decompress(data, 4096).removeprefix(SIGNATURE).decode("utf-8", "ignore")
    url, _ = json.JSONDecoder().raw_decode(text, text.index(":") + 1)
    name = str(url).lstrip("/")
    return f"{name}index.html" if not name or name.endswith("/") else name


# An index that waits

WAITING = "index"
LIST = "files.bin"


def prepared(site: Path, var: Path, pages: bytes) -> Index:
    """Index a site into its place below `var`, in one step: whoever finds it there finds it whole. Raises
    `BuildError`."""
    aside = var / WAITING / f".{os.getpid()}"
    try:
        aside.mkdir(parents=True, exist_ok=True)
        made = index(site, aside)
        data = marshal.dumps((made.files, made.fragments))
        (aside / LIST).write_bytes(digest(data) + data)
        place = var / WAITING / pages.hex()
        if place.exists():
            if found := waiting(var, pages):  # another process was faster, and may be reading it
                shutil.rmtree(aside, ignore_errors=True)
                return found
            shutil.rmtree(place)
        os.rename(aside, place)
    except OSError as error:
        raise BuildError(f"L’index de recherche n’a pas pu être fait : {error}") from error
    return Index(place, made.files, made.fragments)


def waiting(var: Path, pages: bytes) -> Index | None:
    """The index of these pages that waits below `var`, every byte of it looked at; `None` where there is none."""
    place = var / WAITING / pages.hex()
    try:
        data = (place / LIST).read_bytes()
        if digest(data[16:]) != data[:16]:
            return None
        files, fragments = marshal.loads(data[16:])  # noqa: S302  # its digest was just checked
        if any(digest((place / name).read_bytes()) != total for name, total in files.items()):
            return None
    except OSError:
        return None
    return Index(place, files, fragments)


def sweep(var: Path, pages: bytes | None = None) -> None:
    """Remove what waits below `var`, and what dead processes left there, but the index of these pages."""
    for path in (var / WAITING).glob("*") if (var / WAITING).is_dir() else ():
        if pages is None or path.name != pages.hex():
            shutil.rmtree(path, ignore_errors=True)


# Pages that have gone


def silenced(site: Path, former: Path, fragments: Mapping[str, str], names: set[str], fresh: set[str]) -> list[str]:
    """Pages of the former index (`fragments`) that nobody may find any more, of a site whose files are `names`: those
    that are no more, and those of the `fresh` ones that are not indexed now, though the `former` site's was: an
    explanation stands there, or a way to another page."""
    gone = [name for name in fragments if name not in names]
    changed = (name for name in fragments if name in fresh and name in names)
    return sorted(gone + [name for name in changed if _marked(former / name) and not _marked(site / name)])


def _marked(path: Path) -> bool:
    try:
        return BODY in path.read_bytes()
    except OSError:  # somebody removed it from output/
        return True
