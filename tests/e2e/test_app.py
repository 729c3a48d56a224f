"""Our site as an app and as a panel, in a real Chromium, on the real service: installed, read offline, kept current."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from tests.e2e.chromium import Chromium
from tests.e2e.commune import Commune, day

CONTROLLED = "navigator.serviceWorker.controller !== null"
pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("browsers")]


def test_the_app_installs_and_reads_offline(tmp_path: Path) -> None:
    """The manifest is whole and the site can be installed; with the service stopped, a page that was read opens with
    its styles, and one that was not gives the offline page."""
    with Commune(tmp_path, push_hosts="localhost") as commune:
        commune.commit("actualites/marche", f"title: Le marché déménage\ndate: {day(-1)}", "Place de la Libération.")
        commune.say("publish")
        commune.serve()
        visited, never = f"{commune.url}/actualites/marche/", f"{commune.url}/actualites/bienvenue/"
        with urllib.request.urlopen(visited, timeout=30) as answer:
            assert "no-cache" == answer.headers["Cache-Control"]  # else the HTTP cache would read offline for us

        with Chromium(commune.url, guard=False) as browser:
            browser.page.goto(commune.url)
            browser.assert_installable()
            browser.wait_until(CONTROLLED)
            browser.page.goto(visited, wait_until="networkidle")
            browser.assert_clean()

            commune.stop()
            browser.page.goto(visited)
            assert browser.page.get_by_role("heading", name="Le marché déménage", level=1).is_visible()
            assert browser.page.evaluate(
                "[...document.styleSheets].filter((one) => one.cssRules.length > 0).length > 3"
            )
            browser.page.goto(never)
            assert browser.page.get_by_role("heading", name="Vous êtes hors ligne").is_visible()
            assert [] == browser.third_party


def test_a_panel_shows_a_new_item_within_one_poll(tmp_path: Path) -> None:
    """The player reads `panel.json` again and again; after `publish` has ended, one reading at most is needed."""
    with Commune(tmp_path, push_hosts="localhost") as commune:
        commune.say("publish")
        commune.serve()
        with Chromium(commune.url) as browser:
            browser.page.goto(f"{commune.url}/panneau/?periode=3")
            browser.wait_until("document.getElementById('list').innerText.includes('Bienvenue')")
            front = (
                f"title: Crue de l’Isère\ndate: {day(-1)}\nend: {day(2)}\nseverity: Severe\npanel: Évitez les berges"
            )
            commune.commit("alertes/crue", front)
            commune.say("publish")
            published = browser.page.evaluate("performance.now()")
            browser.wait_until("document.getElementById('screen-text').innerText.includes('berges')")
            polls = f"({{ name, startTime }}) => name.includes('panel.json') && startTime > {published}"
            assert browser.page.evaluate(f"performance.getEntriesByType('resource').filter({polls}).length") <= 1
            listed = browser.page.locator("#list").inner_text()
            assert ("berges" in listed, "Bienvenue" in listed) == (True, False)  # a grave alert is alone
