"""The search page on the real content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from beffroi import indexing
from beffroi.site import search
from tests.e2e.site import Site
from tests.town import Town


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without the app's worker."""
    context = browser.new_context(service_workers="block", locale="fr-FR")
    yield context.new_page()
    context.close()


def test_a_word_without_its_accents(page: Page, site: Site) -> None:
    """« economie » finds what is written « économie », with its category and the words around it."""
    page.goto(f"{site.url}/recherche/")
    page.fill("#q", "economie")
    page.press("#q", "Enter")
    expect(page.locator("#search-status")).to_contain_text("pour «\u00a0economie\u00a0»")
    assert "économi" in page.locator("#results").inner_text().lower()
    expect(page.locator("#results .chip").first).to_be_visible()
    expect(page.locator("#results mark").first).to_be_visible()
    expect(page).to_have_url(f"{site.url}/recherche/?q=economie")


def test_more_results_on_demand(page: Page, site: Site) -> None:
    """Ten at first; the button brings the next ones and the focus goes to the first of them."""
    page.goto(f"{site.url}/recherche/?q=commune")
    expect(page.locator("#results li")).to_have_count(10)
    page.click("#search-more")
    expect(page.locator("#results li:nth-child(11) a")).to_be_focused()


def test_nothing_found(page: Page, site: Site) -> None:
    """A sentence says what to try."""
    page.goto(f"{site.url}/recherche/?q=xyzxyz")
    expect(page.locator("#search-status")).to_contain_text("Rien pour «\u00a0xyzxyz\u00a0»")


def test_the_index_is_out_of_reach(page: Page, site: Site) -> None:
    """The page says so and leads on; it tries again at the next word."""
    page.route("**/pagefind/**", lambda route: route.abort())
    page.goto(f"{site.url}/recherche/?q=eau")
    expect(page.locator("#search-status")).to_contain_text("n’a pas pu se charger")


def gone(root: Path) -> Path:
    """A town one page of which was withdrawn a moment ago, its whole index not yet made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BEFFROI_INDEX_AT_ONCE", "0")
        patch.setattr(indexing, "start", lambda *_: True)
        town = Town(root)
        front = "title: Fête du pont\ndate: 2026-05-02"
        path = town.write("actualites/fete", front, "Venez voir zanzibar et le bourg.")
        town.publish(wait=True)
        path.unlink()
        assert town.publish().index_follows
    return town.live


def test_a_page_that_has_gone(page: Page, tmp_path: Path) -> None:
    """Before any new index, the words of a page that was deleted find nothing; others find what stands."""
    live = gone(tmp_path / "bourg")
    failures: list[str] = []
    page.on("console", lambda message: failures.append(message.text) if message.type == "error" else None)
    with Site(live) as running:
        page.goto(f"{running.url}/recherche/?q=zanzibar")
        expect(page.locator("#search-status")).to_contain_text("Rien pour «\u00a0zanzibar\u00a0»")
        page.fill("#q", "bourg")
        page.press("#q", "Enter")
        expect(page.locator("#search-status")).to_contain_text("1 résultat pour «\u00a0bourg\u00a0»")
        expect(page.locator("#results li")).to_have_count(1)
        expect(page.locator("#results")).to_contain_text("Bienvenue")
        expect(page.locator("#search-more")).to_be_hidden()
    assert [] == failures


def test_a_fragment_that_is_missing(page: Page, tmp_path: Path) -> None:
    """A page that was open when another index came: what the former one names is gone, the search page takes the new
    one; where a file is still missing then, it shows the others."""
    live = gone(tmp_path / "bourg").resolve()
    missing = sorted((live / "pagefind/fragment").iterdir())
    with Site(live) as running:
        page.goto(f"{running.url}/recherche/?q=zanzibar")
        expect(page.locator("#search-status")).to_contain_text("Rien pour")
        for path in missing:
            path.unlink()
        page.fill("#q", "bourg")
        page.press("#q", "Enter")
        expect(page.locator("#search-status")).to_contain_text("Rien pour «\u00a0bourg\u00a0»")
        search.index(live, live)
        page.fill("#q", "bonjour")
        page.press("#q", "Enter")
        expect(page.locator("#search-status")).to_contain_text("1 résultat pour «\u00a0bonjour\u00a0»")
