"""A publication after which only the words of some files changed: nothing else is looked at again.

Where the last run found no error, where the same files are there, and where those that changed have the face that they
had, no other file can be at fault in what it asks of them. Their warnings are those of the last run.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from beffroi.check import cross, translations
from beffroi.check.cache import Cache, Calm, Told
from beffroi.check.card import Card
from beffroi.check.files import Disk
from beffroi.content import is_content
from beffroi.errors import Fault
from beffroi.memo.stamps import digest
from beffroi.settings import Site


class Cards(Mapping[str, Card]):
    """The cards that are kept, by name; each is opened when it is looked at."""

    def __init__(self, kept: Cache, keys: Mapping[str, str]) -> None:
        self._kept, self._keys = kept, keys

    def __getitem__(self, name: str) -> Card:
        if (card := self._kept.get(name, self._keys[name])) is None:
            raise KeyError(name)
        return card

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __len__(self) -> int:
        return len(self._keys)


def around(files: Disk) -> bytes:
    """What stands for the names of all files, and for the bytes of those that are no content; empty where one of these
    is too young for its stamp to prove anything."""
    names = "\0".join(files.names)
    stamps = [files.found.lasting(name) for name in files.found.parted(is_content)[1]]
    return digest(b"\0".join([os.fsencode(names), *(stamp for stamp in stamps if stamp)])) if all(stamps) else b""


def of(
    world: cross.World, files: Disk, faults: Iterable[Fault], about_translations: Iterable[cross.Found]
) -> Calm | None:
    """What the next run need not look at again; `None` where it must."""
    faults = list(faults)
    if world.site.raw.get("SPELLING") or any(fault.level == "error" for fault in faults):
        return None
    late = {found.fault for found in about_translations}
    told: dict[str, list[Told]] = {}
    for fault in faults:
        if fault not in late:
            told.setdefault(fault.path, []).append((fault.path, fault.line, fault.message, fault.level))
    same = around(files)
    return Calm(same, told, translations.names(world)) if same else None


def recalled(
    site: Site, kept: Cache, files: Disk, keys: Mapping[str, str], fresh: Mapping[str, Card]
) -> list[Fault] | None:
    """All faults, where only the files that are `fresh` changed, and these have the face that they had; `None` where
    more must be looked at."""
    calm = kept.calm
    if (
        calm is None
        or not all(keys.values())
        or any(_face(kept.former(name)) != _face(card) for name, card in fresh.items())
    ):
        return None
    if calm.around != around(files):
        return None
    cards = Cards(kept, keys)
    world = cross.World(site, files, cards)
    told = dict(calm.told)
    for card in fresh.values():
        own = [*card.own(), *(found.fault for found in cross.faults(world, card))]
        told[card.source] = [(fault.path, fault.line, fault.message, fault.level) for fault in own]
    late: list[cross.Found] = []
    if calm.abroad:
        late += translations.faults(cross.World(site, files, {name: cards[name] for name in calm.abroad}), kept)
    found = [Fault(*one) for every in told.values() for one in every]  # type: ignore[arg-type]  # a level, from a Fault
    if any(fault.level == "error" for fault in found):
        return None
    kept.calm = calm._replace(told={source: every for source, every in told.items() if every})
    kept.use(keys)
    return [*found, *(one.fault for one in late)]


def _face(card: Card | None) -> tuple[object, ...]:
    """What other files can see of one."""
    return (card.ok, card.url, card.draft, card.ids) if card else ()
