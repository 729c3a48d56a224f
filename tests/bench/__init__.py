"""Measures, too long for the tests: `invoke bench NAME`. Each module here is one, with `run(**options)`."""

from __future__ import annotations

import os
from importlib import import_module


def run(name: str, **options: int) -> None:
    """Run one; options that are 0 keep its own default."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a machine that publishes every day has its bytecode
    import_module(f"tests.bench.{name}").run(**{key: value for key, value in options.items() if value})
