"""A run of `check` after which only words changed: little is opened, and the same is said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from beffroi.check import cache as caching
from beffroi.check import calm, examine
from beffroi.check.run import run as whole
from beffroi.errors import Fault
from beffroi.memo import Memo
from beffroi.settings import Site, read_site
from tests.test_check import SITES


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """A site without any fault, whose files are old enough for their stamps to prove something."""
    monkeypatch.setattr("beffroi.memo.stamps.FRESH", -1)
    root = Path(shutil.copytree(SITES / "tout-va-bien", tmp_path / "site"))
    return read_site(root / "publishconf.py")


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[object]]:
    """The cards that are opened."""
    found: list[object] = []
    unpacked = caching._unpacked

    def noted(packed: bytes) -> object:
        found.append(packed)
        return unpacked(packed)

    monkeypatch.setattr(caching, "_unpacked", noted)
    yield found


def run(site: Site, tmp_path: Path) -> list[Fault]:
    """What a publication is told, which is what a run without any memory says."""
    told = examine(site, cache=tmp_path / "cache", memo=Memo(None, ""), light=True).faults
    assert examine(site).faults == told
    return told


def test_words_open_their_own_card_alone(site: Site, tmp_path: Path, opened: list[object]) -> None:
    """Twice in a row, and with a new warning in the file, which goes when it is mended."""
    before = run(site, tmp_path)
    good = site.content / "actualites/bonne-nouvelle.md"
    words = good.read_text("utf-8")
    opened.clear()
    for more in ("\nEncore des mots.\n", "\nDes mots , encore.\n"):
        good.write_text(words + more, "utf-8")
        told = run(site, tmp_path)
    assert 2 >= len(opened)
    assert len(before) + 1 == len(told)
    good.write_text(words, "utf-8")
    assert before == run(site, tmp_path)


@pytest.mark.parametrize("harm", ["heading", "draft", "file", "image", "spoilt", "link"])
def test_what_others_see_of_a_file_is_looked_at(site: Site, tmp_path: Path, harm: str) -> None:
    """A heading that goes, a draft, a file or an image that is gone or cannot be read any more, a link to nowhere."""
    run(site, tmp_path)
    good, image = site.content / "actualites/bonne-nouvelle.md", next((site.content / "images").glob("*.jpg"))
    words = good.read_text("utf-8")
    if harm == "heading":
        good.write_text(words.replace("## Tarifs", "## Prix"), "utf-8")
    elif harm == "draft":
        good.write_text(words.replace("---\n", "---\nstatus: draft\n", 1), "utf-8")
    elif harm == "file":
        good.unlink()
    elif harm == "image":
        image.unlink()
    elif harm == "spoilt":
        image.write_bytes(b"rien")
    else:
        good.write_text(words + "\n[Ici](nulle-part.md)\n", "utf-8")
    assert run(site, tmp_path)


def test_a_fault_is_looked_at_until_it_is_mended(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is an error, nothing is taken for granted; then calm comes back."""
    said: list[bool] = []
    recalled = calm.recalled

    def noted(*arguments: object) -> list[Fault] | None:
        found = recalled(*arguments)  # type: ignore[arg-type]
        said.append(found is not None)
        return found

    monkeypatch.setattr(calm, "recalled", noted)
    good = site.content / "actualites/bonne-nouvelle.md"
    words = good.read_text("utf-8")
    for text in (words, words + "\n[Ici](nulle-part.md)\n", words, words, words + "\nAutre.\n"):
        good.write_text(text, "utf-8")
        run(site, tmp_path)
    assert [False, False, False, True, True] == said


def test_check_says_the_same_twice(site: Site, tmp_path: Path, opened: list[object]) -> None:
    """`check` on its own takes the short way too: the same faults, the same number of files, no card opened."""
    first = whole(site, tmp_path)
    opened.clear()
    assert first == whole(site, tmp_path)
    assert [] == opened
