"""The page of an item that nothing touches has the rule that it had; every other rule is what it would be from nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from beffroi import content, forks
from beffroi.errors import VerifyError
from beffroi.memo import Memo
from beffroi.settings import SETTINGS, read_service, read_site
from beffroi.site import outputs, standing
from beffroi.site.build import Build
from tests.test_publish import tree
from tests.town import AT, Town

OLD = "title: Vieux {0}\ndate: 2025-01-{0:02}\ntags: [{1}]"
EMPTY = 10
"""Items of the archive."""


@pytest.fixture
def old(town: Town) -> Town:
    """A town with two languages and an archive, published."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nLANGUAGES = {"en": "English"}\n')
    for number in range(1, EMPTY + 1):
        town.write(f"patrimoine/vieux-{number}", OLD.format(number, "eau" if number % 2 else "pont"))
    town.write("patrimoine/vieux-5.en", "title: Old 5\ndate: 2025-01-05")
    town.write("alertes/crue", "title: Crue\ndate: 2026-05-04 10:00\nseverity: Severe\nend: 2026-05-04 12:00")
    town.publish()
    return town


def builder(town: Town, minutes: int = 0, memo: Memo | None = None) -> Build:
    """What the next publication builds with."""
    site, service = read_site(town.root / SETTINGS), read_service(town.root)
    memo = memo or standing.memory(site, service.var)
    return Build(content.read(site, memo=memo), AT + timedelta(minutes=minutes), town.output, service.var)


def away(town: Town, name: str) -> None:
    """Delete a file."""
    (town.root / f"content/{name}.md").unlink()


CHANGES: dict[str, tuple[Callable[[Town], object], int]] = {
    "nothing": (lambda town: None, 0),
    "words": (lambda town: town.write("patrimoine/vieux-5", OLD.format(5, "eau"), "D’autres mots."), 0),
    "tags": (lambda town: town.write("patrimoine/vieux-5", OLD.format(5, "pont")), 0),
    "date": (lambda town: town.write("patrimoine/vieux-5", OLD.format(9, "eau")), 0),
    "new": (lambda town: town.write("patrimoine/vieux-0", OLD.format(6, "eau, pont")), 0),
    "gone": (lambda town: away(town, "patrimoine/vieux-5"), 0),
    "withdrawn": (lambda town: town.write("patrimoine/vieux-5", OLD.format(5, "eau") + "\nstatus: withdrawn"), 0),
    "translated": (lambda town: town.write("patrimoine/vieux-6.en", "title: Old 6\ndate: 2025-01-06"), 0),
    "translation gone": (lambda town: away(town, "patrimoine/vieux-5.en"), 0),
    "alert over": (lambda town: None, 24 * 60),
    "before": (lambda town: None, -24 * 60),
    "linked": (lambda town: town.write("patrimoine/vieux-5", OLD.format(5, "eau"), "[Lui](vieux-9.md)"), 0),
}


@pytest.mark.parametrize("what", CHANGES)
def test_rules_are_those_of_a_build_from_nothing(old: Town, what: str) -> None:
    """Whatever changed since the former build, all rules are what they are where none of them is known."""
    change, minutes = CHANGES[what]
    change(old)
    one, other = builder(old, minutes), builder(old, minutes)
    assert other.tree.memo.tables.pop("ruled")
    del other.tree.memo.tables["related"]
    assert outputs.rules(other.work, {}) == outputs.rules(one.work, one.known)
    assert other.work.related.table == one.work.related.table


def test_words_touch_few(old: Town) -> None:
    """Other words in one file touch its page and those that recommend it; a build in which nothing changed, none."""
    assert set() == builder(old).work.touched
    CHANGES["words"][0](old)
    build = builder(old)
    near = {i for i, ids in build.work.related.table.items() if "patrimoine/vieux-5" in ids}
    assert {"patrimoine/vieux-5", *near} == build.work.touched
    assert 0 < len(near) < EMPTY - 1


def test_a_build_that_dies_leaves_no_rule(old: Town) -> None:
    """What a build knew when it was refused is not taken for what stands: the next one, with the same memory, makes all
    that changed since the site that stands."""
    CHANGES["words"][0](old)
    first = builder(old)

    def refuse(*_: object) -> None:
        raise VerifyError("non")

    with pytest.raises(VerifyError):
        first.run(refuse)
    CHANGES["new"][0](old)
    builder(old, memo=first.tree.memo).run(lambda *_: None)
    found = tree(old.output)
    (old.root / "var/cache/memo.bin").unlink()
    builder(old).run(lambda *_: None)
    assert tree(old.output) == found


def test_a_fragment_that_the_memory_lacks_is_known_again(old: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are not given the same fragment at every publication, though other processes put it there."""
    monkeypatch.setattr(forks, "LEAST", 1)
    monkeypatch.setattr(forks, "asked", 2)
    build = builder(old)
    build.tree.memo.tables["shared"] = {}
    build.tree.memo.save()
    old.publish()
    old.publish()
    assert {} == builder(old).tree.memo.tables["why"]
