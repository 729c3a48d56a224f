"""One Markdown file that passed its schema; and what a memo keeps of it, so that it need not be opened again."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from beffroi.memo import Memo, Ref
from beffroi.memo.stamps import Stamp, digest
from beffroi.model import Alert, Category, Certainty, Item, Severity, Urgency, latest
from beffroi.moments import changes
from beffroi.records import dataclass
from beffroi.schema import ALERT_HOURS, Document
from beffroi.schema.dates import hours_later
from beffroi.settings import Site

OPEN = 256
"""Entries that a memo knows, kept in memory at once."""

PAGES = "pages"
"""The folder of the lasting pages (contact, legal notice…): no date, addresses at the root of the site."""


PAGE = Category(PAGES, "Pages", "discover", "paper")
"""The folder of the lasting pages, as far as time is concerned."""

_PAGE = f"{PAGES}/"
_TAG = re.compile("<img", re.IGNORECASE)
"""What a body that shows an image must hold, where Markdown's own sign of one is not in it."""


class Row(NamedTuple):
    """What a memo keeps of one Markdown file: enough to know it without opening it. `document` is `None` where the file
    was refused; `faults` are then its faults."""

    source: str
    stamp: Stamp | None
    digest: bytes
    id: str = ""
    published: bool = False
    since: float | None = None
    document: Ref | None = None
    faults: tuple[tuple[str, int, str, str], ...] = ()
    raw: Ref | None = None
    """What Markdown makes of its body, where that is known."""
    pictured: bool = False
    """Whether it may show an image."""
    moments: bytes = b""
    """The instants at which time alone does something to it, seconds since 1970, packed (`array("d")`)."""

    @property
    def slug(self) -> str:
        """The last part of its id."""
        return self.id.partition("/")[2]

    @property
    def url_path(self) -> str:
        """Root-relative address, without the site's base path."""
        return f"/{self.id.removeprefix(_PAGE)}/"

    def visible(self, at: float) -> bool:
        """Whether citizens may see it at that instant."""
        return self.published and (self.since is None or self.since <= at)


@dataclass(frozen=True, eq=False)
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
    def language(self) -> str:
        """The language that it is translated to, empty for an original."""
        return self.slug.partition(".")[2]

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

    @property
    def timely(self) -> Item | None:
        """The item as far as time is concerned: no text, no image, no address. A page with a date is one that only
        appears; `None` for a page without date."""
        front, since = self.document.front, self.since
        if since is None:
            return None
        return Item(
            id=self.id,
            category=self.category or PAGE,
            title=front.title,
            url="",
            path="",
            date=front.date or since,
            updated=front.updated or since,
            start=front.start,
            end=self.end if self.category else None,
            alert=self.alert if self.category else None,
            event=front.event if self.category else None,
            panel=front.panel if self.category else False,
        )

    def visible(self, at: datetime) -> bool:
        """Whether citizens may see it, or that it was withdrawn, at that instant: its embargo has passed."""
        return self.public and (self.since is None or self.since.timestamp() <= at.timestamp())

    @property
    def withdrawn(self) -> bool:
        """Whether an explanation stands in its place."""
        return self.document.front.status == "withdrawn"

    @property
    def public(self) -> bool:
        """Whether it is no draft. What was withdrawn before anybody could see it never was anything else."""
        front = self.document.front
        if self.withdrawn and front.updated and self.since:
            return self.since.timestamp() < front.updated.timestamp()
        return front.status != "draft"


def row_of(entry: Entry, total: bytes) -> Row:
    """The row of an entry; `total` stands for its bytes."""
    since = entry.since.timestamp() if entry.since else None
    body = entry.document.body
    pictured = bool(entry.document.front.image or "![" in body or ("<" in body and _TAG.search(body)))
    moments = array("d", _moments(entry)).tobytes()
    return Row(entry.source, None, total, entry.id, entry.public, since, pictured=pictured, moments=moments)


def _moments(entry: Entry) -> Iterator[float]:
    """The instants at which time alone changes what citizens see of it."""
    if entry.public and (item := entry.timely):
        # the explanation of what was withdrawn appears where it would have, and stays
        instants = [item.since] if entry.withdrawn else [change.at for change in changes(item)]
        yield from (at.timestamp() for at in instants)


class Recalled(Entry):
    """An entry that a memo knows: its document is fetched at its first use."""

    def __init__(self, site: Site, row: Row, memo: Memo) -> None:
        folder, _, slug = row.id.partition("/")
        category = None if folder == PAGES else site.categories[folder]
        self.__dict__.update(source=row.source, id=row.id, slug=slug, category=category)
        self.__dict__.update(_row=row, _memo=memo, _site=site)

    @cached_property
    def path(self) -> Path:
        """Where its file lies."""
        site: Site = self._site  # type: ignore[attr-defined]
        return site.content / self.source.removeprefix(f"{source_of(site, site.content)}/")

    @cached_property
    def document(self) -> Document:
        """Front matter and body."""
        document: Document = self._memo.blobs.unpickle(self._row.document)  # type: ignore[attr-defined]
        return document


class Entries(Mapping[str, Entry]):
    """The entries by id, in the order of their paths; each is made at its first use."""

    def __init__(self, site: Site, memo: Memo) -> None:
        self.rows: dict[str, Row] = {}
        self._site, self._memo = site, memo
        self._given, self._made = dict[str, Entry](), dict[str, Entry]()

    @classmethod
    def of(cls, site: Site, entries: Mapping[str, Entry]) -> Entries:
        """These entries, whole."""
        found = cls(site, Memo(None, ""))
        for entry in entries.values():
            found.add(row_of(entry, digest(repr(entry.document).encode())), entry)
        return found

    def add(self, row: Row, entry: Entry | None = None) -> None:
        """One more; `entry` where no memo has it."""
        self.rows[row.id] = row
        if entry:
            self._given[row.id] = entry

    def __getitem__(self, entry_id: str) -> Entry:
        if (entry := self._given.get(entry_id) or self._made.get(entry_id)) is None:
            if len(self._made) >= OPEN:  # what was opened longest ago
                del self._made[next(iter(self._made))]
            entry = self._made[entry_id] = Recalled(self._site, self.rows[entry_id], self._memo)
        return entry

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def source_of(site: Site, path: Path) -> str:
    """A path as messages name it: from the site's root, with slashes."""
    try:
        return path.relative_to(site.root).as_posix()
    except ValueError:  # PATH may point outside the site's folder
        return path.as_posix()
