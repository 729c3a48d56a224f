"""RSS 2.0, RSS 1.0 and Atom, from a file or from an address."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import struct_time
from typing import Any
from urllib.parse import urlsplit

from beffroi.errors import ImportFailed, why
from beffroi.importing.media import download
from beffroi.importing.piece import Loss, Media, Piece, Source
from beffroi.importing.xml import parse
from beffroi.text import plain


def read(place: str) -> Source:
    """All entries of a feed; the network is asked only where the place is an address. Raises `ImportFailed`."""
    if place.startswith(("http:", "https:")):
        data = download(place)
        name = urlsplit(place).netloc
    else:
        try:
            data, name = Path(place).read_bytes(), Path(place).name
        except OSError as error:
            raise ImportFailed(f"{place} est illisible : {why(error)}.") from error
    _, losses = parse(data, name)  # refuses what no feed has, before anything else reads it
    import feedparser  # imported late: it costs a tenth of a second

    feed: Any = feedparser.parse(data, sanitize_html=False, resolve_relative_uris=True)
    if not feed.version:
        raise ImportFailed(f"{name} n’est ni du RSS ni de l’Atom ; donnez l’adresse du flux, et non celle de la page.")
    origin = str(feed.feed.get("link") or "")
    source = Source(name, origin.rstrip("/"), losses=losses)
    for number, entry in enumerate(feed.entries, 1):
        source.pieces.append(_piece(entry, number, source))
    return source


def _piece(entry: Any, number: int, source: Source) -> Piece:
    title, link = plain(str(entry.get("title") or "")), str(entry.get("link") or "")
    where = f"élément {number} « {title or 'sans titre'} »"
    bodies = [str(part.value) for part in entry.get("content") or ()]
    summary = str(entry.get("summary") or "")
    body = max([*bodies, summary], key=len)
    times = [entry[name] for name in ("published_parsed", "updated_parsed") if name in entry]
    date = _moment(times[0] if times else None)
    if not bodies:
        source.losses.append(Loss(where, "le flux n’en donne que le résumé", f"reprenez le texte entier sur {link}"))
    path = urlsplit(link).path if link.startswith(("http://", "https://")) else ""  # else a tag: or urn:, no address
    return Piece(
        key=str(entry.get("id") or link or f"{source.origin}#{title}"),
        place=where,
        title=title,
        html=body,
        name=path.rstrip("/").rpartition("/")[2].removesuffix(".html") or title,
        date=date,
        updated=_moment(entry["updated_parsed"]) if "updated_parsed" in entry else None,
        summary=plain(summary) if bodies else "",
        tags=tuple(dict.fromkeys(str(tag.term).replace(",", " ") for tag in entry.get("tags") or () if tag.term)),
        categories=tuple(str(tag.term) for tag in entry.get("tags") or () if tag.term),
        image=next(_images(entry), None),
        addresses=(path,) if path.strip("/") else (),
    )


def _images(entry: Any) -> Iterator[Media]:
    """Enclosures and Media RSS that are images."""
    for found in [*(entry.get("enclosures") or ()), *(entry.get("media_content") or ())]:
        kind, url = (
            str(found.get("type") or found.get("medium") or ""),
            str(found.get("href") or found.get("url") or ""),
        )
        if kind.startswith("image") and url:
            yield Media(url, plain(str(found.get("title") or "")))


def _moment(parsed: struct_time | None) -> datetime | None:
    """feedparser gives UTC."""
    return datetime.fromtimestamp(calendar.timegm(parsed), UTC) if parsed else None
