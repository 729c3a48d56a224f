"""Quiet hours: "21:30-07:00", in the commune's own time, summer and winter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

DEFAULT = "21:30-07:00"
"""Who chose nothing sleeps."""

_FORM = re.compile(r"([01]\d|2[0-3]):([03]0)-([01]\d|2[0-3]):([03]0)")


def valid(quiet: str) -> bool:
    """Whether it is a span between two different half-hours, or no quiet hours at all ("")."""
    return not quiet or (_FORM.fullmatch(quiet) is not None and quiet[:5] != quiet[6:])


def release(quiet: str, at: float, zone: ZoneInfo) -> int:
    """0 outside these quiet hours, else the instant at which they end. `at` is in seconds since 1970."""
    if not quiet:
        return 0
    start, end = _times(quiet)
    here = datetime.fromtimestamp(at, UTC).astimezone(zone)
    clock = here.time()
    inside = start <= clock < end if start < end else clock >= start or clock < end
    return _next(end, here, zone) if inside else 0


def later(quiet: str, at: float, zone: ZoneInfo) -> int:
    """The next morning: the next end of these quiet hours, of the default ones for who has none."""
    return _next(_times(quiet or DEFAULT)[1], datetime.fromtimestamp(at, UTC).astimezone(zone), zone)


def _times(quiet: str) -> tuple[time, time]:
    start, _, end = quiet.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _next(end: time, here: datetime, zone: ZoneInfo) -> int:
    day = here.date() if here.time() < end else here.date() + timedelta(days=1)
    then = datetime.combine(day, end, zone)
    if then.timestamp() <= here.timestamp():  # that hour comes twice tonight, and this is the second time
        then = then.replace(fold=1)
    return int(then.timestamp())
