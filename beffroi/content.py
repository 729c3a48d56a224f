"""The tree of `content/`: every Markdown file read once, its id, its address, and where its links lead.

`read` never raises for bad content: what is wrong becomes a `Fault`, and the rest of the tree stands.
"""

from __future__ import annotations

import posixpath
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from beffroi.entry import PAGES, Entries, Entry, Row, source_of
from beffroi.errors import Fault
from beffroi.forks import spread
from beffroi.learnt import IMAGES, Learnt, converted, data_of, entry_of, unreadable
from beffroi.memo import Memo
from beffroi.memo.stamps import Files, digest
from beffroi.records import dataclass
from beffroi.schema import Invalid
from beffroi.settings import RESERVED, Site

__all__ = ["IMAGES", "PAGES", "RASTER", "Entries", "Entry", "Link", "Row", "Target", "Tree", "read", "resolve"]

_ORIGINALS = f"{IMAGES}/"

RASTER = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif"})
"""Images that the build re-encodes."""

SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "geo"})
"""What an address of the outside may begin with."""

RAW = frozenset({".heic", ".heif", ".tif", ".tiff", ".dng", ".jfif", ".jpe"})
"""Photographs that it does not: copied as they are, they would say where they were taken."""


@dataclass(frozen=True)
class Link:
    """Where an address in a file leads. `path` is the local file for images and other files."""

    kind: Literal["external", "anchor", "entry", "file", "image", "missing"]
    href: str
    entry: Entry | None = None
    path: Path | None = None
    fragment: str = ""


@dataclass(frozen=True)
class Tree:
    """All entries by id, and what was wrong with the files that are not among them. `found` are all files below
    `content/`."""

    site: Site
    entries: Entries
    faults: tuple[Fault, ...] = ()
    files: int = field(default=0)
    originals: Mapping[Path, Path | None] = field(default_factory=dict)
    """Where some images below `content/` really lie; `None` for those that are to be done without."""
    found: Files = field(default_factory=lambda: Files(""))
    memo: Memo = field(default_factory=lambda: Memo(None, ""))
    notes: set[str] | None = None
    """Where a set stands here, it hears what was asked: `url …`, `source …`, `file …`, and whatever `note` is told."""

    @cached_property
    def prefix(self) -> str:
        """What the source of each file begins with."""
        return f"{source_of(self.site, self.site.content)}/"

    @cached_property
    def by_source(self) -> Mapping[str, str]:
        """Ids by path from the site's root (NFC, since macOS writes NFD)."""
        rows = self.entries.rows.values()
        if all(row.source.isascii() for row in rows):
            return {row.source: row.id for row in rows}
        return {_nfc(row.source): row.id for row in rows}

    def row_at(self, url: str) -> Row | None:
        """What has this root-relative address."""
        name = url[1:-1]
        found = (self.entries.rows.get(entry_id) for entry_id in (name, f"{PAGES}/{name}"))
        return next((row for row in found if row and row.url_path == url), None)

    def having(self, entries: Mapping[str, Entry]) -> Tree:
        """The same tree with these entries instead of its own."""
        return replace(self, entries=Entries.of(self.site, entries))

    def noting(self) -> Tree:
        """The same tree, which notes what is asked of it from now on."""
        other = Tree(self.site, self.entries, self.faults, self.files, self.originals, self.found, self.memo, set())
        other.__dict__.update(by_source=self.by_source, prefix=self.prefix)
        return other

    def note(self, key: str) -> None:
        """Say that an answer depends on this."""
        if self.notes is not None:
            self.notes.add(key)

    def at_url(self, url: str) -> Entry | None:
        """The entry at a root-relative address."""
        self.note(f"url {url}")
        return self.entries[row.id] if (row := self.row_at(url)) else None

    def atsource_of(self, source: str) -> Entry | None:
        """The entry of a file, named from the site's root."""
        self.note(f"source {_nfc(source)}")
        entry_id = self.by_source.get(_nfc(source))
        return self.entries[entry_id] if entry_id else None

    def answer(self, key: str, at: float | None = None) -> object:
        """What stands behind a note now: while it is the same, so is whatever was made of it. `shown …` wants the
        instant: whether the entry of that file is visible then."""
        kind, _, name = key.partition(" ")
        if kind == "file":
            if self.site.content / name in self.originals:
                return None
            name = self.found.named(name)
            return self.found.lasting(name) if self.found.holds(name) else ()
        row = self.row_at(name) if kind == "url" else self.entries.rows.get(self.by_source.get(name, ""))
        if kind in {"url", "source"}:
            return (row.url_path, row.published, row.since) if row else ()
        if kind == "shown" and at is not None:
            return row.url_path if row and row.visible(at) else ""
        return row.digest if row and kind == "anchors" else None

    def holds(self, notes: Iterable[tuple[str, object]], at: float | None = None) -> bool:
        """Whether all of these notes have the answers that they had. Many files ask the same: it is answered once."""
        answers = self._answers.setdefault(at, {})
        for key, known in notes:
            if key not in answers:
                answers[key] = self.answer(key, at)
            if known is None or answers[key] != known:
                return False
        return True

    @cached_property
    def _answers(self) -> dict[float | None, dict[str, object]]:
        return {}

    def disk(self, path: Path) -> Path | None:
        """Where a file below `content/` lies; `None` where there is none."""
        name = path.relative_to(self.site.content).as_posix()
        self.note(f"file {name}")
        if path in self.originals:
            return self.originals[path]
        name = self.found.named(name)
        return self.site.content / name if self.found.holds(name) else None

    def image(self, src: str) -> Path | None:
        """The original that the front matter's `image.src` names; `None` where it is to be done without."""
        path = image_path(self.site, src)
        name = path.relative_to(self.site.content).as_posix()
        self.note(f"file {name}")
        return self.originals.get(path, self.site.content / self.found.named(name))

    def visible(self, at: datetime) -> list[Entry]:
        """What citizens may see at that instant, in the order of their paths."""
        now = at.timestamp()
        return [self.entries[row.id] for row in self.entries.rows.values() if row.visible(now)]


