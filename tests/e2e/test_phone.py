"""The whole road, from a commit to a phone: our pages, our service, our `publish`, git, and a real Firefox ESR."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.commune import Commune, day
from tests.e2e.firefox import Firefox
from tests.e2e.push_service import PushService

FLOOD = "Crue de l’Isère"
OVER = "Crue de l’Isère terminée"
VISIBLE = "document.querySelector('[data-state=\"{}\"]')?.checkVisibility()"


def crue(title: str, updated: str = "") -> str:
    """The front matter of an alert that runs now."""
    return f"title: {title}\ndate: {day(-1)}\nend: {day(2)}\nseverity: Severe\nsummary: Évitez les berges.\n{updated}"


@pytest.mark.e2e
@pytest.mark.xdist_group("browsers")
def test_a_commit_rings_a_phone(tmp_path: Path, service: PushService) -> None:
    """A citizen subscribes on our page; a commit and `publish` show the item, its page opens at a click; an update
    replaces it; publishing again tells nobody; a phone that is gone (410) is forgotten; stopping deletes the row."""
    host = service.origin.removeprefix("http://")
    with Commune(tmp_path, push_hosts=host) as commune, Firefox(service.websocket_url) as browser:
        assert "rien n’est annoncé" in commune.say("publish")
        commune.serve()

        browser.go(f"{commune.url}/recevoir/")
        browser.click("#subscribe-button")
        browser.wait_until(VISIBLE.format("subscribed"))
        [endpoint] = service.subscriptions
        assert (f"{commune.key}=", 1) == (service.subscriptions[endpoint].vapid_key, commune.subscribers)

        commune.commit("alertes/crue", crue(FLOOD), "Éloignez-vous des berges.")
        commune.say("publish")
        shown = browser.wait_for_notification(title=FLOOD)
        assert ("alertes/crue", "Évitez les berges.", "fr") == (shown["tag"], shown["body"], shown["lang"])

        [lost] = service.subscribe(1, commune.key)
        assert 201 == commune.subscribe(lost)
        service.expire(lost["endpoint"])
        commune.commit("alertes/crue", crue(OVER, f"updated: {day()}"), "C’est fini.")
        commune.say("publish")
        browser.wait_for_popups(OVER)
        assert (2, 1) == (len(service.journal), commune.subscribers)

        browser.click_notification(OVER)
        browser.wait_for_tab(f"{commune.url}/alertes/crue/")
        assert "rien de nouveau" in commune.say("publish")
        assert 2 == len(service.journal)

        browser.click("[data-stop]")
        browser.wait_until(VISIBLE.format("stopped"))
        service.wait_for(lambda: service.subscriptions[endpoint].gone)
        assert 0 == commune.subscribers
        commune.commit("actualites/apres", f"title: Après\ndate: {day(-1)}")
        commune.say("publish")
        assert 2 == len(service.journal)
