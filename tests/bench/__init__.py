"""Measures, too long for the tests: `invoke bench NAME`. Each module here is one, with `run(**options)`."""

from __future__ import annotations

import inspect
import os
import sys
from importlib import import_module
from pathlib import Path

NAMES = sorted(path.stem for path in Path(__file__).parent.glob("[a-z]*.py") if "\ndef run(" in path.read_text("utf-8"))
"""The measures."""


def run(name: str, options: str = "") -> None:
    """Run one, with options such as « runs=3 »; those that are 0 keep its own default. Else a sentence."""
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a machine that publishes every day has its bytecode
    if name not in NAMES:
        sys.exit(f"« {name} » n’est pas un banc ; écrivez l’un de : {', '.join(NAMES)}.")
    work = import_module(f"tests.bench.{name}").run
    known, given = list(inspect.signature(work).parameters), [one.partition("=") for one in options.split()]
    if wrong := next((key for key, _, value in given if key not in known or not value.isdecimal()), ""):
        sys.exit(f"Option « {wrong} » ; écrivez « nom=nombre », les noms étant : {', '.join(known)}.")
    work(**{key: int(value) for key, _, value in given if int(value)})
