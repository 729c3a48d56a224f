"""What Markdown made of a body, and where in the file each thing stands."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from urllib.parse import unquote

from beffroi.convert import convert, restart
from beffroi.tags import DROPPED, VOID_DROPPED, feed

_CODE = re.compile(
    r"^ {0,3}(```+|~~~+)[^\n]*\n.*?(?:^ {0,3}\1|\Z)|(?<!`)(`+)(?!`)[^`].*?(?<!`)\2(?!`)", re.MULTILINE | re.DOTALL
)
"""Fenced blocks and inline code: what they hold is no link."""

_BEFORE, _AFTER = re.compile(r"[\s(<\"'\]=:]").match, re.compile(r"[\s)>\"']").match
"""What may stand right before and right after an address."""


HEARD = frozenset({"code", "pre", "h1", "img", *DROPPED, *VOID_DROPPED})
"""What says something without any attribute."""
PLAYED = frozenset({"video", "audio", "source", "track"})
"""What asks for its file at once."""


class Page(HTMLParser):
    """What Markdown made of one body: its links, images, anchors and headings, what the page leaves out (`dropped`),
    what it plays (`media`). `broken` where it made nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.headings = 0
        self.dropped: dict[str, None] = {}
        self.media: list[str] = []
        self.text: list[str] = []
        self.broken = False
        self.html = ""
        self._verbatim = 0

    @classmethod
    def of(cls, body: str) -> Page:
        """The page of one body."""
        page = cls()
        try:
            page.html = convert(body)
            feed(page, page.html, HEARD)
        except Exception:  # Markdown and its extensions fail in many ways on odd bytes; one fault tells all
            page.broken = True
            restart()  # it stopped half-way: its state would spoil the next body
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag says."""
        self._verbatim += tag in {"code", "pre"}
        self.headings += tag == "h1"
        if tag in DROPPED or tag in VOID_DROPPED:
            self.dropped[tag] = None
        if not attrs and tag != "img":
            return
        values = {name: value or "" for name, value in attrs}
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "img":
            self.text.append("\u2060")
            self.images.append((values.get("src", ""), values.get("alt", "")))
        else:
            self.links += [values[name] for name in ("href", "src") if name in values]
            self.media += [values["src"]] if "src" in values and tag in PLAYED else []

    def handle_endtag(self, tag: str) -> None:
        """Note the end of code."""
        self._verbatim -= tag in {"code", "pre"} and self._verbatim > 0

    def handle_data(self, data: str) -> None:
        """Keep the text that is not code; a sign stands for the code, so that what surrounds it does not meet."""
        self.text.append("\u2060" if self._verbatim else data)


class Lines:
    """Where in the file something of the body stands: the k-th search for the same thing finds the k-th place."""

    def __init__(self, body: str, first: int) -> None:
        coded = "`" in body or "~~~" in body
        self._body = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), body) if coded else body
        self._first = first
        self._seen: Counter[str] = Counter()

    def address(self, href: str) -> int:
        """The line of a link's or an image's address."""
        for form in dict.fromkeys((href, escape(href), unquote(href))):
            if form and (places := list(self._places(form))):
                self._seen[href] += 1
                return self._line(places[min(self._seen[href], len(places)) - 1])
        return self.words(href)

    def _places(self, form: str) -> Iterator[int]:
        """Where it stands by itself: what is around it is not of the same word."""
        body, at = self._body, self._body.find(form)
        while at >= 0:
            end = at + len(form)
            whole = (at == 0 or _BEFORE(body[at - 1])) and (end == len(body) or _AFTER(body[end]))
            if whole:
                yield at
            at = body.find(form, end if whole else at + 1)

    def words(self, text: str) -> int:
        """The line of the first such words, else the body's first."""
        return self._line(max(self._body.find(text), 0))

    def match(self, pattern: str) -> int:
        """The line of the first match, else the body's first."""
        found = re.search(pattern, self._body, re.MULTILINE)
        return self._line(found.start() if found else 0)

    def _line(self, at: int) -> int:
        return self._first + self._body.count("\n", 0, at)
