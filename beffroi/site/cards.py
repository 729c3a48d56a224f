"""The index: what listings, feeds and neighbours need to know of an entry without opening it."""

from __future__ import annotations

import marshal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, NamedTuple, overload

from beffroi.memo import Memo, Ref
from beffroi.memo.blobs import REF
from beffroi.model import Image, Item, Source
from beffroi.records import dataclass
from beffroi.text import absolute_links

OPEN = 512
"""Items kept open at once: a page shows its own twice and three others, which its neighbours show too."""


class Card(NamedTuple):
    """One visible entry. Instants are seconds since 1970. `sum` stands for all that a listing can show, `whole` for the
    text besides; `refs` lead to what its HTML depends on, its item and its HTML. A lasting page has no category."""

    source: str
    digest: bytes
    id: str
    category: str
    title: str
    path: str
    since: float
    updated: float
    over: float | None
    weight: int
    alert: bool
    event: tuple[float, float] | None
    tags: tuple[str, ...]
    withdrawn: bool
    aliases: tuple[str, ...]
    sum: bytes
    whole: bytes
    refs: bytes
    shows: bytes

    @property
    def notes(self) -> Ref:
        """Where what it asked of the tree is, and the answers."""
        return self.refs[: REF.size]

    @property
    def item(self) -> Ref:
        """Where its item is."""
        return self.refs[REF.size : -REF.size]

    @property
    def html(self) -> Ref:
        """Where its HTML is."""
        return self.refs[-REF.size :]

    @property
    def assets(self) -> list[tuple[str, str]]:
        """Output name and, below `content/`, the file that it is made of, of all that its page shows or offers. Packed
        in `shows`, empty where there is none."""
        shown: list[tuple[str, str]] = marshal.loads(self.shows) if self.shows else []  # noqa: S302  # the memo's own
        return shown

    @property
    def original(self) -> str:
        """The id of what it is a translation of; its own where it is none."""
        return self.id.partition(".")[0]

    @property
    def language(self) -> str:
        """The language that it is translated to, empty for an original."""
        return self.id.partition(".")[2]

    def runs(self, at: float) -> bool:
        """Whether it may be shown as current at that instant."""
        return self.since <= at and (self.over is None or at < self.over)


@dataclass(frozen=True)
class Lasting:
    """A page without date, as templates list it."""

    slug: str
    title: str
    path: str
    url: str
    summary: str
    lang: str
    image: Image | None
    sources: tuple[Source, ...]
    date: datetime | None = None
    updated: datetime | None = None
    withdrawn: str | None = None


class Shown(Item):
    """An item whose text is fetched when a template asks for it: ours show the page's own."""

    @classmethod
    def of(cls, item: Item, html: Callable[[], str]) -> Shown:
        """That item, with that text."""
        shown = cls.__new__(cls)
        shown.__dict__.update(item.__dict__, _html=html)
        return shown

    @property
    def html(self) -> str:
        """The text, with absolute addresses only."""
        return str(self.__dict__["_html"]())


class Shelf:
    """Fetches what cards stand for."""

    def __init__(self, memo: Memo, origin: str) -> None:
        self._memo, self._origin = memo, origin
        self._open: dict[bytes, Any] = {}

    def html(self, card: Card) -> str:
        """Its HTML, as the page shows it."""
        return self._memo.blobs.text(card.html)

    def brief(self, card: Card) -> Any:
        """Its item, or its `Lasting`, without the text."""
        if (found := self._open.get(card.item)) is None:
            if len(self._open) >= OPEN:  # what was opened longest ago
                del self._open[next(iter(self._open))]
            found = self._open[card.item] = self._memo.blobs.unpickle(card.item)
        return found

    def item(self, card: Card) -> Item:
        """Its item, whole."""
        item = Item.__new__(Item)  # `replace` would hand over each field twice
        item.__dict__.update(self.brief(card).__dict__, html=absolute_links(self.html(card), self._origin))
        return item

    def shown(self, card: Card) -> Item:
        """Its item for its own page: with its text, should the template want it."""
        return Shown.of(self.brief(card), lambda: absolute_links(self.html(card), self._origin))


class Cards(Sequence[Item]):
    """A listing for templates and feeds: each item is fetched when it is looked at. `whole` ones have their text."""

    def __init__(self, shelf: Shelf, cards: Sequence[Card], *, whole: bool = False) -> None:
        self.cards, self._fetch = cards, shelf.item if whole else shelf.brief

    def __len__(self) -> int:
        return len(self.cards)

    @overload
    def __getitem__(self, index: int) -> Item: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Item]: ...
    def __getitem__(self, index: int | slice) -> Item | Sequence[Item]:
        if isinstance(index, slice):
            return [self._fetch(card) for card in self.cards[index]]
        return self._fetch(self.cards[index])

    def __iter__(self) -> Iterator[Item]:
        return map(self._fetch, self.cards)


def newest_first(cards: Iterable[Card]) -> list[Card]:
    """By the instant at which citizens could know of them; ties by id, so that the order never depends on a set."""
    return sorted(sorted(cards, key=attrgetter("id")), key=attrgetter("since"), reverse=True)


def running_alerts(cards: Iterable[Card], at: float) -> list[Card]:
    """Alerts that run, the most severe first, then the newest."""
    running = (card for card in cards if card.alert and card.runs(at))
    return sorted(running, key=lambda card: (-card.weight, -card.since, card.id))


def upcoming(cards: Iterable[Card], at: float) -> list[Card]:
    """Those whose event is not over, the soonest first."""
    coming = [(card.event[0], card.id, card) for card in cards if card.event and at < card.event[1]]
    return [card for *_, card in sorted(coming, key=lambda row: row[:2])]


def by_category(cards: Sequence[Card], slugs: Iterable[str]) -> Mapping[str, list[Card]]:
    """The cards of each category, in the given order."""
    lists: dict[str, list[Card]] = {slug: [] for slug in slugs}
    for card in cards:
        lists[card.category].append(card)
    return lists


def shown_first(own: Sequence[Card], at: float, newest: int) -> list[Card]:
    """What the page of a category shows, in its order: all that runs, all that comes, then so many of its newest."""
    return list({card.id: card for card in [*running_alerts(own, at), *upcoming(own, at), *own[:newest]]}.values())
