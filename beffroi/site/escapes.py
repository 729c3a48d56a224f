"""Escaping, as `markupsafe` does it, of texts that most pages have: what they all say, titles, addresses."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup, escape

KEPT = 4096
"""Texts of which the escaped form is kept."""

_known: dict[str, Markup] = {}


def escaped(value: Any) -> Markup:
    """The value escaped."""
    if type(value) is not str:
        return escape(value)
    if (found := _known.get(value)) is None:
        if len(_known) >= KEPT:
            _known.clear()
        found = _known[value] = escape(value)
    return found


def marked(value: Any) -> Markup:
    """The value as HTML that needs no escape: a plain text without asking it first what it is."""
    return str.__new__(Markup, value) if type(value) is str else Markup(value)  # noqa: S704  # its caller says so
