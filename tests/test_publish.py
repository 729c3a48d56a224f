"""The road as a whole: what one publication changes, and what it must never change."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from beffroi.errors import BeffroiError, BuildError, CheckFailed, VerifyError
from beffroi.publish import checked, only_one
from tests.town import AT, Town

SECRET = "zanzibar"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below, by relative path."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def feed(folder: Path) -> dict[str, dict[str, object]]:
    """The items of feed.json by id."""
    return {item["id"]: item for item in json.loads((folder / "feeds" / "feed.json").read_bytes())["items"]}


def test_one_file_reaches_every_output(town: Town) -> None:
    """A new item is on its page, in the three feeds, in the sitemap and in the search index after one publication."""
    town.write("alertes/crue", "title: Crue de l'Isère\ndate: 2026-05-04\nseverity: Severe\nend: 2026-05-06")
    town.publish()
    assert "Crue de l’Isère" in (town.live / "alertes/crue/index.html").read_text("utf-8")
    assert "alertes/crue" in feed(town.live)
    for name in ("feeds/rss.xml", "feeds/panel.json", "sitemap.xml"):
        assert "alertes/crue" in (town.live / name).read_text("utf-8"), name
    assert json.loads((town.live / "pagefind/pagefind-entry.json").read_bytes())["languages"]["fr"]["page_count"] >= 2


def test_first_publication_tells_nobody_and_the_second_has_nothing_new(town: Town) -> None:
    """A new ledger adopts the archive; publishing again changes no file, makes no release and announces nothing."""
    first = town.publish()
    before = os.readlink(town.live)
    second = town.publish()
    assert () == first.announced.told
    assert () == second.announced.decisions
    assert (0, 0) == (second.deployed.written, second.deployed.removed)
    assert before == os.readlink(town.live)


@pytest.mark.parametrize(
    "front",
    [
        "date: 2026-05-01\nstatus: draft",
        "date: 2026-05-04 11:01",
        "date: 2026-05-01\nstart: 2026-06-01",
    ],
)
def test_what_is_not_public_leaves_no_byte(town: Town, front: str) -> None:
    """A draft, a future item or one whose window has not opened appears in no output, nor does its image's name, nor
    a link to it; the ledger does not know it."""
    image = town.root / "content" / "images" / f"{SECRET}.png"
    image.parent.mkdir()
    image.write_bytes(bytes.fromhex(PIXEL))
    fields = f"title: {SECRET}\n{front}\ntags: [{SECRET}]\nimage:\n  src: {SECRET}.png\n  alt: {SECRET}"
    town.write(f"actualites/{SECRET}", fields, f"{SECRET} ![{SECRET}](../images/{SECRET}.png)")
    town.write("actualites/voisin", "title: Voisin\ndate: 2026-05-01", f"Lire [la suite]({SECRET}.md) bientôt.")
    town.publish()
    found = [name for name, data in tree(town.live).items() if SECRET in name or SECRET.encode() in data]
    assert [] == found
    assert SECRET.encode() not in (town.root / "var" / "beffroi.sqlite3").read_bytes()
    assert "la suite" in (town.live / "actualites/voisin/index.html").read_text("utf-8")


def test_an_embargo_passes_by_publishing_later(town: Town) -> None:
    """The same files, a later instant: the item is there, and it is new to the ledger."""
    town.write("actualites/plus-tard", "title: Plus tard\ndate: 2026-05-04 11:01")
    town.publish()
    later = town.publish(AT + timedelta(minutes=1))
    assert ["actualites/plus-tard"] == [item.id for item in later.announced.told]


def test_a_faulty_file_is_never_published_and_the_live_site_stays_whole(town: Town) -> None:
    """A faulty file alone: it is told, and the live site keeps every byte; `build`, which is strict, stops."""
    town.publish()
    before = tree(town.live)
    town.write("actualites/faux", "title: Faux\ndate: 5 mai 2026")
    done = town.publish()
    assert ["content/actualites/faux.md"] == [one.source for one in done.held]
    assert before == tree(town.live)
    with pytest.raises(CheckFailed):
        checked(done.site)


def test_a_broken_theme_stops_everything(town: Town, tmp_path: Path) -> None:
    """An error that Pelican would log and forget (a template that fails) is fatal; the live site stays."""
    town.publish()
    before = tree(town.live)
    theme = _theme(tmp_path)
    (theme / "templates" / "article.html").write_text("{{ rien.du.tout }}", encoding="utf-8")
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(f"\nTHEME = {str(theme)!r}\n")
    with pytest.raises(BuildError, match="rien n’a été remplacé"):
        town.publish()
    assert before == tree(town.live)


def test_a_plugin_that_is_not_loaded_stops_everything(town: Town) -> None:
    """A mistyped plugin name builds a site without feeds in stock Pelican; here it is an error that names PLUGINS."""
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write('\nPLUGINS = ["beffroi.sit"]\n')
    with pytest.raises(BuildError, match="PLUGINS"):
        town.publish()
    assert not town.output.exists()


def test_a_build_without_its_feed_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verification notices a declared feed that is empty, before anything is put online."""
    from beffroi.feeds import FEEDS

    monkeypatch.setitem(FEEDS, "rss.xml", lambda *_: b"")
    with pytest.raises(VerifyError, match="rss.xml manque"):
        town.publish()
    assert not town.live.exists()


