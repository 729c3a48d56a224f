"""From entries to cards: the HTML of a body as citizens get it, its images, its linked files, its item."""

from __future__ import annotations

import marshal
import pickle
import re
from array import array
from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from functools import partial
from html import escape
from pathlib import Path
from sys import intern
from typing import NamedTuple

from beffroi.content import Entry, Link, Row, Tree, is_content, resolve
from beffroi.convert import convert
from beffroi.forks import spread
from beffroi.memo import Blobs
from beffroi.memo.stamps import digest
from beffroi.model import Image, Item
from beffroi.records import dataclass
from beffroi.site import items
from beffroi.site.cards import Card, Lasting, Shelf
from beffroi.site.html import Rewriter
from beffroi.site.images import Images
from beffroi.text import slugify, typeset

VECTOR = ".svg"
_SRC = re.compile(r"""<img\b[^>]*?\bsrc=["']([^"']+)["']""", re.IGNORECASE)


_card: Callable[[tuple[object, ...]], Card] = partial(tuple.__new__, Card)
"""A card as the memo gives it; nothing of nothing."""


@dataclass
class Prose:
    """One entry being read for citizens. `tree` notes what its links lead to; `assets` are the files that its page
    shows or offers: output name → file below `content/`."""

    tree: Tree
    entry: Entry
    at: datetime
    images: Images
    assets: dict[str, str] = field(default_factory=dict)

    def html(self, raw: str) -> str:
        """The HTML that Markdown made, with links resolved, images replaced and French spaces set."""
        lang = self.entry.document.front.lang
        found = lambda href: resolve(self.tree, self.entry, href)  # noqa: E731
        return Rewriter(found, self.address, self.body_image, lang).rewrite(raw)

    def image(self, original: Path, alt: str, credit: str = "") -> Image:
        """The encoded image of an original."""
        name = self._name(original)
        pictures = self.images.pictures(original)
        self.assets |= {picture.url.removeprefix(f"{self.tree.site.base}/"): name for picture in pictures}
        return Image(alt=typeset(alt, self.entry.document.front.lang), credit=typeset(credit), pictures=pictures)

    def front_image(self) -> Image | None:
        """The image that the front matter names."""
        ref = self.entry.document.front.image
        original = self.tree.image(ref.src) if ref else None
        return self.image(original, ref.alt, ref.credit) if ref and original else None

    def address(self, link: Link) -> str | None:
        """Where a page leads with this link, root-relative; `None` where the target is not public at this instant:
        an embargoed address must not show through a link."""
        base = self.tree.site.base
        fragment = f"#{link.fragment}" if link.fragment else ""
        if link.kind == "entry" and link.entry:
            self.tree.note(f"shown {link.entry.source}")
            shown = self.tree.entries.rows[link.entry.id].visible(self.at.timestamp())  # its row: nothing is opened
            return f"{base}{link.entry.url_path}{fragment}" if shown else None
        if link.kind == "file" and link.path:
            return self.file(link.path) + fragment
        if link.kind == "image" and link.path:
            return self.image(link.path, "").fallback.url
        if link.kind == "missing":
            return None
        return f"{base}{link.href}" if link.href.startswith("/") else link.href

    def file(self, path: Path) -> str:
        """The address of a linked file, under a name that changes with its bytes; it is copied with the build."""
        name = f"fichiers/{slugify(path.stem) or 'fichier'}-{digest(path.read_bytes()).hex()[:10]}{path.suffix.lower()}"
        self.assets[name] = self._name(path)
        return f"{self.tree.site.base}/{name}"

    def _name(self, path: Path) -> str:
        """Its name below `content/`; whole where it lies elsewhere."""
        content = self.tree.site.content
        return path.relative_to(content).as_posix() if path.is_relative_to(content) else str(path)

    def body_image(self, link: Link, alt: str) -> Image | None:
        """An image of a body; `None` for one that lies on another site."""
        if link.path and (link.kind == "image" or link.path.suffix.lower() == VECTOR):
            return self.image(link.path, alt)
        return None


def raw_html(tree: Tree, row: Row) -> str:
    """What Markdown makes of a body."""
    return tree.memo.blobs.text(row.raw) if row.raw else convert(tree.entries[row.id].document.body)


class Made(NamedTuple):
    """A card, and what its references are to lead to: what it asked of the tree and the answers, its item (pickled), its
    HTML. `sure` where the same answers prove that it is still right."""

    card: Card
    notes: bytes
    item: bytes
    html: bytes
    sure: bool

    def kept(self, blobs: Blobs) -> Card:
        """The card, once the memo has the rest. Words that many cards have are one string."""
        card = self.card
        category, tags = intern(card.category), tuple(map(intern, card.tags))
        refs = b"".join(map(blobs.put, (self.notes, self.item, self.html)))
        return card._replace(category=category, tags=tags, refs=refs)


