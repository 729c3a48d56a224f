"""Accessibility, as far as a machine can judge: axe in a real Chromium on the real content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.e2e.site import Site
from tests.quality.conftest import AT
from tests.quality.kinds import STATES, kinds, show_state

SIZES = {"téléphone": {"width": 390, "height": 844}, "bureau": {"width": 1440, "height": 900}}
WHOLE = {
    "resultTypes": ["violations"],
    "rules": {"target-size": {"enabled": True}},  # 24 px (WCAG 2.2, 2.5.8), which axe leaves off by default
}
COLORS = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
"""The one rule that another scheme of colours can break."""


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """A page at the instant of the build, without motion: colours are judged at rest."""
    context = browser.new_context(reduced_motion="reduce", locale="fr-FR", timezone_id="Europe/Paris")
    context.clock.set_fixed_time(AT)
    yield context.new_page()
    context.close()


def faults(page: Page) -> list[str]:
    """What axe finds on the page as it is, in each size and scheme."""
    found = []
    axe = Axe()
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)  # type: ignore[arg-type]
        for scheme, options in {"light": WHOLE, "dark": COLORS}.items():
            page.emulate_media(color_scheme=scheme)
            for fault in axe.run(page, options=options).response["violations"]:
                where = "; ".join(str(node["target"]) for node in fault["nodes"][:3])
                found.append(f"{size}, {scheme}: {fault['id']} ({fault['help']}): {where}")
            axe = Axe(axe_script="0")  # it is in the page now
    return found


def test_every_kind_of_page(page: Page, site: Site, real: Path) -> None:
    """No violation on any kind of page, on a phone and on a desktop, light and dark."""
    found = {}
    for name, path in kinds(real).items():
        page.goto(site.url + path)
        found[name] = faults(page)
    assert {} == {name: one for name, one in found.items() if one}


def test_every_state_of_the_subscription(page: Page, site: Site) -> None:
    """No violation in any state that the subscription page can show."""
    page.goto(f"{site.url}/recevoir/")
    found = {}
    for name in STATES:
        show_state(page, name)
        found[name] = faults(page)
    assert {} == {name: one for name, one in found.items() if one}


def test_search_results(page: Page, site: Site) -> None:
    """No violation on a page of results."""
    page.goto(f"{site.url}/recherche/?q=eau")
    page.wait_for_selector("#results li")
    assert [] == faults(page)


def test_a_message_on_the_panel(page: Page, site: Site) -> None:
    """No violation on the street screen while it shows a message."""
    page.goto(f"{site.url}/panneau/")
    page.wait_for_selector("#screen:not([hidden])")
    assert [] == faults(page)
