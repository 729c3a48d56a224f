"""What an import finds elsewhere, whatever the system that it comes from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field, replace
from datetime import datetime

from beffroi.records import dataclass


@dataclass(frozen=True, slots=True)
class Media:
    """An image or a file of the old site: its address there, and what is said of it."""

    url: str
    alt: str = ""
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One article or page. `key` is its stable id in the source, `place` names it to an agent, `name` is the file name
    wanted, `addresses` are those it had; `html` is its text."""

    key: str
    place: str
    title: str
    html: str
    name: str
    date: datetime | None
    updated: datetime | None = None
    page: bool = False
    draft: bool = False
    summary: str = ""
    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: Media | None = None
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class Loss:
    """What could not be taken, or not as it was: where, what was found, what to do. `raw` is the thing itself, kept so
    that nothing is lost."""

    where: str
    found: str
    advice: str
    raw: str = ""

    def __str__(self) -> str:
        return f"{self.where} : {self.found} ; {self.advice}"


@dataclass
class Source:
    """One export, read. `origin` is the old site's address, `media` what is known of its images by address."""

    name: str
    origin: str
    pieces: list[Piece] = field(default_factory=list)
    media: dict[str, Media] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)


def distinct(pieces: Iterable[Piece]) -> list[Piece]:
    """Each piece once, under a key of its own: exports mended by hand, or of several sites in one, give one number to
    several things, and some feeds repeat an entry."""
    found: dict[str, Piece] = {}
    for piece in pieces:
        key, number = piece.key, 1
        while key in found and found[key] != replace(piece, key=key):
            number += 1
            key = f"{piece.key}#{piece.name}" if number == 2 else f"{piece.key}#{piece.name}-{number}"
        found[key] = replace(piece, key=key)
    return list(found.values())
