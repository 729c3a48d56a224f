"""Cards kept between two runs, in one file of `var/cache`: a file that did not change is not read again."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path

import beffroi
from beffroi.check.card import Aim, Card
from beffroi.check.files import Image, Key
from beffroi.memo import unswept
from beffroi.settings import Site

READ_BY = (
    *("check", "schema", "content.py", "convert.py", "entry.py", "errors.py", "gates.py", "learnt.py", "model.py"),
    *("tags.py", "text.py"),
)
"""The modules on which a card depends: a change in any of them makes all cards anew."""


AIMS = Card._fields.index("aims")


class Cache:
    """Cards by the file's name and its bytes' id; images and ids by name. `save` keeps what this run used."""

    def __init__(self, path: Path | None, site: Site) -> None:
        self.path, self._rules = path, _rules(site) if path else ""
        self._old: dict[tuple[str, str], bytes] = {}  # packed: a card is a hundred small objects
        self._new: dict[tuple[str, str], bytes] = {}
        self.images: dict[str, Image] = {}
        self.keys: dict[str, Key] = {}
        self.dates: tuple[str, dict[str, int]] = ("", {})
        """A commit, and when it last knew some files to change."""
        self._changed = False
        if path:
            self._load(path)
        self._known = dict(self.images), dict(self.keys), self.dates

    def get(self, name: str, key: str) -> Card | None:
        """The card of those bytes under that name."""
        packed = self._old.get((name, key)) or self._new.get((name, key))
        if packed is None:
            return None
        self._new[name, key] = packed
        return _unpacked(packed)

    def put(self, name: str, key: str, card: Card) -> None:
        """Keep a card that was just made."""
        self._new[name, key] = _packed(card)
        self._changed = True

    def save(self) -> None:
        """Write the cards of this run in one step. A cache that cannot be written is done without."""
        if not self.path or not (
            self._changed or (self.images, self.keys, self.dates) != self._known or len(self._new) != len(self._old)
        ):
            return
        data = marshal.dumps((self._new, self.images, self.keys, self.dates))
        beside = self.path.with_suffix(f".{os.getpid()}")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            beside.write_bytes(self._seal(data) + data)
            beside.replace(self.path)
        except OSError:
            with suppress(OSError):
                beside.unlink(missing_ok=True)

    def _load(self, path: Path) -> None:
        try:
            whole = path.read_bytes()
        except OSError:
            return
        seal, data = whole[:32], memoryview(whole)[32:]
        if seal != self._seal(data):  # other rules, or a file that was cut
            return
        with unswept():
            self._old, self.images, self.keys, self.dates = marshal.loads(data)  # noqa: S302  # our own, sealed

    def _seal(self, data: bytes | memoryview) -> bytes:
        return hashlib.blake2b(data, digest_size=32, key=self._rules.encode()[:64]).digest()


def _packed(card: Card) -> bytes:
    aims = [tuple(aim) for aim in card.aims]  # marshal takes no named ones
    return marshal.dumps((*card[:AIMS], aims, *card[AIMS + 1 :]))


def _unpacked(packed: bytes) -> Card:
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
