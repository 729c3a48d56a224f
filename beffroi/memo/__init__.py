"""What one build leaves for the next: tables of plain values, and blobs beside them.

::

    var/cache/memo.bin     mark, key, tables (marshal, each behind its SHA-256), their sizes; replaced in one step
    var/cache/blobs-N.bin  texts and objects, appended to; a table names one by place, length and CRC

Nothing here is needed: without it, or where a byte of it is wrong, everything is made anew. `key` names the program,
its libraries and the settings; under another key the memo is not read at all.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import IO, Any

from beffroi.memo.blobs import Blobs, Damaged, Ref

__all__ = ["Blobs", "Damaged", "Memo", "Ref", "unswept"]

MARK = b"beffroi memo 5\n"
FILE = "memo.bin"
SIZE = struct.Struct("<Q")
TOGETHER = (("files", "cards", "moments"), ("outputs", "front", "twin"))
"""Tables by the same names: written together, a part of the names after the other, they share them, in the file and in
memory."""
PART = 1000
"""Names in a part: the values of so many, and not of all of them, are held twice while they are read or written."""
GROWN = 50_000_000
"""Bytes that blobs may take besides three times those of the first build: then all is made anew, once in thousands of
edits."""


def _put(file: IO[bytes], value: Any) -> int:
    """Write a value behind its seal. Returns how many bytes that took."""
    data = marshal.dumps(value)
    return file.write(hashlib.sha256(data).digest()) + file.write(data)


def _sealed(data: bytes) -> memoryview:
    """What was sealed. Raises `Damaged`."""
    whole = memoryview(data)
    if hashlib.sha256(whole[32:]).digest() != whole[:32]:
        raise Damaged("des octets ont changé")
    return whole[32:]


def _plain(value: Any) -> Any:
    """The value as it can be written: no named tuple."""
    return tuple(value) if isinstance(value, tuple) else value


@contextmanager
def unswept() -> Iterator[None]:
    """Load many small objects, none of them garbage: the collector neither sweeps meanwhile nor counts them later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@dataclass
class Memo:
    """The memo of one site. `tables` is read and replaced by whoever owns a table; `said` tells why it starts empty. Named
    tuples come back as plain ones."""

    folder: Path | None
    key: str
    tables: dict[str, Any] = field(default_factory=dict)
    blobs: Blobs = field(default_factory=Blobs)
    said: str = ""

    @classmethod
    def open(cls, folder: Path, key: str, *, clean: bool = False) -> Memo:
        """The memo in that folder, empty where there is none, `clean` is asked, or a byte of it is wrong."""
        memo = cls(folder, key)
        if clean or not (folder / FILE).exists():
            memo.said = "" if clean else "Première construction : tout est à faire."
        else:
            try:
                memo._load(folder)
            except Damaged as reason:
                memo = cls(folder, key, said=f"Mémoire des constructions écartée ({reason}) ; tout est refait.")
            except (OSError, struct.error) as error:
                memo = cls(folder, key, said=f"Mémoire des constructions illisible ({error}) ; tout est refait.")
        if not memo.tables:
            memo.blobs = Blobs.anew(folder)
        return memo

    def _load(self, folder: Path) -> None:
        with open(folder / FILE, "rb") as file:
            if file.readline() != MARK:
                raise Damaged("ce n’en est pas une")
            if file.readline().rstrip(b"\n") != self.key.encode():
                raise Damaged("le programme ou les réglages ont changé")
            start, length = file.tell(), file.seek(-SIZE.size, os.SEEK_END)
            (size,) = SIZE.unpack(file.read())
            if not 0 < size <= length - start:
                raise Damaged("elle est tronquée")
            file.seek(length - size)
            name, end, sizes = marshal.loads(_sealed(file.read(size)))  # noqa: S302
            file.seek(start)
            with unswept():
                for names, size in sizes:
                    self._take(names, marshal.loads(_sealed(file.read(size))))  # noqa: S302
        self.blobs = Blobs.known(folder / name, end)
        if end > GROWN + 3 * self.tables.get("born", end):
            raise Damaged("elle a trop grossi")

    def save(self) -> None:
        """Put the tables down in one step. What was read so far stays readable."""
        if self.folder is None:
            return
        self.blobs.flush()
        self.tables.setdefault("born", self.blobs.end)
        for left in self.folder.glob(f".{FILE}.*"):  # by a build that was killed
            left.unlink(missing_ok=True)
        aside = self.folder / f".{FILE}.{os.getpid()}"
        with open(aside, "wb") as file:
            file.writelines((MARK, self.key.encode(), b"\n"))
            sizes = [(list(part), _put(file, list(part.values()))) for part in self._parts()]
            file.write(SIZE.pack(_put(file, (self.blobs.name, self.blobs.end, sizes))))
        os.replace(aside, self.folder / FILE)
        self.blobs.sweep()

    def _parts(self) -> Iterator[dict[str, Any]]:
        """The tables as they are written."""
        yield {name: table for name, table in self.tables.items() if name not in chain(*TOGETHER)}
        for group in TOGETHER:
            tables = {name: self.tables[name] for name in group if name in self.tables}
            keys = list(dict.fromkeys(chain(*tables.values())))
            for start in range(0, len(keys) or 1, PART):
                some = keys[start : start + PART]
                yield {name: {k: _plain(table[k]) for k in some if k in table} for name, table in tables.items()}

    def _take(self, names: list[str], values: list[Any]) -> None:
        for name, value in zip(names, values, strict=True):
            if name in self.tables:
                self.tables[name] |= value
            else:
                self.tables[name] = value

    def forget(self) -> None:
        """Drop everything: the next build starts clean."""
        if self.folder is not None:
            (self.folder / FILE).unlink(missing_ok=True)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """A blob that turns out damaged forgets the memo, so that the same command works the next time."""
        try:
            yield
        except Damaged:
            self.forget()
            raise
