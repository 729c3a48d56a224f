"""`deliver` in a process of its own, to be killed: python -m tests.channels.child FOLDER DATABASE_URL."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.channels.town import make_town

if __name__ == "__main__":
    make_town(Path(sys.argv[1]), sys.argv[2]).deliver()
