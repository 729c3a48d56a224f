"""Screenshots of every kind of page, to be looked at: phone and desktop, light and dark. No test, and nothing is kept.

::

    python -m tests.quality.shots FOLDER [NAME...]      # the live release of var/www/current, into FOLDER
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from tests.e2e.chromium import ARGUMENTS, CHROMIUM
from tests.e2e.site import Site
from tests.quality.kinds import STATES, kinds, show_state

LIVE = Path("var/www/current")
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
PANELS = {"tall": (1080, 1920), "wide": (1920, 1080), "led": (384, 216)}
# Pictures come when they are near: walk down the page, then up again.
WHOLE = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    scrollTo(0, y);
    await new Promise(requestAnimationFrame);
  }
  scrollTo(0, 0);
}"""


def shoot(browser: Browser, url: str, folder: Path, wanted: list[str]) -> None:
    """Each page whole, in each size and scheme."""
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            page = browser.new_page(
                viewport={"width": width, "height": height},
                color_scheme=scheme,  # type: ignore[arg-type]
                locale="fr-FR",
                is_mobile=size == "phone",
            )
            for name, path in {**kinds(LIVE), "recherche": "/recherche/?q=papeterie"}.items():
                if name != "panneau" and (not wanted or name in wanted):
                    page.goto(url + path)
                    page.evaluate(WHOLE)
                    page.wait_for_load_state("networkidle")
                    page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
            page.close()


def states(browser: Browser, url: str, folder: Path) -> None:
    """The subscription page in each of its states."""
    page = browser.new_page(viewport={"width": 390, "height": 1500}, locale="fr-FR")
    page.goto(f"{url}/recevoir/")
    for name in STATES:
        show_state(page, name)
        page.screenshot(path=folder / f"state-{name}.png")
    page.close()


def panels(browser: Browser, url: str, folder: Path) -> None:
    """The street screen in the shapes of real ones: a grave alert, news with and without a picture, nothing."""
    told = json.loads((LIVE / "feeds" / "panel.json").read_text("utf-8"))
    items = told["items"]
    plain = [item for item in items if not item["weight"]]
    lists = {
        "alert": items,
        "news": [item for item in plain if "image" in item][:1],
        "words": [item for item in plain if "image" not in item][:1],
        "idle": [],
    }
    for size, (width, height) in PANELS.items():
        for name, shown in lists.items():
            context = browser.new_context(viewport={"width": width, "height": height}, service_workers="block")
            context.route("**/panel.json", answer({**told, "items": shown}))
            page = context.new_page()
            page.goto(f"{url}/panneau/")
            settle(page)
            page.screenshot(path=folder / f"panel-{name}-{size}.png")
            context.close()


def answer(told: dict[str, Any]) -> Callable[[Route], None]:
    """What a reading of panel.json gets."""
    return lambda route: route.fulfill(json=told)


def settle(page: Page) -> None:
    """Wait until what moves in has moved in."""
    page.wait_for_load_state("networkidle")
    page.evaluate(
        "() => Promise.all(document.getAnimations().filter((one) => one.animationName === 'arrive').map((a) => a.finished))"
    )


def main(folder: str, *wanted: str) -> None:
    """Everything, or the pages named."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    with Site(LIVE) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        shoot(browser, site.url, out, list(wanted))
        if not wanted or "states" in wanted:
            states(browser, site.url, out)
        if not wanted or "panneau" in wanted:
            panels(browser, site.url, out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
