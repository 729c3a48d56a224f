"""From an entry of the tree to the `Item` that templates, feeds and channels share."""

from __future__ import annotations

from dataclasses import replace

from beffroi.content import Entry
from beffroi.model import Event, Image, Item, Source
from beffroi.settings import Site
from beffroi.site.cards import Lasting
from beffroi.text import plain, shorten, typeset

SUMMARY = 200
"""Characters of a summary taken from the body where the editor wrote none."""


def item(site: Site, entry: Entry, html: str, image: Image | None) -> Item:
    """The public form of one entry, without its text. The entry must be an article (it has a category and a date)."""
    front = entry.document.front
    if entry.category is None or front.date is None:
        raise ValueError(f"{entry.source} is a page: it has neither category nor date")
    if entry.withdrawn:
        return _withdrawn(site, entry)
    return Item(
        id=entry.id,
        category=entry.category,
        title=typeset(front.title, front.lang),
        url=site.publisher.absolute(entry.url_path),
        path=f"{site.base}{entry.url_path}",
        date=front.date.astimezone(site.zone),
        updated=(front.updated or front.date).astimezone(site.zone),
        summary=summary(entry, html),
        lang=front.lang,
        tags=tuple(front.tags),
        start=front.start.astimezone(site.zone) if front.start else None,
        end=entry.end.astimezone(site.zone) if entry.end else None,
        areas=tuple(site.areas[slug] for slug in front.areas),
        image=image,
        alert=entry.alert,
        event=_event(front.event),
        location=front.location,
        panel=typeset(front.panel) if front.panel else front.panel,
        push=typeset(front.push) if front.push else front.push,
        sources=sources(entry),
    )


def _withdrawn(site: Site, entry: Entry) -> Item:
    """What is still said of an item that was withdrawn: its title, that it no longer stands, and why. Of a translation
    the template says the latter, in its language."""
    front, date = entry.document.front, entry.document.front.date
    cancelled = bool(entry.alert or front.event)
    word = "Annulé" if cancelled else "Retiré"
    if entry.category is None or date is None:
        raise ValueError(f"{entry.source} is a page: it has neither category nor date")
    updated = (front.updated or date).astimezone(site.zone)
    return Item(
        id=entry.id,
        category=entry.category,
        title=_retired(entry, word),
        url=site.publisher.absolute(entry.url_path),
        path=f"{site.base}{entry.url_path}",
        date=date.astimezone(site.zone),
        updated=updated,
        summary=_why(entry),
        lang=front.lang,
        start=front.start.astimezone(site.zone) if front.start else None,
        end=updated,
        areas=tuple(site.areas[slug] for slug in front.areas),
        alert=entry.alert,
        panel=False,
        push=False if front.push is False else None,
        withdrawn=reason(entry),
        cancelled=cancelled,
    )


def _retired(entry: Entry, word: str) -> str:
    title = entry.document.front.title
    return typeset(f"{word} : {title}") if not entry.language else title


def _why(entry: Entry) -> str:
    """The reason; of a translation without one, the template says that there is none, in its language."""
    return "" if entry.language and not entry.document.front.reason else reason(entry)


def reason(entry: Entry) -> str:
    """Why it was withdrawn, in the editor's words where there are any."""
    front = entry.document.front
    return typeset(front.reason, front.lang) if front.reason else "Cette information n’est plus valable."


def lasting(site: Site, entry: Entry, html: str, image: Image | None) -> Lasting:
    """The public form of a page without date, without its text."""
    front, gone = entry.document.front, entry.withdrawn
    return Lasting(
        slug=entry.slug,
        title=_retired(entry, "Retiré") if gone else typeset(front.title, front.lang),
        path=f"{site.base}{entry.url_path}",
        url=site.publisher.absolute(entry.url_path),
        summary=_why(entry) if gone else summary(entry, html),
        lang=front.lang,
        image=image,
        sources=() if gone else sources(entry),
        date=front.date,
        updated=front.updated and front.updated.astimezone(site.zone),
        withdrawn=reason(entry) if gone else None,
    )


def summary(entry: Entry, html: str) -> str:
    """The editor's summary, else the beginning of the body; plain text."""
    front = entry.document.front
    return typeset(front.summary, front.lang) if front.summary else shorten(plain(html), SUMMARY)


def sources(entry: Entry) -> tuple[Source, ...]:
    """Where the facts come from, typeset."""
    return tuple(replace(source, title=typeset(source.title)) for source in entry.document.front.sources)


def _event(event: Event | None) -> Event | None:
    return replace(event, place=typeset(event.place), price=typeset(event.price)) if event else None
