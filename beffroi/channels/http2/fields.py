"""Header blocks (RFC 7541): ours, compressed against one connection's table; the vendor's, of which we read little."""

from __future__ import annotations

from collections import deque
from functools import lru_cache

from beffroi.channels.transport import Headers

TABLE = 4096
"""Bytes that both sides keep of the headers they saw, unless the vendor says less."""

OVERHEAD = 32
"""What an entry of the table counts on top of its text (RFC 7541, section 4.1)."""

STATIC = 61
POST_HTTPS = b"\x83\x87"
PATH = b"\x04"
CONTENT_LENGTH = b"\x0f\x0d"
FLEETING = frozenset({b"ttl"})
"""Headers that change too often to be kept."""

STATUS = {0x88: 200, 0x89: 204, 0x8A: 206, 0x8B: 304, 0x8C: 400, 0x8D: 404, 0x8E: 500}
_DIGITS = ("00000", "00001", "00010", "011001", "011010", "011011", "011100", "011101", "011110", "011111")


def _huffman(number: int) -> bytes:
    """A status in Huffman's code (RFC 7541, appendix B)."""
    bits = "".join(_DIGITS[int(digit)] for digit in str(number))
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


WRITTEN = {bytes((0x80 | len(code),)) + code: n for n in range(100, 600) for code in (_huffman(n),)} | {
    b"\3%d" % n: n for n in range(100, 600)
}
"""Every status written out, by its length and its text."""


class Fields:
    """What one connection's far side remembers of our headers; `limit` is what it is willing to keep, in bytes."""

    def __init__(self, authority: str, limit: int = TABLE) -> None:
        self._authority = authority.encode("ascii")
        self._limit = min(limit, TABLE)
        self._kept: deque[tuple[bytes, bytes]] = deque()
        self._size = 0
        self._changed = False
        self._start = _integer(self._limit, 5, 0x20) if self._limit < TABLE else b""
        self._last: tuple[Headers | None, bytes, bytes] = (None, b"", b"")

    def around(self, headers: Headers, path: int, length: int) -> tuple[bytes, bytes]:
        """The header block of one POST, before its path and after it; `path` is its size, `length` the body's."""
        head, tail = self._last[1:] if self.known(headers) else self._compiled(headers)
        return head + _length(path), tail + _content_length(length)

    def known(self, headers: Headers) -> bool:
        """Whether the far side has all of them, so that `around` says the same again."""
        return self._last[0] is headers and not self._start

    def _compiled(self, headers: Headers) -> tuple[bytes, bytes]:
        """What goes before the path and after it; kept once the far side knows all of it."""
        self._changed = False
        start, self._start = self._start, b""
        head = POST_HTTPS + self._field(b":authority", self._authority) + PATH
        tail = b"".join(self._field(name.lower().encode(), value.encode("latin-1")) for name, value in headers)
        self._last = (None if self._changed else headers, head, tail)
        return start + head, tail

    def _field(self, name: bytes, value: bytes) -> bytes:
        """One header: its number where the far side knows it, else in full, to be remembered."""
        if (name, value) in self._kept:
            return _integer(STATIC + 1 + self._kept.index((name, value)), 7, 0x80)
        text = _length(len(name)) + name + _length(len(value)) + value
        size = len(name) + len(value) + OVERHEAD
        if name in FLEETING or size > self._limit:
            return b"\x00" + text
        self._changed = True
        self._size += size
        while self._size > self._limit:
            old = self._kept.pop()
            self._size -= len(old[0]) + len(old[1]) + OVERHEAD
        self._kept.appendleft((name, value))
        return b"\x40" + text


def _integer(value: int, bits: int, mark: int) -> bytes:
    """RFC 7541, section 5.1; `mark` are the bits before the prefix."""
    most = (1 << bits) - 1
    if value < most:
        return bytes((mark | value,))
    out = bytearray((mark | most,))
    value -= most
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _content_length(size: int) -> bytes:
    text = str(size).encode()
    return CONTENT_LENGTH + _length(len(text)) + text


def _length(size: int) -> bytes:
    """The length of a text that is not compressed by Huffman's code."""
    return _integer(size, 7, 0)


def status(block: bytes) -> int:
    """The status of an answer: its first field (RFC 9113, section 8.3.2). Raises `ValueError`."""
    number = STATUS.get(block[0]) if block else 0
    return number if number is not None else _status(block[:6]) or int(fields(block).get(":status", ""))


@lru_cache(1024)
def quick(start: bytes) -> int:
    """The status, of the first six bytes of an answer; 0 where more of them must be read. Raises nothing."""
    try:
        return STATUS.get(start[0]) or _status(start)
    except (ValueError, IndexError):
        return 0


@lru_cache(1024)
def _status(start: bytes) -> int:
    """The status that these bytes begin with; 0 where the whole block must be read."""
    place = 0
    while start[place : place + 1] and 0x20 <= start[place] < 0x3F:  # the table's size: none, as we wished
        place += 1
    if place + 1 >= len(start) or start[place] not in {0x08, 0x18, 0x48}:
        return STATUS.get(start[place], 0) if place < len(start) else 0
    size = start[place + 1] & 0x7F
    return WRITTEN.get(start[place + 1 : place + 2 + size], 0)


def fields(block: bytes) -> dict[str, str]:
    """All headers of an answer. Raises `ValueError`.

    Each block is read by itself: the vendor was told to keep no table, so that no block depends on another.
    """
    from hpack import Decoder  # imported late: it costs 30 ms, and most answers need it not
    from hpack.exceptions import HPACKError

    decoder = Decoder()
    decoder.header_table_size = 0
    decoder.max_allowed_table_size = 0
    try:
        return {str(name): str(value) for name, value in decoder.decode(block)}
    except HPACKError as error:
        raise ValueError(str(error)) from error
