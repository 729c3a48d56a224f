"""Fixtures of the service's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.client import Client


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """The service as it starts on a new machine, without a release."""
    made = Client(tmp_path)
    yield made
    made.engine.dispose()
