"""The sitemap and robots.txt."""

from __future__ import annotations

from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from beffroi.feeds.sitemap import LIMIT, render, robots
from tests.feeds.samples import NOON, PUBLISHER, moments, patient

SPACE = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


def test_a_sitemap() -> None:
    """Sorted by address, ASCII, the last change in UTC where known."""
    made = render([("https://a.fr/é?b&c", NOON), ("https://a.fr/", None)])
    assert made.decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        "<url><loc>https://a.fr/</loc></url>\n"
        "<url><loc>https://a.fr/%C3%A9?b&amp;c</loc><lastmod>2026-05-05T10:00:00+00:00</lastmod></url>\n"
        "</urlset>\n"
    )


@patient
@given(
    st.dictionaries(st.text().map(lambda path: f"https://a.fr/{path}"), st.none() | moments, max_size=20), st.randoms()
)
def test_any_addresses_make_a_sitemap(pages: dict[str, datetime | None], random: Random) -> None:
    """Well-formed whatever the addresses hold, one entry each, in an order of its own."""
    made = render(pages.items())
    assert made == render(random.sample(list(pages.items()), len(pages)))
    assert len(pages) == len(etree.fromstring(made).findall(f"{SPACE}url/{SPACE}loc"))


def test_a_sitemap_has_a_limit() -> None:
    """The protocol allows 50,000 addresses; more is an error, not a file that engines ignore."""
    with pytest.raises(ValueError, match="a sitemap holds 50000 addresses, not 50001"):
        render((f"https://a.fr/{number}", None) for number in range(LIMIT + 1))


def test_robots() -> None:
    """Nothing is forbidden, and the sitemap is named in full."""
    assert robots(PUBLISHER) == b"User-agent: *\nDisallow:\n\nSitemap: https://essai.example/ville/sitemap.xml\n"
