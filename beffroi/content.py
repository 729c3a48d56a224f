"""The tree of `content/`: every Markdown file read once, its id, its address, and where its links lead.

`read` never raises for bad content: what is wrong becomes a `Fault`, and the rest of the tree stands.
"""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from beffroi.errors import Fault
from beffroi.model import Alert, Category, Certainty, Severity, Urgency, latest
from beffroi.schema import ALERT_HOURS, Document, Invalid, parse
from beffroi.schema.dates import hours_later
from beffroi.settings import Site
from beffroi.text import slugify

PAGES = "pages"
"""The folder of the lasting pages (contact, legal notice…): no date, addresses at the root of the site."""

IMAGES = "images"
"""The folder of the originals: never copied, only re-encoded."""

RESERVED = frozenset(
    [
        "api",
        "feeds",
        "images",
        "fichiers",
        "theme",
        "pagefind",
        "recherche",
        "recevoir",
        "hors-ligne",
        "panneau",
        "plan-du-site",
        "index",
        "404",
    ]
)
"""Addresses that the theme and the service use: neither a page nor a category may take them."""

RASTER = frozenset({".jpg", ".jpeg", ".png", ".webp", ".avif"})
"""Images that the build re-encodes."""


@dataclass(frozen=True)
class Entry:
    """One Markdown file that passed its schema. `source` is its path from the site's root, with slashes."""

    path: Path
    source: str
    id: str
    slug: str
    category: Category | None
    document: Document

    @property
    def url_path(self) -> str:
        """Root-relative address, without the site's base path."""
        return f"/{self.id}/" if self.category else f"/{self.slug}/"

    @property
    def since(self) -> datetime | None:
        """The instant at which it may be shown; `None` for a page without date."""
        return latest(self.document.front.date, self.document.front.start)

    @property
    def alert(self) -> Alert | None:
        """Its CAP words, where its category or its front matter makes it an alert."""
        front = self.document.front
        if front.severity is None and (self.category is None or self.category.kind != "alert"):
            return None
        return Alert(
            severity=front.severity or Severity.MODERATE,
            urgency=front.urgency or Urgency.EXPECTED,
            certainty=front.certainty or Certainty.LIKELY,
        )

    @property
    def end(self) -> datetime | None:
        """The exclusive end of its window. An alert always ends: one without `end` does so `ALERT_HOURS` hours after it
        became visible."""
        if self.document.front.end is None and self.alert and self.since:
            return hours_later(self.since, ALERT_HOURS)
        return self.document.front.end

    def visible(self, at: datetime) -> bool:
        """Whether citizens may see it at that instant: published, and its embargo has passed."""
        return self.document.front.status == "published" and (
            self.since is None or self.since.timestamp() <= at.timestamp()
        )


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
    """All entries by id, and what was wrong with the files that are not among them."""

    site: Site
    entries: Mapping[str, Entry]
    faults: tuple[Fault, ...] = ()
    files: int = field(default=0)
    originals: Mapping[Path, Path | None] = field(default_factory=dict)
    """Where some images below `content/` really lie; `None` for those that are to be done without."""

    @cached_property
    def by_source(self) -> Mapping[str, Entry]:
        """Entries by their path from the site's root (NFC, since macOS writes NFD)."""
        return {_nfc(entry.source): entry for entry in self.entries.values()}

    @cached_property
    def by_url(self) -> Mapping[str, Entry]:
        """Entries by their root-relative address."""
        return {entry.url_path: entry for entry in self.entries.values()}

    def disk(self, path: Path) -> Path | None:
        """Where a file below `content/` lies; `None` where there is none."""
        found = self.originals.get(path, path)
        return found if found and found.is_file() else None

    def image(self, src: str) -> Path | None:
        """The original that the front matter's `image.src` names; `None` where it is to be done without."""
        return self.originals.get(path := image_path(self.site, src), path)

    def visible(self, at: datetime) -> list[Entry]:
        """What citizens may see at that instant, in the order of their paths."""
        return [entry for entry in self.entries.values() if entry.visible(at)]


