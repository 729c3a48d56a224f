"""The files that others pull: `render(items, publisher, at) -> bytes`, one small module a format.

`items` are published ones in any order, `at` is the instant of the build. The same arguments give the same bytes: no
clock, no locale, no hash seed. Each is served as `{publisher.url}/feeds/<name>`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from json.encoder import encode_basestring
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit
from zoneinfo import ZoneInfo

from beffroi.model import FRESH, Item, Publisher
from beffroi.text import clean

Render: TypeAlias = Callable[[Sequence[Item], Publisher, datetime], bytes]

LATEST = 50
"""How many of the newest items a feed holds beside what runs now, and how many an archive page holds."""
CORRECTED = 20
"""How many older items stand in the first page because they were corrected lately."""


def _lazily(module: str) -> Render:
    """The `render` of one module, imported at the first call: feedgen alone costs 0.2 s."""

    def render(items: Sequence[Item], publisher: Publisher, at: datetime) -> bytes:
        made: bytes = import_module(f"{__name__}.{module}").render(items, publisher, at)
        return made

    return render


FEEDS: dict[str, Render] = {
    "rss.xml": _lazily("rss"),
    "feed.json": _lazily("jsonfeed"),
    "panel.json": _lazily("panel"),
}
"""File name under `feeds/` and what makes it. `feed.json` has archive pages besides: `jsonfeed.pages`."""


def address(publisher: Publisher, name: str) -> str:
    """Where a feed is served."""
    return f"{publisher.url}/feeds/{name}"


def full(publisher: Publisher, path: str) -> str:
    """The absolute address, in ASCII, of a root-relative one as it stands in pages: a site under `/ville` has its images
    at `/ville/images/…`. An address that is already absolute keeps its host."""
    return uri(f"{origin(publisher)}{path}" if path.startswith("/") else path)


def icon(publisher: Publisher) -> str:
    """The absolute address of the commune's icon, empty without one. The setting is a path of the site, wherever it is
    served: `/icon.png`."""
    path = publisher.icon
    return uri(publisher.absolute(path) if path.startswith("/") else path)


def origin(publisher: Publisher) -> str:
    """Scheme, host and port of the site: what a root-relative address in HTML begins from."""
    parts = urlsplit(publisher.url)
    return f"{parts.scheme}://{parts.netloc}"


def uri(address: str) -> str:
    """An address in ASCII: what is not gets its %-form (RFC 3986, section 2.1); what already has one keeps it."""
    return quote(clean(address), safe=":/?#[]@!$&'()*+,;=%~")


def known(items: Iterable[Item], at: datetime) -> list[Item]:
    """What citizens may know of at that instant, newest first; items of one instant go by id.

    Ordered by `since`, not by `date`: an item that comes out now is the newest, however early it was written.
    """
    shown = sorted((item for item in items if item.since <= at), key=lambda item: item.id)
    return sorted(shown, key=lambda item: item.since, reverse=True)


def current(items: Iterable[Item], at: datetime) -> list[Item]:
    """The first page of a feed: the latest 50, then what is older and still runs (alerts, and all that has an end) or
    was corrected last, so that every reader learns of it. Newest first."""
    return first_page(known(items, at), at)


def first_page(shown: Sequence[Any], at: Any) -> list[Any]:
    """The first page of a feed, of what is known, newest first."""
    latest, older = list(shown[:LATEST]), shown[LATEST:]
    touched = sorted((item for item in older if item.updated > item.since), key=lambda item: item.updated, reverse=True)
    corrected = {item.id for item in touched[:CORRECTED]}
    # what is current for a time only; what has no end would stay on the first page for ever
    ends = {item.id for item in older if (item.over is not None or item.alert) and item.runs(at)}
    return latest + [item for item in older if item.id in corrected or item.id in ends]


def selection(name: str, items: Sequence[Any], at: float) -> tuple[Sequence[Any], bool]:
    """Which of the visible items one feed can show at that instant, newest first, and whether the instant itself counts
    besides. With the same ones (at the same instant, where it counts) a feed has the same bytes.

    The items have `id`, `since`, `updated`, `over`, `alert` and `runs`, all instants being seconds since 1970. A feed
    that is not known here may show all, and at any instant something else.
    """
    if name in {"rss.xml", "feed.json"}:
        return first_page([item for item in items if item.since <= at], at), False
    if name == "panel.json":
        lasts = FRESH.total_seconds()
        return [i for i in items if i.since <= at < (i.over or i.since + lasts)], True
    return items, True


def rfc3339(at: datetime, zone: ZoneInfo) -> str:
    """The instant on the commune's clock, to the second: `2026-05-05T08:30:00+02:00` (RFC 3339, section 5.6).

    Times before 1911, when Paris was 9 min 21 s ahead, are written in UTC: an offset has no seconds there.
    """
    local = at.astimezone(zone)
    offset = local.utcoffset() or timedelta()
    return (local if offset % timedelta(minutes=1) == timedelta() else at.astimezone(UTC)).isoformat(timespec="seconds")


def dumps(value: Any) -> bytes:
    """JSON as UTF-8, one field a line, keys in the given order, a newline at the end; strings cleaned.

    Raises `ValueError` for a number that JSON lacks (NaN, infinity).
    """
    return (_written(value, "\n") + "\n").encode()


def _written(value: Any, end: str) -> str:
    """What `json.dumps` writes with `indent=1`, of which Python has no version in C: three times as fast."""
    if isinstance(value, str):
        return encode_basestring(clean(value))
    begin = f"{end} "
    if isinstance(value, dict) and value:
        fields = [f"{encode_basestring(key)}: {_written(inner, begin)}" for key, inner in value.items()]
        return f"{{{begin}{f',{begin}'.join(fields)}{end}}}"
    if isinstance(value, list | tuple) and value:
        return f"[{begin}{f',{begin}'.join([_written(inner, begin) for inner in value])}{end}]"
    return "null" if value is None else json.dumps(value, allow_nan=False)
