"""Sentences for editors: French spaces, lists of choices, the nearest known word."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

THIN, WIDE = "\u202f", "\u00a0"


def say(template: str, *values: object, **named: object) -> str:
    """Fill `{}` and `{name}` in a sentence whose own punctuation gets French spaces: U+202F before ; ! ?, U+00A0 before : and
    inside « ».

    The values are left as they are: an editor copies them into the file.
    """
    template = re.sub(r" (?=[;!?])", THIN, template)
    template = re.sub(r" (?=[:»])", WIDE, template).replace("« ", f"«{WIDE}")
    return template.format(*values, **named)


def shown(text: str, limit: int = 60) -> str:
    """What was found, on one line, without invisible characters, cut to `limit` characters."""
    line = "".join(c if c.isprintable() else " " for c in text).strip()
    return line if len(line) <= limit else f"{line[:limit].rstrip()}…"


def one_of(words: Iterable[str], last: str = "ou") -> str:
    """`a, b ou c`."""
    *head, tail = words
    return f"{', '.join(head)} {last} {tail}" if head else tail


@lru_cache(1024)  # the same few words of the settings are folded for each file
def folded(text: str) -> str:
    """Without case, accents, or differences of hyphen, apostrophe and space: to compare what was meant."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("œ", "oe").replace("’", "'"))
    return re.sub(r"[\s_'-]+", "-", "".join(c for c in plain if not unicodedata.combining(c))).strip("-")


def nearest(word: str, known: Sequence[str], cutoff: float = 0.6) -> str | None:
    """The known word that was probably meant, at least as like it as `cutoff` (0 to 1), or `None`."""
    by_form = {folded(k): k for k in reversed(known)}
    found = difflib.get_close_matches(folded(word)[:100], list(by_form), n=1, cutoff=cutoff)
    return by_form[found[0]] if found else None
