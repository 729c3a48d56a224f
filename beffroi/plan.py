"""The calendar of what starts and ends: what `invoke plan` prints, and when the next publication is due."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from beffroi.content import Entry, Tree
from beffroi.errors import BeffroiError
from beffroi.moments import Change, changes
from beffroi.text import clock, day, typeset

WORDS = {
    "out": "paraît",
    "panel": "arrive sur les panneaux",
    "begin": "commence",
    "finish": "se termine",
    "end": "prend fin",
    "off": "quitte les panneaux",
}
"""What may happen to an item, in the order in which two things of one instant are told."""


def calendar(tree: Tree, start: datetime, end: datetime) -> list[Change]:
    """What happens from `start` on and before `end`, drafts left out, in the order of time."""
    items = (entry.timely for entry in tree.entries.values() if entry.document.front.status == "published")
    found = (change for item in items if item for change in changes(item) if start <= change.at < end)
    order = list(WORDS)
    return sorted(found, key=lambda c: (c.at.timestamp(), order.index(c.what), c.item.id))


def following(tree: Tree, at: datetime) -> datetime | None:
    """The next instant after `at` at which a publication would change something: no file is opened."""
    now = at.timestamp()
    every = array("d", b"".join([row.moments for row in tree.entries.rows.values()]))
    first = min((moment for moment in every if moment > now), default=None)
    return None if first is None else datetime.fromtimestamp(first, UTC)


def period(start: datetime, days: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From that instant to the midnight that ends the last of so many days, today being the first. Raises
    `BeffroiError`."""
    try:
        last = start.astimezone(zone).date() + timedelta(days=days)
        return start, datetime.combine(last, time(), zone)
    except OverflowError as error:
        raise BeffroiError(
            "Cette période sort du calendrier ; choisissez un autre début (--from), ou moins de jours (--days)."
        ) from error


def told(found: Sequence[Change], zone: ZoneInfo) -> list[str]:
    """The calendar in French: a heading a day, a line a change."""
    lines: list[str] = []
    local = [(change.at.astimezone(zone), change) for change in found]
    for date, group in groupby(local, key=lambda row: row[0].date()):
        lines.append(day(date))
        lines += [f"  {_hour(at):>7}  {typeset(c.item.title)} ({c.item.id}) {WORDS[c.what]}" for at, c in group]
    return lines


def _hour(at: datetime) -> str:
    """The hour; in the night when an hour comes twice, which of both."""
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return clock(at) + ((" (heure d’hiver)" if at.fold else " (heure d’été)") if twice else "")


def drafts(tree: Tree) -> list[Entry]:
    """What waits without a date: it is told apart, so that nobody counts on it."""
    return [entry for entry in tree.entries.values() if entry.document.front.status == "draft"]
