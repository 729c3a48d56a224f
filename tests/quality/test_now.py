"""A page that is read later than it was built: what is over must not read as current."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.site import Site
from tests.town import Town

AT = datetime(2026, 5, 5, 7, 0, tzinfo=UTC)
"""Tuesday 5 May 2026, 9 h in Paris: one grave alert until 18 h, a mild one until Thursday, three events."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """That town, built at that instant."""
    town = Town(tmp_path_factory.mktemp("maintenant"))
    alert = "date: 2026-05-05T08:00\nend: 2026-05-{end}\nseverity: {severity}\nurgency: Immediate"
    town.write("alertes/crue", "title: Crue\n" + alert.format(end="05T18:00", severity="Severe"))
    town.write("alertes/vent", "title: Vent fort\n" + alert.format(end="07", severity="Moderate"))
    for name, start, end in (
        ("marche", "2026-05-05T10:00", "2026-05-05T12:00"),
        ("concert", "2026-05-06T20:00", "2026-05-06T22:00"),
        ("fete", "2026-05-09T14:00", "2026-05-09T23:00"),
        ("foire", "2026-05-16T14:00", "2026-05-16T23:00"),
    ):
        event = f"event:\n  start: {start}\n  end: {end}\n  place: Place du bourg"
        town.write(f"agenda/{name}", f"title: {name.capitalize()}\ndate: 2026-05-01\n{event}")
    town.publish(AT)
    with Site(town.live.resolve()) as running:
        yield running


@pytest.fixture
def read(browser: Browser, site: Site) -> Iterator[Callable[[str, datetime], Page]]:
    """Opens a page at an instant."""
    context = browser.new_context(service_workers="block", locale="fr-FR", timezone_id="America/Cayenne")

    def opened(path: str, at: datetime) -> Page:
        page = context.new_page()
        page.clock.set_fixed_time(at)
        page.goto(site.url + path)
        return page

    yield opened
    context.close()


def test_at_the_instant_of_the_build(read: Callable[[str, datetime], Page]) -> None:
    """Alerts run, the count says two, and days near today have their names, on the commune's clock."""
    page = read("/", AT)
    expect(page.locator(".banner-alert")).to_be_visible()
    expect(page.locator(".bar [data-count]")).to_have_text("2")
    badges = page.locator("[data-day-badge]")
    expect(badges).to_have_text(["Aujourd’hui", "Demain", "Ce week-end", ""])


def test_that_evening(read: Callable[[str, datetime], Page]) -> None:
    """The grave alert is gone from the banner and from the count, the morning's market from the list."""
    page = read("/", datetime(2026, 5, 5, 16, 0, tzinfo=UTC))
    expect(page.locator(".banner")).to_be_hidden()
    expect(page.locator(".bar [data-count]")).to_have_text("1")
    expect(page.locator(".event:visible h3")).to_have_text(["Concert", "Fete", "Foire"])


def test_months_later(read: Callable[[str, datetime], Page]) -> None:
    """A page kept for months tells of nothing as current, and each empty list says so."""
    page = read("/", datetime(2026, 9, 1, tzinfo=UTC))
    expect(page.locator(".bar .count")).to_be_hidden()
    expect(page.locator(".event:visible")).to_have_count(0)
    expect(page.get_by_text("Rien n’est annoncé pour l’instant")).to_be_visible()
    expect(page.locator(".alert-card [data-over-label]")).to_be_visible()
    other = read("/actualites/", datetime(2026, 9, 1, tzinfo=UTC))
    expect(other.locator(".banner")).to_be_hidden()


def test_an_alert_read_after_its_end(read: Callable[[str, datetime], Page]) -> None:
    """Its own page says that it is over, in words."""
    page = read("/alertes/crue/", datetime(2026, 5, 5, 16, 0, tzinfo=UTC))
    expect(page.locator(".alert-head .over-label")).to_have_text("Terminée.")


def test_what_arrives_while_one_reads(read: Callable[[str, datetime], Page]) -> None:
    """A push that comes while a page is open shows as a link at its foot."""
    page = read("/actualites/", AT)
    page.evaluate(
        """() => navigator.serviceWorker.dispatchEvent(
          new MessageEvent("message", { data: { type: "push", title: "Pont fermé", url: "/alertes/pont/" } }))"""
    )
    expect(page.locator("#toast a")).to_have_text("Pont fermé")
    expect(page.locator("#toast a")).to_have_attribute("href", "/alertes/pont/")
