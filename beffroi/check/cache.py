"""Cards kept between two runs, in one file of `var/cache`: a file that did not change is not read again."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from itertools import accumulate
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

import beffroi
from beffroi.check.card import Aim, Card
from beffroi.check.files import Image, Key
from beffroi.memo import unswept
from beffroi.settings import Site

READ_BY = (
    *("check", "schema", "content.py", "convert.py", "entry.py", "errors.py", "gates.py", "learnt.py", "model.py"),
    *("moments.py", "plainly.py", "records.py", "service.py", "settings.py", "shapes.py", "tags.py", "text.py"),
    "typography.py",
)
"""The modules on which a card depends: a change in any of them makes all cards anew."""


AIMS = Card._fields.index("aims")

WHERE = Struct("<II")
"""Of a card that is kept: where it begins among all cards, its length."""
SIZE = Struct("<Q")

Id = str
"""The id of the bytes of a file: the same object as in `keys`."""
Told = tuple[str, int, str, str]
"""A fault as it is kept."""


class Calm(NamedTuple):
    """A run that found no error. `around` stands for the names of all files and the stamps of those that are no content;
    `told` are the warnings by file, those about translations left out; `abroad` are translations and their originals."""

    around: bytes
    told: dict[str, list[Told]]
    abroad: list[str]


class Cache:
    """Cards by the file's name and its bytes' id; images and ids by name. `save` keeps what this run used."""

    def __init__(self, path: Path | None, site: Site) -> None:
        self.path, self._rules = path, _rules(site) if path else ""
        self._ids: dict[str, Id] = {}
        self._where: dict[str, bytes] = {}
        self._cards = memoryview(b"")  # packed: a card is a hundred small objects
        self._fresh: dict[str, tuple[Id, bytes]] = {}
        self._used: dict[str, None] = {}
        self.images: dict[str, Image] = {}
        self.keys: dict[str, Key] = {}
        self.dates: tuple[str, dict[str, int]] = ("", {})
        """A commit, and when it last knew some files to change."""
        self.calm: Calm | None = None
        if path:
            self._load(path)
        self._known = dict(self.images), dict(self.keys), self.dates, self.calm

    def lacking(self, keys: Mapping[str, str]) -> list[str]:
        """The files of these ids whose cards the last run did not leave; an empty id has none."""
        ids = self._ids
        return [name for name, key in keys.items() if not key or ids.get(name) != key]

    def former(self, name: str) -> Card | None:
        """The card under that name as the last run left it."""
        if (where := self._where.get(name)) is None:
            return None
        return _unpacked(self._packed(where))

    def get(self, name: str, key: str) -> Card | None:
        """The card of those bytes under that name; an empty id has none."""
        fresh = self._fresh.get(name, ("", b""))
        if not key or key not in (fresh[0], self._ids.get(name)):
            return None
        self._used[name] = None
        return _unpacked(fresh[1]) if fresh[0] == key else self.former(name)

    def put(self, name: str, key: str, card: Card) -> None:
        """Keep a card that was just made."""
        self._used[name] = None
        self._fresh[name] = key, _packed(card)

    def use(self, names: Iterable[str]) -> None:
        """Keep these cards, though nobody looked at them."""
        self._used |= dict.fromkeys(names)

    def save(self) -> None:
        """Write the cards of this run in one step. A cache that cannot be written is done without."""
        state = self.images, self.keys, self.dates, self.calm
        if not self.path or not (self._fresh or state != self._known or len(self._used) != len(self._where)):
            return
        fresh = self._fresh
        ids = {name: fresh[name][0] if name in fresh else self._ids[name] for name in self._used}
        cards = [fresh[name][1] if name in fresh else self._packed(self._where[name]) for name in self._used]
        lengths = list(map(len, cards))
        where = dict(zip(ids, map(WHERE.pack, accumulate(lengths, initial=0), lengths), strict=True))
        calm: Any = tuple(self.calm) if self.calm else None
        index = marshal.dumps((ids, where, self.images, self.keys, self.dates, calm))
        parts = [SIZE.pack(len(index)), index, *cards]
        beside = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with beside.open("wb") as file:
                file.write(self._seal(parts))
                file.writelines(parts)
            beside.replace(self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    def _packed(self, where: bytes) -> memoryview:
        start, length = WHERE.unpack(where)
        return self._cards[start : start + length]

    def _load(self, path: Path) -> None:
        try:
            whole = memoryview(path.read_bytes())
        except OSError:
            return
        seal, data = whole[:32], whole[32:]
        if seal != self._seal([data]):  # other rules, or a file that was cut
            return
        end = SIZE.size + SIZE.unpack(data[: SIZE.size])[0]
        with unswept():
            index = marshal.loads(data[SIZE.size : end])  # noqa: S302  # our own, sealed
        self._ids, self._where, self.images, self.keys, self.dates, calm = index
        self._cards, self.calm = data[end:], Calm(*calm) if calm else None

    def _seal(self, parts: Iterable[bytes | memoryview]) -> bytes:
        total = hashlib.sha256(self._rules.encode())  # by the processor itself on most: half the time of BLAKE2
        for part in parts:
            total.update(part)
        return total.digest()


def _packed(card: Card) -> bytes:
    aims = [tuple(aim) for aim in card.aims]  # marshal takes no named ones
    return marshal.dumps((*card[:AIMS], aims, *card[AIMS + 1 :]))


def _unpacked(packed: bytes | memoryview) -> Card:
    card = Card._make(marshal.loads(packed))  # noqa: S302  # our own, sealed
    return card._replace(aims=tuple(map(Aim._make, card.aims))) if card.aims else card._replace(aims=())


def _rules(site: Site) -> str:
    """A digest of all on which cards depend besides the files: the program's rules and the commune's settings."""
    home = Path(beffroi.__file__).parent
    files = [p for name in READ_BY for p in (sorted((home / name).glob("*.py")) if "." not in name else [home / name])]
    digest = hashlib.blake2b(digest_size=16)
    for path in files:
        digest.update(path.read_bytes())
    raw = {key: value for key, value in site.raw.items() if key.startswith(("PANEL", "SPELLING"))}
    said = (
        site.content,
        site.root,
        site.publisher.url,
        site.publisher.lang,
        site.zone.key,
        dict(site.categories),
        *site.languages,
    )
    versions = [sys.version, version("markdown"), version("PyYAML")]
    digest.update(repr((*said, dict(site.areas), sorted(raw.items()), versions)).encode())
    return digest.hexdigest()
