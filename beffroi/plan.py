"""The calendar of what starts and ends: what `invoke plan` prints, and when the next publication is due."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from itertools import groupby
from zoneinfo import ZoneInfo

from beffroi.content import PAGES, Entry, Tree
from beffroi.errors import BeffroiError
from beffroi.feeds import panel
from beffroi.forks import spread
from beffroi.memo.stamps import DIGEST
from beffroi.model import Category, Item
from beffroi.settings import Site
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


PAGE = Category(PAGES, "Pages", "discover", "paper")
"""The folder of the lasting pages, as far as time is concerned."""


@dataclass(frozen=True, slots=True)
class Change:
    """At that instant, something (a key of `WORDS`) happens to an item."""

    at: datetime
    what: str
    item: Item


def outline(entry: Entry, site: Site) -> Item | None:
    """The item as far as time is concerned: no text, no image. A page with a date is one that only appears; `None` for a
    page without date."""
    front, category, since = entry.document.front, entry.category, entry.since
    if since is None:
        return None
    return Item(
        id=entry.id,
        category=category or PAGE,
        title=typeset(front.title),
        url=site.publisher.absolute(entry.url_path),
        path=f"{site.base}{entry.url_path}",
        date=front.date or since,
        updated=front.updated or since,
        start=front.start,
        end=entry.end if category else None,
        alert=entry.alert if category else None,
        event=front.event if category else None,
        panel=front.panel if category else False,
    )


def changes(item: Item) -> Iterator[Change]:
    """Everything that time alone does to an item, in no order."""
    yield Change(item.since, "out", item)
    on, off = panel.window(item)
    if panel.goes(item) and on > item.since:
        yield Change(on, "panel", item)
    if item.event:
        if item.event.start > item.since:
            yield Change(item.event.start, "begin", item)
        yield Change(item.event.end, "finish", item)
    if item.end and not (item.event and item.event.end == item.end):
        yield Change(item.end, "end", item)
    if item.over is None and panel.goes(item):
        yield Change(off, "off", item)


def calendar(tree: Tree, start: datetime, end: datetime) -> list[Change]:
    """What happens from `start` on and before `end`, drafts left out, in the order of time."""
    items = (outline(e, tree.site) for e in tree.entries.values() if e.document.front.status == "published")
    found = (change for item in items if item for change in changes(item) if start <= change.at < end)
    order = list(WORDS)
    return sorted(found, key=lambda c: (c.at.timestamp(), order.index(c.what), c.item.id))


def following(tree: Tree, at: datetime) -> datetime | None:
    """The next instant after `at` at which a publication would change something. The tree's memo learns the instants of
    each file, behind what stands for its bytes, so that those that did not change are not opened."""
    now = at.timestamp()
    known, rows = tree.memo.tables.get("moments", {}), tree.entries.rows
    kept = {row.source: known.get(row.source, b"") for row in rows.values()}
    stale = [row.id for row, one in zip(rows.values(), kept.values(), strict=True) if not one.startswith(row.digest)]
    for entry_id, moments in zip(stale, spread(partial(_moments, tree), stale), strict=True):
        kept[rows[entry_id].source] = rows[entry_id].digest + array("d", moments).tobytes()
    tree.memo.tables["moments"] = kept
    every = array("d", b"".join([known[DIGEST:] for known in kept.values()]))
    first = min((moment for moment in every if moment > now), default=None)
    return None if first is None else datetime.fromtimestamp(first, UTC)


def _moments(tree: Tree, entry_id: str) -> tuple[float, ...]:
    entry = tree.entries[entry_id]
    item = outline(entry, tree.site) if entry.public else None
    if item and entry.withdrawn:  # its explanation appears where it would have
        return (item.since.timestamp(),)
    return tuple(change.at.timestamp() for change in changes(item)) if item else ()


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
        lines += [f"  {_hour(at):>7}  {c.item.title} ({c.item.id}) {WORDS[c.what]}" for at, c in group]
    return lines


def _hour(at: datetime) -> str:
    """The hour; in the night when an hour comes twice, which of both."""
    twice = at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()
    return clock(at) + ((" (heure d’hiver)" if at.fold else " (heure d’été)") if twice else "")


def drafts(tree: Tree) -> list[Entry]:
    """What waits without a date: it is told apart, so that nobody counts on it."""
    return [entry for entry in tree.entries.values() if entry.document.front.status == "draft"]
