"""The app's own worker in a real Chromium: whatever is pushed is shown, within the handler's time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.e2e.chromium import Chromium
from tests.e2e.site import Site
from tests.town import Town

TITLE = "Bourg-Essai"


def message(title: str, **more: Any) -> dict[str, Any]:
    """A payload as `beffroi.channels.webpush.payload` writes it."""
    fields = {"title": title, "navigate": "/actualites/bienvenue/", "body": "Évitez les berges.", "lang": "fr"}
    own = {"category": "alertes", "severity": "Severe", "id": "alertes/crue"}
    return {"web_push": 8030, "notification": {**fields, "tag": "alertes/crue", **more}, "beffroi": own}


@pytest.mark.e2e
@pytest.mark.xdist_group("browsers")
def test_every_push_is_shown(town: Town) -> None:
    """Ours with its words, its newer version in its place, and what is empty, foreign or odd under the town's name.

    The open page hears of it too.
    """
    town.publish()
    with Site(town.live.resolve()) as site, Chromium(site.url) as browser:
        browser.page.goto(site.url)
        browser.page.wait_for_function("navigator.serviceWorker.controller !== null")
        browser.push(message("Crue"))
        assert "/actualites/bienvenue/" == browser.notification(title="Crue", tag="alertes/crue")["data"]
        browser.page.wait_for_selector("#toast a >> text=Crue")
        browser.push(message("Crue : fini", renotify=True))
        assert ["Crue : fini"] == [one["title"] for one in browser.notifications()]
        odd = {"notification": {"title": "", "lang": 3, "tag": 7, "renotify": True, "navigate": "https://["}}
        for payload in ("", "{not JSON", "null", {"other": 1}, odd):
            browser.close_notifications()
            browser.push(payload)
            shown = browser.notification(title=TITLE)
            assert ("Une information vient de paraître.", "/") == (shown["body"], shown["data"])
