"""What the W3C feed validator and the RSS Best Practices Profile hold against an RSS 2.0 feed, for what we write.

`faults(data, address)` is empty for a feed without error and without warning. Each fault is "place: sentence". Stricter
than the W3C's in one thing: an element that we do not know is a fault, so that a new one comes with its own rule.
https://www.rssboard.org/rss-specification · https://www.rssboard.org/rss-profile · https://validator.w3.org/feed/docs/
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from lxml import etree, html

ATOM = "{http://www.w3.org/2005/Atom}link"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"
DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d\d:\d\d:\d\d ([+-]\d{4}|GMT)"
)
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?")
MARKUP = re.compile(r"<[/!?a-zA-Z]|&(#\d+|#x[0-9a-fA-F]+|[a-z]+\d*);", re.IGNORECASE)
UNSAFE = ("script", "iframe", "frame", "object", "embed", "applet", "form", "input", "meta", "link", "style", "base")
REFERENCES = ("href", "src", "cite", "poster", "data", "action")

Rule = Callable[[etree._Element], Iterator[str]]


def faults(data: bytes, address: str) -> list[str]:
    """Everything wrong with the feed that is served at this address."""
    if not data.startswith((b"<?xml version='1.0' encoding='UTF-8'?>", b'<?xml version="1.0" encoding="UTF-8"?>')):
        return ["line 1: no XML declaration with its encoding"]
    try:
        root = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        return [f"line {error.lineno}: {error.msg}"]
    if root.tag != "rss" or root.get("version") != "2.0" or [child.tag for child in root] != ["channel"]:
        return ["rss: not one channel of version 2.0"]
    if root.getroottree().docinfo.doctype:
        return ["rss: a DOCTYPE"]
    return [*_channel(root[0], address), *_items(root[0])]


# The channel


def _channel(channel: etree._Element, address: str) -> Iterator[str]:
    rules: dict[str, Rule] = {
        "title": _plain, "link": _url, "description": _filled, "language": _language, "lastBuildDate": _date,
        "pubDate": _date, "docs": _url, "generator": _filled, "ttl": _number, "image": _image, "category": _filled,
    }  # fmt: skip
    yield from _children(
        channel, "channel", {**rules, ATOM: _nothing, "item": _nothing}, many={ATOM, "category", "item"}
    )
    for name in ("title", "link", "description"):
        if channel.find(name) is None:
            yield f"channel: no {name}"
    own = [link for link in channel.findall(ATOM) if link.get("rel") == "self"]
    if len(own) != 1:
        yield "channel: not one atom:link with rel=self"
    elif own[0].get("href") != address:
        yield f"channel: rel=self is {own[0].get('href')}, not the address {address}"
    elif own[0].get("type") != "application/rss+xml":
        yield "channel: rel=self without its type"


def _image(image: etree._Element) -> Iterator[str]:
    yield from _children(
        image, "image", {"url": _url, "title": _plain, "link": _url, "width": _number, "height": _number}
    )
    parent = image.getparent()
    for name in ("title", "link"):
        if parent is not None and image.findtext(name) != parent.findtext(name):
            yield f"its {name} is not the channel's"
    if not (image.findtext("url") or "").lower().endswith((".png", ".jpg", ".jpeg", ".gif")):
        yield "its url is no PNG, JPEG or GIF"


# The items


def _items(channel: etree._Element) -> Iterator[str]:
    rules: dict[str, Rule] = {
        "title": _plain, "link": _url, "description": _description, ENCODED: _content, "guid": _guid,
        "pubDate": _date, "category": _filled, "enclosure": _enclosure,
    }  # fmt: skip
    seen: set[str] = set()
    for number, item in enumerate(channel.findall("item"), 1):
        place = f"item {number}"
        yield from _children(item, place, rules, many={"category"})
        if item.find("title") is None and item.find("description") is None:
            yield f"{place}: neither title nor description"
        guid = item.findtext("guid")
        if guid is None:
            yield f"{place}: no guid"
        elif guid in seen:
            yield f"{place}: guid {guid} stands twice"
        seen.add(guid or "")
        tags = [child.tag for child in item]
        if ENCODED in tags and ("description" not in tags or tags.index("description") > tags.index(ENCODED)):
            yield f"{place}: content:encoded without a description before it"


def _guid(guid: etree._Element) -> Iterator[str]:
    yield from _filled(guid)
    permanent = guid.get("isPermaLink", "true")
    if permanent not in {"true", "false"}:
        yield f"isPermaLink is {permanent}"
    elif permanent == "true":
        yield from _url(guid)


def _enclosure(enclosure: etree._Element) -> Iterator[str]:
    yield from _address(enclosure.get("url"))
    if not re.fullmatch(r"\d+", enclosure.get("length") or ""):
        yield f"length is {enclosure.get('length')}"
    if not re.fullmatch(r"[a-z]+/[a-z0-9.+-]+", enclosure.get("type") or ""):
        yield f"type is {enclosure.get('type')}"


def _description(description: etree._Element) -> Iterator[str]:
    yield from _filled(description)
    yield from _harmless(description.text or "")


def _content(content: etree._Element) -> Iterator[str]:
    yield from _harmless(content.text or "")


def _harmless(text: str) -> Iterator[str]:
    """Nothing that readers strip or refuse, and no address that only the page understands."""
    if not text.strip():
        return
    for element in html.fragment_fromstring(text, create_parent="div").iter():
        if not isinstance(element.tag, str):
            yield "a comment or an instruction"
            continue
        if element.tag in UNSAFE:
            yield f"a <{element.tag}>"
        for name, value in element.items():
            if name == "style" or name.startswith("on"):
                yield f"an attribute {name}"
            if name in REFERENCES and not re.match(r"(https?://|mailto:|tel:|geo:)", value):
                yield f"{name}={value} is not absolute"


# What one element holds


def _children(
    parent: etree._Element, place: str, rules: dict[str, Rule], many: set[str] | None = None
) -> Iterator[str]:
    """Each child by its rule, at most once unless it may stand often."""
    seen: set[str] = set()
    for child in parent:
        name = etree.QName(child).localname if isinstance(child.tag, str) else "comment"
        rule = rules.get(child.tag) if isinstance(child.tag, str) else None
        if rule is None:
            yield f"{place}: an unknown element {name}"
            continue
        if child.tag in seen and child.tag not in (many or set()):
            yield f"{place}: a second {name}"
        seen.add(child.tag)
        yield from (f"{place}: {name}: {sentence}" for sentence in rule(child))
        if "\ufffd" in (child.text or ""):
            yield f"{place}: {name}: a lost character (U+FFFD)"


def _nothing(_: etree._Element) -> Iterator[str]:
    yield from ()


def _filled(element: etree._Element) -> Iterator[str]:
    if not (element.text or "").strip():
        yield "empty"


def _plain(element: etree._Element) -> Iterator[str]:
    yield from _filled(element)
    if MARKUP.search(element.text or ""):
        yield "what reads as mark-up"


def _url(element: etree._Element) -> Iterator[str]:
    yield from _address(element.text)


def _address(text: str | None) -> Iterator[str]:
    parts = urlsplit(text or "")
    if parts.scheme not in {"http", "https"} or not parts.hostname or not re.fullmatch(r"[!-~]+", text or ""):
        yield f"{text} is no full address"


def _number(element: etree._Element) -> Iterator[str]:
    if not re.fullmatch(r"[1-9]\d*", element.text or ""):
        yield f"{element.text} is no number above 0"


def _language(element: etree._Element) -> Iterator[str]:
    if not LANGUAGE.fullmatch(element.text or ""):
        yield f"{element.text} is no language"


def _date(element: etree._Element) -> Iterator[str]:
    text = element.text or ""
    if not DATE.fullmatch(text):
        yield f"{text} is no date of RFC 822 with four digits of year"
        return
    try:
        moment: datetime = parsedate_to_datetime(text)
    except ValueError:
        yield f"{text} does not exist"
        return
    if ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()] != text[:3]:
        yield f"{text} is another day of the week"