def read(
    site: Site,
    instead: Mapping[str, bytes | None] | None = None,
    originals: Mapping[Path, Path | None] | None = None,
    memo: Memo | None = None,
    found: Files | None = None,
) -> Tree:
    """Read every Markdown file of the site's content, in the order of their paths.

    `instead` gives other bytes for some files, by source: an older version, or `None` to leave one out.
    `originals` does the same for images, by path. Files that `memo` knows are not opened; it learns the others.
    `found` is the folder as somebody has just seen it.
    """
    memo = memo or Memo(None, "")
    found = found or Files.below(str(site.content))
    reading = _Reading(site, found, memo)
    files = {source: name for source, name in _markdown(site, found) if (instead or {}).get(source, b"") is not None}
    rows = {source: _row(reading.known.get(source, ())) for source in files}
    stamps, stale = found.stamps, list[tuple[str, str, bytes | None]]()
    for row, (source, name) in zip(rows.values(), files.items(), strict=True):
        if instead and source in instead:
            stale.append((source, name, instead[source]))
        elif not row or not row.stamp or row.stamp != stamps[name]:  # else nobody wrote it since
            stale.append((source, name, None))
    for (source, name, data), learnt in zip(stale, spread(reading.learn, stale), strict=True):
        rows[source] = reading.kept(learnt, name if data is None else None)
    memo.tables["files"] = rows
    return reading.tree(rows, originals or {})


_row: Callable[[tuple[object, ...]], Row] = partial(tuple.__new__, Row)
"""A row as the memo gives it: a named tuple's own maker takes three times as long. Nothing of nothing."""


class _Reading:
    """One reading of the tree."""

    def __init__(self, site: Site, found: Files, memo: Memo) -> None:
        self.site, self.found, self.memo = site, found, memo
        self.known: dict[str, tuple[object, ...]] = memo.tables.get("files", {})

    def _before(self, source: str) -> Row | None:
        return _row(self.known[source]) if source in self.known else None

    def learn(self, asked: tuple[str, str, bytes | None]) -> Learnt | Row:
        """What stands in that file, or would if it held these bytes; the row of the last time for the same bytes."""
        source, name, data = asked
        path = self.site.content / name
        try:
            data = self._bytes(name, source) if data is None else data
            total = digest(data)
            if (before := self._before(source)) and before.digest == total:
                return before
            entry = entry_of(self.site, path, source, data)
            return Learnt.of(entry, total, converted(entry) if self.memo.folder else None)
        except Invalid as invalid:
            return Row(source, None, b"", faults=tuple((f.path, f.line, f.message, f.level) for f in invalid.faults))

    def _bytes(self, name: str, source: str) -> bytes:
        if not self.found.holds(name):
            raise Invalid([unreadable(source)])
        return data_of(self.site.content / name, source)

    def kept(self, learnt: Learnt | Row, name: str | None) -> Row:
        """The row to keep; without a stamp where the bytes are not those of the file."""
        row = learnt.kept(self.memo) if isinstance(learnt, Learnt) else learnt
        return row._replace(stamp=self.found.lasting(name) if name and row.document else None)

    def tree(self, rows: Mapping[str, Row], originals: Mapping[Path, Path | None]) -> Tree:
        """The tree that these files make."""
        entries, faults = Entries(self.site, self.memo), list[Fault]()
        known = entries.rows
        known |= {row.id: row for row in rows.values() if row.document is not None}
        if len(known) != len(rows):  # something is wrong
            known.clear()
            faults += self._faults(rows, known)
        if not rows:
            where = source_of(self.site, self.site.content)
            faults.append(Fault(where, 1, "aucun fichier Markdown ; vérifiez PATH dans pelicanconf.py."))
        return Tree(self.site, entries, tuple(faults), len(rows), originals, self.found, self.memo)

    def _faults(self, rows: Mapping[str, Row], known: dict[str, Row]) -> Iterator[Fault]:
        """What is wrong with some of these files; `known` takes the others by id, the first one of each address."""
        for source, row in rows.items():
            if row.document is None:
                yield from (Fault(*fault) for fault in row.faults)  # type: ignore[arg-type]  # a level, from a Fault
            elif (first := known.setdefault(row.id, row)) is not row:
                yield clashing(source, first)


