"""What citizens can read, and what of it the ledger does not know: without any database."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from beffroi.channels import FeedItem, feed, webpush
from beffroi.settings import Service, Site
from beffroi.store.entries import Known
from beffroi.told import Decision, Why


def readable(release: Path, site: Site, service: Service, at: datetime) -> feed.Feed:
    """What citizens can read, as far back as something may be new or still be owed. Raises `VerifyError`."""
    return feed.read(release, site.publisher.url, at - service.max_age - webpush.LIFE)


def revision(item: FeedItem) -> str:
    """SHA-256 of what phones are told of an item: other words are another revision.

    The date of modification counts for alerts only: a corrected comma in the text of a news item rings no phone.
    """
    told = {
        "title": item.title,
        "words": item.push if item.push is False else item.words,
        "path": urlsplit(item.url).path,  # a site that moves to another host has nothing new to tell
        "lang": item.lang,
        "category": item.category,
        "areas": item.areas,
        "end": item.end and int(item.end.timestamp()),
        "alert": item.alert and (item.alert.severity, item.alert.urgency, item.alert.certainty),
        "modified": item.alert and int(item.modified.timestamp()),
    }
    text = json.dumps(told, sort_keys=True)
    return sha256(text.encode("ascii")).hexdigest()


def news(
    items: Iterable[FeedItem],
    known: Mapping[str, Known],
    at: datetime,
    max_age: timedelta,
    *,
    everything: Why | None = None,
    former: Mapping[str, list[str]] | None = None,
) -> list[Decision]:
    """What the ledger does not know yet, in the order of the feed, each with what to do about it.

    `everything` (FIRST or ASKED) adopts all of it; `former` gives the ids that an item had before its file was renamed.
    """
    decisions = []
    for item in items:
        before = known.get(item.id)
        words = revision(item)
        if before is None or before.revision != words:
            names = [old for old in (former or {}).get(item.id, ()) if old in known]
            tag = next((old for old in names if known[old].told), "")
            if tag:  # phones know it, whatever it was called
                before = replace(before or known[tag], told=True)
            renamed = bool(names) and item.id not in known and not item.status
            why = everything or (Why.RENAMED if renamed else _why(item, before, at, max_age))
            number = known[item.id].number + 1 if item.id in known else 1
            decisions.append(Decision(item, why, words, number, tag))
    return decisions


def _why(item: FeedItem, before: Known | None, at: datetime, max_age: timedelta) -> Why:
    if item.status:
        return _taken_back(item, before, at, max_age)
    if item.push is False:
        return Why.SILENT
    if item.over(at):
        return Why.OVER
    if before and not before.told and not item.alert:  # an alert that changes is told, even one adopted at first
        return Why.UNTOLD
    # An alert that changes is fresh, however long it has been running: its end, too, must be told.
    fresh = max(item.since, item.modified) if before and item.alert else item.since
    if fresh < at - max_age:
        return Why.OLD
    return Why.UPDATE if before else Why.NEW


def _taken_back(item: FeedItem, before: Known | None, at: datetime, max_age: timedelta) -> Why:
    """An alert or an event that phones were told of is cancelled there; anything else just goes."""
    serious = item.status == "cancelled"
    if before and before.told and serious and item.push is not False and item.modified >= at - max_age:
        return Why.CANCELLED
    return Why.WITHDRAWN
