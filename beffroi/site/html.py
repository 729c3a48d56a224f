"""One pass over an item's HTML: links resolved, images replaced by their pictures, French spaces set.

What a body must not bring into a page (scripts, frames, styles, other people's images) is left out here, whatever the
Markdown held: no page of the site makes a third-party request (DESIGN.md, section 4.7).
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape, unescape
from html.parser import HTMLParser

from beffroi.content import Link
from beffroi.model import Image
from beffroi.tags import DROPPED, VOID_DROPPED, attributes, cut
from beffroi.text import typeset

VERBATIM = frozenset({"code", "pre", "kbd", "samp"})
"""Typography stays out of these."""
SEEN_TO = frozenset({"a", "img", "table", *VERBATIM})
"""Elements of which more becomes than their name, of those that Markdown writes."""
URLS = {"a": "href", "source": "src", "video": "src", "audio": "src", "track": "src"}
ASKING = frozenset(
    ("href", "src", "srcset", "xlink:href", "poster", "background", "data", "code", "action", "formaction", "ping")
    + ("lowsrc", "dynsrc", "srcdoc", "style")
)
"""Attributes for which a browser asks somebody for something, or does something; those of `URLS` are looked at."""
VOID = frozenset(("area", "br", "col", "embed", "hr", "img", "input", "source", "track", "wbr"))
UNCLOSED = frozenset(
    ("p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "colgroup", "option", "optgroup")
)
"""Elements that another one's beginning or end closes, whether their end is written or not."""

TABLE = {"fr": "Tableau", "de": "Tabelle", "it": "Tabella", "es": "Tabla"}
NOTE = {"fr": "Revenir au texte, note {}", "en": "Back to the text, note {}", "de": "Zurück zum Text, Anmerkung {}"} | {
    "it": "Torna al testo, nota {}",
    "es": "Volver al texto, nota {}",
}
"""What screen readers say of a table, and of the way back from a note, in the language of the text."""

Attrs = list[tuple[str, str | None]]


