"""What `check` remembers between two runs, and what makes it forget."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from beffroi.check import examine
from beffroi.check.cache import READ_BY
from beffroi.check.files import Disk
from beffroi.settings import Site, read_site
from tests.test_check import SITES
from tests.town import REPO

BAD = b"---\ntitle: Bon\ndate: 3 juin 2026\n---\nTexte.\n"


@pytest.fixture
def site(tmp_path: Path) -> Site:
    """A site with a faulty file, an image, and links from one file to another."""
    root = Path(shutil.copytree(SITES / "tout-va-bien", tmp_path / "site"))
    (root / "content/actualites/a.md").write_bytes(BAD)
    return read_site(root / "publishconf.py")


class Sealed(Disk):
    """Files whose bytes may be recognised, but not read."""

    def __init__(self, site: Site, keys: dict[str, str]) -> None:
        super().__init__(site)
        self._keys = keys

    def key(self, name: str) -> str:
        """As it was."""
        return self._keys[name]

    def data(self, name: str) -> bytes:
        """Never."""
        raise AssertionError(f"{name} is read again")


def test_unchanged_files_are_not_read_again(site: Site, tmp_path: Path) -> None:
    """The second run says the same, faults of one file and links between files, without the bytes of any."""
    cache = tmp_path / "cache"
    first = examine(site, cache=cache)
    second = examine(site, Sealed(site, dict(first.keys)), cache)
    assert first.faults == second.faults
    assert 1 == len(second.faults)
    assert first.cards == second.cards


def test_only_what_changed_is_read(site: Site, tmp_path: Path) -> None:
    """A file that was edited is read, and what it changes for others is seen: a link to what it no longer has dies."""
    cache = tmp_path / "cache"
    examine(site, cache=cache)
    good = site.content / "actualites/bonne-nouvelle.md"
    good.write_text(good.read_text("utf-8").replace("## Tarifs", "## Prix"), "utf-8")
    (site.content / "actualites/a.md").unlink()
    found = [fault.path for fault in examine(site, cache=cache).faults]
    assert ["content/alertes/crue.md"] == found


@pytest.mark.parametrize("spoil", [lambda data: data[:-1], lambda data: b"", lambda data: data[:40] + b"x" + data[41:]])
def test_a_spoilt_cache_is_done_without(site: Site, tmp_path: Path, spoil) -> None:
    """A cache that was cut or overwritten changes nothing of what is said, and is made anew."""
    cache = tmp_path / "cache"
    first = examine(site, cache=cache)
    whole = cache.read_bytes()
    cache.write_bytes(spoil(whole))
    assert first.faults == examine(site, cache=cache).faults
    assert whole == cache.read_bytes()


def test_another_setting_makes_all_cards_anew(site: Site, tmp_path: Path) -> None:
    """An area that is gone is told, though no file changed."""
    cache = tmp_path / "cache"
    assert 1 == len(examine(site, cache=cache).faults)
    fewer = replace(site, areas={"bourg": site.areas["bourg"]})
    found = [fault.path for fault in examine(fewer, cache=cache).faults]
    assert ["content/actualites/a.md", "content/alertes/crue.md"] == found


def test_a_spoilt_image_is_seen(site: Site, tmp_path: Path) -> None:
    """An image overwritten by something else is told, though no text changed."""
    cache = tmp_path / "cache"
    examine(site, cache=cache)
    (site.content / "images/pont.jpg").write_bytes(b"rien")
    assert any("illisible" in fault.message for fault in examine(site, cache=cache).faults)


def test_a_cache_that_cannot_be_written(site: Site, tmp_path: Path) -> None:
    """No room for a cache is no reason not to check."""
    (tmp_path / "file").write_text("", "utf-8")
    assert 1 == len(examine(site, cache=tmp_path / "file" / "cache").faults)


def test_whatever_a_card_depends_on_makes_it_anew(site: Site) -> None:
    """Every module that has a part in reading one file is named in `READ_BY`: after an update, no card of the former
    rules is kept."""
    code = (
        "import sys; from pathlib import Path; from beffroi.settings import read_site; "
        "from beffroi.check.card import card_of; site = read_site(Path('publishconf.py').absolute()); "
        "name = 'actualites/b.md'; data = '---\\ntitle: A\\ndate: 2026-05-04\\n---\\n`b` « c »'.encode(); "
        "assert card_of(site, name, 'content/actualites/b.md', data).ok; "
        "print(*(name.split('.')[1] for name in sys.modules if name.startswith('beffroi.')))"
    )
    environment = {**os.environ, "PYTHONPATH": str(REPO)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=site.root, env=environment, capture_output=True, text=True, check=True
    )
    assert {"check", "gates", "typography"} <= set(done.stdout.split())
    assert set(done.stdout.split()) - {"forks", "memo"} <= {name.removesuffix(".py") for name in READ_BY}
