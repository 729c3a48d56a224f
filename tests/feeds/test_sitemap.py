"""The sitemap and robots.txt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from beffroi.feeds import sitemap
from beffroi.feeds.sitemap import LIMIT, index, render, robots
from tests.feeds.samples import NOON, PUBLISHER, moments, patient
from tests.town import Town

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


def test_an_index() -> None:
    """The parts, in full and in their order."""
    assert index(["https://a.fr/é/sitemap-1.xml", "https://a.fr/sitemap-2.xml"]).decode() == (
        '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
        "<sitemap><loc>https://a.fr/%C3%A9/sitemap-1.xml</loc></sitemap>\n"
        "<sitemap><loc>https://a.fr/sitemap-2.xml</loc></sitemap>\n</sitemapindex>\n"
    )


def test_a_site_that_one_sitemap_does_not_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit, sitemap.xml lists its parts, which hold each address once; the newest item is in the last one,
    and the others stay as they are. Below it again, the parts are gone."""
    town = Town(tmp_path)
    paths = [
        town.write(f"actualites/n-{number}", f"title: N {number}\ndate: 2026-04-0{number}") for number in range(1, 8)
    ]
    town.publish()
    whole = _locations(town.output / "sitemap.xml")
    monkeypatch.setattr(sitemap, "LIMIT", 8)
    town.write("actualites/nouveau", "title: Nouveau\ndate: 2026-05-03")
    town.publish()
    parts = [town.output / f"sitemap-{number}.xml" for number in range(1, len(whole) // 8 + 2)]
    assert [f"http://localhost:8000/{part.name}" for part in parts] == _locations(town.output / "sitemap.xml")
    new = "http://localhost:8000/actualites/nouveau/"
    assert sorted([*whole, new]) == sorted(url for part in parts for url in _locations(part))
    assert new in _locations(parts[-1])
    for path in paths:
        path.unlink()
    monkeypatch.setattr(sitemap, "LIMIT", 50)
    town.publish()
    assert [] == list(town.output.glob("sitemap-*.xml"))
    assert new in _locations(town.output / "sitemap.xml")


def _locations(path: Path) -> list[str]:
    return [str(found.text) for found in etree.parse(path).getroot().iter(f"{SPACE}loc")]


def test_robots() -> None:
    """Nothing is forbidden, and the sitemap is named in full."""
    assert robots(PUBLISHER) == b"User-agent: *\nDisallow:\n\nSitemap: https://essai.example/ville/sitemap.xml\n"
