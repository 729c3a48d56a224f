"""From an entry of the tree to the `Item` that templates, feeds and channels share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from beffroi.content import Entry
from beffroi.model import Event, Item, Source
from beffroi.site.prepare import Prepared
from beffroi.text import absolute, plain, shorten, typeset

SUMMARY = 200
"""Characters of a summary taken from the body where the editor wrote none."""


def item(prepared: Prepared, entry: Entry) -> Item:
    """The public form of one entry. The entry must be an article (it has a category and a date)."""
    front, site = entry.document.front, prepared.site
    if entry.category is None or front.date is None:
        raise ValueError(f"{entry.source} is a page: it has neither category nor date")
    html = prepared.html[entry.path]
    return Item(
        id=entry.id,
        category=entry.category,
        title=typeset(front.title),
        url=site.publisher.absolute(entry.url_path),
        path=f"{site.base}{entry.url_path}",
        date=front.date.astimezone(site.zone),
        updated=(front.updated or front.date).astimezone(site.zone),
        summary=summary(entry, html),
        html=absolute(html, site.origin),
        lang=front.lang,
        tags=tuple(front.tags),
        start=front.start.astimezone(site.zone) if front.start else None,
        end=entry.end.astimezone(site.zone) if entry.end else None,
        areas=tuple(site.areas[slug] for slug in front.areas),
        image=prepared.front_image(entry),
        alert=entry.alert,
        event=_event(front.event),
        location=front.location,
        panel=typeset(front.panel) if front.panel else front.panel,
        push=typeset(front.push) if front.push else front.push,
        sources=sources(entry),
    )


def summary(entry: Entry, html: str) -> str:
    """The editor's summary, else the beginning of the body; plain text."""
    front = entry.document.front
    return typeset(front.summary) if front.summary else shorten(plain(html), SUMMARY)


def sources(entry: Entry) -> tuple[Source, ...]:
    """Where the facts come from, typeset."""
    return tuple(replace(source, title=typeset(source.title)) for source in entry.document.front.sources)


def _event(event: Event | None) -> Event | None:
    return replace(event, place=typeset(event.place), price=typeset(event.price)) if event else None


def newest_first(items: Sequence[Item]) -> list[Item]:
    """By the instant at which citizens could know of them; ties by id, so that the order never depends on a set."""
    return sorted(items, key=lambda i: (-i.since.timestamp(), i.id))


def running_alerts(items: Sequence[Item], at: datetime) -> list[Item]:
    """Alerts that run, the most severe first, then the newest."""
    return sorted((i for i in items if i.alert and i.runs(at)), key=lambda i: (-i.weight, -i.since.timestamp(), i.id))


def upcoming(items: Sequence[Item], at: datetime) -> list[Item]:
    """Items whose event is not over, the soonest first."""
    coming = [(i.event.start.timestamp(), i.id, i) for i in items if i.event and at < i.event.end]
    return [i for *_, i in sorted(coming, key=lambda row: row[:2])]


def by_category(items: Sequence[Item], slugs: Sequence[str], at: datetime) -> Mapping[str, list[Item]]:
    """The items of each category in the order in which its page shows them."""
    lists = {}
    for slug in slugs:
        own = newest_first([i for i in items if i.category.slug == slug])
        ordered = [*running_alerts(own, at), *upcoming(own, at), *own]
        lists[slug] = list({i.id: i for i in ordered}.values())
    return lists


def related(one: Item, items: Sequence[Item], count: int = 3) -> list[Item]:
    """Items that share the most with this one (tags, then category), the newest of them first."""

    def shared(other: Item) -> int:
        return 2 * len(set(one.tags) & set(other.tags)) + (one.category == other.category)

    near = [(-shared(i), -i.since.timestamp(), i.id, i) for i in items if i.id != one.id and not i.alert and shared(i)]
    return [i for *_, i in sorted(near, key=lambda row: row[:3])[:count]]
