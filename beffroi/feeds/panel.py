"""`panel.json`: what a street panel shows, ready to be shown, in our own small format (`/panneaux/` documents it).

A panel that knows nothing else reads the list from top to bottom and drops each item at its `until`: what was sent once
goes away by itself, even when the line is down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from beffroi.feeds import address, dumps, full, known, rfc3339, uri
from beffroi.model import Event, Item, Publisher
from beffroi.moments import goes, window
from beffroi.text import clean, shorten, span, typeset, until

VERSION = "beffroi-panel-1"
LIMIT = 20
"""How many items beside alerts: at a few seconds each, a passer-by sees the whole round."""
DETAIL = 60
"""Characters of the second line."""


def render(items: Sequence[Item], publisher: Publisher, at: datetime) -> bytes:
    """The panel file at that instant: alerts first, worst first, then what is nearest in time."""
    zone = ZoneInfo(publisher.timezone)
    shown = sorted((item for item in known(items, at) if _shown(item, at)), key=lambda item: _place(item, at))
    alerts = [item for item in shown if item.alert]
    others = [item for item in shown if not item.alert]
    return dumps(
        {
            "version": VERSION,
            "title": publisher.name,
            "url": address(publisher, "panel.json"),
            "language": publisher.lang,
            "timezone": publisher.timezone,
            "items": [_entry(item, publisher, zone) for item in alerts + others[:LIMIT]],
        }
    )


def _shown(item: Item, at: datetime) -> bool:
    """Whether a panel shows it at that instant."""
    start, end = window(item)
    return goes(item) and start.timestamp() <= at.timestamp() < end.timestamp()


def _place(item: Item, at: datetime) -> tuple[int, timedelta, str]:
    """Sorts: weight, then the nearest to now, be it an event to come or news just out."""
    told = item.event.start if item.event and item.event.start > at else item.since
    return -item.weight, abs(told - at), item.id


def _entry(item: Item, publisher: Publisher, zone: ZoneInfo) -> dict[str, Any]:
    """One screen. `severity` and `urgency` only on alerts, `image` only where there is one."""
    start, end = window(item)
    picture = item.image.fallback if item.image and item.image.pictures else None
    return {
        "id": item.id,
        "title": _line(item.title),
        "text": _line(item.panel or item.title),
        "detail": _detail(item, zone),
        "category": item.category.slug,
        "color": item.category.color,
        **({"severity": item.alert.severity, "urgency": item.alert.urgency} if item.alert else {}),
        "weight": item.weight,
        "areas": [area.slug for area in item.areas],
        "start": rfc3339(start, zone),
        "until": rfc3339(end, zone),
        "url": uri(item.url),
        **({"image": full(publisher, picture.url)} if picture else {}),
    }


def _line(words: str) -> str:
    """One typeset line; no-break spaces stay."""
    return typeset(re.sub(r"[ \t\r\n]+", " ", clean(words)).strip())


def _detail(item: Item, zone: ZoneInfo) -> str:
    """The second line, at most 60 characters: when and where, or until when; empty when there is nothing to add."""
    if item.event:
        return _when(item.event, zone)
    return until(item.end.astimezone(zone), item.since.astimezone(zone)) if item.end else ""


def _when(event: Event, zone: ZoneInfo) -> str:
    """The event's dates, and its place where it fits whole: rather dropped than cut."""
    dates = span(event.start.astimezone(zone), event.end.astimezone(zone), event.all_day, year=False)
    place = _line(event.place)
    both = f"{dates} · {place}" if place else dates
    return both if len(both) <= DETAIL else shorten(dates, DETAIL)
