"""Quiet hours, by the commune's own clock."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from beffroi.store.quiet import DEFAULT, later, release, valid

PARIS = ZoneInfo("Europe/Paris")


def second(text: str) -> int:
    """Paris time in seconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=PARIS).timestamp())


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-05-04 21:29", None),
        ("2026-05-04 21:30", "2026-05-05 07:00"),
        ("2026-05-05 06:59", "2026-05-05 07:00"),
        ("2026-05-05 07:00", None),
        ("2026-10-24 22:00", "2026-10-25 07:00"),  # a night of nine hours more
        ("2026-03-28 22:00", "2026-03-29 07:00"),  # a night of an hour less
    ],
)
def test_night_is_the_communes(at: str, end: str | None) -> None:
    """From 21:30 to 07:00 in Paris, also when the clocks change."""
    assert (second(end) if end else 0) == release(DEFAULT, second(at), PARIS)


def test_siesta_and_no_quiet_hours() -> None:
    """Quiet hours may be in the day; who wants none has none."""
    assert second("2026-05-04 14:00") == release("12:00-14:00", second("2026-05-04 13:00"), PARIS)
    assert 0 == release("12:00-14:00", second("2026-05-04 22:00"), PARIS)
    assert 0 == release("", second("2026-05-04 23:00"), PARIS)


def test_hour_that_comes_twice() -> None:
    """Quiet hours that end at 2:30 do so twice in the last night of October; the end is never in the past."""
    again = datetime.fromisoformat("2026-10-25T02:10:00+01:00").timestamp()
    assert again + 20 * 60 == release("21:30-02:30", again, PARIS) == later("21:30-02:30", again, PARIS)
    assert second("2026-10-25 02:30") == release("21:30-02:30", second("2026-10-24 22:00"), PARIS)


def test_later_is_the_next_morning() -> None:
    """`push: later` waits for the end of one's next quiet hours, whatever the hour."""
    assert second("2026-05-05 07:00") == later(DEFAULT, second("2026-05-04 09:00"), PARIS)
    assert second("2026-05-04 07:00") == later("", second("2026-05-04 06:00"), PARIS)
    assert second("2026-05-05 06:00") == later("22:00-06:00", second("2026-05-04 07:00"), PARIS)


@pytest.mark.parametrize(
    ("quiet", "fine"),
    [
        ("", True),
        (DEFAULT, True),
        ("7:00-9:00", False),
        ("22:15-07:00", False),
        ("22:00-22:00", False),
        ("25:00-07:00", False),
    ],
)
def test_only_half_hours_are_valid(quiet: str, fine: bool) -> None:
    """A span of half-hours, or nothing: a few dozen kinds of nights at most."""
    assert fine == valid(quiet)
