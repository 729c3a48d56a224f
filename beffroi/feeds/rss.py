"""RSS 2.0 (https://www.rssboard.org/rss-specification) with an Atom self link, made by feedgen.

The guid is the item's id, not its address: it is the same in every format and survives a new domain name. Dates are
on the commune's clock. What feed validators and readers refuse (scripts, frames, forms, styles, relative addresses,
mark-up in titles) is taken out here; the page keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from html import escape
from html.entities import name2codepoint
from zoneinfo import ZoneInfo

from feedgen.entry import FeedEntry
from feedgen.feed import FeedGenerator
from lxml import html as markup
from lxml.etree import Comment, ProcessingInstruction, strip_elements

from beffroi.feeds import address, current, full, icon, origin, uri
from beffroi.model import Item, Publisher
from beffroi.text import absolute, clean, plain, shorten

TTL = 15
"""Minutes for which a reader may keep the feed: an alert must not wait longer."""
SUMMARY = 280
"""Characters of the description of an item that has no summary; feedgen moves the content where it is empty."""

_DROPPED = (
    *("applet", "audio", "base", "button", "canvas", "embed", "form", "frame", "frameset", "iframe", "input", "link"),
    *("math", "meta", "noscript", "object", "script", "select", "style", "svg", "template", "textarea", "title"),
    "video",
)  # fmt: skip
_UNWRAPPED = ("picture", "source", "track", "wbr")  # lxml nests what follows these; the <img> inside is enough
_KEPT = frozenset(
    ("href", "src", "srcset", "sizes", "alt", "title", "width", "height", "lang", "dir", "cite", "datetime", "type")
    + ("colspan", "rowspan", "scope", "headers", "start", "reversed", "value", "span", "open", "abbr")
)
_SAFE = re.compile(r"(?:https?|mailto|tel|geo):", re.IGNORECASE)
_BUILT = re.compile(rb"<lastBuildDate>[^<]*</lastBuildDate>")


def render(items: Sequence[Item], publisher: Publisher, at: datetime, name: str = "rss.xml") -> bytes:
    """`rss.xml`: what runs now and the latest 50, newest first."""
    shown = current(items, at)
    feed = _channel(publisher, name)
    zone = ZoneInfo(publisher.timezone)
    for item in shown:
        feed.add_entry(_entry(item, publisher, zone), order="append")  # feedgen's default order is "prepend"
    if shown:
        feed.lastBuildDate(max(item.updated for item in shown).astimezone(zone))
        return _document(feed)
    return _BUILT.sub(b"", _document(feed))  # feedgen writes the wall clock where no date was set


def _document(feed: FeedGenerator) -> bytes:
    made: bytes = feed.rss_str(pretty=True)
    return made


def _channel(publisher: Publisher, name: str) -> FeedGenerator:
    feed = FeedGenerator()
    feed.title(_words(publisher.title))
    feed.description(_words(publisher.description or publisher.title))
    feed.link(href=address(publisher, name), rel="self", type="application/rss+xml")
    feed.link(href=f"{publisher.url}/", rel="alternate")  # the last link becomes the channel's <link>
    feed.language(publisher.lang)
    feed.generator("Beffroi")
    feed.ttl(TTL)
    if icon(publisher).lower().endswith((".png", ".jpg", ".jpeg", ".gif")):  # RSS knows no other image
        feed.image(url=icon(publisher), title=_words(publisher.title), link=f"{publisher.url}/")
    return feed


def _entry(item: Item, publisher: Publisher, zone: ZoneInfo) -> FeedEntry:
    entry = FeedEntry()
    entry.title(_words(item.title).strip() or item.id)
    entry.link(href=uri(item.url))
    entry.guid(clean(item.id), permalink=False)
    entry.published(item.date.astimezone(zone))
    entry.description(escape(_summary(item), quote=False))  # RSS descriptions are HTML
    entry.content(_harmless(item, publisher))
    for name in dict.fromkeys((item.category.name, *item.tags)):
        entry.category(term=_words(name))
    if item.image and item.image.pictures:
        picture = item.image.fallback
        entry.enclosure(full(publisher, picture.url), str(picture.length), picture.type)
    return entry


def _summary(item: Item) -> str:
    """Never empty: the summary, else how the text begins, else the title."""
    text = shorten(_readable(clean(plain(item.html))), SUMMARY)
    found = (words for words in (_readable(clean(item.summary)), text, _readable(clean(item.title))) if words.strip())
    return next(found, item.id).strip()


def _harmless(item: Item, publisher: Publisher) -> str:
    """The item's HTML as readers may show it: no script, no frame, no style, only absolute addresses."""
    html = _readable(clean(absolute(item.html, origin(publisher))))
    if not html.strip():
        return ""
    body = markup.fragment_fromstring(html, create_parent="div")
    strip_elements(body, *_DROPPED, Comment, ProcessingInstruction, with_tail=False)
    for element in list(body.iter(*_UNWRAPPED)):
        element.drop_tag()
    body.make_links_absolute(item.url, handle_failures="ignore")
    for element in body.iter():
        for name, value in element.attrib.items():
            unsafe = name in ("href", "src", "cite") and not _SAFE.match(value)
            if name not in _KEPT or unsafe:
                del element.attrib[name]
    inner = escape(body.text or "", quote=False) + "".join(markup.tostring(child, encoding="unicode") for child in body)
    return inner.strip()


def _words(text: str) -> str:
    """A title as no reader can take for mark-up: `<b` and `&amp;` get look-alikes, for some read titles as HTML."""
    text = re.sub(r"<(?=[/!?a-zA-Z])", "‹", _readable(clean(text)))
    return re.sub(r"&(#?\w+)", lambda found: found[0] if _is_word(found[1]) else f"＆{found[1]}", text)


def _is_word(name: str) -> bool:
    return name.isalpha() and name not in name2codepoint and name != "apos"


def _readable(text: str) -> str:
    """Without U+FFFD, the mark of a lost character: it tells a reader nothing and validators refuse it."""
    return text.replace("\ufffd", "")
