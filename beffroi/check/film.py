"""Whether a film says where it was taken: the boxes of QuickTime and MP4 (ISO/IEC 14496-12), read as far as they tell.

::

    moov ── udta ── ©xyz                             QuickTime, Android
         │       └─ loci                             3GPP
         ├─ meta ── keys, ilst                       Apple: com.apple.quicktime.location.…
         └─ trak ── mdia ── minf ── stbl ── stsd     a camera's own track of positions: gpmd

Pictures and sound are not read: a film of a gigabyte costs a few dozen short reads.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

FILMS = frozenset({".mp4", ".mov", ".m4v", ".qt", ".3gp", ".m4a"})
"""Files of that form, the voice memos of a phone among them."""

INSIDE = frozenset({b"moov", b"udta", b"meta", b"trak", b"mdia", b"minf", b"stbl"})
MOST = 10_000
"""Boxes that are looked at; a film has some hundreds."""
SHORT = 65_536
"""Bytes of a box that are read."""

Box = tuple[bytes, int, int]
"""Its kind, and where what it holds begins and ends."""


def located(file: BinaryIO) -> bool:
    """Whether that film holds a place. False of what is no film, or is cut."""
    file.seek(0, 2)
    try:
        return _says(_within(file, 0, file.tell()), file)
    except (OSError, struct.error, RecursionError):
        return False


def _says(boxes: Iterator[Box], file: BinaryIO) -> bool:
    names: list[bytes] = []
    for count, (kind, start, end) in enumerate(boxes):
        if count > MOST:
            return False
        if kind in {b"\xa9xyz", b"loci"} and end - start > 4:
            return True
        if kind == b"stsd" and b"gpmd" in _read(file, start, end):
            return True
        if kind == b"keys":
            names = _names(_read(file, start, end))
        if kind == b"ilst" and any(
            0 < number <= len(names) and b".location." in names[number - 1] and length > 16
            for number, length in _items(file, start, end)
        ):
            return True
    return False


def _within(file: BinaryIO, start: int, end: int) -> Iterator[Box]:
    """The boxes of a part of the file, each before those that it holds."""
    while start + 8 <= end:
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        body = start + 8
        if size == 1:
            (size,) = struct.unpack(">Q", file.read(8))
            body += 8
        after = start + size if size else end
        if after < body or after > end:
            return
        yield kind, body, after
        if kind in INSIDE:
            whole = kind == b"meta" and _read(file, body, body + 4) == b"\0\0\0\0"  # its version, in MP4 alone
            yield from _within(file, body + 4 if whole else body, after)
        start = after


def _read(file: BinaryIO, start: int, end: int) -> bytes:
    file.seek(start)
    return file.read(min(end - start, SHORT))


def _names(data: bytes) -> list[bytes]:
    """The names of the values that follow, in their order."""
    found, at = [], 8
    while at + 8 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if size < 8:
            break
        found.append(data[at + 8 : at + size])
        at += size
    return found


def _items(file: BinaryIO, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Number of the name, and length, of each value."""
    for kind, body, after in _within(file, start, end):
        yield int.from_bytes(kind, "big"), after - body
