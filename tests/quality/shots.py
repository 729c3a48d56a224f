"""Screenshots of every kind of page, to be looked at: phone and desktop, light and dark. No test, and nothing is kept.

::

    python -m tests.quality.shots FOLDER [PAGE...]      # the live release of var/www/current, into FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.e2e.chromium import ARGUMENTS, CHROMIUM
from tests.e2e.site import Site

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


def pages(live: Path) -> dict[str, str]:
    """Name → path: the services, then the first page of each kind."""
    named = {"home": "/", "404": "/404.html", "search": "/recherche/?q=papeterie"}
    named |= {name: f"/{name}/" for name in ("recevoir", "hors-ligne", "plan-du-site", "contact", "accessibilite")}
    for category in ("alertes", "actualites", "agenda", "patrimoine"):
        named[category] = f"/{category}/"
        found = sorted(p.parent.name for p in (live / category).glob("*/index.html"))
        named |= {f"{category}-{at}": f"/{category}/{found[at]}/" for at in (0, -1) if found}
    return named


def shoot(browser: Browser, url: str, folder: Path, wanted: list[str]) -> None:
    """Each page in each size and scheme; the whole page on a desktop, one long strip on a phone."""
    for scheme in ("light", "dark"):
        for size, (width, height) in SIZES.items():
            context = browser.new_context(
                viewport={"width": width, "height": height},
                color_scheme=scheme,
                locale="fr-FR",
                is_mobile=size == "phone",
            )
            page = context.new_page()
            for name, path in pages(LIVE).items():
                if wanted and name not in wanted:
                    continue
                page.goto(url + path)
                page.evaluate(WHOLE)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=folder / f"{name}-{size}-{scheme}.png", full_page=True)
            context.close()


def panels(browser: Browser, url: str, folder: Path) -> None:
    """The panel player in the shapes of real screens."""
    for size, (width, height) in PANELS.items():
        page = browser.new_page(viewport={"width": width, "height": height}, locale="fr-FR")
        for name, query in {"alert": "", "news": "?secteur=brignoud", "idle": "?secteur=personne"}.items():
            page.goto(f"{url}/panneau/{query}")
            page.wait_for_timeout(1500)
            page.screenshot(path=folder / f"panel-{name}-{size}.png")
        page.close()


def main(folder: str, *wanted: str) -> None:
    """Everything, or the pages named."""
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    with Site(LIVE) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        if list(wanted) != ["panel"]:
            shoot(browser, site.url, out, list(wanted))
        if not wanted or "panel" in wanted:
            panels(browser, site.url, out)
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
