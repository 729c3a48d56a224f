"""An embargoed or draft item leaves zero bytes, whatever its dates and the instant of the build."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from beffroi import content
from beffroi.feeds import FEEDS, jsonfeed, sitemap
from beffroi.learnt import entry_of
from beffroi.settings import Site, read_site
from beffroi.site.prepare import public
from tests.embargo import Case, cases, leaks, place
from tests.town import Town

COUNT = 1000
BUILDS = 2
"""Full builds here; `invoke bench embargo` makes twenty."""


def feeds(site: Site, case: Case, beside: content.Entry, cache: Path) -> bytes:
    """Every feed and the sitemap of a site with that item and one more, at the case's instant."""
    path = site.content / f"{case.name}.md"
    data = f"---\n{case.front}\n---\n\n{case.word} **{case.word}**.\n".encode()
    entry = entry_of(site, path, f"content/{case.name}.md", data)
    tree = content.Tree(site, content.Entries.of(site, {entry.id: entry, beside.id: beside}), (), 2)
    items = list(public(tree, case.at, cache).values())
    made = [render(items, site.publisher, case.at) for render in FEEDS.values()]
    made += jsonfeed.pages(items, site.publisher, case.at).values()
    return b"".join([*made, sitemap.render((item.url, item.updated) for item in items)])


def test_a_thousand_embargoes_in_the_feeds(town: Town, tmp_path: Path) -> None:
    """A thousand random (date, start, end, status, instant), many within a minute of the embargo or in a night of
    changed clocks: the secret word is in no feed before its instant, and in feed.json from it on."""
    site = read_site(town.root / "publishconf.py")
    beside = content.read(site).entries["actualites/bienvenue"]
    told = {True: 0, False: 0}
    for case in cases(1, COUNT):
        without_image = replace(case, front=case.front.split("\nimage:")[0])
        found = case.word.encode() in feeds(site, without_image, beside, tmp_path)
        assert case.public is found, case
        told[case.public] += 1
    assert min(told.values()) > COUNT // 5


@pytest.mark.parametrize("seed", range(BUILDS))
def test_whole_builds_without_a_byte(town: Town, seed: int) -> None:
    """Whole sites with a dozen random embargoes each, and a page that links to all of them: no file of the output,
    search index, images and maps included, has a word of what is not public; all that is public has its page."""
    at = datetime(2026, 10, 25, 0, 30 + seed, tzinfo=UTC)
    whole(town, seed, at)


def whole(town: Town, seed: int, at: datetime) -> None:
    """One full build, looked through."""
    chosen = list(cases(100 + seed, 12, at))
    for case in chosen:
        place(town, case)
    links = " ".join(f"[{number}](../{case.name}.md)" for number, case in enumerate(chosen))
    town.write("actualites/liens", "title: Liens\ndate: 2026-01-01", links)
    built = town.publish(at)
    hidden = {case.word for case in chosen if not case.public}
    assert hidden
    assert [] == leaks(town.output, hidden)
    assert [] == leaks(town.root / "var" / "www", hidden)
    assert {case.name for case in chosen if case.public} <= {item.id for item in built.built.items}
    database = (town.root / "var" / "beffroi.sqlite3").read_bytes()
    assert [] == [word for word in hidden if word.encode() in database]
