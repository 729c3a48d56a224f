"""The preview's own small templates: everything that is written into them is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from beffroi import text

FOLDER = Path(__file__).parent / "templates"


@cache
def environment() -> Environment:
    """One for all."""
    jinja = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    jinja.filters.update(moment=text.moment, day=text.day, clock=text.clock, until=text.until)
    return jinja


def fill(name: str, **words: Any) -> str:
    """One template, filled."""
    return environment().get_template(name).render(**words)
