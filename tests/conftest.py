"""Fixtures that all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.town import Town


@pytest.fixture
def town(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    """A commune with one item, in a folder whose name has an accent; no setting of this machine reaches it."""
    for name in ("SITEURL", "SOURCE_DATE_EPOCH", "BEFFROI_DATABASE_URL", "BEFFROI_PUSH_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    return Town(tmp_path / "bourg-é")
