"""What holds for every feed: same bytes everywhere, embargo, order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.feeds import CORRECTED, FEEDS, LATEST, current, dumps, full, known, rfc3339
from beffroi.model import Alert, Item
from tests.feeds.samples import ALERTS, NOON, PARIS, PUBLISHER, hours, item, lists, many, moments, patient

ROOT = Path(__file__).parents[2]
SCRIPT = """
import hashlib
from beffroi.feeds import FEEDS, jsonfeed, sitemap
from tests.feeds.samples import *
shown = [*many(120), item("crue", ALERTS, alert=Alert(), end=hours(48), image=FLOOD, tags=("a", "b", "c"), areas=(LANCEY,)),
         item("fete", AGENDA, event=Event(hours(30), hours(33), place="Salle"), location=Location(45.2, 5.9))]
made = [make(shown, PUBLISHER, NOON) for make in FEEDS.values()] + list(jsonfeed.pages(shown, PUBLISHER, NOON).values())
made += [make([], PUBLISHER, NOON) for make in FEEDS.values()] + [sitemap.render((i.url, i.updated) for i in shown)]
print(hashlib.sha256(b"".join(made)).hexdigest())
"""


def digest(**environment: str) -> str:
    """The digest of every feed, rendered by another Python under that environment."""
    settings = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=settings, cwd=ROOT, capture_output=True, check=True)
    return done.stdout.decode()


def test_feeds_are_the_same_on_every_machine() -> None:
    """Neither time zone nor locale nor hash seed nor the clock shows in a feed."""
    here = digest(TZ="UTC", LC_ALL="C", PYTHONHASHSEED="1")
    assert here == digest(TZ="Pacific/Auckland", LC_ALL="C.UTF-8", LANG="fr_FR.UTF-8", PYTHONHASHSEED="2")


@pytest.mark.parametrize("name", FEEDS)
@patient
@given(shown=lists(), random=st.randoms())
def test_feeds_do_not_depend_on_the_order_given(name: str, shown: list[Item], random: Random) -> None:
    """Any valid items render, and shuffling them changes no byte."""
    shuffled = random.sample(shown, len(shown))
    assert FEEDS[name](shown, PUBLISHER, NOON) == FEEDS[name](shuffled, PUBLISHER, NOON)


@pytest.mark.parametrize("name", FEEDS)
@patient
@given(shown=lists(), at=moments)
def test_embargoed_items_leave_no_byte(name: str, shown: list[Item], at: datetime) -> None:
    """An item that is not out yet changes nothing in any feed."""
    out = [one for one in shown if one.since <= at]
    assert FEEDS[name](out, PUBLISHER, at) == FEEDS[name](shown, PUBLISHER, at)


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_keeps_what_it_says_when_summer_time_ends(name: str) -> None:
    """The same instants written in another zone give the same bytes."""
    here = item(date=datetime(2026, 10, 25, 2, 30, tzinfo=PARIS, fold=1), end=datetime(2026, 10, 26, tzinfo=PARIS))
    there = replace(here, date=here.date.astimezone(UTC), updated=here.updated.astimezone(UTC))
    at = datetime(2026, 10, 25, 12, tzinfo=UTC)
    made = FEEDS[name]([here], PUBLISHER, at)
    assert made == FEEDS[name]([there], PUBLISHER, at)
    assert (b"02:30:00+01:00" in made) or (b"02:30:00 +0100" in made)


def test_what_comes_out_now_is_newest() -> None:
    """An item written long ago that comes out today stands before yesterday's."""
    late = item("late", date=hours(-500), start=hours(-1))
    assert ["actualites/late", "actualites/a", "actualites/b"] == [
        one.id for one in known([item("b", date=hours(-24)), item("a", date=hours(-24)), late], NOON)
    ]


def test_the_first_page_holds_what_runs_and_what_was_corrected() -> None:
    """Beside the latest 50: older items whose end is ahead, and those corrected last; nothing else."""
    running = item("long", date=hours(-5_000), end=hours(1))
    ended = item("ended", date=hours(-5_001), end=hours(-1))
    corrected = [item(f"c{n:02}", date=hours(-6_000), updated=hours(-n)) for n in range(CORRECTED + 5)]
    endless = item("crue", ALERTS, date=hours(-7_000), alert=Alert())
    shown = current([*many(120), running, ended, *corrected, endless], NOON)
    assert many(120)[:LATEST] == shown[:LATEST]
    assert [running, *corrected[:CORRECTED], endless] == shown[LATEST:]


def test_addresses_are_whole_and_ascii() -> None:
    """Spaces and accents are %-coded, what is coded stays, and an address elsewhere keeps its host."""
    assert full(PUBLISHER, "/ville/a é.jpg") == "https://essai.example/ville/a%20%C3%A9.jpg"
    assert full(PUBLISHER, "https://b.fr/%C3%A9?x=1&y") == "https://b.fr/%C3%A9?x=1&y"
    assert full(PUBLISHER, "") == ""


def test_offsets_of_long_ago_are_written_in_utc() -> None:
    """RFC 3339 has no seconds in an offset."""
    assert rfc3339(datetime(1900, 1, 1, tzinfo=UTC), ZoneInfo("Europe/Paris")) == "1900-01-01T00:00:00+00:00"


def test_numbers_that_json_lacks_are_refused() -> None:
    """NaN would make the whole file unreadable."""
    with pytest.raises(ValueError, match="Out of range"):
        dumps({"lat": float("nan")})


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text('aé"\\/\n\t ’\u00a0')
)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text('aé"\\'), inner)))
def test_json_is_what_python_writes(value: object) -> None:
    """One field a line, as by `json.dumps`."""
    assert json.dumps(value, ensure_ascii=False, indent=1) + "\n" == dumps(value).decode()
