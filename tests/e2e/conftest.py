"""What end-to-end tests share: the sample site, a push service, the two browsers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from py_vapid import Vapid02  # type: ignore[import-untyped]

from tests.e2e.push_service import PushService
from tests.e2e.sender import new_vapid, public_key
from tests.e2e.site import Site
from tests.store.databases import postgres_fixture, url_fixture

__all__ = ["postgres_fixture", "url_fixture"]

SAMPLE = Path(__file__).parent / "sample"


@pytest.fixture(scope="module")
def vapid() -> Vapid02:
    """The commune's key."""
    return new_vapid()


@pytest.fixture
def service() -> Iterator[PushService]:
    """A fresh push service."""
    with PushService() as running:
        yield running


@pytest.fixture
def posted() -> list[dict[str, Any]]:
    """The subscriptions that the sample page told its site."""
    return []


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    """A copy of the sample site, with its icons drawn."""
    folder = tmp_path / "sample"
    shutil.copytree(SAMPLE, folder)
    for size in (192, 512):
        Image.new("RGB", (size, size), "#24457a").save(folder / f"icon-{size}.png")
    return folder


@pytest.fixture
def site(sample: Path, vapid: Vapid02, posted: list[dict[str, Any]]) -> Iterator[Site]:
    """The sample site, served with its small API."""

    def put(subscription: dict[str, Any]) -> tuple[int, Any]:
        posted.append(subscription)
        return 201, {}

    key: Callable[[Any], tuple[int, Any]] = lambda _: (200, {"key": public_key(vapid)})  # noqa: E731
    with Site(sample, {"GET /api/push/key": key, "PUT /api/push/subscriptions": put}) as running:
        yield running