def test_a_removed_file_leaves_no_trace(town: Town) -> None:
    """An item whose file is gone is gone from the live site, whole."""
    path = town.write("actualites/bref", f"title: {SECRET}\ndate: 2026-05-02")
    town.publish()
    path.unlink()
    town.publish()
    assert [] == [name for name, data in tree(town.live).items() if SECRET.encode() in data]


def test_an_edit_changes_page_and_feed_alike(town: Town) -> None:
    """A corrected title is the same item (same id, same address) under its new words, on every output."""
    town.publish()
    town.write("actualites/bienvenue", "title: Bienvenue à tous\ndate: 2026-05-01\nupdated: 2026-05-03")
    town.publish()
    item = feed(town.live)["actualites/bienvenue"]
    assert ("Bienvenue à tous", "http://localhost:8000/actualites/bienvenue/") == (item["title"], item["url"])
    assert "2026-05-03T00:00:00+02:00" == item["date_modified"]


def test_two_publications_at_once(town: Town) -> None:
    """The second one is refused with the number of the first; it touches nothing."""
    with only_one(town.root / "var"), pytest.raises(BeffroiError, match=f"processus {os.getpid()}"):
        town.publish()
    assert not town.output.exists()


def test_a_dead_publication_does_not_lock_the_next_one(town: Town) -> None:
    """The lock is the kernel's: a file left by a killed process stops nobody."""
    (town.root / "var").mkdir()
    (town.root / "var" / "publish.lock").write_text("99999", encoding="ascii")
    assert town.publish().built.items
    with (town.root / "var" / "publish.lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _theme(folder: Path) -> Path:
    import shutil

    from tests.town import REPO

    return Path(shutil.copytree(REPO / "theme", folder / "theme"))


PIXEL = (
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)


def test_output_and_var_on_two_disks(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A site cannot be exchanged in one step from one disk to another: the sentence says where to put it, and there it
    goes."""

    def elsewhere(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    with monkeypatch.context() as patched:
        patched.setattr("beffroi.mirror.exchange", elsewhere)
        patched.setattr("beffroi.site.build.exchange", elsewhere)
        with pytest.raises(BeffroiError, match="sont sur deux disques") as caught:
            town.publish()
        assert f"OUTPUT_PATH={town.root / 'var' / 'output'}" in str(caught.value)
    monkeypatch.setenv("OUTPUT_PATH", "var/output")
    town.publish()
    assert (town.root / "var" / "output" / "index.html").is_file()
    assert (town.live / "index.html").is_file()


def test_var_within_output(town: Town) -> None:
    """The site is replaced whole: what keeps the releases cannot lie in it, and the sentence says so."""
    (town.root / "beffroi.env").write_text("BEFFROI_VAR=output\n", encoding="utf-8")
    with pytest.raises(BeffroiError, match="BEFFROI_VAR vaut 'output', un dossier où il y a autre chose que la base"):
        town.publish()
