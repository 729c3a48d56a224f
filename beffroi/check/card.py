"""What `check` remembers of one file: its own faults, and what it needs of other files.

A card depends on the file's bytes, its name and the settings, on nothing else: that is what may be cached.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from beffroi.content import PAGES, Target, target
from beffroi.errors import Fault
from beffroi.learnt import Learnt, entry_of, named
from beffroi.memo.stamps import digest
from beffroi.schema import Invalid
from beffroi.settings import Site

DRAFT = re.compile(
    rb"""(?:\xef\xbb\xbf)?---[ \t]*\r?\n(?:(?!---[ \t]*\r?\n).*\n)*?status:[ \t]*["']?draft["']?[ \t]*(?:#.*|\r)?\n"""
)
"""A header that says so in words that nobody can mistake, whatever else it says."""


class Aim(NamedTuple):
    """One address that a file names, on one line. `front` marks the image of the front matter."""

    href: str
    line: int
    kind: str
    address: str
    name: str
    fragment: str
    image: bool = False
    front: bool = False


class Card(NamedTuple):
    """One file. `name` is its path below `content/`, `url` its root-relative address, `ok` whether its own words hold:
    what it links to may still be missing. `ids` are the places of its page, `None` where they are not known, `words` what
    may be misspelt, where the commune asks for it. A file whose words do not hold is `bearable` where its page can do
    without what is wrong: a description, an image of another site. It is a `draft` where it says so, faulty or not."""

    name: str
    source: str
    url: str
    ok: bool
    draft: bool = False
    faults: tuple[tuple[int, str, str], ...] = ()
    aims: tuple[Aim, ...] = ()
    ids: frozenset[str] | None = None
    words: frozenset[str] = frozenset()
    bearable: bool = False

    def own(self) -> list[Fault]:
        """What is wrong in it whatever the other files say, warnings too."""
        return [Fault(self.source, line, message, level) for line, message, level in self.faults]  # type: ignore[arg-type]


def card_of(site: Site, name: str, source: str, data: bytes) -> Card:
    """Read one file, named by its path below `content/`, as far as it can be read. Never raises, whatever the bytes."""
    return read(site, name, source, data)[0]


def read(site: Site, name: str, source: str, data: bytes) -> tuple[Card, Learnt | None]:
    """The card of one file, and what a build needs to know of it; `None` of a file whose own words do not hold."""
    from beffroi.check.own import Own  # late: brings Markdown, which a run without any change does not need

    try:
        entry = entry_of(site, site.content / name, source, data)
    except Invalid as invalid:
        faults = tuple((f.line, f.message, f.level) for f in invalid.faults)
        return Card(name, source, _url(site, name), ok=False, draft=bool(DRAFT.match(data)), faults=faults), None
    own = Own(site, name, entry)
    return own.card(), Learnt.of(entry, digest(data), None if own.page.broken else own.page.html)


def _url(site: Site, name: str) -> str:
    """The address that the file would have."""
    folder, slug = name.partition("/")[0], named(site, name.rpartition("/")[2].rpartition(".")[0])[0]
    return f"/{slug}/" if folder == PAGES else f"/{folder}/{slug}/"


def aim(name: str, href: str, line: int, *, image: bool = False) -> Aim:
    """The address `href` of the file `name`."""
    try:
        found = target(name, href)
    except ValueError:  # no address at all
        found = Target("inner")
    return Aim(href, line, found.kind, found.address, found.name, found.fragment, image)
