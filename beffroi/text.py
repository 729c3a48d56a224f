"""French text: typography, dates in words, slugs, and the way from HTML to plain text.

Every function is pure: no clock, no system locale, no time zone but the one that a `datetime` carries. Typography is that
of `beffroi.typography`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from functools import lru_cache
from html import unescape
from html.parser import HTMLParser

from unidecode import unidecode

from beffroi.tags import cut, feed
from beffroi.typography import NBSP, NNBSP, printable, typeset

__all__ = ["DAYS", "MONTHS", "NBSP", "NNBSP", "absolute", "absolute_links", "clean", "clock", "day", "moment", "plain",
           "shorten", "slugify", "span", "typeset", "until"]  # fmt: skip

_PLANES = "".join(f"{chr(plane)}-{chr(plane + 0xFFFD)}" for plane in range(0x10000, 0x110000, 0x10000))
_UNWANTED = f"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\ufffd{_PLANES}]"
_APOSTROPHES = str.maketrans(dict.fromkeys("'’ʼ‘`´", "-"))


def clean(text: str) -> str:
    """The text in NFC without what XML 1.0 (section 2.2) refuses or discourages: control characters but tab and line
    ends, lone surrogates, noncharacters."""
    return unicodedata.normalize("NFC", text if printable(text) else re.sub(_UNWANTED, "", text))


def slugify(name: str) -> str:
    """A name as lower-case ASCII letters, digits and single dashes; may be empty. "Fermeture d’école" is
    `fermeture-d-ecole` whichever Unicode form or apostrophe was typed."""
    loose = unicodedata.normalize("NFKD", name.translate(_APOSTROPHES))
    ascii_ = "".join(map(_ascii, loose))
    return re.sub(r"[^a-z0-9]+", "-", ascii_.lower()).strip("-")


@lru_cache(4096)
def _ascii(letter: str) -> str:
    """One letter in ASCII, nothing for an accent, a dash for any other sign."""
    return "" if unicodedata.combining(letter) else unidecode(letter) if letter.isalnum() else "-"


# HTML ---------------------------------------------------------------------------------------------------------------

_INLINE = frozenset(
    (
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "cite",
        "code",
        "data",
        "del",
        "dfn",
        "em",
        "font",
        "i",
        "img",
        "ins",
        "kbd",
        "mark",
    )
    + ("q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr")
)
_SILENT = frozenset(("script", "style", "template"))


class _Text(HTMLParser):
    """Collects what a reader would read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        self._break(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT and self._silent > 0
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words.append(data)

    def _break(self, tag: str) -> None:
        if tag not in _INLINE:
            self.words.append(" ")


def plain(html: str) -> str:
    """The text of an HTML fragment on one line: references resolved, blocks apart by a space, no-break spaces kept."""
    parser = _Text()
    feed(parser, html)
    return re.sub(r"[ \t\n\r\f]+", " ", "".join(parser.words)).strip(" ")


class _StartTags(HTMLParser):
    """Finds the start tags that are really tags: not in a comment, not in a script."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[int, str]] = []
        self._lines = [0, *(at.end() for at in re.finditer("\n", html))]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        self.found.append((self._lines[line - 1] + column, self.get_starttag_text() or ""))


_ATTRIBUTE = re.compile(r"""([^\s"'>/=]+)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)|"[^"]*"|'[^']*'""")
_ROOTED = re.compile(r"""["'=,]/(?!/)|\s/(?![/>])|&(?:#|sol)""")
_MAYBE = re.compile(r"""/(?<=["'=,\s]/)""")
"""Where there is none of these and no reference to a character, there is no `_ROOTED`."""
_OPEN = re.compile(r"<[a-z][^<>]* [^<>]*>")
_CANDIDATE = re.compile(r"([\s,]*)(\S*[^\s,])(\s+[^,]*)?")


def absolute(html: str, base: str) -> str:
    """The fragment with every root-relative `href`, `src`, `srcset` and `poster` made absolute, all else verbatim.

    `base` is scheme and host, no slash at its end.
    """
    if not _maybe(html):
        return html
    if cut(html) is not None:  # what looks like a tag is one
        return _OPEN.sub(lambda tag: _tag(tag[0], base) if _ROOTED.search(tag[0]) else tag[0], html)
    return _absolute_by_parser(html, base)


def absolute_links(html: str, base: str) -> str:
    """The same, of what a page shows (`site.html.Rewriter` wrote it): there each `<` begins a tag, and links are all that
    most bodies have."""
    if '<a href="//' not in html and not _maybe(made := html.replace('<a href="/', f'<a href="{base}/')):
        return made
    return absolute(html, base)


def _maybe(html: str) -> bool:
    """Whether it may hold a root-relative address: where this says no, `_ROOTED` finds nothing."""
    return "&#" in html or "&sol" in html or _MAYBE.search(html) is not None


def _absolute_by_parser(html: str, base: str) -> str:
    if not _ROOTED.search(html):  # the parser costs a millisecond
        return html
    parser = _StartTags(html)
    parser.feed(html)
    parser.close()
    parts, last = [], 0
    for start, tag in parser.found:
        parts += [html[last:start], _tag(tag, base)]
        last = start + len(tag)
    return "".join([*parts, html[last:]])


def _tag(tag: str, base: str) -> str:
    """One start tag, its addresses absolute."""
    return _ATTRIBUTE.sub(lambda found: _attribute(found, base), tag)


def _attribute(found: re.Match[str], base: str) -> str:
    """One attribute of a start tag, its addresses absolute."""
    name, equals, value = found[1], found[2], found[3]
    if not name or name.lower() not in ("href", "src", "srcset", "poster"):
        return found[0]
    quote = value[0] if value[0] in "\"'" else ""
    inner = value[1:-1] if quote else value
    if name.lower() == "srcset":
        inner = _CANDIDATE.sub(lambda one: f"{one[1]}{_address(one[2], base)}{one[3] or ''}", inner)
    else:
        inner = _address(inner, base)
    return f"{name}{equals}{quote}{inner}{quote}"


def _address(address: str, base: str) -> str:
    """One address as written in HTML, its host added where it has none."""
    read = unescape(address).lstrip()
    return base + address.lstrip() if read.startswith("/") and not read.startswith("//") else address


_JOINS = re.compile("[\u200d\ufe0e\ufe0f\u20e3\U0001f3fb-\U0001f3ff\U0001f1e6-\U0001f1ff\U000e0020-\U000e007f]")


def many(count: int, word: str = "") -> str:
    """French: a narrow space between thousands, a plural from two on."""
    number = f"{count:,}".replace(",", "\u202f")
    return f"{number} {word}{'s' if count > 1 else ''}" if word else number


def shorten(text: str, limit: int) -> str:
    """At most `limit` characters: the text itself, else its beginning up to a word's end, then "…".

    A word longer than the limit is cut between graphemes; no-break spaces hold ("7 000 €" stays whole or goes).
    """
    if len(text) <= limit:
        return text
    if limit < 1:
        return ""
    head = text[:limit]
    at = max(head.rfind(" "), head.rfind("\n"))
    if at <= 0:
        at = limit - 1
        while at > 0 and _inside(text, at):
            at -= 1
    return text[:at].rstrip(" \n\t\u00a0\u202f,;:.…–—-(«") + "…"


def _inside(text: str, at: int) -> bool:
    """Whether a cut before `text[at]` would fall inside a grapheme (accents, emoji sequences, flags)."""
    after, before = text[at], text[at - 1]
    return bool(unicodedata.combining(after) or _JOINS.match(after) or before == "\u200d")


# Dates --------------------------------------------------------------------------------------------------------------

DAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")
MONTHS = (
    *("janvier", "février", "mars", "avril", "mai", "juin"),
    *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
)  # fmt: skip


def day(at: date, *, year: bool = True) -> str:
    """ "mardi 5 mai 2026", "vendredi 1er mai 2026"; "mardi 5 mai" without the year."""
    return f"{DAYS[at.weekday()]} {_date(at, year)}"


def moment(at: datetime) -> str:
    """ "mardi 5 mai 2026 à 8 h 30", on the clock that `at` carries: convert to the commune's zone first."""
    return f"{day(at)} à {clock(at)}"


def clock(at: datetime) -> str:
    """ "8 h", "8 h 05", "0 h 30"."""
    return f"{at.hour}{NBSP}h" + (f"{NBSP}{at.minute:02}" if at.minute else "")


def span(start: datetime, end: datetime, all_day: bool = False, *, year: bool = True) -> str:
    """When something takes place; `end` is exclusive, both in the commune's zone.

    "mardi 5 mai 2026, de 8 h à 12 h", "du 5 au 7 mai 2026" (whole days), "du 5 mai à 8 h au 7 mai 2026 à 12 h". What
    ends before six the next morning is told as one evening. Without `year` only a change of year is told.
    """
    last = max(start.date(), last_day(end))
    if all_day:
        return day(start, year=year) if last == start.date() else _days(start, last, year)
    if end <= start:
        return f"{day(start, year=year)} à {clock(start)}"
    if last == start.date() or one_night(start, end):
        return f"{day(start, year=year)}, de {clock(start)} à {_end(end)}"
    other = start.year != last.year
    return f"du {_date(start, other)} à {clock(start)} au {_date(last, year or other)} à {_end(end)}"


def until(end: datetime, since: datetime | None = None) -> str:
    """ "jusqu’au mardi 5 mai à 18 h"; `end` is exclusive, so midnight says the day before: "jusqu’au lundi 4 mai
    inclus". Said with its year where that is not the year of `since`."""
    last = last_day(end)
    words = f"jusqu’au {day(last, year=since is not None and last.year != since.year)}"
    return f"{words} inclus" if midnight(end) else f"{words} à {clock(end)}"


def one_night(start: datetime, end: datetime) -> bool:
    """Whether it begins after noon and ends before six the next morning."""
    return end.date() == start.date() + timedelta(days=1) and start.hour >= 12 and end.hour < 6


def last_day(end: datetime) -> date:
    """The last day that an exclusive `end` leaves."""
    return end.date() - timedelta(days=midnight(end))


def midnight(at: datetime) -> bool:
    """Whether it is the first instant of a day."""
    return (at.hour, at.minute, at.second, at.microsecond) == (0, 0, 0, 0)


def _end(at: datetime) -> str:
    return "minuit" if midnight(at) else clock(at)


def _days(first: date, last: date, year: bool) -> str:
    """ "du 5 au 7 mai 2026", "du 30 avril au 2 mai 2026", "du 30 décembre 2026 au 2 janvier 2027"."""
    if first.year != last.year:
        return f"du {_date(first)} au {_date(last)}"
    head = _number(first) if first.month == last.month else _date(first, year=False)
    return f"du {head} au {_date(last, year)}"


def _date(at: date, year: bool = True) -> str:
    words = f"{_number(at)}{NBSP}{MONTHS[at.month - 1]}"
    return f"{words} {at.year}" if year else words


def _number(at: date) -> str:
    return "1er" if at.day == 1 else str(at.day)
