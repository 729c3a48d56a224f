"""Byte strings in one file that only grows; each is checked when it is read back."""

from __future__ import annotations

import os
import pickle
import zlib
from pathlib import Path
from struct import Struct
from typing import Any

Ref = bytes
"""Where a blob begins, its length, its CRC-32, packed (`REF`), since there are four for each item."""

REF = Struct("<QII")


class Damaged(Exception):
    """The memo is not what was written. The message says how, in French."""


class Blobs:
    """The blobs of one memo; kept in memory where there is no file. Written at `flush`, or when they grow large."""

    BUFFER = 8_000_000

    def __init__(self, path: Path | None = None, end: int = 0) -> None:
        self.path, self.end = path, end
        self._kept = bytearray()
        self._start = end  # of what is kept
        self._file: int | None = None

    @classmethod
    def anew(cls, folder: Path) -> Blobs:
        """An empty file under a name of its own: a build that dies leaves the former one whole."""
        folder.mkdir(parents=True, exist_ok=True)
        numbers = [int(p.stem.partition("-")[2]) for p in folder.glob("blobs-*.bin") if p.stem[6:].isdecimal()]
        path = folder / f"blobs-{max(numbers, default=0) + 1}.bin"
        path.write_bytes(b"")
        return cls(path)

    @classmethod
    def known(cls, path: Path, end: int) -> Blobs:
        """The file that a memo names. Raises `Damaged`."""
        try:
            size = path.stat().st_size
        except OSError as error:
            raise Damaged("une partie manque") from error
        if size < end:
            raise Damaged("elle est tronquée")
        return cls(path, end)

    @property
    def name(self) -> str:
        """The name of the file."""
        return self.path.name if self.path else ""

    @property
    def grown(self) -> bool:
        """Whether something is kept that was not written yet."""
        return bool(self._kept)

    def put(self, data: bytes) -> Ref:
        """Keep these bytes."""
        ref = REF.pack(self.end, len(data), zlib.crc32(data))
        self._kept += data
        self.end += len(data)
        if self.path and len(self._kept) > self.BUFFER:
            self.flush()
        return ref

    def get(self, ref: Ref) -> bytes:
        """The bytes at that place. Raises `Damaged` where they are others."""
        start, length, crc = REF.unpack(ref)
        if start >= self._start:
            data = bytes(self._kept[start - self._start : start - self._start + length])
        else:
            data = os.pread(self._descriptor(), length, start)
        if len(data) != length or zlib.crc32(data) != crc:
            raise Damaged("des octets ont changé")
        return data

    def pickle(self, value: object) -> Ref:
        """Keep an object."""
        return self.put(pickle.dumps(value, protocol=5))

    def unpickle(self, ref: Ref) -> Any:
        """The object at that place."""
        return pickle.loads(self.get(ref))  # noqa: S301  # our own bytes: their sum was just checked

    def text(self, ref: Ref) -> str:
        """The text at that place."""
        return self.get(ref).decode()

    def flush(self) -> None:
        """Write what is kept in memory."""
        if self.path and self._kept:
            with open(self.path, "r+b") as file:
                file.seek(self._start)
                file.write(self._kept)
                file.truncate()
            self._start = self.end
            self._kept.clear()

    def sweep(self) -> None:
        """Remove the files of former memos."""
        if self.path:
            for other in self.path.parent.glob("blobs-*.bin"):
                if other != self.path:
                    other.unlink(missing_ok=True)

    def _descriptor(self) -> int:
        if self._file is None and self.path:
            self._file = os.open(self.path, os.O_RDONLY)
        if self._file is None:
            raise Damaged("une partie manque")
        return self._file
