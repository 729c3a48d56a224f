"""Small films for the tests: a few boxes, as phones and cameras write them, with nothing to see in them."""

from __future__ import annotations

import struct


def box(kind: bytes, *parts: bytes) -> bytes:
    """One box of QuickTime or MP4."""
    data = b"".join(parts)
    return struct.pack(">I4s", 8 + len(data), kind) + data


PLACE = b"+45.2331+005.8830+231.000/"
HEAD = box(b"ftyp", b"qt  \0\0\0\0qt  ")
PICTURES = box(b"mdat", bytes(2000) + b"\xa9xyz" + bytes(100))


def xyz() -> bytes:
    """QuickTime and Android: the place in the user data."""
    return box(b"udta", box(b"\xa9xyz", struct.pack(">HH", len(PLACE), 0x15C7), PLACE))


def loci() -> bytes:
    """3GPP."""
    return box(b"udta", box(b"loci", bytes(6), b"\0\0", struct.pack(">iii", 5 << 16, 45 << 16, 0), b"earth\0\0"))


def apple(name: bytes = b"com.apple.quicktime.location.ISO6709", value: bytes = PLACE, version: bytes = b"") -> bytes:
    """An iPhone: the name of the value, then the value. An MP4 says the version of `meta`."""
    names = (b"com.apple.quicktime.make", name)
    keys = box(b"keys", struct.pack(">II", 0, 2), *(box(b"mdta", one) for one in names))
    values = [box(b"data", struct.pack(">II", 1, 0), one) for one in (b"Apple", value)]
    ilst = box(b"ilst", *(box(struct.pack(">I", n), one) for n, one in enumerate(values, 1) if len(one) > 16))
    return box(b"meta", version, box(b"hdlr", bytes(24)), keys, ilst)


def gopro() -> bytes:
    """A camera with a track of positions."""
    stsd = box(b"stsd", struct.pack(">II", 0, 1), box(b"gpmd", bytes(8)))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd))))


def film(*parts: bytes, first: bool = False) -> bytes:
    """A film that says so much; `first` puts the pictures behind it."""
    moov = box(b"moov", box(b"mvhd", bytes(100)), *parts)
    return HEAD + (moov + PICTURES if first else PICTURES + moov)