def card(tree: Tree, row: Row, at: datetime, images: Images, entry: Entry | None = None) -> Made:
    """Read one visible entry for citizens: the tree's own, where none is given."""
    entry = entry or tree.entries[row.id]
    prose = Prose(tree.noting(), entry, at, images)
    if entry.withdrawn:  # neither its words nor its images are public any more
        html, image = f"<p>{escape(items.reason(entry))}</p>", None
    else:
        html, image = prose.html(raw_html(tree, row)), prose.front_image()
    brief: Item | Lasting
    if entry.category:
        brief = items.item(tree.site, entry, html, image)
        since, updated = brief.since.timestamp(), brief.updated.timestamp()
        over, weight, event = brief.over, brief.weight, brief.event
    else:
        brief = items.lasting(tree.site, entry, html, image)
        since = updated = weight = 0
        over = event = None
    total = digest(repr(brief).encode())
    made = Card(
        source=row.source,
        digest=row.digest,
        id=row.id,
        category=entry.category.slug if entry.category else "",
        title=brief.title,
        path=brief.path,
        since=since,
        updated=updated,
        over=over.timestamp() if over else None,
        weight=weight,
        alert=isinstance(brief, Item) and brief.alert is not None,
        event=(event.start.timestamp(), event.end.timestamp()) if event else None,
        tags=brief.tags if isinstance(brief, Item) else (),
        withdrawn=brief.withdrawn is not None,
        aliases=entry.document.front.aliases,
        sum=total,
        whole=digest(total + html.encode()),
        refs=b"",
        shows=marshal.dumps(sorted(prose.assets.items())) if prose.assets else b"",
    )
    asked = [(key, tree.answer(key, at.timestamp())) for key in sorted(prose.tree.notes or ())]
    sure = all(answer is not None for _, answer in asked)
    return Made(made, marshal.dumps(asked), pickle.dumps(brief, protocol=5), html.encode(), sure)


class Prepared(NamedTuple):
    """The card of every visible entry, by id; by id too, what the former build had where it had another card or none
    (`None`)."""

    cards: dict[str, Card]
    former: dict[str, Card | None]


def cards(tree: Tree, at: datetime, images: Images) -> Prepared:
    """The card of every visible entry; those that the memo knows and that nothing has changed are not made."""
    now, tables = at.timestamp(), tree.memo.tables
    table: dict[str, tuple[object, ...]] = tables.get("cards", {})
    rows = [row for row in tree.entries.rows.values() if row.visible(now)]
    known = {row.source: _card(table.get(row.source, ())) for row in rows}
    around = _around(tree, len(rows))
    stale = [row for row, one in zip(rows, known.values(), strict=True) if not one or one.digest != row.digest]
    if not around or around != tables.get("around"):
        stale = [row for row in rows if not _holds(tree, known[row.source], row, now)]
    former: dict[str, Card | None] = dict.fromkeys(row.id for row in stale)
    for source in [*(row.source for row in stale if known[row.source]), *(table.keys() - known.keys())]:
        before = _card(table[source])
        former[before.id] = before
    tree.noting()  # its indexes are made before the processes part
    pictured = [row for row in stale if row.pictured]
    images.prepare(original for found in spread(partial(_originals, tree), pictured) for original in found)
    sure = True
    for row, fresh in zip(stale, spread(lambda row: card(tree, row, at, images), stale), strict=True):
        kept = fresh.kept(tree.memo.blobs)
        known[row.source] = kept._replace(
            source=row.source, id=row.id, digest=row.digest
        )  # the very objects of the row
        sure = sure and fresh.sure
    tables["cards"] = known
    tables["around"] = around if sure else b""
    return Prepared({card.id: card for card in known.values()}, former)


def _around(tree: Tree, visible: int) -> bytes:
    """What stands for all that a card may ask of the tree: while it is the same, each card need not be asked. Empty where
    a file is too young, or another one stands in its place. An id says no more than the source that it is made of; and
    how many are visible, which: time only adds to them."""
    rows = tree.entries.rows.values()
    files = [(name, tree.found.lasting(name)) for name in tree.found.parted(is_content)[1]]
    if tree.originals or not all(stamp for _, stamp in files):
        return b""
    since = array("d", [row.since or 0 for row in rows])
    shown = bytes([row.published + 2 * (row.since is None) for row in rows])
    names = "\0".join([row.source for row in rows]).encode("utf-8", "surrogatepass")
    return digest(marshal.dumps((names, since.tobytes(), shown, visible, files), 2))


def _holds(tree: Tree, known: Card, row: Row, now: float) -> bool:
    """Whether a card is still right: nothing that it asked has another answer."""
    if not known or known.digest != row.digest:
        return False
    return tree.holds(marshal.loads(tree.memo.blobs.get(known.notes)), now)  # noqa: S302  # checked


def _originals(tree: Tree, row: Row) -> set[Path]:
    """The images that an entry shows."""
    entry = tree.entries[row.id]
    found: set[Path] = set()
    if entry.withdrawn:
        return found
    if (ref := entry.document.front.image) and (original := tree.image(ref.src)):
        found.add(original)
    links = [resolve(tree, entry, src) for src in _SRC.findall(raw_html(tree, row))]
    return found | {link.path for link in links if link.kind == "image" and link.path}


def public(tree: Tree, at: datetime, cache: Path) -> dict[str, Item]:
    """Every public item at that instant, whole, by id; `cache` is the folder of encoded images."""
    shelf = Shelf(tree.memo, tree.site.origin)
    found = cards(tree, at, Images(cache, tree.site.base)).cards
    return {card.id: shelf.item(card) for card in found.values() if card.category}


def assets(found: Mapping[str, Card]) -> dict[str, str]:
    """Every file that some page shows or offers: output name → the file that it is made of."""
    return {name: origin for one in found.values() for name, origin in one.assets}
