"""Putting a site online: whole, at once, and never by halves."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from beffroi.deploy import deploy, files
from beffroi.errors import DeployError


def site(folder: Path, **pages: str) -> Path:
    """A built site: one file a page."""
    for name, text in pages.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "index.html").write_text(text, encoding="utf-8")
    return folder


def test_first_release(tmp_path: Path) -> None:
    """The link is relative (the folder may move) and leads to a copy of the site."""
    live = tmp_path / "www" / "current"
    done = deploy(site(tmp_path / "out", a="1", b="2"), live, keep=5)
    assert (2, 0) == (done.written, done.removed)
    assert "releases/000001" == os.readlink(live)
    assert ["a/index.html", "b/index.html"] == list(files(live.resolve()))


def test_only_what_changed_is_written(tmp_path: Path) -> None:
    """Unchanged files are shared with the former release; the counts say what changed."""
    live = tmp_path / "www" / "current"
    first = deploy(site(tmp_path / "1", a="1", b="2", c="3"), live, keep=5).release
    done = deploy(site(tmp_path / "2", a="1", b="neuf"), live, keep=5)
    assert (1, 1) == (done.written, done.removed)
    assert (first / "a/index.html").stat().st_ino == (done.release / "a/index.html").stat().st_ino
    assert "2" == (first / "b/index.html").read_text("utf-8")


def test_same_site_makes_no_release(tmp_path: Path) -> None:
    """Publishing without any change leaves the live release as it is."""
    live = tmp_path / "www" / "current"
    first = deploy(site(tmp_path / "1", a="1"), live, keep=5)
    again = deploy(site(tmp_path / "2", a="1"), live, keep=5)
    assert (first.release, 0, 0) == (again.release, again.written, again.removed)


def test_tampering_with_the_build_changes_nothing_online(tmp_path: Path) -> None:
    """The release shares no file with output/."""
    live, built = tmp_path / "www" / "current", site(tmp_path / "out", a="1")
    deploy(built, live, keep=5)
    (built / "a" / "index.html").write_text("piraté", encoding="utf-8")
    assert "1" == (live / "a" / "index.html").read_text("utf-8")


def test_old_releases_are_kept_then_removed(tmp_path: Path) -> None:
    """As many releases as asked remain, the newest ones."""
    live = tmp_path / "www" / "current"
    for number in range(5):
        deploy(site(tmp_path / str(number), a=str(number)), live, keep=2)
    assert ["000004", "000005"] == sorted(p.name for p in (tmp_path / "www" / "releases").glob("0*"))


def test_what_a_killed_publication_left_is_no_obstacle(tmp_path: Path) -> None:
    """A half-copied release is thrown away and made anew."""
    live = tmp_path / "www" / "current"
    (tmp_path / "www" / "releases" / ".000001" / "moitie").mkdir(parents=True)
    deploy(site(tmp_path / "out", a="1"), live, keep=5)
    assert ["a/index.html"] == list(files(live.resolve()))


def test_a_folder_in_place_of_the_link(tmp_path: Path) -> None:
    """A real folder where the link should be is not destroyed: a sentence says what to do."""
    live = site(tmp_path / "current", a="à moi")
    with pytest.raises(DeployError, match="est un dossier"):
        deploy(site(tmp_path / "out", a="1"), live, keep=5)
    assert "à moi" == (live / "a" / "index.html").read_text("utf-8")


def test_going_back_is_one_link(tmp_path: Path) -> None:
    """After a return to an older release, the next publication makes a new number and keeps the live one."""
    from beffroi.deploy import switch

    live = tmp_path / "www" / "current"
    first = deploy(site(tmp_path / "1", a="1"), live, keep=1).release
    switch(live, first)
    assert "000002" == deploy(site(tmp_path / "2", a="2"), live, keep=1).release.name


def test_the_oldest_release_becomes_the_new_one(tmp_path: Path) -> None:
    """Whatever the oldest one held, the new one holds the site of today, and the others are as they were."""
    live = tmp_path / "www" / "current"
    sites = (
        {"a": "1", "b": "1", "c": "1"},
        {"a": "2", "b": "1"},
        {"a": "2", "b": "3", "d/e": "4"},
        {"a": "1", "d/e": "4"},
    )
    for number, pages in enumerate(sites):
        deploy(site(tmp_path / str(number), **pages), live, keep=2)
        if number:
            former = live.parent / "releases" / f"{number:06}"
            assert {f"{name}/index.html": text for name, text in sites[number - 1].items()} == read(former)
        assert {f"{name}/index.html": text for name, text in pages.items()} == read(live.resolve())
        assert [] == [folder for folder in live.resolve().rglob("*") if folder.is_dir() and not any(folder.iterdir())]


def test_an_amended_release_becomes_the_next_one(tmp_path: Path) -> None:
    """What a second release of one publication replaces does not count among those that are kept."""
    live = tmp_path / "www" / "current"
    deploy(site(tmp_path / "1", a="1"), live, keep=5)
    deploy(site(tmp_path / "2", a="2"), live, keep=5)
    deploy(site(tmp_path / "3", a="2", index="2"), live, keep=5, amends=True)
    deploy(site(tmp_path / "4", a="3"), live, keep=5)
    assert ["000001", "000003", "000004"] == sorted(p.name for p in (tmp_path / "www" / "releases").glob("0*"))
    assert {"a/index.html": "3"} == read(live.resolve())


def test_one_to_go_back_to(tmp_path: Path) -> None:
    """However often a release is amended, the one of the publication before stays as it was, and one folder besides those
    that are kept becomes the next."""
    live, before = tmp_path / "www" / "current", ""
    for number in range(1, 6):
        for turn in range(3):
            text = f"{number}.{turn}"
            deploy(site(tmp_path / text, a=text, b=str(turn)), live, keep=2, amends=turn > 0)
            found = {p.name: read(p).get("a/index.html") for p in (live.parent / "releases").glob("0*")}
            assert len(found) <= 3
            assert {text, before} - {""} <= set(found.values())
        before = text


def read(folder: Path) -> dict[str, str]:
    """Every file of a release."""
    return {name: (folder / name).read_text("utf-8") for name in files(folder)}