class Rewriter(HTMLParser):
    """Reads HTML and writes it again. `address` gives the page's address of a link, `None` where there is nothing to
    lead to; `image` gives the encoded image of a link, `None` where it is not ours."""

    def __init__(
        self,
        resolve: Callable[[str], Link],
        address: Callable[[Link], str | None],
        image: Callable[[Link, str], Image | None],
        lang: str = "fr",
    ) -> None:
        super().__init__(convert_charrefs=False)
        self._resolve, self._address, self._image, self._lang = resolve, address, image, lang
        self._out: list[str] = []
        self._text: list[str] = []
        self._dropped: list[str] = []
        self._verbatim = 0
        self._anchors: list[bool] = []  # for each open <a>, whether its tag was written
        self._open: list[str] = []  # what was written and not yet closed
        self._addresses: dict[str, str | None] = {}

    def rewrite(self, html: str) -> str:
        """The whole document, rewritten."""
        if (parts := cut(html)) is None:
            self.feed(html)
            self.close()
        else:
            self._read(parts)
        return self._ended()

    def _ended(self) -> str:
        """What was written; whatever is still open is closed, as it would swallow what follows the body."""
        self._flush()
        self._out += [_end(tag) for tag in reversed(self._open) if tag not in UNCLOSED]
        return "".join(self._out)

    def _read(self, parts: list[str]) -> None:
        """A document that Markdown wrote: none of it is dropped, and most tags are written as they stand."""
        out, opened = self._out, self._open
        for text, name, inner in zip(parts[::3], parts[1::3], parts[2::3], strict=False):
            if text:
                self._write(unescape(text))
            tag = name.removeprefix("/")
            if inner or tag in SEEN_TO or (tag != name and opened[-1:] != [tag]):
                self.handle_starttag(name, attributes(inner)) if tag == name else self.handle_endtag(tag)
                continue
            out.append(f"<{name}>")
            if tag != name:
                opened.pop()
            elif tag not in VOID:
                opened.append(tag)
        self._write(unescape(parts[-1]))

    def _flush(self) -> None:
        """Typeset the text gathered since the last tag: entities and letters are one text to a reader."""
        if self._text:
            self._write("".join(self._text))
            self._text.clear()

    def _write(self, text: str) -> None:
        if text.isspace():
            self._out.append(text)
            return
        if not self._verbatim:
            text = typeset(text, self._lang)
        self._out.append(escape(text, quote=False) if "&" in text or "<" in text or ">" in text else text)

    def handle_starttag(self, tag: str, attrs: Attrs) -> None:
        """An element begins."""
        if tag in DROPPED:
            self._dropped.append(tag)
        if self._dropped or tag in VOID_DROPPED:
            return
        self._flush()
        if tag == "img":
            self._out.append(self._picture(dict(attrs)))
            return
        if tag == "a" and not self._link(attrs):
            return
        self._verbatim += tag in VERBATIM
        if tag == "table":
            name = TABLE.get(self._lang[:2], "Table")
            self._out.append(f'<div class="table-scroll" role="region" aria-label="{name}" tabindex="0">')
        self._out.append(_tag(tag, self._safe(tag, attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Attrs) -> None:
        """An element written `<x/>`."""
        if tag not in DROPPED:
            self.handle_starttag(tag, attrs)
            if tag not in VOID | VOID_DROPPED:
                self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        """An element ends; one that did not begin here would close what is around the body."""
        if self._dropped:
            if tag == self._dropped[-1]:
                self._dropped.pop()
            return
        self._flush()
        if (tag == "a" and self._anchors and not self._anchors.pop()) or tag not in self._open:
            return
        del self._open[-1 - self._open[::-1].index(tag)]
        self._verbatim -= tag in VERBATIM and self._verbatim > 0
        self._out.append(_end(tag))

    def handle_data(self, data: str) -> None:
        """Text."""
        if not self._dropped:
            self._text.append(data)

    def handle_entityref(self, name: str) -> None:
        """`&name;` is text."""
        self.handle_data(unescape(f"&{name};"))

    def handle_charref(self, name: str) -> None:
        """`&#number;` is text."""
        self.handle_data(unescape(f"&#{name};"))

    def _link(self, attrs: Attrs) -> bool:
        """Whether this <a> leads somewhere that citizens may go now."""
        href = dict(attrs).get("href")
        written = href is None or self._at(href) is not None
        self._anchors.append(written)
        return written

    def _safe(self, tag: str, attrs: Attrs) -> Attrs:
        kept: Attrs = []
        if ("class", "footnote-backref") in attrs:
            told = NOTE.get(self._lang[:2], "↩ {}")
            attrs = [(name, told.format(value) if name == "title" else value) for name, value in attrs]
        for name, value in attrs:
            if name == URLS.get(tag):
                there = tag == "a" or self._resolve(value or "").path
                if there and (address := self._at(value or "")):
                    kept.append((name, address))
            elif name not in ASKING and not name.startswith("on"):
                kept.append((name, value))
        return kept

    def _at(self, href: str) -> str | None:
        """Where that address leads from the page."""
        if href not in self._addresses:
            self._addresses[href] = self._address(self._resolve(href))
        return self._addresses[href]

    def _picture(self, attrs: dict[str, str | None]) -> str:
        src, alt = attrs.get("src") or "", typeset(attrs.get("alt") or "", self._lang)
        image = self._image(self._resolve(src), alt)
        return picture(image) if image else escape(alt)


def picture(image: Image, sizes: str = "(min-width: 48rem) 44rem, 100vw") -> str:
    """The `<picture>` element of an image: modern formats first, sizes known, loaded when it comes near."""
    last = image.fallback
    sources = "".join(
        f'<source type="{mime}" srcset="{image.srcset(mime)}" sizes="{sizes}">'
        for mime in image.types
        if mime != last.type
    )
    srcset = f' srcset="{image.srcset(last.type)}" sizes="{sizes}"' if image.srcset(last.type).count(",") else ""
    size = f' width="{last.width}" height="{last.height}"' if last.width else ""
    return (
        f'<picture>{sources}<img src="{last.url}"{srcset} alt="{escape(image.alt)}"{size} '
        'loading="lazy" decoding="async"></picture>'
    )


def _end(tag: str) -> str:
    return f"</{tag}></div>" if tag == "table" else f"</{tag}>"


def _tag(tag: str, attrs: Attrs) -> str:
    shown = "".join(f" {name}" if value is None else f' {name}="{escape(value)}"' for name, value in attrs)
    return f"<{tag}{shown}>"
