"""JSON Feed 1.1: what the announcer, the panels and every reader rely on."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from beffroi.feeds import FEEDS, LATEST, current, known
from beffroi.feeds.jsonfeed import page, pages, render, split
from beffroi.model import Alert, Certainty, Event, Item, Location, Publisher, Severity, Urgency
from beffroi.text import clean
from tests.feeds.samples import AGENDA, ALERTS, FLOOD, LANCEY, NOON, PUBLISHER, hours, item, lists, many, patient


def feed(*shown: Item) -> dict[str, Any]:
    """`feed.json` of these items, read back."""
    read: dict[str, Any] = json.loads(render(shown, PUBLISHER, NOON))
    return read


def test_the_feed_says_whose_it_is() -> None:
    """The top level, field by field (specification, "Top-level")."""
    assert feed() == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Essai",
        "home_page_url": "https://essai.example/ville/",
        "feed_url": "https://essai.example/ville/feeds/feed.json",
        "description": "Les nouvelles d’Essai",
        "icon": "https://essai.example/ville/icon-512.png",
        "favicon": "https://essai.example/ville/icon-512.png",
        "authors": [{"name": "Commune d’Essai", "url": "https://essai.example/ville/"}],
        "language": "fr",
        "items": [],
    }


def test_what_is_unset_is_left_out() -> None:
    """A commune without icon or description has no empty field."""
    bare = json.loads(render([], Publisher("N", "https://n.fr", "T", ""), NOON))
    assert list(bare) == ["version", "title", "home_page_url", "feed_url", "authors", "language", "items"]


def test_a_plain_item() -> None:
    """An ordinary item has the ordinary fields, absolute HTML, and a window that is null."""
    assert feed(item(html='<a href="/ville/x">x</a>'))["items"] == [
        {
            "id": "actualites/eau",
            "url": "https://essai.example/ville/actualites/eau/",
            "title": "Coupure d’eau",
            "date_published": "2026-05-05T11:00:00+02:00",
            "date_modified": "2026-05-05T11:00:00+02:00",
            "language": "fr",
            "content_html": '<a href="https://essai.example/ville/x">x</a>',
            "_beffroi": {
                "about": "https://essai.example/ville/panneaux/",
                "category": "actualites",
                "start": None,
                "end": None,
                "areas": [],
            },
        }
    ]


def test_an_alert_with_everything() -> None:
    """CAP's words, the window, the areas, each channel's own words, the image and the place."""
    [told] = feed(
        item(
            "crue",
            ALERTS,
            summary="L’Isère monte",
            tags=("crue", "eau"),
            start=hours(-2),
            end=hours(24),
            areas=(LANCEY,),
            image=FLOOD,
            alert=Alert(Severity.SEVERE, Urgency.IMMEDIATE, Certainty.OBSERVED),
            location=Location(45.2345, 5.9, "Quai"),
            panel="CRUE",
            push=False,
        )
    )["items"]
    assert (told["summary"], told["tags"]) == ("L’Isère monte", ["crue", "eau"])
    assert told["image"] == "https://essai.example/ville/images/crue%20%C3%A9.jpg"
    assert told["_beffroi"] == {
        "about": "https://essai.example/ville/panneaux/",
        "category": "alertes",
        "start": "2026-05-05T10:00:00+02:00",
        "end": "2026-05-06T12:00:00+02:00",
        "areas": ["lancey"],
        "push": False,
        "panel": "CRUE",
        "severity": "Severe",
        "urgency": "Immediate",
        "certainty": "Observed",
        "location": {"lat": 45.2345, "lon": 5.9, "address": "Quai"},
    }


def test_an_event() -> None:
    """An event has its own hours, beside those of the display window."""
    [told] = feed(item("fete", AGENDA, event=Event(hours(30), hours(33), False, "Salle", "5 €")))["items"]
    assert told["_beffroi"]["event"] == {
        "start": "2026-05-06T18:00:00+02:00",
        "end": "2026-05-06T21:00:00+02:00",
        "allDay": False,
        "place": "Salle",
        "price": "5 €",
    }


@patient
@given(lists())
def test_every_item_survives_the_journey(shown: list[Item]) -> None:
    """Any valid items render; ids, titles, instants and windows read back as they went in (to the second)."""
    for one, told in zip(current(shown, NOON), feed(*shown)["items"], strict=True):
        assert (one.id, one.lang, clean(one.title)) == (told["id"], told["language"], told["title"])
        assert timedelta(0) <= one.date - datetime.fromisoformat(told["date_published"]) < timedelta(seconds=1)
        assert timedelta(0) <= one.updated - datetime.fromisoformat(told["date_modified"]) < timedelta(seconds=1)
        for name, at in (("start", one.start), ("end", one.end)):
            read = told["_beffroi"][name]
            assert (read is None) == (at is None)
            assert at is None or timedelta(0) <= at - datetime.fromisoformat(read) < timedelta(seconds=1)
        for name, words in (("push", one.push), ("panel", one.panel)):
            assert (clean(words) if isinstance(words, str) else words) == told["_beffroi"].get(name)


@patient
@given(lists())
def test_extension_names_are_alphanumeric(shown: list[Item]) -> None:
    """Specification, "Extensions": `_` and a letter, no dot; inside, letters and digits."""
    for told in feed(*shown)["items"]:
        assert ["_beffroi"] == [name for name in told if name.startswith("_")]
        assert all(re.fullmatch("[a-zA-Z0-9]+", name) for name in told["_beffroi"])
        assert isinstance(told["content_html"], str)


def walk(files: dict[str, bytes]) -> list[str]:
    """The ids met on the way from `feed.json` along `next_url`, file by file."""
    ids, seen, url = [], [], "https://essai.example/ville/feeds/feed.json"
    while url:
        assert url not in seen
        seen.append(url)
        told = json.loads(files[url.rpartition("/")[2]])
        ids += [one["id"] for one in told["items"]]
        url = told.get("next_url")
    assert len(seen) == len(files)
    return ids


@patient
@given(st.integers(0, 260), st.integers(0, 3))
def test_the_archive_loses_nothing_and_repeats_only_what_runs(count: int, running: int) -> None:
    """Following `next_url` meets every item; only what runs now stands twice."""
    old = [item(f"r{n}", date=hours(-900 - n), end=hours(1)) for n in range(running)]
    shown = [*many(count), *old]
    ids = walk(pages(shown, PUBLISHER, NOON))
    assert {one.id for one in shown} == set(ids)
    twice = {one for one in ids if ids.count(one) > 1}
    assert {one.id for one in old} >= twice
    assert ids[: min(count, LATEST)] == [one.id for one in many(count)[:LATEST]]


@patient
@given(st.integers(0, 230))
def test_one_more_item_touches_two_files(count: int) -> None:
    """A new item changes `feed.json` and the newest archive page, nothing else: a mirror fetches two files."""
    before = pages(many(count), PUBLISHER, NOON)
    after = pages([item("new", date=NOON), *many(count)], PUBLISHER, NOON)
    changed = {name for name in after if before.get(name) != after[name]}
    newest = f"feed-{(count + 1 - LATEST - 1) // LATEST + 1}.json" if count + 1 > LATEST else None
    assert {"feed.json", newest} - {None} == changed


def test_archive_pages_are_numbered_from_the_oldest() -> None:
    """`feed-1.json` holds the 50 oldest, newest first, and is the end of the walk."""
    files = pages(many(160), PUBLISHER, NOON)
    assert ["feed.json", "feed-3.json", "feed-2.json", "feed-1.json"] == list(files)
    last = json.loads(files["feed-1.json"])
    assert "next_url" not in last
    assert ["actualites/n0050", "actualites/n0001"] == [last["items"][0]["id"], last["items"][-1]["id"]]


@patient
@given(st.integers(0, 220))
def test_the_first_page_is_the_same_alone(count: int) -> None:
    """`render` and `pages` agree, and so do `split` and `page`, for whoever keeps unchanged files."""
    files = pages(many(count), PUBLISHER, NOON)
    assert (
        render(many(count), PUBLISHER, NOON) == files["feed.json"] == FEEDS["feed.json"](many(count), PUBLISHER, NOON)
    )
    plan = split(known(many(count), NOON), NOON)
    for name, after in zip(plan, [*list(plan)[1:], None], strict=True):
        assert page(plan[name], PUBLISHER, after) == files[name]


def test_fifty_long_items_fit() -> None:
    """Fifty items of 400 words stay under 250 kB, in readable UTF-8 with a newline at the end."""
    long = "<p>" + "Été à l’école. " * 133 + "</p>"
    made = render([item(f"n{n}", html=long, summary="Été " * 40, date=hours(-n)) for n in range(50)], PUBLISHER, NOON)
    assert len(made) < 250_000
    assert "Été".encode() in made
    assert made.endswith(b"}\n")


def test_no_control_character_leaves() -> None:
    """Neither raw nor escaped: readers choke on both."""
    made = render([item(title="a\x0b\ud800b", html="<p>\x00\ufffe</p>", tags=("\x07c",))], PUBLISHER, NOON)
    assert not re.search(rb"[\x00-\x09\x0b-\x1f]|\\u[0-9a-f]{4}", made)
