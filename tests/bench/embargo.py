"""Whole builds of random embargoes: `invoke bench embargo`."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.test_embargo import whole
from tests.town import Town

NIGHT = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
"""Half an hour before the clocks of Paris go back."""


def run(builds: int = 20) -> None:
    """So many sites with a dozen random embargoes each, a minute apart; stops at the first byte that leaked."""
    start = time.perf_counter()
    for seed in range(builds):
        with TemporaryDirectory() as folder:
            whole(Town(Path(folder) / "bourg"), seed, NIGHT + timedelta(minutes=seed))
    print(f"{builds} sites, {12 * builds} contenus, aucun octet : {time.perf_counter() - start:.1f} s")
