"""Dates as editors write them: ISO 8601 is read, a French date is refused with its ISO form."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from beffroi.records import dataclass
from beffroi.schema.french import folded, say, shown

YEARS = range(1900, 2201)
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip
EXAMPLE = "2026-05-04 » ou « 2026-05-04 09:30"

_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)  # fmt: skip
_TIME = r"(?:(?:[T,]|\s|à|a|de|vers|-)*(\d{1,2})\s*(?:h|:|heures?)\s*(\d{2})?(?::\d{2})?)?\W*"
_WEEKDAY = r"(?:(?:lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche),?\s+)?(?:le\s+)?"
_LOOSE = (
    rf"{_WEEKDAY}(?P<d>\d{{1,2}})(?:er)?[\s-]+(?P<m>[^\W\d]+)\.?(?:[\s-]+(?P<y>\d{{4}}))?{_TIME}",
    rf"{_WEEKDAY}(?P<d>\d{{1,2}})\s*[/.-]\s*(?P<m>\d{{1,2}})\s*[/.-]\s*(?P<y>\d{{4}}|\d\d){_TIME}",
    rf"{_WEEKDAY}(?P<d>\d{{1,2}})\s*/\s*(?P<m>\d{{1,2}})(?P<y>){_TIME}",
    rf"(?P<y>\d{{4}})\s*[/.-]?\s*(?P<m>\d{{1,2}})\s*[/.-]?\s*(?P<d>\d{{1,2}}){_TIME}",
)


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant in the commune's zone. `bare` is true where no hour was written: `at` is then midnight.

    In the night when an hour comes twice, `at` is the first one: what starts does so as early as was written.
    """

    at: datetime
    bare: bool
    exact: bool = False
    """Whether the offset was written, which leaves no doubt."""

    @property
    def close(self) -> datetime:
        """The exclusive end: the next midnight of a bare date, else the instant itself; of an hour that comes twice, the
        second one, so that an alert is shown too long rather than not long enough."""
        if self.bare:
            return midnight_after(self.at)
        return self.at if self.exact else self.at.replace(fold=1)


def midnight_after(at: datetime) -> datetime:
    """The first midnight after that instant, in the same zone."""
    return datetime.combine(at.date() + timedelta(days=1), time(), at.tzinfo)


def hours_later(at: datetime, hours: int) -> datetime:
    """That many real hours later (a night of changed clocks included), in the same zone."""
    return (at.astimezone(UTC) + timedelta(hours=hours)).astimezone(at.tzinfo)


def moment(text: str, zone: ZoneInfo, year: str = "AAAA") -> Moment:
    """Read an ISO 8601 date or date-time; without offset it is the commune's time.

    Raises `ValueError` with the end of a sentence: what was found, and the ISO text to write. `year` is proposed for
    a French date that names none.
    """
    match = _ISO.fullmatch(text)
    if not match:
        raise ValueError(_unread(text, year))
    y, m, d, hour, minute, second, offset = match.groups()
    day = _day(text, int(y), int(m), int(d))
    if hour is None:
        return Moment(datetime.combine(day, time(), zone), bare=True)
    try:
        clock = time.fromisoformat(f"{hour}:{minute}:{second or '00'}{(offset or '').replace('Z', '+00:00')}")
    except ValueError:
        raise ValueError(say("vaut « {} », dont l’heure n’existe pas ; écrivez-la de 00:00 à 23:59", text)) from None
    if clock.tzinfo:
        return Moment(datetime.combine(day, clock).astimezone(zone), bare=False, exact=True)
    return Moment(_local(text, datetime.combine(day, clock, zone)), bare=False)


def _day(text: str, year: int, month: int, day: int) -> date:
    """The calendar day, or a `ValueError` that says what is wrong with it."""
    if year not in YEARS:
        raise ValueError(say("vaut « {} » ; écrivez une année entre {} et {}", text, YEARS[0], YEARS[-1]))
    if not 1 <= month <= 12:
        raise ValueError(
            say("vaut « {} », dont le mois n’existe pas ; écrivez année-mois-jour, par exemple « 2026-05-04 »", text)
        )
    last = calendar.monthrange(year, month)[1]
    if not 1 <= day <= last:
        of = f"{MONTHS[month - 1]} {year}"
        raise ValueError(say("vaut « {} », qui n’existe pas ({} a {} jours) ; corrigez le jour", text, of, last))
    return date(year, month, day)


def _local(text: str, at: datetime) -> datetime:
    """The local time itself, refused where the clocks jump over it in spring."""
    there = at.astimezone(UTC).astimezone(at.tzinfo)
    if there.replace(tzinfo=None) != at.replace(tzinfo=None):
        right = there.strftime("%Y-%m-%d %H:%M")
        raise ValueError(say("vaut « {} », heure sautée au passage à l’heure d’été ; écrivez « {} »", text, right))
    return at


def _unread(text: str, year: str) -> str:
    """The sentence for what is no ISO date, with the exact text to write where the meaning is plain."""
    iso = _iso_of(text, year)
    found = shown(text)
    if iso is None:
        return say("vaut « {} », ce n’est pas une date ; écrivez par exemple « " + EXAMPLE + " »", found)
    if iso.startswith("AAAA"):
        return say("vaut « {} » ; écrivez « {} », où AAAA est l’année", found, iso)
    return say("vaut « {} » ; écrivez « {} »", found, iso)


def _iso_of(text: str, year: str) -> str | None:
    for pattern in _LOOSE:
        if match := re.fullmatch(pattern, text.strip()[:80], re.IGNORECASE):
            month = _month(match["m"])
            y = match["y"] or year
            y = f"20{y}" if len(y) == 2 else y
            y = str(int(y)) if y.isdecimal() else y  # in whatever digits
            hour, minute = match.groups()[-2:]
            if month and _exists(y, month, int(match["d"])) and int(hour or 0) < 24 and int(minute or 0) < 60:
                clock = f" {int(hour):02}:{int(minute or 0):02}" if hour else ""
                return f"{y}-{month:02}-{int(match['d']):02}{clock}"
    return None


def _month(word: str) -> int | None:
    """1 to 12 of a number, a French month or its usual abbreviation (three letters or more)."""
    if word.isdecimal():
        return int(word) if 1 <= int(word) <= 12 else None
    names = [n for n, month in enumerate(MONTHS, 1) if folded(month).startswith(folded(word))]
    return names[0] if len(names) == 1 and len(word) >= 3 else None


def _exists(year: str, month: int, day: int) -> bool:
    try:
        return int(year if year.isdecimal() else 2024) in YEARS and bool(date(int(year), month, day))
    except ValueError:
        return not year.isdecimal() and 1 <= day <= calendar.monthrange(2024, month)[1]
