"""JSON Feed 1.1 (https://jsonfeed.org/version/1.1): the contract between build, announce and every reader.

`feed.json` holds what runs now and the latest 50. What is older stands in `feed-1.json` (the oldest), `feed-2.json`
and so on, 50 items each, so that a new item touches only `feed.json` and the newest archive page; `next_url` leads
from `feed.json` through all of them, newest to oldest. `_beffroi` carries what the format has no word for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from beffroi.feeds import LATEST, address, current, dumps, first_page, full, icon, known, origin, rfc3339, uri
from beffroi.model import Item, Publisher
from beffroi.text import absolute, clean

VERSION = "https://jsonfeed.org/version/1.1"
FIRST = "feed.json"


def render(items: Sequence[Item], publisher: Publisher, at: datetime) -> bytes:
    """`feed.json` alone."""
    return page(current(items, at), publisher, before(FIRST, len(known(items, at))))


def pages(items: Sequence[Item], publisher: Publisher, at: datetime) -> dict[str, bytes]:
    """`feed.json` and every archive page, by file name, newest first."""
    plan = split(known(items, at), at)
    following = [*list(plan)[1:], None]
    return {name: page(plan[name], publisher, after) for name, after in zip(plan, following, strict=True)}


def split(shown: Sequence[Any], at: Any) -> dict[str, list[Any]]:
    """Which of the `known` items stand in which file, newest first; each file's `next_url` is the one after it.

    The items may be cards, all instants being seconds since 1970: see `feeds.selection`."""
    oldest_first = shown[LATEST:][::-1]
    chunks = [oldest_first[start : start + LATEST] for start in range(0, len(oldest_first), LATEST)]
    archive = {f"feed-{number}.json": list(chunk[::-1]) for number, chunk in enumerate(chunks, 1)}
    return {FIRST: first_page(shown, at), **dict(reversed(archive.items()))}


def before(name: str, count: int) -> str | None:
    """The file that `next_url` of `name` leads to, of `count` known items; None at the end."""
    archives = -(-max(0, count - LATEST) // LATEST)
    number = archives if name == FIRST else int(name.removeprefix("feed-").removesuffix(".json")) - 1
    return f"feed-{number}.json" if number else None


def page(items: Sequence[Item], publisher: Publisher, following: str | None, name: str = FIRST) -> bytes:
    """One file of the feed; `following` is the name of the next older one."""
    feed: dict[str, Any] = {
        "version": VERSION,
        "title": publisher.title,
        "home_page_url": f"{publisher.url}/",
        "feed_url": address(publisher, name),
        "description": publisher.description or None,
        "next_url": address(publisher, following) if following else None,
        "icon": icon(publisher) or None,
        "favicon": icon(publisher) or None,
        "authors": [{"name": publisher.name, "url": f"{publisher.url}/"}],
        "language": publisher.lang,
    }
    zone = ZoneInfo(publisher.timezone)
    return dumps({**_said(feed), "items": [entry(item, publisher, zone) for item in items]})


def entry(item: Item, publisher: Publisher, zone: ZoneInfo) -> dict[str, Any]:
    """One item, as the specification and `_beffroi` spell it. Empty fields are left out."""
    told: dict[str, Any] = {
        "id": item.id,
        "url": uri(item.url),
        "title": item.title or None,
        "summary": clean(item.summary) or None,
        "image": full(publisher, item.image.fallback.url) if item.image and item.image.pictures else None,
        "date_published": rfc3339(item.date, zone),
        "date_modified": rfc3339(item.updated, zone),
        "language": item.lang,
        "tags": list(dict.fromkeys(map(clean, item.tags))) or None,
    }
    html = absolute(item.html, origin(publisher))
    return {**_said(told), "content_html": html, "_beffroi": _extension(item, publisher, zone)}


def _extension(item: Item, publisher: Publisher, zone: ZoneInfo) -> dict[str, Any]:
    """Our fields: the display window (`end` exclusive), areas, CAP words, each channel's own words, event, place.

    `start` and `end` are always there, null when unset; the rest only when it says something.
    """
    alert, event, location = item.alert, item.event, item.location
    return {
        "about": f"{publisher.url}/panneaux/",
        "category": item.category.slug,
        "start": rfc3339(item.start, zone) if item.start else None,
        "end": rfc3339(item.end, zone) if item.end else None,
        "areas": [area.slug for area in item.areas],
        **(
            {"status": "cancelled" if item.cancelled else "withdrawn", "reason": item.withdrawn}
            if item.withdrawn is not None
            else {}
        ),
        **_said({"push": item.push, "panel": item.panel}),
        **({"severity": alert.severity, "urgency": alert.urgency, "certainty": alert.certainty} if alert else {}),
        **(
            {
                "event": {
                    "start": rfc3339(event.start, zone),
                    "end": rfc3339(event.end, zone),
                    "allDay": event.all_day,
                    "place": event.place,
                    "price": event.price,
                }
            }
            if event
            else {}
        ),
        **({"location": {"lat": location.lat, "lon": location.lon, "address": location.address}} if location else {}),
    }


def _said(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that have a value; `False` is one."""
    return {name: value for name, value in fields.items() if value is not None}