def read(
    site: Site,
    instead: Mapping[str, bytes | None] | None = None,
    originals: Mapping[Path, Path | None] | None = None,
) -> Tree:
    """Read every Markdown file of the site's content, in the order of their paths.

    `instead` gives other bytes for some files, by source: an older version, or `None` to leave one out.
    `originals` does the same for images, by path.
    """
    instead, entries, faults, count = instead or {}, dict[str, Entry](), list[Fault](), 0
    for path, source in sources(site):
        count += 1
        try:
            data = instead[source] if source in instead else data_of(path, source)
            if data is None:
                continue
            entry = entry_of(site, path, source, data)
        except Invalid as invalid:
            faults.extend(invalid.faults)
            continue
        if clash := entries.get(entry.id):
            faults.append(clashing(entry, clash))
            continue
        entries[entry.id] = entry
    if not count:
        faults.append(
            Fault(_source(site, site.content), 1, "aucun fichier Markdown ; vérifiez PATH dans pelicanconf.py.")
        )
    return Tree(site, entries, tuple(faults), count, originals or {})


def sources(site: Site) -> Iterator[tuple[Path, str]]:
    """Every Markdown file: its path, and its path from the site's root as messages name it."""
    for path in _markdown(site.content):
        yield path, _source(site, path)


def data_of(path: Path, source: str) -> bytes:
    """The bytes of one file. Raises `Invalid`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid([unreadable(source)]) from error


def unreadable(source: str) -> Fault:
    """A file that the system does not give."""
    return Fault(source, 1, "fichier illisible ; vérifiez ses droits, ou le fichier auquel il renvoie.")


def clashing(entry: Entry, other: Entry) -> Fault:
    """Two files, one address."""
    return Fault(
        entry.source, 1, f"même adresse que {other.source} ({entry.url_path}) ; renommez l’un des deux fichiers."
    )


def _markdown(content: Path) -> Iterator[Path]:
    """Every .md below the folder, sorted; hidden files and content/README.md (the editors' reference) left out."""
    for folder, names, files in os.walk(content):
        names[:] = sorted(n for n in names if not n.startswith(".") and Path(folder, n) != content / IMAGES)
        for name in sorted(files):
            path = Path(folder, name)
            if name.lower().endswith(".md") and not name.startswith(".") and path != content / "README.md":
                yield path


def _source(site: Site, path: Path) -> str:
    try:
        return path.relative_to(site.root).as_posix()
    except ValueError:  # PATH may point outside the site's folder
        return path.as_posix()


def entry_of(site: Site, path: Path, source: str, data: bytes) -> Entry:
    """The entry that these bytes make at that place: nothing else is read. Raises `Invalid` with every fault of them."""
    folder = path.relative_to(site.content).parts[0]
    page = folder == PAGES
    if not page and folder not in site.categories:
        known = ", ".join([*site.categories, PAGES])
        found = "n’est dans aucune rubrique" if folder == path.name else f"« {folder} » n’est pas une rubrique"
        raise Invalid([Fault(source, 1, f"le fichier {found} ; déplacez-le dans l’un de ces dossiers : {known}.")])
    slug = slugify(path.stem)
    faults = []
    if not slug or (page and (slug in RESERVED or slug in site.categories)):
        found = f"donne l’adresse « /{slug}/ », déjà prise par le site" if slug else "ne contient ni lettre ni chiffre"
        faults.append(Fault(source, 1, f"le nom du fichier {found} ; renommez-le, par exemple « ma-page.md »."))
    try:
        document = parse(data, source, site, page=page)
    except Invalid as invalid:
        raise Invalid([*faults, *invalid.faults]) from None
    if faults:
        raise Invalid(faults)
    return Entry(path, source, f"{folder}/{slug}", slug, None if page else site.categories[folder], document)


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
    aim = target(entry.path.relative_to(tree.site.content).as_posix(), href)
    if aim.kind == "anchor":
        return Link("anchor", href, fragment=aim.fragment)
    if aim.kind == "external":
        return Link("external", href)
    if aim.address.strip("/") and (found := tree.by_url.get(f"{aim.address}/")):
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
        or (first in RESERVED and first not in {"images", "fichiers"})
    )


def _local(tree: Tree, aim: Target, href: str) -> Link:
    if not aim.name:
        return Link("missing", href)
    local = tree.site.content / aim.name
    if local.suffix.lower() == ".md":
        found = tree.by_source.get(_nfc(_source(tree.site, local)))
        return Link("entry", href, entry=found, fragment=aim.fragment) if found else Link("missing", href)
    if (path := tree.disk(local)) is None:
        return Link("missing", href)
    kind: Literal["image", "file"] = "image" if local.suffix.lower() in RASTER else "file"
    return Link(kind, href, path=path, fragment=aim.fragment)


def image_path(site: Site, src: str) -> Path:
    """The original that the front matter's `image.src` names: a path inside `content/images/`."""
    name = posixpath.normpath("/" + src.removeprefix("/").removeprefix("images/")).lstrip("/")
    return site.content / IMAGES / name


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
