"""The words of the pages in the language of a translation: catalogues of the theme, and the commune's own words.

`theme/languages/en.toml` gives the English of each French word that templates say, the form of dates, and what scripts
say. `WORDS` of pelicanconf.py is laid over it: names of categories, other wordings, other languages. What has no
translation is said in French, marked as such.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import field
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from beffroi import text
from beffroi.errors import BuildError
from beffroi.memo.stamps import digest
from beffroi.model import Event
from beffroi.records import dataclass
from beffroi.settings import Site
from beffroi.site.escapes import escaped

_SPACES = str.maketrans({text.NBSP: " ", text.NNBSP: " "})


def key(words: str) -> str:
    """French words as catalogues have them: with plain spaces."""
    return words.translate(_SPACES)


@dataclass(frozen=True)
class Words:
    """What templates call `say`: `say("Publié le")` for text, `say.plain(…)` for an attribute. `lang` is empty for the
    commune's own language, which is said as it stands; `own` is its code."""

    lang: str
    own: str
    zone: ZoneInfo
    known: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, Any] = field(default_factory=dict)
    scripts: Mapping[str, str] = field(default_factory=dict)
    locale: str = "fr_FR"

    def __call__(self, words: str) -> Markup:
        """Text of a page; what is not translated says that it is French."""
        found = self.known.get(key(words)) if self.lang else words
        return escaped(found) if found is not None else self._french(words)

    def plain(self, words: str) -> str:
        """Text of an attribute."""
        return self.known.get(key(words), words) if self.lang else words

    def _french(self, words: str) -> Markup:
        return Markup('<span lang="{}">{}</span>').format(self.own, words)

    @property
    def colon(self) -> str:
        """Between a word and what it is said of: French has a space before it."""
        return ": " if self.lang else f"{text.NBSP}: "

    @property
    def script(self) -> str:
        """What the scripts of the page say, as JSON."""
        return json.dumps(dict(self.scripts), ensure_ascii=False, sort_keys=True)

    def day(self, at: datetime, *, begin: bool = False) -> Markup:
        """The day, its name and its year; `begin` is for the first words of a sentence."""
        local = at.astimezone(self.zone)
        return self._dated(lambda: self._day(local), text.day(local), begin)

    def moment(self, at: datetime) -> Markup:
        """The day and the hour; the day alone where a file gave no hour."""
        local = at.astimezone(self.zone)
        if text.midnight(local):
            return self.day(at)
        return self._dated(lambda: self._fill("moment", local, day=self._day(local)), text.moment(local), False)

    def until(self, end: datetime, since: datetime | None = None, *, begin: bool = False) -> Markup:
        """How long something holds."""
        local = end.astimezone(self.zone)
        start = since and since.astimezone(self.zone)
        return self._dated(lambda: self._until(local, start), text.until(local, start), begin)

    def span(self, event: Event, *, begin: bool = False) -> Markup:
        """When an event takes place."""
        start, end = event.start.astimezone(self.zone), event.end.astimezone(self.zone)
        return self._dated(lambda: self._span(start, end, event.all_day), text.span(start, end, event.all_day), begin)

    def leaf(self, at: datetime) -> tuple[str, str, str]:
        """Weekday, number and month of a calendar's leaf."""
        local = at.astimezone(self.zone)
        if not self.dates:
            week, number, month = text.day(local, year=False).replace(text.NBSP, " ").split(" ")
            return week, number, month
        return self._week(local), self._number(local), self._month(local)

    def _dated(self, translated: Any, french: str, begin: bool) -> Markup:
        words = translated() if self.dates else french
        words = words[:1].upper() + words[1:] if begin else words
        return self._french(words) if self.lang and not self.dates else escaped(words)

    def _fill(self, form: str, at: date, **more: str) -> str:
        names: dict[str, Any] = {"week": self._week(at), "number": self._number(at), "month": self._month(at)}
        names |= {"year": at.year}
        if isinstance(at, datetime):
            names |= {"hour": at.hour, "minute": at.minute, "clock": self._clock(at)}
        return str(self.dates[form]).format(**names, **more)

    def _week(self, at: date) -> str:
        return str(self.dates["days"][at.weekday()])

    def _month(self, at: date) -> str:
        return str(self.dates["months"][at.month - 1])

    def _number(self, at: date) -> str:
        return str(self.dates["first"]) if at.day == 1 else str(at.day)

    def _clock(self, at: datetime) -> str:
        return str(self.dates["clock"]).format(hour=at.hour, minute=at.minute)

    def _day(self, at: date, year: bool = True) -> str:
        return self._fill("day" if year else "day_short", date(at.year, at.month, at.day))

    def _date(self, at: date, year: bool = True) -> str:
        return self._fill("date" if year else "date_short", date(at.year, at.month, at.day))

    def _end(self, at: datetime) -> str:
        return str(self.dates["midnight"]) if text.midnight(at) else self._clock(at)

    def _until(self, end: datetime, since: datetime | None) -> str:
        last = text.last_day(end)
        day = self._day(last, year=since is not None and last.year != since.year)
        return self._fill("until_day" if text.midnight(end) else "until", end, day=day)

    def _span(self, start: datetime, end: datetime, all_day: bool) -> str:
        last = max(start.date(), text.last_day(end))
        if all_day and last == start.date():
            return self._day(start)
        if all_day:
            first = self._date(start, start.year != last.year)
            return self._fill("days_long", start, first=first, last=self._date(last))
        if end <= start:
            return self._fill("moment", start, day=self._day(start))
        hours = {"start": self._clock(start), "end": self._end(end)}
        if last == start.date() or text.one_night(start, end):
            return self._fill("hours", start, day=self._day(start), **hours)
        first = self._date(start, start.year != last.year)
        return self._fill("long", start, first=first, last=self._date(last), **hours)


@dataclass(frozen=True)
class Languages:
    """The words of every language of a site. `folder` holds the theme's catalogues."""

    site: Site
    folder: Path

    @cached_property
    def sum(self) -> bytes:
        """What stands for the catalogues."""
        return digest(b"\0".join(code.encode() + self._data(code) for code in self.site.languages))

    @cached_property
    def _made(self) -> dict[str, Words]:
        return {}

    def words(self, code: str = "") -> Words:
        """The words of one language; the commune's own by default. Raises `BuildError`."""
        if code not in self._made:
            self._made[code] = self._words(code)
        return self._made[code]

    def _words(self, code: str) -> Words:
        own, zone = self.site.publisher.lang, self.site.zone
        if not code or code == own:
            return Words("", own, zone)
        try:
            found = tomllib.loads(self._data(code).decode())
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BuildError(f"theme/languages/{code}.toml est illisible ({error}) ; corrigez-le.") from error
        known = {key(french): words for french, words in {**found.get("words", {}), **self._own(code)}.items()}
        scripts = {french: known.get(french, words) for french, words in found.get("scripts", {}).items()}
        return Words(code, own, zone, known, found.get("dates", {}), scripts, str(found.get("locale") or code))

    def _own(self, code: str) -> Mapping[str, str]:
        return self.site.words.get(code, {})

    def _data(self, code: str) -> bytes:
        try:
            return (self.folder / f"{code}.toml").read_bytes()
        except FileNotFoundError:
            return b""
