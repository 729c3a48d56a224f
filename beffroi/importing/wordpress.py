"""WXR, the export of WordPress (versions 1.0 to 1.2): RSS 2.0 with the words of `http://wordpress.org/export/`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from html import escape, unescape
from pathlib import Path
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from lxml import etree

from beffroi.errors import ImportFailed, why
from beffroi.importing.piece import Loss, Media, Piece, Source
from beffroi.importing.xml import child, parse
from beffroi.text import plain

TAKEN = ("post", "page", "attachment")
GONE = ("trash", "auto-draft")
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"


def read(path: Path, zone: ZoneInfo) -> Source:
    """All of an export. Raises `ImportFailed` where it is none."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImportFailed(f"{path} est illisible : {why(error)}.") from error
    root, losses = parse(data, path.name)
    channel = root.find("channel")
    if channel is None or not child(channel, "wxr_version"):
        raise ImportFailed(
            f"{path.name} n’est pas un export de WordPress (wp:wxr_version manque) ; dans WordPress, choisissez "
            "Outils, Exporter, Tout le contenu."
        )
    origin = child(channel, "base_blog_url") or child(channel, "link")
    source = Source(path.name, origin.rstrip("/"), losses=losses)
    items = channel.findall("item")
    attached = {child(item, "post_id"): _media(item) for item in items if child(item, "post_type") == "attachment"}
    source.media.update({media.url: media for media in attached.values() if media.url})
    for item in items:
        _take(item, source, attached, zone, [a for a in items if child(a, "post_parent") == child(item, "post_id")])
    return source


def _take(
    item: etree._Element, source: Source, attached: dict[str, Media], zone: ZoneInfo, below: list[etree._Element]
) -> None:
    """One item: a piece, or a loss that keeps it whole. `below` are those that it is the parent of."""
    kind, status = child(item, "post_type"), child(item, "status")
    where = _place(item)
    if kind not in TAKEN:
        raw = etree.tostring(item, encoding="unicode")
        source.losses.append(Loss(where, f"type « {kind} »", "Beffroi n’a rien de tel ; gardé dans le rapport", raw))
    elif status in GONE:
        raw = etree.tostring(item, encoding="unicode")
        source.losses.append(Loss(where, f"à la corbeille ou vide ({status})", "gardé dans le rapport", raw))
    elif kind != "attachment":
        piece = _piece(item, where, kind, status, attached, zone, source)
        own = [child(one, "post_id") for one in below]
        source.pieces.append(replace(piece, html=_galleries(piece.html, attached, own)))
        source.losses += _beside(item, where, status)


def _place(item: etree._Element) -> str:
    kinds = {"post": "article", "page": "page", "attachment": "fichier"}
    kind = child(item, "post_type")
    title = " ".join(plain(child(item, "title")).split()) or "sans titre"
    return f"{kinds.get(kind, kind)} {child(item, 'post_id')} « {title} »"


def _piece(
    item: etree._Element,
    where: str,
    kind: str,
    status: str,
    attached: dict[str, Media],
    zone: ZoneInfo,
    source: Source,
) -> Piece:
    title = plain(child(item, "title"))
    encoded = item.find(CONTENT)
    terms = [(c.get("domain") or "", (c.text or "").strip()) for c in item.findall("category")]
    meta = dict(_meta(item))
    return Piece(
        key=f"{source.origin}#{child(item, 'post_id')}",
        place=where,
        title=title,
        html=(encoded.text or "") if encoded is not None else "",
        name=unquote(child(item, "post_name")) or title or f"{kind}-{child(item, 'post_id')}",
        date=_date(item, zone),
        updated=_moment(child(item, "post_modified_gmt"), UTC),
        page=kind == "page",
        draft=status not in {"publish", "future"} or bool(child(item, "post_password")),
        summary=plain(_excerpt(item)),
        categories=tuple(unescape(name) for domain, name in terms if domain == "category"),
        tags=tuple(dict.fromkeys(unescape(n).replace(",", " ") for d, n in terms if d in {"post_tag", "tag"} and n)),
        image=attached.get(meta.get("_thumbnail_id", "")),
        addresses=tuple(_addresses(item)),
    )


def _galleries(html: str, attached: dict[str, Media], own: list[str]) -> str:
    """The text with the images that its galleries show: those named by their numbers, else the article's own. Others
    stay as they are, to be told."""

    def shown(found: re.Match[str]) -> str:
        ids = re.search(r"\bids=[\"'”]?([\d, ]+)", found[1])
        named = re.split(r"[\s,]+", ids[1].strip()) if ids else own
        media = [attached[one] for one in named if one in attached and attached[one].url]
        tags = (f'<p><img src="{escape(m.url)}" alt="{escape(m.alt or m.caption)}"></p>' for m in media)
        return "\n\n" + "\n\n".join(tags) + "\n\n" if media else found[0]

    return re.sub(r"\[gallery([^\]]*)\]", shown, html)


def _excerpt(item: etree._Element) -> str:
    found = [e for e in item.findall("{*}encoded") if e.tag != CONTENT]
    return (found[0].text or "") if found else ""


def _date(item: etree._Element, zone: ZoneInfo) -> datetime | None:
    """When it was, or will be, published; a draft has no date in GMT."""
    found = _moment(child(item, "post_date_gmt"), UTC) or _moment(child(item, "post_date"), zone)
    if found:
        return found
    try:
        return parsedate_to_datetime(child(item, "pubDate"))
    except ValueError:
        return _moment(child(item, "post_modified_gmt"), UTC) or _moment(child(item, "post_modified"), zone)


def _moment(text: str, zone: tzinfo) -> datetime | None:
    """`2019-05-04 09:30:00`; WordPress writes zeros where there is none."""
    try:
        at = datetime.strptime(text, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007  # the zone comes next
    except ValueError:
        return None
    return at.replace(tzinfo=zone) if 1900 <= at.year <= 2200 else None


def _meta(item: etree._Element) -> Iterator[tuple[str, str]]:
    for meta in item.findall("{*}postmeta"):
        yield child(meta, "meta_key"), child(meta, "meta_value")


def _media(item: etree._Element) -> Media:
    alt = dict(_meta(item)).get("_wp_attachment_image_alt", "")
    return Media(child(item, "attachment_url"), plain(alt), plain(_excerpt(item)))


def _addresses(item: etree._Element) -> Iterator[str]:
    """The addresses it had: its own, and the short one by number."""
    link = urlsplit(child(item, "link"))
    if link.path.strip("/"):
        yield re.sub("/{2,}", "/", link.path)
    name = "page_id" if child(item, "post_type") == "page" else "p"
    if child(item, "post_id"):
        yield f"/?{name}={child(item, 'post_id')}"


def _beside(item: etree._Element, where: str, status: str) -> Iterator[Loss]:
    """What an article carries besides its text."""
    comments = item.findall("{*}comment")
    if comments:
        raw = "\n".join(etree.tostring(comment, encoding="unicode") for comment in comments)
        yield Loss(where, f"{len(comments)} commentaire(s)", "Beffroi n’en publie pas ; gardés dans le rapport", raw)
    if child(item, "post_password"):
        yield Loss(where, "protégé par un mot de passe", "repris en brouillon ; publiez-le si chacun peut le lire")
    elif status in {"private", "pending"}:
        yield Loss(where, f"état « {status} »", "repris en brouillon ; publiez-le si chacun peut le lire")
