"""Every page of the real content in a narrow window: nothing overflows, nothing is asked of anyone else."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser

from beffroi.settings import read_site
from beffroi.site.words import Languages
from tests.e2e.site import Site
from tests.quality.conftest import AT
from tests.quality.kinds import every, kinds
from tests.town import REPO

OVERFLOW = """() => {
  const { scrollWidth, clientWidth } = document.documentElement;
  return scrollWidth > clientWidth ? `${scrollWidth} > ${clientWidth}` : "";
}"""


LOADED = re.compile(
    r"""<(?:script|img|source|link|iframe|video|audio)\b[^>]*?\b(?:src|srcset|href)=["'](?:https?:)?//([^"'/]+)"""
)
LONG = re.compile(r"<table|<pre|[\w-]{19,}")


def html(real: Path, path: str) -> str:
    """The page at that address."""
    return (real / f".{path}" / "index.html" if path.endswith("/") else real / f".{path}").read_text("utf-8")


def at_risk(real: Path) -> list[str]:
    """A page of each kind, and those whose text has a table or a word that a narrow window could not hold."""
    texts = {path: html(real, path).partition('<div class="prose">')[2].partition("<aside")[0] for path in every(real)}
    words = {path: re.sub(r"<(?!table|pre)[^>]*>", " ", text) for path, text in texts.items()}
    return sorted({*kinds(real).values(), *(path for path, text in words.items() if LONG.search(text))})


def test_no_page_overflows_and_none_calls_out(browser: Browser, site: Site, real: Path) -> None:
    """At 320 px no page scrolls sideways (WCAG 1.4.10); no request leaves the site; nothing fails in the console."""
    context = browser.new_context(viewport={"width": 320, "height": 640}, service_workers="block", is_mobile=True)
    context.clock.set_fixed_time(AT)
    asked: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    context.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    context.on("weberror", lambda error: errors.append(str(error.error)))
    page = context.new_page()
    wide = {}
    for path in at_risk(real):
        page.goto(site.url + path)
        wide[path] = page.evaluate(OVERFLOW)
    context.close()
    assert {} == {path: said for path, said in wide.items() if said}
    assert [] == [url for url in asked if not url.startswith((site.url + "/", "data:", "blob:"))]
    assert [] == errors


def test_letters_twice_as_large(browser: Browser, site: Site, real: Path) -> None:
    """On a phone with letters of 200 % no page scrolls sideways (WCAG 1.4.4), on none a word is cut by the edge."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block", is_mobile=True)
    context.clock.set_fixed_time(AT)
    page = context.new_page()
    wide = {}
    for path in sorted({*kinds(real).values(), "/en/", "/agenda/voeux-aux-habitants-2027/"}):
        page.goto(site.url + path)
        page.add_style_tag(content="html { font-size: 200% !important }")
        wide[path] = page.evaluate(OVERFLOW)
    context.close()
    assert {} == {path: said for path, said in wide.items() if said}


def test_a_grave_alert_leaves_the_town_in_sight(browser: Browser, site: Site) -> None:
    """On a phone the home page tells a grave alert whole, and what else happens begins on the same screen."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, service_workers="block", is_mobile=True)
    context.clock.set_fixed_time(AT)
    page = context.new_page()
    page.goto(f"{site.url}/")
    banner, now = page.locator(".banner-home"), page.locator("#maintenant")
    bar = page.locator(".bar").bounding_box()
    place = now.bounding_box()
    assert "Voir ce qu’il faut faire" in banner.inner_text()
    assert bar
    assert place
    assert place["y"] + place["height"] < bar["y"]
    context.close()


def test_no_page_names_another_host_to_load_from(real: Path) -> None:
    """In no page does a script, a style, a picture or a frame come from elsewhere."""
    own = {"localhost:8000"}  # SITEURL: canonical addresses
    found = {path: set(LOADED.findall(html(real, path))) - own for path in every(real)}
    assert {} == {path: hosts for path, hosts in found.items() if hosts}


def test_every_page_says_that_it_is_a_demonstration(real: Path) -> None:
    """The notice of pelicanconf.py stands on every page but the street screen, with the mention of accessibility; both
    in the language of the page."""
    languages = Languages(read_site(REPO / "pelicanconf.py"), REPO / "theme" / "languages")
    for path in every(real):
        if path != "/panneau/":
            text = html(real, path)
            lang = re.search(r'<html lang="(\w+)"', text)
            assert lang
            say = languages.words(lang[1])
            assert say.plain("Site de démonstration, sans lien officiel avec la commune.") in text, path
            verdict = say.plain("Accessibilité\u00a0: non conforme")
            assert f">{verdict}</a>" in text, path


LABELS = """() => {
  const labels = [...document.querySelectorAll(".bar a > span:not(.count)")];
  const places = labels.map((one) => one.getBoundingClientRect());
  return labels.filter((_, i) => places[i].left < (i ? places[i - 1].right : 0) || places[i].right > innerWidth)
    .map((one) => one.textContent);
}"""


def test_the_words_of_the_bar_stand_apart(browser: Browser, site: Site) -> None:
    """On the smallest phones, in each language, no word at the bottom touches the next one or the edge."""
    wide = {}
    for width in (320, 360):
        context = browser.new_context(viewport={"width": width, "height": 640}, service_workers="block", is_mobile=True)
        page = context.new_page()
        for path in ("/", "/en/", "/de/", "/it/"):
            page.goto(site.url + path)
            wide[width, path] = page.evaluate(LABELS)
        context.close()
    assert {} == {place: words for place, words in wide.items() if words}


def test_a_short_alert_is_one_sheet(browser: Browser, site: Site) -> None:
    """Printed as a poster, with what is to be done, when, where and of whom: nothing is alone on a second sheet."""
    page = browser.new_page(service_workers="block")
    page.goto(f"{site.url}/alertes/coupure-eau-lancey-mars-2026/")
    page.evaluate("document.querySelectorAll('.prose > h2 ~ *, .prose > h2').forEach((one) => one.remove())")
    sheets = len(re.findall(rb"/Type /Page\b", page.pdf(format="A4")))
    page.close()
    assert 1 == sheets
