"""What a street panel shows, and what it must not."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from beffroi.feeds.panel import DETAIL, LIMIT, render
from beffroi.model import FRESH, Alert, Event, Item, Severity
from beffroi.moments import AHEAD, window
from beffroi.text import typeset
from tests.feeds.samples import (
    AGENDA,
    ALERTS,
    FLOOD,
    HERITAGE,
    LANCEY,
    NOON,
    PUBLISHER,
    hours,
    item,
    lists,
    moments,
    patient,
)


def screens(*shown: Item, at: datetime = NOON) -> list[dict[str, Any]]:
    """The items of `panel.json`."""
    read: list[dict[str, Any]] = json.loads(render(shown, PUBLISHER, at))["items"]
    return read


def event(start: float, length: float = 2, place: str = "", **fields: Any) -> Item:
    """An agenda item whose event begins so many hours from `NOON`."""
    return item("fete", AGENDA, event=Event(hours(start), hours(start + length), place=place), **fields)


def test_the_file_says_what_it_is() -> None:
    """A player checks the version and knows whose panel it is, even when nothing is to be shown."""
    assert json.loads(render([], PUBLISHER, NOON)) == {
        "version": "beffroi-panel-1",
        "title": "Commune d’Essai",
        "url": "https://essai.example/ville/feeds/panel.json",
        "language": "fr",
        "timezone": "Europe/Paris",
        "items": [],
    }


def test_an_alert_on_a_panel() -> None:
    """Everything one screen needs, and when it must leave."""
    crue = item(
        "crue", ALERTS, panel="CRUE !  évitez les quais", alert=Alert(Severity.SEVERE), end=hours(12), image=FLOOD
    )
    assert screens(crue) == [
        {
            "id": "alertes/crue",
            "title": "Coupure d’eau",
            "text": "CRUE\u202f! évitez les quais",
            "detail": "jusqu’au mardi 5\u00a0mai inclus",
            "category": "alertes",
            "color": "brick",
            "severity": "Severe",
            "urgency": "Expected",
            "weight": 3,
            "areas": [],
            "start": "2026-05-05T11:00:00+02:00",
            "until": "2026-05-06T00:00:00+02:00",
            "url": "https://essai.example/ville/alertes/crue/",
            "image": "https://essai.example/ville/images/crue%20%C3%A9.jpg",
        }
    ]


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        ("mercredi 6\u00a0mai, de 18\u00a0h à 20\u00a0h · Salle des fêtes", event(30, place="Salle des fêtes")),
        (
            "mercredi 6\u00a0mai, de 18\u00a0h à 20\u00a0h",
            event(30, place="Salle polyvalente du quartier des Papeteries"),
        ),
        ("jusqu’au mercredi 6\u00a0mai à 12\u00a0h", item(end=hours(24))),
        ("", item()),
    ],
)
def test_the_second_line(expected: str, shown: Item) -> None:
    """When and where, or until when; a place that does not fit is dropped rather than cut."""
    assert expected == screens(shown)[0]["detail"]


@pytest.mark.parametrize(
    ("expected", "shown"),
    [
        (True, item()),
        (False, item(panel=False)),
        (False, item(start=hours(1))),
        (False, item(end=hours(0))),
        (True, item(date=hours(-24 * 30 + 1))),
        (False, item(date=hours(-24 * 30))),
        (True, item(date=hours(-24 * 300), end=hours(1))),
        (False, event(24 * 10 + 1)),
        (True, event(24 * 10)),
        (True, event(24 * 40, panel="Bientôt la fête")),
        (True, event(24 * 40, end=hours(24))),
        (True, event(-1)),
        (False, event(-2)),
        (False, item("moulin", HERITAGE)),
        (True, item("moulin", HERITAGE, panel="Visitez le moulin")),
        (True, item("pont", HERITAGE, alert=Alert())),
    ],
)
def test_what_is_shown(expected: bool, shown: Item) -> None:
    """Only what is current: the window, ten days ahead of an event, thirty days without an end."""
    assert expected == bool(screens(shown))


def test_an_item_without_end_leaves_by_itself() -> None:
    """The player knows when to drop it: thirty days after it came out; an event's screen begins ten days ahead."""
    assert screens(item())[0]["until"] == "2026-06-04T11:00:00+02:00"
    assert screens(event(48))[0]["start"] == "2026-05-05T11:00:00+02:00"
    assert window(event(24 * 40)) == (hours(24 * 40) - AHEAD, hours(24 * 40 + 2))
    assert window(item()) == (hours(-1), hours(-1) + FRESH)


def test_the_worst_comes_first_then_the_nearest() -> None:
    """Alerts by severity, then what is nearest in time, to come or just out."""
    shown = [
        item("hier", date=hours(-24)),
        item("minor", ALERTS, date=hours(-1), alert=Alert(Severity.MINOR)),
        event(5),
        item("extreme", ALERTS, date=hours(-99), alert=Alert(Severity.EXTREME)),
        item("now", date=hours(0)),
    ]
    expected = ["alertes/extreme", "alertes/minor", "actualites/now", "agenda/fete", "actualites/hier"]
    assert expected == [one["id"] for one in screens(*shown)]


def test_alerts_are_never_crowded_out() -> None:
    """Twenty ordinary items at most; every alert besides."""
    news = [item(f"n{n:02}", date=hours(-n)) for n in range(LIMIT + 5)]
    alerts = [item(f"a{n:02}", ALERTS, alert=Alert()) for n in range(30)]
    told = screens(*news, *alerts)
    assert (30, LIMIT) == (sum(one["weight"] > 0 for one in told), sum(one["weight"] == 0 for one in told))
    assert f"actualites/n{LIMIT - 1}" == told[-1]["id"]


def test_areas_go_by_their_slug() -> None:
    """A panel in one hamlet shows what concerns it."""
    assert ["lancey"] == screens(item(areas=(LANCEY,)))[0]["areas"]


@patient
@given(shown=lists(), at=moments)
def test_every_screen_keeps_its_promises(shown: list[Item], at: datetime) -> None:
    """Any valid items, any instant: current, typeset, one line each, short, sorted."""
    told = screens(*shown, at=at)
    assert sorted((one["weight"] for one in told), reverse=True) == [one["weight"] for one in told]
    for one in told:
        start, end = datetime.fromisoformat(one["start"]), datetime.fromisoformat(one["until"])
        assert start <= at < end + timedelta(seconds=1)
        assert len(one["detail"]) <= DETAIL
        assert one["text"] == typeset(one["text"])
        assert "\n" not in one["text"] + one["detail"] + one["title"]
        assert ("severity" in one) == (one["weight"] > 0)
