"""Files that git saw public until somebody deleted them: from then on they stand as withdrawn items do.

What is said of them comes from git's history alone, so that the same commit says the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from beffroi.content import Tree
from beffroi.entry import row_of
from beffroi.git import Repository
from beffroi.memo.stamps import digest
from beffroi.moved import Went, deleted, entry_then
from beffroi.site import prepare
from beffroi.site.cards import Card
from beffroi.site.images import Images

Known = tuple[int, str, tuple[object, ...] | None]
"""When it went, the bytes that it had, its card; none for what has no explanation of its own."""


def cards(
    tree: Tree, went: Iterable[Went], repository: Repository | None, at: datetime, images: Images
) -> dict[str, Card]:
    """The card of each deleted item, by id; only those that the memo does not know are read. An address that is in use
    again is nobody's former one."""
    found = deleted(went, _stands(tree))
    known: dict[str, Known] = tree.memo.tables.get("deleted", {})
    kept = {one.old: known[one.old] for one in found if known.get(one.old, ())[:2] == (one.when, one.blob)}
    fresh = [one for one in found if one.old not in kept]
    if fresh and repository is not None:
        with repository.blobs() as blobs:
            for one in fresh:
                card = _card(tree, one, blobs.data(one.blob), at, images)
                kept[one.old] = one.when, one.blob, tuple(card) if card else None
    tree.memo.tables["deleted"] = kept = {one.old: kept[one.old] for one in found if one.old in kept}
    shown = (Card._make(values) for _, _, values in kept.values() if values)
    present = [card for card in shown if card.id not in tree.entries.rows and card.since <= at.timestamp()]
    return {card.id: card for card in reversed(present)}  # two files had one address: the newest counts


def _stands(tree: Tree) -> Callable[[str], bool]:
    """Whether a file stands under that name, whatever it holds."""
    prefix = f"{_prefix(tree)}/"
    return lambda source: source.removeprefix(prefix) in tree.found.stamps or source in tree.by_source


def _prefix(tree: Tree) -> str:
    site = tree.site
    return site.content.relative_to(site.root).as_posix() if site.content.is_relative_to(site.root) else "content"


def _card(tree: Tree, one: Went, data: bytes | None, at: datetime, images: Images) -> Card | None:
    """Its card. Lasting pages have none: a general page stands for them."""
    entry = entry_then(tree.site, one, data) if data is not None else None
    if entry is None or entry.category is None:
        return None
    return prepare.card(tree, row_of(entry, digest(f"{one.blob} {one.when}".encode())), at, images, entry).kept(
        tree.memo.blobs
    )
