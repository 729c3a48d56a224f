"""The kinds of pages of a built site: one address each."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

SERVICES = ("recevoir", "recherche", "hors-ligne", "plan-du-site", "panneau", "accessibilite", "contact")
STATES = ("subscribed", "stopped", "ios", "unsupported", "denied", "offline", "error")
"""The states of the subscription page."""


def kinds(live: Path) -> dict[str, str]:
    """Name → path: home, the services, each category, and its first and last article (an alert: running and over),
    a language and a translation where there are any."""
    found = {"accueil": "/", "404": "/404.html", **{name: f"/{name}/" for name in SERVICES}}
    for category in ("alertes", "actualites", "agenda", "patrimoine"):
        slugs = sorted(p.parent.name for p in (live / category).glob("*/index.html"))
        found |= {category: f"/{category}/", f"{category}, premier": f"/{category}/{slugs[0]}/"}
        found[f"{category}, dernier"] = f"/{category}/{slugs[-1]}/"
    for page in sorted(live.glob("patrimoine/*.en/index.html"))[:1]:
        found |= {"langue": "/en/", "traduction": f"/patrimoine/{page.parent.name}/"}
    return found


def every(live: Path) -> list[str]:
    """The path of each page."""
    pages = (p.relative_to(live).as_posix().removesuffix("index.html") for p in live.rglob("*.html"))
    return sorted(f"/{page}" for page in pages)


def show_state(page: Page, name: str) -> None:
    """Show one state of the subscription page, as subscribe.js does."""
    page.evaluate(
        """(name) => {
          for (const one of document.querySelectorAll("[data-state]")) one.hidden = one.dataset.state !== name;
          for (const one of document.querySelectorAll("#subscribe, .field-error, [data-undo]")) one.hidden = false;
        }""",
        name,
    )
