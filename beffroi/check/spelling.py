"""Spelling, for communes that ask for it (`SPELLING` in pelicanconf.py): hunspell, and the commune's own words."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping

from beffroi.check.card import Card
from beffroi.errors import Fault
from beffroi.schema.french import say
from beffroi.settings import Site

WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
"""What may be misspelt: letters, joined by hyphens; an apostrophe parts two words."""

OWN = ".mots.txt"
"""The commune's words, one a line, in `content/`: its places, its people."""

SHOWN = 8
"""Words told for one file: who is told a hundred reads none."""


def words(text: str) -> frozenset[str]:
    """The words of a text worth looking up: neither addresses, nor acronyms, nor single letters."""
    text = re.sub(r"https?://\S+|www\.\S+|\S+@\S+", " ", text)
    found = (word for word in WORD.findall(text) if len(word) > 1 and not word.isupper())
    return frozenset(word for word in found if word[1:].islower() or "-" in word)


def faults(site: Site, cards: Mapping[str, Card]) -> Iterator[Fault]:
    """One warning a file with the words that neither the dictionary nor the commune knows."""
    language = str(site.raw.get("SPELLING") or "")
    every = frozenset().union(*(card.words for card in cards.values())) - _own(site) if language else frozenset()
    if not every:
        return
    unknown = _unknown(language, sorted(every))
    if unknown is None:
        sentence = "SPELLING vaut « {} », mais hunspell ou ce dictionnaire n’est pas installé ; voyez hunspell-fr."
        yield Fault("pelicanconf.py", 1, say(sentence, language), "warning")
        return
    for card in cards.values():
        if found := sorted(card.words & unknown):
            more = "…" if len(found) > SHOWN else ""
            sentence = "Inconnu du dictionnaire : {}{} ; corrigez, ou ajoutez à content/{}."
            yield Fault(card.source, 1, say(sentence, ", ".join(found[:SHOWN]), more, OWN), "warning")


def _own(site: Site) -> frozenset[str]:
    """The commune's words, in any case, and the names of its areas."""
    try:
        listed = (site.content / OWN).read_text(encoding="utf-8")
    except (OSError, ValueError):
        listed = ""
    names = " ".join([listed, site.publisher.name, site.publisher.title, *(area.name for area in site.areas.values())])
    known = WORD.findall(names)
    return frozenset([*known, *(word.capitalize() for word in known), *(word.lower() for word in known)])


def _unknown(language: str, found: list[str]) -> frozenset[str] | None:
    """Those that hunspell does not know; `None` where it is not there, or has no such dictionary."""
    command = ["hunspell", "-i", "utf-8", "-d", language, "-l"]
    try:
        done = subprocess.run(
            command, input="\n".join(found), capture_output=True, text=True, check=False, encoding="utf-8"
        )
    except OSError:
        return None
    return frozenset(done.stdout.split()) if done.returncode == 0 else None
