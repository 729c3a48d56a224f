"""The words of the house as plain, frozen data: an `Item` and what it is made of.

Every moment is an aware `datetime`. Text is plain text, typeset (French spaces); only `Item.html` is HTML.
None of them has slots: a build reads ten items back for each page, and what has slots takes three times as long.
"""

from __future__ import annotations

from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from beffroi.records import dataclass

Kind = Literal["news", "alert", "agenda", "discover"]


def latest(*moments: datetime | None) -> datetime | None:
    """The last of some instants. Python compares two moments of one zone by their clocks, which go back in autumn."""
    return max((moment for moment in moments if moment), key=datetime.timestamp, default=None)


class Severity(StrEnum):
    """How bad it is (CAP 1.2, section 3.2.2 `severity`)."""

    EXTREME = "Extreme"
    SEVERE = "Severe"
    MODERATE = "Moderate"
    MINOR = "Minor"
    UNKNOWN = "Unknown"

    @property
    def rank(self) -> int:
        """4 for Extreme down to 1 for Minor; Unknown counts as Moderate, to be on the safe side."""
        return {"Extreme": 4, "Severe": 3, "Moderate": 2, "Minor": 1, "Unknown": 2}[self.value]


class Urgency(StrEnum):
    """When to act (CAP 1.2, section 3.2.2 `urgency`)."""

    IMMEDIATE = "Immediate"
    EXPECTED = "Expected"
    FUTURE = "Future"
    PAST = "Past"
    UNKNOWN = "Unknown"


class Certainty(StrEnum):
    """How sure it is (CAP 1.2, section 3.2.2 `certainty`)."""

    OBSERVED = "Observed"
    LIKELY = "Likely"
    POSSIBLE = "Possible"
    UNLIKELY = "Unlikely"
    UNKNOWN = "Unknown"


@dataclass(frozen=True)
class Category:
    """One folder of `content/`. `slug` is the folder, `color` one of the theme's colour names."""

    slug: str
    name: str
    kind: Kind
    color: str
    description: str = ""


@dataclass(frozen=True)
class Area:
    """A hamlet or quarter that citizens choose and items name."""

    slug: str
    name: str


@dataclass(frozen=True)
class Panel:
    """One street panel: of `lines` lines of `columns` characters, else a screen of `width` by `height` pixels."""

    slug: str
    name: str
    lines: int = 0
    columns: int = 0
    width: int = 0
    height: int = 0


@dataclass(frozen=True)
class Picture:
    """One encoded size of an image: `url` root-relative, `width` in pixels, `type` its MIME type, `length` in bytes."""

    url: str
    width: int
    height: int
    type: str
    length: int


@dataclass(frozen=True)
class Image:
    """An image as the pages use it. `pictures` go from small to large, modern formats first; the last one is the
    fallback (JPEG, PNG or SVG) in its largest size."""

    alt: str
    credit: str = ""
    pictures: tuple[Picture, ...] = ()

    @property
    def fallback(self) -> Picture:
        """The one that every reader can show."""
        return self.pictures[-1]

    def srcset(self, mime: str) -> str:
        """The `srcset` attribute of one MIME type, empty where that type has no picture."""
        return ", ".join(f"{p.url} {p.width}w" for p in self.pictures if p.type == mime)

    @property
    def types(self) -> tuple[str, ...]:
        """MIME types, best first."""
        return tuple(dict.fromkeys(p.type for p in self.pictures))


@dataclass(frozen=True)
class Alert:
    """What makes an item urgent (CAP 1.2)."""

    severity: Severity = Severity.MODERATE
    urgency: Urgency = Urgency.EXPECTED
    certainty: Certainty = Certainty.LIKELY


@dataclass(frozen=True)
class Event:
    """When and where something takes place. `end` is exclusive; `all_day` events run from midnight to midnight."""

    start: datetime
    end: datetime
    all_day: bool = False
    place: str = ""
    price: str = ""


@dataclass(frozen=True)
class Location:
    """A point (WGS 84, decimal degrees) and its postal address."""

    lat: float
    lon: float
    address: str = ""


@dataclass(frozen=True)
class Source:
    """Where a fact comes from."""

    title: str
    url: str = ""


@dataclass(frozen=True)
class Item:
    """A published piece. `id` is its path (category/file name), for ever.

    `path` is root-relative, `url` absolute, `html` has absolute addresses only. `start` and `end` are the display
    window, `end` exclusive. `panel` and `push` are the channel's own words, `None` for the default ones, `False` to
    stay away from that channel. `withdrawn` is the reason why it no longer stands, `None` where it does;
    a `cancelled` one was an alert or an event.
    """

    id: str
    category: Category
    title: str
    url: str
    path: str
    date: datetime
    updated: datetime
    summary: str = ""
    html: str = ""
    lang: str = "fr"
    tags: tuple[str, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    areas: tuple[Area, ...] = ()
    image: Image | None = None
    alert: Alert | None = None
    event: Event | None = None
    location: Location | None = None
    panel: str | Literal[False] | None = None
    push: str | Literal[False] | None = None
    sources: tuple[Source, ...] = ()
    withdrawn: str | None = None
    cancelled: bool = False

    @property
    def since(self) -> datetime:
        """The instant from which citizens may know of it: the later of `date` and `start`."""
        return (latest(self.date, self.start) or self.date) if self.start else self.date

    @property
    def over(self) -> datetime | None:
        """The instant at which it is out of date: the end of its window, else of its event."""
        return self.end or (self.event.end if self.event else None)

    def runs(self, at: datetime) -> bool:
        """Whether it may be shown as current at that instant."""
        now = at.timestamp()
        return self.since.timestamp() <= now and (self.over is None or now < self.over.timestamp())

    @property
    def weight(self) -> int:
        """0 for ordinary items, 1 to 4 for alerts by severity: what comes first on every channel."""
        return self.alert.severity.rank if self.alert else 0


@dataclass(frozen=True)
class Publisher:
    """The commune, as feeds and the legal notice name it (schema.org `Publisher`). `url` is the site's address, no
    slash at its end; `insee` the commune's code."""

    name: str
    url: str
    title: str
    description: str
    lang: str = "fr"
    timezone: str = "Europe/Paris"
    insee: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    icon: str = ""
    feeds: dict[str, str] = field(default_factory=dict, hash=False)

    def absolute(self, path: str) -> str:
        """The full address of a root-relative path."""
        return f"{self.url}{path}"


FRESH = timedelta(days=30)
"""How long an item without a window counts as current on channels that show only what is current (panels)."""
