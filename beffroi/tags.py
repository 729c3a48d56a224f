"""HTML as Markdown writes it, cut into text and tags by one regular expression.

`html.parser` knows every oddity of HTML and takes ten times as long. What our own converter writes has none: lower-case
names, attributes one space apart between double quotes, no comment. Whatever else a body holds is left to the parser.
"""

from __future__ import annotations

import re
from collections.abc import Set
from html import unescape
from html.parser import HTMLParser
from itertools import chain

DROPPED = frozenset(
    ("script", "style", "iframe", "object", "embed", "form", "template", "noscript", "frameset", "applet", "button")
    + ("select", "textarea", "title", "plaintext", "xmp", "math")
)
"""Left out of a page with everything they hold."""
VOID_DROPPED = frozenset({"link", "meta", "base", "frame", "input", "bgsound", "isindex", "layer"})
"""Left out of a page; they hold nothing."""

_TAG = re.compile(r'<(/[a-z][a-z0-9]*(?=>)|[a-z][a-z0-9]*)((?: [a-z][a-z-]*="[^"<>]*")*)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_ODD = re.compile(r"&(?!(?:amp|lt|gt|quot|nbsp|#\d{1,7});)", re.ASCII)
"""An ampersand that the versions of the parser do not all read alike."""

_KNOWN = (
    *("p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "div", "section", "blockquote", "pre", "ul", "ol", "li"),
    *("dl", "dt", "dd", "table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "figure", "figcaption"),
    *("a", "abbr", "b", "cite", "code", "del", "em", "i", "img", "ins", "kbd", "mark", "q", "s", "samp", "small"),
    *("span", "strong", "sub", "sup", "time", "u", "var", "picture", "source"),
)
"""Elements of which the content is read like any other's: not `script`, nor `textarea`, nor one yet to be invented."""
_PLAIN = frozenset(chain(_KNOWN, (f"/{name}" for name in _KNOWN)))


def cut(html: str) -> list[str] | None:
    """Text, name of a tag, its attributes, text, and so on, ending with a text; a name begins with `/` where an element
    ends. `None` where a part of it is not written as plainly as Markdown writes."""
    parts = _TAG.split(html)
    if html.count("<") != len(parts) // 3 or not _PLAIN.issuperset(parts[1::3]) or _ODD.search(html):
        return None
    return parts


def attributes(text: str) -> list[tuple[str, str | None]]:
    """The attributes of a tag as `html.parser` gives them."""
    return [(name, unescape(value)) for name, value in _ATTRIBUTE.findall(text)]


def feed(parser: HTMLParser, html: str, heard: Set[str] | None = None) -> None:
    """Have the parser read a whole document, to its end: the same calls as by its own `feed` and `close`, save that the
    character references of a text are always resolved and that a text is never cut in two. Where elements are `heard`,
    the parser does without the others of those that Markdown writes, unless they have attributes."""
    parts = cut(html)
    if parts is None:
        parser.feed(html)
        parser.close()
        return
    start, end, data = parser.handle_starttag, parser.handle_endtag, parser.handle_data
    for text, name, inner in zip(parts[::3], parts[1::3], parts[2::3], strict=False):
        if text:
            data(unescape(text))
        if name[0] == "/":
            if heard is None or name[1:] in heard:
                end(name[1:])
        elif inner or heard is None or name in heard:
            start(name, attributes(inner) if inner else [])
    if parts[-1]:
        data(unescape(parts[-1]))
