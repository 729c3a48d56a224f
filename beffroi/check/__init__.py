"""Everything wrong with all content, at once: what the schema refused, dead links, images, words too long.

`examine` never raises for bad content, whatever the bytes. Each file becomes a card, which depends on its bytes alone
and is kept between runs; what files ask of one another is looked up in the cards. A link is what Markdown makes a link,
so that the same characters in a block of code are none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from beffroi.check import calm, cross, spelling, translations
from beffroi.check.cache import Cache
from beffroi.check.card import Card, read
from beffroi.check.files import Disk, Files, markdown, source_of
from beffroi.check.report import report
from beffroi.content import IMAGES, PAGES, Tree, is_content
from beffroi.errors import Fault
from beffroi.forks import spread
from beffroi.learnt import Learnt, learn, unreadable
from beffroi.memo import Memo
from beffroi.memo.stamps import Files as Stamps
from beffroi.records import dataclass
from beffroi.schema.french import say
from beffroi.settings import Site

__all__ = ["Checked", "check", "examine", "report"]

OTHER_TEXT = re.compile(r"\.(markdown|mdown|mkd|txt|rst|html?|docx?|odt|rtf)$", re.IGNORECASE)
"""What an editor may take for a content file, and that is not published."""


@dataclass(frozen=True)
class Checked:
    """What was found. `cards` by the file's path below `content/`, `keys` the ids of their bytes, `crossed` what
    files ask of others in vain."""

    site: Site
    files: Files
    cards: Mapping[str, Card]
    keys: Mapping[str, str]
    crossed: Sequence[cross.Found]
    strays: Sequence[Fault]
    keep: Callable[[], None] = lambda: None
    """Writes what is to be known the next time, for who asked to do that later."""

    @property
    def found(self) -> Stamps | None:
        """The folder as it was seen; `None` for the files of a commit."""
        return self.files.found if isinstance(self.files, Disk) else None

    @cached_property
    def faults(self) -> list[Fault]:
        """All faults and warnings of all files, sorted by file, line and sentence."""
        own = [fault for card in self.cards.values() for fault in card.own()]
        return sorted({*own, *(found.fault for found in self.crossed), *self.strays})

    def told(self) -> Checked:
        """The same without the cards, which weigh: what is left once the faults are known."""
        light = replace(self, cards={}, crossed=())
        light.__dict__["faults"] = self.faults
        return light

    def about(self, names: Set[str]) -> list[Fault]:
        """Those of some files, and those of others that these have a part in: what a change may have broken."""
        sources = {source_of(self.site, name) for name in names}
        others = {found.fault for found in self.crossed if found.name in names}
        return [fault for fault in self.faults if fault.path in sources or fault in others]


def examine(
    site: Site,
    files: Files | None = None,
    cache: Path | None = None,
    memo: Memo | None = None,
    *,
    light: bool = False,
    later: bool = False,
    found: Stamps | None = None,
) -> Checked:
    """Check all files: those of the disk, unless others are given. `cache` is the file that keeps the cards; `memo`
    learns of each file that is read what a build would have to read in it again. `light` is for who wants the faults
    alone: where only words changed, the cards are left out, and `later` leaves it to `keep` to write the cache.
    `found` is the folder as somebody has just seen it."""
    kept = Cache(cache, site)
    files = files or Disk(site, kept.images, kept.keys, found)
    keys = _keys(files)
    fresh = _fresh(site, files, kept, keys, memo)
    if light and isinstance(files, Disk) and (told := calm.recalled(site, kept, files, keys, fresh)) is not None:
        if not later:
            kept.save()
        return Checked(site, files, {}, keys, (), told, kept.save if later else Checked.keep)
    cards = {
        name: fresh.get(name) or (key and kept.get(name, key)) or _unreadable(site, name) for name, key in keys.items()
    }
    world = cross.World(site, files, cards)
    crossed = [fault for card in cards.values() if card.aims for fault in cross.faults(world, card)]
    for card, first in cross.clashes(cards):
        sentence = f"même adresse que {first.source} ({card.url}) ; renommez l’un des deux fichiers."
        crossed.append(cross.Found(Fault(card.source, 1, sentence), first.name))
    late = list(translations.faults(world, kept))
    strays = [*_strays(site, files, cards), *spelling.faults(site, cards)]
    checked = Checked(site, files, cards, {n: key for n, key in keys.items() if key}, [*crossed, *late], strays)
    kept.calm = calm.of(world, files, checked.faults, late) if isinstance(files, Disk) else None
    kept.save()
    return checked


def check(tree: Tree) -> list[Fault]:
    """All faults and warnings of all files of a tree as they are on disk, sorted by file, line and sentence."""
    return examine(tree.site).faults


def _keys(files: Files) -> dict[str, str]:
    """The id of the bytes of each file, in the order of the names; empty where the file is to be read for it."""
    if not isinstance(files, Disk):
        return {name: files.key(name) for name in markdown(files.names)}
    known, stamps, none = files.keys, files.found.stamps, (None, "")
    return {
        name: found[1] if (found := known.get(name, none))[0] == stamps[name] else ""
        for name in files.found.parted(is_content)[0]
    }


def _fresh(site: Site, files: Files, kept: Cache, keys: dict[str, str], memo: Memo | None) -> dict[str, Card]:
    """The cards that the last run did not leave, made here; `keys` learns what was missing, and is empty of a file that
    cannot be read."""

    def made(name: str) -> tuple[str, Card | None, Learnt | None]:
        try:
            key = keys[name] or files.key(name)
            if not kept.lacking({name: key}):
                return key, None, None
            card, learnt = read(site, name, source_of(site, name), files.data(name))
        except OSError:
            return "", _unreadable(site, name), None
        return key, card, learnt if memo else None

    cards: dict[str, Card] = {}
    stale = kept.lacking(keys)
    least = None if isinstance(files, Disk) else len(stale) + 1  # a pipe from git cannot be read by two
    for name, (key, card, learnt) in zip(stale, spread(made, stale, least=least), strict=True):
        keys[name] = key
        if key and isinstance(files, Disk):
            files.keys[name] = files.found.lasting(name), key
        if card:
            cards[name] = card
            if key:
                kept.put(name, key, card)
            if memo and learnt:
                learn(memo, learnt, files.found.lasting(name) if isinstance(files, Disk) else None)
    return cards


def _unreadable(site: Site, name: str) -> Card:
    fault = unreadable(source_of(site, name))
    return Card(name, source_of(site, name), "", ok=False, faults=((1, fault.message, fault.level),))


def _strays(site: Site, files: Files, cards: Mapping[str, Card]) -> Iterator[Fault]:
    """Files that look like content and will not be published; a folder without any content."""
    for name in files.names:
        if OTHER_TEXT.search(name) and name.partition("/")[0] in {*site.categories, PAGES}:
            message = say("Le fichier n’est pas publié ; seuls ceux dont le nom finit par « .md » le sont.")
            yield Fault(source_of(site, name), 1, message, "warning")
    for folder in files.found.unread if isinstance(files, Disk) else ():
        if folder.partition("/")[0] in {*site.categories, PAGES, IMAGES}:  # else everything in it would leave the site
            yield Fault(source_of(site, folder), 1, say("Le dossier est illisible ; vérifiez ses droits."))
    if not cards:
        place = source_of(site, "").rstrip("/")
        yield Fault(place, 1, "aucun fichier Markdown ; vérifiez PATH dans pelicanconf.py.")