def sources(site: Site) -> Iterator[tuple[Path, str]]:
    """Every Markdown file: its path, and its path from the site's root as messages name it."""
    for source, name in _markdown(site, Files.below(str(site.content))):
        yield site.content / name, source


def clashing(source: str, other: Row) -> Fault:
    """Two files, one address."""
    return Fault(source, 1, f"même adresse que {other.source} ({other.url_path}) ; renommez l’un des deux fichiers.")


def _markdown(site: Site, found: Files) -> Iterator[tuple[str, str]]:
    """Source and name of every .md below the folder; content/README.md (the editors' reference) and images/ left out."""
    prefix = source_of(site, site.content)
    for name in found.parted(is_content)[0]:
        yield f"{prefix}/{name}", name


def is_content(name: str) -> bool:
    """Whether a file below the folder, not hidden, is content."""
    return name[-3:].lower() == ".md" and name != "README.md" and not name.startswith(_ORIGINALS)


@dataclass(frozen=True, slots=True)
class Target:
    """What an address says by itself, whatever exists. `address` is a root-relative one without its last slash;
    `name` a path below `content/`, empty where it leads out of it."""

    kind: Literal["external", "anchor", "inner"]
    address: str = ""
    name: str = ""
    fragment: str = ""


def target(name: str, href: str) -> Target:
    """What `href` says in the file `name`, a path below `content/`. Raises `ValueError` for what is no address.

    Accepted forms: a relative path (`../alertes/crue.md`, `../images/pont.jpg`), a path from `content/`
    (`/images/pont.jpg`), an address of the site (`/contact/`), Pelican's `{filename}` and `{static}`.
    """
    if href.startswith("#"):
        return Target("anchor", fragment=href[1:])
    parts = urlsplit(href)
    if parts.scheme or parts.netloc:
        return Target("external")
    path = unquote(parts.path)
    for mark in ("{filename}", "{static}", "{attach}", "|filename|", "|static|", "|attach|"):
        path = path.removeprefix(mark)
    rooted = path.startswith("/")
    local = posixpath.normpath(path.lstrip("/") if rooted else posixpath.join(posixpath.dirname(name), path))
    inside = "" if local in {".", ".."} or local.startswith("../") else local
    return Target("inner", f"/{path.strip('/')}" if rooted else "", inside, parts.fragment)


def resolve(tree: Tree, entry: Entry, href: str) -> Link:
    """Where `href`, as written in that entry's file, leads."""
    try:
        aim = target(entry.source.removeprefix(tree.prefix), href)
    except ValueError:  # no address at all
        return Link("missing", href)
    if aim.kind == "anchor":
        return Link("anchor", href, fragment=aim.fragment)
    if aim.kind == "external":
        return Link("external" if urlsplit(href).scheme in {"", *SCHEMES} else "missing", href)
    if aim.address.strip("/") and (found := tree.at_url(f"{aim.address}/")):
        return Link("entry", href, entry=found, fragment=aim.fragment)
    if aim.address and made_by_the_build(tree.site, aim.address):
        return Link("external", href)
    return _local(tree, aim, href)


def made_by_the_build(site: Site, address: str) -> bool:
    """Whether no file stands behind that address: home, a category, the subscription page, a feed."""
    first = address.strip("/").split("/")[0]
    return (
        not first
        or address.strip("/") in site.categories
        or address.strip("/") in site.languages
        or (first in RESERVED and first not in {"images", "fichiers"})
    )


def _local(tree: Tree, aim: Target, href: str) -> Link:
    if not aim.name:
        return Link("missing", href)
    suffix = posixpath.splitext(aim.name)[1].lower()
    if suffix == ".md":
        found = tree.atsource_of(tree.prefix + aim.name)
        return Link("entry", href, entry=found, fragment=aim.fragment) if found else Link("missing", href)
    if (path := tree.disk(tree.site.content / aim.name)) is None or suffix in RAW:
        return Link("missing", href)
    kind: Literal["image", "file"] = "image" if suffix in RASTER else "file"
    return Link(kind, href, path=path, fragment=aim.fragment)


def image_path(site: Site, src: str) -> Path:
    """The original that the front matter's `image.src` names: a path inside `content/images/`."""
    name = posixpath.normpath("/" + src.removeprefix("/").removeprefix("images/")).lstrip("/")
    return site.content / IMAGES / name


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
