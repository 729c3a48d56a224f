"""The street screen: what is shown when, read in a real Chromium whose clock the test holds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, Route, expect

from tests.e2e.site import Site
from tests.quality.conftest import AT


def entry(name: str, **changes: Any) -> dict[str, Any]:
    """One item of panel.json, shown from yesterday to tomorrow."""
    window = {"start": stamp(AT - timedelta(days=1)), "until": stamp(AT + timedelta(days=1))}
    words = {"id": f"actualites/{name}", "text": name, "title": name, "detail": "", "category": "actualites"}
    return {**words, "color": "glacier", "weight": 0, "areas": [], "url": "", **window, **changes}


def stamp(at: datetime) -> str:
    return at.isoformat()


class Feed:
    """panel.json as the test wants it, with its ETag; `down` is a network that is away."""

    def __init__(self) -> None:
        self.items: list[dict[str, Any]] = []
        self.down = False
        self.statuses: list[int] = []

    def __call__(self, route: Route) -> None:
        if self.down:
            return route.abort()
        body = json.dumps({"version": "beffroi-panel-1", "items": self.items})
        tag = f'"{hash(body):x}"'
        status = 304 if route.request.headers.get("if-none-match") == tag else 200
        self.statuses.append(status)
        return route.fulfill(status=status, headers={"ETag": tag}, body=body if status == 200 else "")


@pytest.fixture
def feed() -> Feed:
    """An empty list to begin with."""
    return Feed()


@pytest.fixture
def page(browser: Browser, feed: Feed) -> Iterator[Page]:
    """A screen of 1280 × 720 whose clock moves when the test says so."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, service_workers="block", timezone_id="Europe/Paris"
    )
    context.route("**/feeds/panel.json", feed)
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    opened.clock.install(time=AT)
    yield opened
    context.close()


def start(page: Page, site: Site, query: str = "") -> Locator:
    """Open the screen; gives the place of the message."""
    page.goto(f"{site.url}/panneau/{query}")
    page.wait_for_function("document.querySelector('[data-clock]').textContent !== ''")
    return page.locator("#screen-text")


def pass_time(page: Page, until: Callable[[], bool]) -> None:
    """Readings follow one another: each is armed when the one before has its answer."""
    for _ in range(40):
        if not until():
            page.clock.run_for(10_000)


def test_nothing_to_say(page: Page, site: Site) -> None:
    """The time and the date in words, on the commune's clock; an empty list is no alert."""
    start(page, site)
    expect(page.locator(".idle-clock")).to_have_text("09:00")
    expect(page.locator(".idle-date")).to_have_text("Mardi 24 novembre")
    expect(page.locator("#screen")).to_be_hidden()


def test_a_new_item_shows_within_one_poll(page: Page, site: Site, feed: Feed) -> None:
    """What a reading brings is shown at once, before the round goes on."""
    feed.items = [entry("Marché"), entry("Concert")]
    text = start(page, site, "?periode=5")
    expect(text).to_have_text("Marché")
    feed.items = [*feed.items, entry("Pont fermé")]
    page.clock.run_for(5000)
    expect(text).to_have_text("Pont fermé")


def test_an_unchanged_file_is_not_sent_again(page: Page, site: Site, feed: Feed) -> None:
    """Readings carry the ETag: the answer is 304, and the messages stay."""
    feed.items = [entry("Marché")]
    text = start(page, site, "?periode=5")
    expect(text).to_have_text("Marché")
    pass_time(page, lambda: 304 in feed.statuses)
    assert {304} == set(feed.statuses[1:])
    expect(text).to_have_text("Marché")


def test_each_within_its_window(page: Page, site: Site, feed: Feed) -> None:
    """What is over leaves at its instant without any reading, what begins comes at its own."""
    soon = stamp(AT + timedelta(seconds=30))
    feed.items = [entry("Fini bientôt", until=soon), entry("Commence bientôt", start=soon)]
    text = start(page, site, "?periode=3600")
    expect(text).to_have_text("Fini bientôt")
    page.clock.run_for(29_000)
    expect(page.locator("#list li")).to_have_text(["Fini bientôt"])
    page.clock.run_for(2000)
    expect(text).to_have_text("Commence bientôt")
    expect(page.locator("#list li")).to_have_text(["Commence bientôt"])


def test_a_grave_alert_is_alone(page: Page, site: Site, feed: Feed) -> None:
    """From Severe up nothing else is shown; its word stands beside its shape."""
    feed.items = [entry("Marché"), entry("Crue : quittez les berges", weight=3, category="alertes")]
    text = start(page, site)
    expect(text).to_have_text("Crue : quittez les berges")
    expect(page.locator("#screen-label")).to_have_text("Alerte")
    expect(page.locator("#screen-mark svg")).to_be_visible()
    page.clock.run_for(60_000)
    expect(text).to_have_text("Crue : quittez les berges")
    expect(page.locator("#list li")).to_have_count(1)


def test_the_round_goes_by_weight(page: Page, site: Site, feed: Feed) -> None:
    """The heaviest first, then the others one by one, then again."""
    feed.items = [entry("Un"), entry("Deux"), entry("Verglas", weight=2, category="alertes")]
    text = start(page, site)
    for words in ("Verglas", "Un", "Deux", "Verglas"):
        expect(text).to_have_text(words)
        page.keyboard.press("ArrowRight")


def test_only_what_concerns_the_area(page: Page, site: Site, feed: Feed) -> None:
    """?secteur= leaves the whole commune's items and the area's own."""
    feed.items = [entry("Partout"), entry("Ici", areas=["bas"]), entry("Ailleurs", areas=["haut"])]
    start(page, site, "?secteur=bas")
    expect(page.locator("#list li")).to_have_text(["Partout", "Ici"])


def test_without_network_the_last_list_goes_on(page: Page, site: Site, feed: Feed) -> None:
    """Messages stay, a mark says since when nothing was heard; it goes with the first answer."""
    feed.items = [entry("Marché")]
    text = start(page, site, "?periode=10")
    expect(text).to_have_text("Marché")
    feed.down = True
    pass_time(page, page.locator("#stale").is_visible)
    expect(page.locator("#stale")).to_have_text("Sans réseau depuis 09:00")
    expect(text).to_have_text("Marché")
    feed.down = False
    pass_time(page, page.locator("#stale").is_hidden)
    expect(page.locator("#stale")).to_be_hidden()


@pytest.mark.parametrize("size", [(1920, 1080), (1080, 1920), (384, 216), (160, 320)])
def test_long_words_stand_whole(page: Page, site: Site, feed: Feed, size: tuple[int, int]) -> None:
    """On every shape of screen the longest message fits: no word cut, nothing outside the screen."""
    words = "Assainissement : interruption rue de la République, circulation interdite"
    feed.items = [entry(words, detail="du mercredi 23 au vendredi 25 septembre, de 8 h 30 à 16 h 45")]
    page.set_viewport_size({"width": size[0], "height": size[1]})
    text = start(page, site)
    expect(text).to_have_text(words)
    assert not page.evaluate(
        """() => {
          const words = document.getElementById("screen-words");
          const text = document.getElementById("screen-text");
          return words.scrollHeight > words.clientHeight || text.scrollWidth > text.clientWidth;
        }"""
    )
