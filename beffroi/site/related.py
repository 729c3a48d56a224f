"""Which items a page recommends: those that share the most with it among its near elders.

An item looks back only: of each of its tags, and of its category, at the few that came just before it (where there are
too few, at those just after). A new item then changes no page but its own, and an edit reaches a bounded number of
pages however large the archive is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping
from functools import cached_property

from beffroi.site.cards import Card

REACH = 8
"""How many elders of each tag are looked at."""
COUNT = 3

Traits = tuple[float, str, str, bool, tuple[str, ...]]
"""What decides: instant, id, category, whether it is an alert, tags."""


class Related:
    """The recommendations of one build. `before` is the table that the former one left, `{id: ids}`; `former` are those of
    its cards that are others now (`None`: it had none), of whatever kind."""

    def __init__(
        self, cards: Iterable[Card], before: Mapping[str, tuple[str, ...]], former: Mapping[str, Card | None]
    ) -> None:
        self._cards = {card.id: card for card in cards}
        known = {i: _traits(one) for i in former if (one := former[i]) and _recommends(one)}
        now = {i: _traits(self._cards[i]) for i in former if i in self._cards}
        changed = {i for i in former if known.get(i) != now.get(i)}
        if before and before.keys() ^ self._cards.keys() <= changed:
            self.reached = self._reached(changed, known) if changed else set()
        else:
            self.reached = set(self._cards)
        self.table = {i: before[i] for i in self._cards if i not in self.reached} if self.reached else dict(before)
        if self.reached:
            self.table |= {i: self._choose(traits) for i, traits in self._traits.items() if i in self.reached}

    def of(self, item_id: str) -> tuple[str, ...]:
        """The ids that this item's page recommends, best first."""
        return self.table[item_id]

    @cached_property
    def _traits(self) -> dict[str, Traits]:
        return {card.id: _traits(card) for card in self._cards.values()}

    @cached_property
    def _now(self) -> dict[str, list[Traits]]:
        return _groups(self._traits.values())

    def _reached(self, changed: set[str], known: Mapping[str, Traits]) -> set[str]:
        """Those whose neighbours may have changed: near a changed item, where it was or where it is."""
        before = {i: traits for i, traits in self._traits.items() if i not in changed}
        before |= {i: known[i] for i in changed if i in known}
        former = _groups(before.values())
        reached = set(changed)
        for item_id in changed:
            for groups, traits in ((former, before.get(item_id)), (self._now, self._traits.get(item_id))):
                for name in _names(traits) if traits else ():
                    at = bisect_left(groups.get(name, []), traits[:2])  # type: ignore[index]
                    reached |= {near[1] for near in groups.get(name, [])[max(0, at - REACH - 1) : at + REACH + 2]}
        return reached

    def _choose(self, own: Traits) -> tuple[str, ...]:
        near: dict[str, Traits] = {}
        for name in _names(own):
            group = self._now.get(name, [])
            at = bisect_left(group, own)
            elders = group[max(0, at - REACH) : at]
            after = at + (at < len(group) and group[at] == own)
            near |= {other[1]: other for other in [*elders, *group[after : after + REACH - len(elders)]]}
        category, shared = own[2], set(own[4]).intersection
        ranked = sorted(
            (-2 * len(shared(tags)) - (of == category), -since, item_id)
            for since, item_id, of, alert, tags in near.values()
            if not alert  # which is never recommended
        )
        return tuple(item_id for _, _, item_id in ranked[:COUNT])


def _recommends(card: Card) -> bool:
    """Whether it is an item that stands, and no translation."""
    return bool(card.category and not card.withdrawn and not card.language)


def _traits(card: Card) -> Traits:
    return card.since, card.id, card.category, card.alert, card.tags


def _names(traits: Traits) -> list[str]:
    return [f"/{traits[2]}", *traits[4]]


def _groups(all_traits: Iterable[Traits]) -> dict[str, list[Traits]]:
    """Of each tag and each category, its items from the oldest."""
    groups: dict[str, list[Traits]] = {}
    for traits in sorted(all_traits):
        for name in _names(traits):
            groups.setdefault(name, []).append(traits)
    return groups
