"""Markdown to HTML, the same for `check` (which looks for anchors) and for the build."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from beffroi.plainly import plainly
from beffroi.text import slugify

if TYPE_CHECKING:
    from markdown import Markdown

OWN = {"extra": {"footnotes": {"BACKLINK_TITLE": "{}"}}}
"""The number alone: the words before it are those of the page's language."""


@cache
def _converter() -> Markdown:
    """One converter for the whole process: making one costs more than using it."""
    from markdown import Markdown  # late: a run that converts nothing does not need it

    from beffroi.gates import Anchors, gated

    anchors = Anchors(slugify=lambda text, _separator: slugify(text) or "partie")
    return gated(Markdown(extensions=["extra", "sane_lists", anchors], extension_configs=OWN, output_format="html"))


def convert(body: str) -> str:
    """The HTML of a Markdown body: tables, definition lists, footnotes, and an id on each heading."""
    html = plainly(body)
    return _converter().reset().convert(body) if html is None else html


def restart() -> None:
    """Forget the converter: one that stopped half-way would spoil the next body."""
    _converter.cache_clear()
