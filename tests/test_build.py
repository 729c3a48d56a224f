"""The same content at the same instant gives the same bytes, wherever and whenever it is built."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from tests.test_publish import tree
from tests.town import REPO, Town

EAST = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "1"}
WEST = {"TZ": "America/New_York", "LC_ALL": "C.UTF-8", "LANG": "fr_FR.UTF-8", "PYTHONHASHSEED": "4242"}


def test_two_clocks_two_folders_same_bytes(tmp_path: Path) -> None:
    """The real content, built in two folders under other time zones, locales and hash seeds: identical files."""
    outputs = []
    for name, env in {"ici": EAST, "là-bas": WEST}.items():
        root = tmp_path / name
        root.mkdir()
        for part in ("content", "theme"):
            (root / part).symlink_to(REPO / part)
        for part in ("pelicanconf.py", "publishconf.py", "tasks.py"):
            shutil.copy(REPO / part, root)
        town = Town.__new__(Town)
        town.root = root
        done = town.invoke("build", "--at", "2026-11-24T09:00+01:00", env=env)
        assert 0 == done.returncode, done.stderr
        outputs.append(tree(root / "output"))
    differing = {name for name in outputs[0].keys() | outputs[1].keys() if outputs[0].get(name) != outputs[1].get(name)}
    assert set() == differing


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
