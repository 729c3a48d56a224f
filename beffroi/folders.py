"""Folders that are nearly always new, below one that is nearly always there."""

from __future__ import annotations

import os
from contextlib import suppress


def made(path: str) -> None:
    """Have a folder at that place. `os.makedirs` looks at the one above first, and a build makes a folder for each page."""
    try:
        with suppress(FileExistsError):
            os.mkdir(path)
    except FileNotFoundError:
        os.makedirs(path, exist_ok=True)
