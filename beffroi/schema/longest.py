"""Characters that each text of the front matter may have, by its path: for the reader, and for what is told of it."""

from __future__ import annotations

from collections.abc import Mapping

LONGEST: Mapping[str, int] = {
    "title": 120,
    "summary": 500,
    "reason": 300,
    "panel": 60,
    "push": 120,
    "image.alt": 300,
    "image.credit": 200,
    "event.place": 200,
    "event.price": 100,
    "location.address": 200,
    "sources.title": 200,
}
