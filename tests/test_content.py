"""The real content of this repository: what an editor of the commune has written must hold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from beffroi import content
from beffroi.check import check
from beffroi.content import Tree
from beffroi.memo.stamps import Files
from beffroi.settings import read_site
from tests.town import REPO

DAYS = [
    datetime(2026, 11, 24, 9, tzinfo=UTC),
    datetime(2027, 7, 14, 9, tzinfo=UTC),
    datetime(2029, 2, 1, 9, tzinfo=UTC),
]


@pytest.fixture(scope="module")
def tree() -> Tree:
    """The content as it is."""
    return content.read(read_site(REPO / "publishconf.py"))


def test_no_fault(tree: Tree) -> None:
    """Nothing to correct: dates, links, images, words for the panels; and nothing to warn of."""
    assert check(tree) == []


def test_enough_to_show(tree: Tree) -> None:
    """At least 60 items over the six categories, and the pages that the law and the citizen expect."""
    counts = dict.fromkeys(tree.site.categories, 0)
    for entry in tree.entries.values():
        if entry.category:
            counts[entry.category.slug] += 1
    assert sum(counts.values()) >= 60
    assert min(counts.values()) >= 6, counts
    pages = {entry.slug for entry in tree.entries.values() if not entry.category}
    assert {"contact", "mentions-legales", "accessibilite", "confidentialite", "application", "panneaux"} <= pages


def test_each_at_its_own_address(tree: Tree) -> None:
    """Whatever is published is found at its address, and nothing elsewhere: not under its id, not without its slashes."""
    rows = tree.entries.rows.values()
    assert [row.id for row in rows] == [found.id for row in rows if (found := tree.row_at(row.url_path))]
    assert tree.row_at("/pages/contact/") is None
    assert [tree.row_at(url) for url in ("", "/", "//", "contact", "/contact", "xcontactx", "/rien/")] == [None] * 7


@pytest.mark.parametrize("day", DAYS, ids=lambda day: day.strftime("%Y-%m"))
def test_alive_whatever_the_day(tree: Tree, day: datetime) -> None:
    """Some alerts are over, some run, one is far in the future; some events are to come."""
    alerts = [e for e in tree.entries.values() if e.category and e.category.kind == "alert"]
    states = {("future" if not e.visible(day) else "runs" if e.document.front.end > day else "over") for e in alerts}
    assert {"future", "runs", "over"} == states
    events = [e.document.front.event for e in tree.entries.values() if e.visible(day) and e.document.front.event]
    assert any(event.start > day for event in events)


def test_every_alert_ends(tree: Tree) -> None:
    """An alert says until when, by itself."""
    ends = [e.document.front.end for e in tree.entries.values() if e.category and e.category.kind == "alert"]
    assert all(ends)


def test_facts_have_sources(tree: Tree) -> None:
    """What is told of heritage, tourism and economy says where it comes from."""
    discover = [e for e in tree.entries.values() if e.category and e.category.kind == "discover"]
    assert [e.id for e in discover if not e.document.front.sources] == []


def test_pictures_are_described_and_credited(tree: Tree) -> None:
    """Each image has an alternative text of some substance, and its author."""
    images = [(e.id, e.document.front.image) for e in tree.entries.values() if e.document.front.image]
    assert len({image.src for _, image in images}) >= 20
    assert [i for i, image in images if len(image.alt) < 15 or not image.credit] == []


def test_news_is_recent_enough_to_be_true(tree: Tree) -> None:
    """No item is dated more than a year after the present of this repository's last edit, save the one far alert."""
    far = [e.id for e in tree.entries.values() if e.since and e.since > DAYS[0] + timedelta(days=366)]
    assert len(far) == 1, far


def test_each_name_is_asked_about_once() -> None:
    """All who part the same files by the same question share one answer: content and the rest, each in its order."""
    asked: list[str] = []

    def wanted(name: str) -> bool:
        asked.append(name)
        return name.endswith(".md")

    found = Files("", {"a.md": b"", "b.txt": b"", "c.md": b""})
    assert (["a.md", "c.md"], ["b.txt"]) == found.parted(wanted)
    assert found.parted(wanted) is found.parted(wanted)
    assert ["a.md", "b.txt", "c.md"] == asked
