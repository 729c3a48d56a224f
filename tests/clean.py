"""A clean build of the same files: what any other road to the same content must give, byte for byte."""

from __future__ import annotations

import shutil
from datetime import datetime

from tests.test_publish import tree
from tests.town import AT, Town

BUILT: dict[tuple[str, datetime], dict[str, bytes]] = {}
"""What clean builds gave, by their files and their instant."""


def clean(town: Town, at: datetime = AT) -> dict[str, bytes]:
    """What a town that remembers nothing publishes of the same files, its search index included."""
    key = repr(tree(town.root / "content")), at
    if key not in BUILT:
        other = Town(town.root.parent / "propre")
        shutil.rmtree(other.root / "content")
        shutil.copytree(town.root / "content", other.root / "content")
        other.publish(at, wait=True)
        BUILT[key] = tree(other.output)
        shutil.rmtree(other.root)
    return BUILT[key]
