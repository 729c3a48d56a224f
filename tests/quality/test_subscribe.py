"""The page "Recevoir les alertes": each state in a real Chromium.

No push service is in reach of a test, and then Chromium's `subscribe()` never answers: that case is the real one here.
Where a subscription must exist, only the browser's vendor is replaced (VENDOR); Firefox does the whole road in e2e.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.e2e.chromium import ARGUMENTS, CHROMIUM
from tests.e2e.site import Site

KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"

VENDOR = """
Object.defineProperty(Notification, "permission", { get: () => "granted" });
Notification.requestPermission = async () => "granted";
const kept = () => JSON.parse(localStorage.getItem("vendor"));
const subscription = (number) => number && {
  endpoint: `https://push.example/${number}`,
  options: { applicationServerKey: new Uint8Array(localStorage.getItem("key").split(",")).buffer },
  toJSON: () => ({ endpoint: `https://push.example/${number}`, keys: { p256dh: "p", auth: "a" } }),
  unsubscribe: async () => localStorage.setItem("vendor", "0"),
};
PushManager.prototype.getSubscription = async () => subscription(kept());
PushManager.prototype.subscribe = async ({ applicationServerKey }) => {
  localStorage.setItem("key", applicationServerKey.join());
  localStorage.setItem("vendor", 1 + Number(localStorage.getItem("made")));
  localStorage.setItem("made", kept());
  return subscription(kept());
};
"""


class Api:
    """A small subscription service: what it was asked, and how it shall answer."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Any]] = []
        self.status = 201
        self.open = threading.Event()
        self.open.set()

    def put(self, body: Any) -> tuple[int, Any]:
        self.open.wait(30)
        self.asked.append(("PUT", body))
        return self.status, {"detail": "ce service de notification n’est pas admis."}

    def delete(self, body: Any) -> tuple[int, Any]:
        self.asked.append(("DELETE", body))
        return 204 if self.status < 400 else self.status, {}

    def handlers(self) -> dict[str, Any]:
        return {
            "GET /api/push/key": lambda _: (200, {"key": KEY}),
            "PUT /api/push/subscriptions": self.put,
            "DELETE /api/push/subscriptions": self.delete,
        }


@pytest.fixture
def api() -> Api:
    """A fresh service."""
    return Api()


