"""The same content at the same instant gives the same bytes, wherever and whenever it is built."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.test_publish import tree
from tests.town import REPO, Town

EAST = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
WEST = {"TZ": "America/New_York", "LC_ALL": "C.UTF-8", "LANG": "fr_FR.UTF-8", "PYTHONHASHSEED": "4242"}


def two_builds(folder: Path, lay: Callable[[Path], Town]) -> list[dict[str, bytes]]:
    """What two machines build of the same content at the same instant: other folder, zone, locale and hash seed."""

    def build(name: str, env: Mapping[str, str]) -> dict[str, bytes]:
        town = lay(folder / name)
        done = town.invoke("build", "--at", "2026-11-24T09:00+01:00", env=env)
        assert 0 == done.returncode, done.stderr
        return tree(town.output)

    with ThreadPoolExecutor(2) as both:
        return list(both.map(build, ("ici", "là-bas"), (EAST, WEST)))


def differing(one: dict[str, bytes], other: dict[str, bytes]) -> set[str]:
    """The names of the files that are not the same."""
    return {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}


def test_two_clocks_two_folders_same_bytes(tmp_path: Path) -> None:
    """The real content: identical files. Its pictures come from one cache; the next test encodes some twice."""

    def lay(root: Path) -> Town:
        (root / "var" / "cache").mkdir(parents=True)
        (REPO / "var" / "cache" / "images").mkdir(parents=True, exist_ok=True)
        for part in ("content", "theme", "var/cache/images"):  # two builds share pictures, never a memo
            (root / part).symlink_to(REPO / part)
        for part in ("pelicanconf.py", "publishconf.py", "tasks.py"):
            shutil.copy(REPO / part, root)
        town = Town.__new__(Town)
        town.root = root
        return town

    one, other = two_builds(tmp_path, lay)
    assert len(one) > 300
    assert set() == differing(one, other)


def test_two_encodings_same_bytes(tmp_path: Path) -> None:
    """A photograph encoded on two machines, in every format and width: identical files."""

    def lay(root: Path) -> Town:
        town = Town(root)
        town.write(
            "actualites/pont", "title: Pont\ndate: 2026-11-01\nimage:\n  src: gentiane.jpg\n  alt: Une gentiane bleue"
        )
        (root / "content" / "images").mkdir()
        shutil.copy(REPO / "content" / "images" / "gentiane.jpg", root / "content" / "images")
        return town

    one, other = two_builds(tmp_path, lay)
    assert {".avif", ".webp", ".jpg"} <= {Path(name).suffix for name in one}
    assert set() == differing(one, other)


def test_the_pelican_command_builds_the_same_site(town: Town) -> None:
    """Editors who know Pelican may run it: `pelican -s publishconf.py` gives the feeds and the pages too."""
    import subprocess
    import sys

    command = [sys.executable, "-m", "pelican", "content", "-s", "publishconf.py", "-o", "output", "--fatal", "errors"]
    done = subprocess.run(command, cwd=town.root, env=town.environment(), capture_output=True, text=True, check=False)
    assert 0 == done.returncode, done.stdout + done.stderr
    assert json.loads((town.output / "feeds" / "feed.json").read_bytes())["items"]


def test_the_instant_alone_decides(town: Town) -> None:
    """SOURCE_DATE_EPOCH is the instant of a build when none is given on the command line."""
    town.write("actualites/en-2030", "title: En 2030\ndate: 2030-01-01")
    town.invoke("build", env={"SOURCE_DATE_EPOCH": "1767225600"})
    assert not (town.output / "actualites" / "en-2030").exists()
    town.invoke("build", env={"SOURCE_DATE_EPOCH": "1900000000"})
    assert (town.output / "actualites" / "en-2030" / "index.html").is_file()
