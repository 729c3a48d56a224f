"""The search page on the real content."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.e2e.site import Site


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
