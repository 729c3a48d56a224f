"""What one Markdown file says by itself: its id, its address, its document, the HTML of its body."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from beffroi.convert import convert, restart
from beffroi.entry import PAGES, Entry, Row, row_of
from beffroi.errors import Fault
from beffroi.memo import Memo
from beffroi.memo.stamps import Stamp
from beffroi.schema import Invalid, parse
from beffroi.settings import RESERVED, Site
from beffroi.text import slugify

IMAGES = "images"
"""The folder of the originals: never copied, only re-encoded."""


class Learnt(NamedTuple):
    """What was read in one file: its row, and, where its own words hold, what the row's references are to lead to:
    its document (pickled) and what Markdown makes of its body, `None` where nobody asked or where it makes nothing."""

    row: Row
    document: bytes = b""
    raw: str | None = None

    @classmethod
    def of(cls, entry: Entry, total: bytes, raw: str | None) -> Learnt:
        """Of an entry; `total` stands for its bytes."""
        return cls(row_of(entry, total), pickle.dumps(entry.document, protocol=5), raw)

    def kept(self, memo: Memo) -> Row:
        """The row, once the memo has the rest."""
        if not self.document:
            return self.row
        raw = None if self.raw is None else memo.blobs.put(self.raw.encode())
        return self.row._replace(document=memo.blobs.put(self.document), raw=raw)


def learn(memo: Memo, learnt: Learnt, stamp: Stamp | None = None) -> None:
    """Have the memo know a file before `read` asks for it; `stamp` is the one under which its bytes were read."""
    memo.tables.setdefault("files", {})[learnt.row.source] = learnt.kept(memo)._replace(stamp=stamp)


def entry_of(site: Site, path: Path, source: str, data: bytes) -> Entry:
    """The entry that these bytes make at that place: nothing else is read. Raises `Invalid` with every fault of them."""
    folder = _folder(site, path)
    page = folder == PAGES
    if not page and folder not in site.categories:
        known = ", ".join([*site.categories, PAGES])
        found = "n’est dans aucune rubrique" if folder == path.name else f"« {folder} » n’est pas une rubrique"
        raise Invalid([Fault(source, 1, f"le fichier {found} ; déplacez-le dans l’un de ces dossiers : {known}.")])
    slug, language = named(site, path.stem)
    faults = []
    if not slug or (page and (slug in RESERVED or slug in site.categories or slug in site.languages)):
        found = f"donne l’adresse « /{slug}/ », déjà prise par le site" if slug else "ne contient ni lettre ni chiffre"
        faults.append(Fault(source, 1, f"le nom du fichier {found} ; renommez-le, par exemple « ma-page.md »."))
    try:
        document = parse(data, source, site, page=page)
    except Invalid as invalid:
        raise Invalid([*faults, *invalid.faults]) from None
    if faults:
        raise Invalid(faults)
    if language:
        document = replace(document, front=replace(document.front, lang=language))
    return Entry(path, source, f"{folder}/{slug}", slug, None if page else site.categories[folder], document)


def _folder(site: Site, path: Path) -> str:
    """The first folder below `content/`, as `relative_to` gives it in ten times the time. Raises `ValueError`."""
    above = site.content.parts
    if path.parts[: len(above)] != above:
        raise ValueError(path)
    return path.parts[len(above)]


def readable(site: Site, source: str, data: bytes) -> Entry | None:
    """The entry that these bytes made under that name, if they made one: of a former version, whose faults are past."""
    try:
        return entry_of(site, site.root / source, source, data)
    except (Invalid, ValueError, IndexError):
        return None


def named(site: Site, stem: str) -> tuple[str, str]:
    """The slug and the language of a file name without its `.md`: `musee.en` is the English version of `musee`."""
    base, _, ending = stem.rpartition(".")
    language = ending.lower()
    if language in site.languages and slugify(base):
        return f"{slugify(base)}.{language}", language
    return slugify(stem), ""


def data_of(path: Path, source: str) -> bytes:
    """The bytes of one file. Raises `Invalid`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise Invalid([unreadable(source)]) from error


def unreadable(source: str) -> Fault:
    """A file that the system does not give."""
    return Fault(source, 1, "fichier illisible ; vérifiez ses droits, ou le fichier auquel il renvoie.")


def converted(entry: Entry) -> str | None:
    """What Markdown makes of its body; `None` for a body on which it fails, as odd bytes make it."""
    try:
        return convert(entry.document.body)
    except Exception:  # in many ways; `check` tells of it
        restart()
        return None
