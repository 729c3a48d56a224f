"""Translations beside their originals: one that has none any more, one that is older than it.

How old a file is, git says. Its answer is kept with the cards: while nothing is committed, nothing is asked but that.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from beffroi.check.cache import Cache
from beffroi.check.card import Card
from beffroi.check.cross import Found, World
from beffroi.errors import Fault
from beffroi.schema.french import say

Dates = tuple[str, dict[str, int]]
"""A commit, and when each of some files was last changed in its history (0: never), seconds since 1970."""


def faults(world: World, kept: Cache) -> Iterator[Found]:
    """A warning for each translation that an editor should look at."""
    pairs: list[tuple[Card, Card]] = []
    for card, found in _pairs(world):
        if found:
            pairs.append((card, found))
        else:
            yield _alone(world, card)
    when = _when(world, kept, pairs) if kept.path and pairs else {}
    for card, found in pairs:
        if 0 < when.get(card.source, 0) < when.get(found.source, 0):
            sentence = "La traduction est plus ancienne que l’original, {} ; relisez-la, corrigez-la et enregistrez-la."
            yield Found(Fault(card.source, 1, say(sentence, found.source), "warning"), found.name)


def names(world: World) -> list[str]:
    """The translations and their originals."""
    return list({one.name: None for pair in _pairs(world) for one in pair if one})


def _pairs(world: World) -> Iterator[tuple[Card, Card | None]]:
    """Each translation, and its original where there is one."""
    for card in world.cards.values():
        original, _, language = card.url.rstrip("/").partition(".")
        if language in world.site.languages:
            yield card, world.by_url.get(f"{original}/")


def _alone(world: World, card: Card) -> Found:
    """Its original has another name, or is gone."""
    stem = posixpath.basename(card.name).partition(".")[0]
    guess = world.near(f"{stem}.md", card.name)
    hint = say("renommez-la, par exemple « {}.{} »", (guess or "").removesuffix(".md"), _ending(card)) if guess else ""
    sentence = "La traduction n’a plus d’original : « {} » n’existe pas ; {}."
    missing = posixpath.join(posixpath.dirname(card.name), f"{stem}.md")
    return Found(Fault(card.source, 1, say(sentence, f"{stem}.md", hint or "supprimez-la"), "warning"), missing)


def _ending(card: Card) -> str:
    return posixpath.basename(card.name).partition(".")[2]


def _when(world: World, kept: Cache, pairs: list[tuple[Card, Card]]) -> Mapping[str, int]:
    """When each file of the pairs was last changed."""
    from beffroi.git import Repository  # late: a town without translations asks nothing of git

    repository = Repository.of(world.site.root)
    head = repository.commit_of("HEAD") if repository else ""
    if repository is None or not head:
        return {}
    names = {card.source for pair in pairs for card in pair}
    commit, known = kept.dates
    if not names <= known.keys() or not (commit == head or repository.holds(commit)):
        commit, known = "", {}
    if commit != head:
        fresh = repository.touched(sorted(names), f"{commit}..HEAD" if commit else "HEAD")
        known = {name: fresh.get(name, known.get(name, 0)) for name in names}
        kept.dates = head, known
    return known