@pytest.fixture
def served(real: Path, api: Api) -> Iterator[str]:
    """The address of the subscription page."""
    with Site(real, api.handlers()) as site:
        yield f"{site.url}/recevoir/"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose browser has a vendor that answers."""
    context = browser.new_context(locale="fr-FR")
    context.add_init_script(VENDOR)
    opened = context.new_page()
    opened.set_default_timeout(20_000)
    yield opened
    context.close()


def state(page: Page, name: str) -> Any:
    """The element of one state; Playwright waits for what is expected of it."""
    return page.locator(f'[data-state="{name}"]')


def subscribed(page: Page, url: str) -> None:
    """Go there and subscribe."""
    page.goto(url)
    page.click("#subscribe-button")
    expect(state(page, "subscribed")).to_be_visible()


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux) Vieux/1.0", "unsupported"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) Safari/604.1", "ios"),
    ],
)
def test_a_browser_without_push(browser: Browser, served: str, agent: str, name: str) -> None:
    """It is told so, iPhones how to mend it; no button promises what cannot be."""
    context = browser.new_context(user_agent=agent)
    context.add_init_script("delete window.PushManager")
    page = context.new_page()
    page.goto(served)
    expect(state(page, name)).to_be_visible()
    expect(page.locator("#subscribe")).to_be_hidden()
    context.close()


def test_a_push_service_that_never_answers(playwright: Playwright, tmp_path: Path, served: str, api: Api) -> None:
    """The real Chromium without network: after the time limit a sentence says that nothing was done; nothing was.

    Then the citizen denies notifications in the browser's settings: the page follows without a reload.
    """
    options = {"executable_path": CHROMIUM, "args": list(ARGUMENTS), "locale": "fr-FR"}
    with playwright.chromium.launch_persistent_context(str(tmp_path), **options) as context:  # no push in a private one
        origin = served.removesuffix("/recevoir/")
        context.grant_permissions(["notifications"], origin=origin)
        page = context.pages[0]
        page.goto(served)
        page.evaluate("document.getElementById('recevoir').dataset.timeout = 700")
        page.click("#subscribe-button")
        expect(state(page, "error")).to_be_visible()
        expect(state(page, "error")).to_be_focused()
        expect(page.locator("[data-message]")).to_contain_text("ne répond pas. Vous n’êtes pas inscrit")
        expect(page.locator("#subscribe-button")).not_to_have_attribute("aria-busy", "true")
        denied = {"permission": {"name": "notifications"}, "setting": "denied", "origin": origin}
        context.new_cdp_session(page).send("Browser.setPermission", denied)
        expect(state(page, "denied")).to_be_visible()
        expect(page.locator("#subscribe")).to_be_hidden()
    assert [] == api.asked


def test_choices_are_told_in_words(page: Page, served: str, api: Api) -> None:
    """The service gets what was left checked, the citizen reads it, and the state shown has the focus."""
    page.goto(served)
    for name in ("economie", "tourisme", "patrimoine", "agenda"):
        page.uncheck(f'[name="categories"][value="{name}"]')
    page.click("#subscribe-button")
    expect(state(page, "subscribed")).to_be_focused()
    words = "Vous recevez : Alertes et Actualités, pour toute la commune. "
    words += "Rien ne sonne de 21 h 30 à 7 h, sauf danger."
    expect(page.locator("[data-summary]")).to_have_text(words)
    (sent,) = api.asked
    assert ("PUT", ["alertes", "actualites"], []) == (sent[0], sent[1]["categories"], sent[1]["areas"])


def test_a_choice_is_needed(page: Page, served: str, api: Api) -> None:
    """No category at all: a sentence, the focus on the first box, nothing sent."""
    page.goto(served)
    for box in page.locator('[name="categories"]').all():
        box.uncheck()
    page.click("#subscribe-button")
    expect(page.locator("#categories-error")).to_be_visible()
    expect(page.locator('[name="categories"]').first).to_be_focused()
    assert [] == api.asked


def test_pressed_twice_asks_once(page: Page, served: str, api: Api) -> None:
    """A second press while the first is under way does nothing."""
    api.open.clear()
    page.goto(served)
    page.click("#subscribe-button")
    expect(page.locator("#subscribe-button")).to_have_attribute("aria-busy", "true")
    page.click("#subscribe-button")
    api.open.set()
    expect(state(page, "subscribed")).to_be_visible()
    assert ["PUT"] == [method for method, _ in api.asked]


def test_refused_by_the_service(page: Page, served: str, api: Api) -> None:
    """Its reason is read out, and the browser's half is withdrawn: no subscription that nobody knows."""
    api.status = 422
    page.goto(served)
    page.click("#subscribe-button")
    expect(page.locator("[data-message]")).to_have_text(
        "Notre service a refusé : ce service de notification n’est pas admis."
    )
    assert "0" == page.evaluate("localStorage.getItem('vendor')")


def test_new_choices_that_fail_leave_the_old(page: Page, served: str, api: Api) -> None:
    """Editing against a service that is down: the subscription stays as it was, and the page says so."""
    subscribed(page, served)
    api.status = 503
    page.click("[data-edit]")
    page.uncheck('[name="categories"][value="agenda"]')
    page.click("#subscribe-button")
    expect(page.locator("[data-message]")).to_contain_text("les anciens restent en vigueur")
    assert "0" != page.evaluate("localStorage.getItem('vendor')")
    page.click("[data-cancel]")
    expect(page.locator("[data-summary]")).to_contain_text("toutes les rubriques")


def test_offline(page: Page, served: str, api: Api) -> None:
    """Without network the choices stay; when it is back the page says nothing more."""
    page.goto(served)
    page.context.set_offline(True)
    page.click("#subscribe-button")
    expect(state(page, "offline")).to_be_focused()
    page.context.set_offline(False)
    expect(state(page, "offline")).to_be_hidden()
    assert [] == api.asked


def test_stop_then_change_of_mind(page: Page, served: str, api: Api) -> None:
    """One press stops, asking nothing; one more takes it up again with the same choices."""
    subscribed(page, served)
    page.click("[data-stop]")
    expect(state(page, "stopped")).to_be_focused()
    assert "0" == page.evaluate("localStorage.getItem('vendor')")
    page.click("[data-undo]")
    expect(state(page, "subscribed")).to_be_focused()
    assert ["PUT", "DELETE", "PUT"] == [method for method, _ in api.asked]


def test_a_lost_subscription_comes_back_at_the_next_visit(page: Page, served: str, api: Api) -> None:
    """The browser forgot it in silence: any page makes a new one, and the service learns of it with the choices."""
    page.goto(served)
    page.uncheck('[name="categories"][value="agenda"]')
    page.click("#subscribe-button")
    expect(state(page, "subscribed")).to_be_visible()
    page.evaluate("localStorage.setItem('vendor', '0')")
    with page.expect_response("**/api/push/subscriptions"):
        page.goto(served.replace("recevoir/", "agenda/"))
    first, second = (body for _, body in api.asked)
    assert (first["categories"], "https://push.example/2") == (second["categories"], second["endpoint"])
