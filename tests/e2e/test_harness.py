"""The harness sees what it claims to see: on a site so small that only the harness can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from py_vapid import Vapid02  # type: ignore[import-untyped]

from tests.e2e.chromium import Chromium
from tests.e2e.firefox import Firefox, MarionetteError
from tests.e2e.push_service import PushService
from tests.e2e.sender import new_vapid, push
from tests.e2e.site import Site

BUTTON = "Recevoir les alertes"
ALERT = {
    "web_push": 8030,
    "notification": {"title": "Crue de l’Isère", "body": "Évitez les berges.", "lang": "fr", "tag": "alertes/crue"},
}


def alert(site: Site) -> dict[str, Any]:
    """The payload with its address on this site."""
    return {**ALERT, "notification": {**ALERT["notification"], "navigate": f"{site.url}/alerte.html"}}  # type: ignore[dict-item]


def subscribe(browser: Firefox, site: Site) -> None:
    """What a citizen does."""
    browser.go(site.url)
    browser.click_button(BUTTON)
    browser.wait_for_text("#state", "Abonné")


def test_firefox_whole_road(site: Site, service: PushService, vapid: Vapid02, posted: list[dict[str, Any]]) -> None:
    """A click subscribes, a push shows, a click on it opens its page; a wrong key is 403, an expired one 410."""
    with Firefox(service.websocket_url) as browser:
        subscribe(browser, site)
        assert [one["endpoint"] for one in posted] == list(service.subscriptions)
        assert push(posted[0], alert(site), new_vapid()).status_code == 403
        assert push(posted[0], alert(site), vapid).status_code == 201
        shown = browser.wait_for_notification(title="Crue de l’Isère")
        assert (shown["body"], shown["lang"], shown["tag"]) == ("Évitez les berges.", "fr", "alertes/crue")
        service.wait_for(lambda: [answer.code for answer in service.acks] == [100])
        browser.click_notification("Crue de l’Isère")
        browser.wait_for_tab(f"{site.url}/alerte.html")
        service.expire(posted[0]["endpoint"])
        assert push(posted[0], alert(site), vapid).status_code == 410


def test_firefox_same_tag_replaces(
    site: Site, service: PushService, vapid: Vapid02, posted: list[dict[str, Any]]
) -> None:
    """A second push with the same tag leaves one notification: a repeat is invisible."""
    with Firefox(service.websocket_url) as browser:
        subscribe(browser, site)
        again = alert(site)
        again["notification"]["title"] = "Crue de l’Isère : fin"
        assert push(posted[0], alert(site), vapid).status_code == 201
        browser.wait_for_popups("Crue de l’Isère")
        assert push(posted[0], again, vapid).status_code == 201
        browser.wait_for_popups("Crue de l’Isère : fin")


def test_firefox_gets_it_at_its_next_start(
    site: Site, service: PushService, vapid: Vapid02, posted: list[dict[str, Any]], tmp_path: Path
) -> None:
    """A push sent while the browser is closed waits, and shows when it starts again."""
    with Firefox(service.websocket_url, profile=tmp_path / "profile") as browser:
        subscribe(browser, site)
    assert push(posted[0], alert(site), vapid).status_code == 201
    assert len(service.waiting(posted[0]["endpoint"])) == 1
    with Firefox(service.websocket_url, profile=tmp_path / "profile") as browser:
        browser.go(site.url)
        browser.wait_for_notification(title="Crue de l’Isère")


def test_firefox_refuses_permission(site: Site, service: PushService) -> None:
    """A citizen who refused notifications is not subscribed, and the page says so."""
    with Firefox(service.websocket_url, notifications="refused") as browser:
        browser.go(site.url)
        browser.click_button(BUTTON)
        browser.wait_for_text("#state", "Refusé")
        with pytest.raises(MarionetteError, match="not seen within"):
            browser.wait_for_notification(timeout=0.1)
    assert service.subscriptions == {}


def test_chromium_push_and_install(site: Site) -> None:
    """A push reaches the worker's handler, whole, empty or unreadable; the sample is installable."""
    with Chromium(site.url) as browser:
        browser.page.goto(site.url)
        browser.push(alert(site))
        assert browser.notification(title="Crue de l’Isère")["tag"] == "alertes/crue"
        for payload in ("", "{not JSON"):
            browser.close_notifications()
            browser.push(payload)
            browser.notification(title="Nouvelle information")
        browser.assert_installable()


@pytest.mark.parametrize(
    ("fault", "seen"),
    [
        ("event.waitUntil(Promise.reject(new Error('panne')));", "push handler failed|service worker: .*panne"),
        ("throw new Error('panne');", "service worker: .*panne"),
    ],
)
def test_chromium_push_handler_that_fails(site: Site, sample: Path, fault: str, seen: str) -> None:
    """A worker whose push handler throws or rejects fails the test."""
    (sample / "sw.js").write_text(f"self.addEventListener('push', (event) => {{ {fault} }});\n")

    def visit() -> None:
        with Chromium(site.url) as browser:
            browser.page.goto(site.url)
            browser.push(alert(site))

    with pytest.raises(AssertionError, match=seen):
        visit()


def test_chromium_works_offline(site: Site) -> None:
    """Once the server has stopped, the visited site still opens, and what was never kept does not."""
    with Chromium(site.url, guard=False) as browser:
        browser.page.goto(site.url)
        browser.page.wait_for_function("navigator.serviceWorker.controller !== null")
        site.stop()
        browser.page.goto(f"{site.url}/alerte.html")
        assert browser.page.get_by_role("heading", name="Crue de l’Isère").is_visible()
        with pytest.raises(PlaywrightError):
            browser.page.goto(f"{site.url}/jamais-vue.html")


def test_chromium_guard_sees_third_parties(site: Site, sample: Path) -> None:
    """A request to another origin, from the page or from its worker, fails the test that made it."""
    worker = sample / "sw.js"
    worker.write_text(worker.read_text() + "\nfetch('http://worker.example/').catch(() => {});\n")
    page = sample / "index.html"
    page.write_text(page.read_text().replace("</main>", '<img alt="" src="http://page.example/x.png"></main>'))
    with Chromium(site.url, guard=False) as browser:
        browser.page.goto(site.url)
        browser.page.wait_for_function("navigator.serviceWorker.controller !== null")
    assert sorted(set(browser.third_party)) == ["GET http://page.example/x.png", "GET http://worker.example/"]
    with pytest.raises(AssertionError, match="third parties"):
        browser.assert_clean()


def test_chromium_guard_sees_console_errors(site: Site, sample: Path) -> None:
    """An uncaught exception and a console error fail the test, at the end of its block."""
    script = sample / "app.js"
    script.write_text("console.error('faute');\nthrow new Error('panne');\n")
    with pytest.raises(AssertionError, match=r"faute[\s\S]*panne"), Chromium(site.url) as browser:
        browser.page.goto(site.url)


def test_chromium_says_why_not_installable(site: Site, sample: Path) -> None:
    """A manifest without icons is found out."""
    (sample / "manifest.webmanifest").write_text('{"name": "Sans icône", "start_url": "/", "display": "standalone"}')
    with Chromium(site.url) as browser:
        browser.page.goto(site.url)
        assert any("icon" in one for one in browser.installability_errors())
        with pytest.raises(AssertionError):
            browser.assert_installable()
