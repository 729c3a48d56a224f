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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from itertools import chain
from pathlib import Path
from typing import IO, Any, NamedTuple
from weakref import finalize

from beffroi.memo.blobs import Blobs, Damaged, Ref
from beffroi.records import dataclass

__all__ = ["Blobs", "Damaged", "Memo", "Ref", "unswept"]

MARK = b"beffroi memo 6\n"
FILE = "memo.bin"
SIZE = struct.Struct("<Q")
TOGETHER = (
    ("files", "cards"),
    ("outputs", "front", "twin"),
    ("front folders", "twin folders"),
    ("related",),
)
"""Tables by the same names: written together, a part of the names after the other, they share them, in the file and in
memory. No value is `None`."""
PART = 1000
"""Names in a part: a part in which nothing changed is copied as it stands."""
GROWN = 50_000_000
"""Bytes that blobs may take besides three times those of the first build: then all is made anew, once in thousands of
edits."""


class Part(NamedTuple):
    """What is written together: of each of these tables, the values of these names, `None` where it has none. Whole tables
    where there are no names."""

    tables: list[str]
    names: list[str]
    values: list[Any]


def _put(file: IO[bytes], value: Any) -> int:
    """Write a value behind its seal. Returns how many bytes that took."""
    data = marshal.dumps(tuple(value))
    return file.write(hashlib.sha256(data).digest()) + file.write(data)


def _sealed(whole: memoryview) -> memoryview:
    """What was sealed. Raises `Damaged`."""
    if hashlib.sha256(whole[32:]).digest() != whole[:32]:
        raise Damaged("des octets ont changé")
    return whole[32:]


def _plain(values: list[Any]) -> list[Any]:
    """The values as they can be written: no named tuple."""
    return [tuple(value) if isinstance(value, tuple) else value for value in values]


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
    _former: dict[tuple[str, int], tuple[Part, int, int]] = field(default_factory=dict)
    """The parts as they were read, by their first table and their number, and where they lie in `_file`."""
    _file: int = -1

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
            name, end, sizes = marshal.loads(_sealed(memoryview(file.read(size))))  # noqa: S302
            self._file = os.dup(file.fileno())  # whatever replaces it: its parts are copied
            finalize(self, os.close, self._file)
            file.seek(start)
            buffer = memoryview(
                bytearray(max(sizes, default=0))
            )  # one for all: memory that is fresh each time costs more
            with unswept():
                for size in sizes:
                    read = file.readinto(buffer[:size])
                    self._take(Part._make(marshal.loads(_sealed(buffer[:read]))), start, size)  # noqa: S302
                    start += size
        self.blobs = Blobs.known(folder / name, end)
        if end > GROWN + 3 * self.tables.get("born", end):
            raise Damaged("elle a trop grossi")

    def _take(self, part: Part, start: int, size: int) -> None:
        if not part.names:
            self.tables |= dict(zip(part.tables, part.values, strict=True))
            return
        for table, values in zip(part.tables, part.values, strict=True):
            found = zip(part.names, values, strict=True)
            self.tables.setdefault(table, {}).update(
                found if all(values) else (one for one in found if one[1] is not None)
            )
        number = sum(first == part.tables[0] for first, _ in self._former)
        self._former[part.tables[0], number] = part, start, size

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
            rest = {name: table for name, table in self.tables.items() if name not in chain(*TOGETHER)}
            sizes = [_put(file, Part(list(rest), [], list(rest.values())))]
            sizes += [self._again(file, number, part) for group in TOGETHER for number, part in self._parts(group)]
            file.write(SIZE.pack(_put(file, (self.blobs.name, self.blobs.end, sizes))))
        os.replace(aside, self.folder / FILE)
        self.blobs.sweep()

    def _parts(self, group: Sequence[str]) -> Iterator[tuple[int, Part]]:
        """Tables as they are written, and the number of each part."""
        tables = {name: table for name in group if (table := self.tables.get(name))}
        names = list(dict.fromkeys(chain(*tables.values())))
        for number, start in enumerate(range(0, len(names), PART)):
            some = names[start : start + PART]
            yield number, Part(list(tables), some, [list(map(table.get, some)) for table in tables.values()])

    def _again(self, file: IO[bytes], number: int, part: Part) -> int:
        """Write a part, or copy it where it is as it was read. Returns how many bytes that took."""
        former, start, size = self._former.get((part.tables[0], number), (None, 0, 0))
        if former == part:
            return file.write(os.pread(self._file, size, start))
        return _put(file, part._replace(values=list(map(_plain, part.values))))

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
