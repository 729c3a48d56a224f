"""What the tests of the theme share: the real content built once, one browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright, sync_playwright

from tests.e2e.chromium import ARGUMENTS, CHROMIUM
from tests.e2e.site import Site
from tests.town import REPO, Town

AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
"""The instant of the build, and of the browser's clock: some alerts run, one of them grave, others are over."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker for all of them: it has the one build and the one browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("quality"))


@pytest.fixture(scope="session")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site of this repository's content. Pictures already encoded here are not encoded again."""
    root = tmp_path_factory.mktemp("commune")
    for part in ("content", "theme"):
        (root / part).symlink_to(REPO / part)
    for part in ("pelicanconf.py", "publishconf.py"):
        shutil.copy(REPO / part, root)
    encoded = Path("var", "cache", "images")  # of all that a build remembers, the only part that two may share
    (REPO / encoded).mkdir(parents=True, exist_ok=True)
    (root / encoded.parent).mkdir(parents=True)
    (root / encoded).symlink_to(REPO / encoded)
    town = Town.__new__(Town)
    town.root = root
    town.publish(AT)
    return town.live.resolve()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site of a commune with one item, and nothing else."""
    town = Town(tmp_path_factory.mktemp("bourg"))
    town.publish()
    return town.live.resolve()


@pytest.fixture(scope="package")
def site(real: Path) -> Iterator[Site]:
    """The real site, served."""
    with Site(real) as running:
        yield running


# Of this folder alone: Playwright allows one loop a thread, and tests/e2e opens its own.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """What drives the browsers."""
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="package")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """One Chromium; each test opens a context of its own."""
    opened = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
    yield opened
    opened.close()
