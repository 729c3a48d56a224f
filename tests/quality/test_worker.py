"""The app's worker with a weak network: a page that was read opens within a few seconds."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, expect

from tests.e2e.site import Site

READY = "navigator.serviceWorker.ready.then(() => new Promise((yes) => navigator.serviceWorker.controller ? yes() : navigator.serviceWorker.addEventListener('controllerchange', yes)))"


def test_a_weak_network(browser: Browser, real: Path) -> None:
    """A visited page that the network does not bring comes from the device; an unknown one waits for the network."""
    stuck, go_on = threading.Event(), threading.Event()

    def slow(_: Any) -> tuple[int, Any]:
        stuck.set()
        go_on.wait(30)
        return 500, {}

    api: dict[str, Any] = {"GET /api/push/key": lambda _: (503, {})}
    with Site(real, api) as site:
        context = browser.new_context(locale="fr-FR")
        page = context.new_page()
        page.goto(f"{site.url}/contact/")
        page.evaluate(READY)
        page.reload()
        api["GET /contact/"] = slow
        page.goto(f"{site.url}/contact/")
        assert stuck.is_set()
        expect(page.locator("h1")).to_contain_text("Contacter la mairie")
        go_on.set()
        page.goto(f"{site.url}/contact/")
        expect(page.locator("h1")).to_contain_text("Contacter la mairie")
        site.stop()
        page.goto(f"{site.url}/patrimoine/")
        expect(page.locator("h1")).to_have_text("Vous êtes hors ligne")
        expect(page.locator("#kept a").first).to_be_visible()
        context.close()
