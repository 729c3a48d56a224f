"""The archive of a category: its items in pages that are numbered from the oldest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from beffroi.model import Item
from beffroi.site.cards import Card, Cards, Shelf

FIRST = 24
"""How many of its newest items the page of a category shows, and how many each page of its archive."""


class Archive(NamedTuple):
    """One page of a category's archive, as templates see it; `items` newest first. Numbered from the oldest, so that a
    new item changes none but the newest page; the newest one comes after no other and says so by an empty `newer`."""

    number: int
    path: str
    items: Sequence[Item]
    newer: str
    older: str

    @property
    def since(self) -> datetime:
        """The instant of its oldest item."""
        return self.items[-1].since

    @property
    def until(self) -> datetime:
        """The instant of its newest item."""
        return self.items[0].since


def split(newest_first: Sequence[Card]) -> list[list[Card]]:
    """The pages of an archive, the oldest first; each page newest first. What the category's own page shows is not among
    them."""
    oldest_first = newest_first[FIRST:][::-1]
    return [list(oldest_first[start : start + FIRST][::-1]) for start in range(0, len(oldest_first), FIRST)]


def listed(shelf: Shelf, base: str, slug: str, pages: Sequence[Sequence[Card]]) -> list[Archive]:
    """The pages as templates see them, the newest first."""
    path = [f"{base}/{archive_address(slug, number)}" for number in range(1, len(pages) + 1)]
    return [
        Archive(n, path[n - 1], Cards(shelf, pages[n - 1]), ([*path, ""])[n], path[n - 2] if n > 1 else "")
        for n in range(len(pages), 0, -1)
    ]


def archive_address(slug: str, number: int) -> str:
    """Where a page of an archive is, without the site's base path."""
    return f"{slug}/archives/{number}/"
