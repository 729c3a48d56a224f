"""Which items a page recommends: those that share the most with it among its near elders.

An item looks back only: of each of its tags, and of its category, at the few that came just before it (where there are
too few, at those just after). A new item then changes no page but its own, and an edit reaches a bounded number of
pages however large the archive is.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping

from beffroi.site.cards import Card

REACH = 8
"""How many elders of each tag are looked at."""
COUNT = 3

Traits = tuple[float, str, str, bool, tuple[str, ...]]
"""What decides: instant, id, category, whether it is an alert, tags."""


class Related:
    """The recommendations of one build; `before` is the table that the former one left, `{id: (traits, ids)}`."""

    def __init__(self, cards: Iterable[Card], before: Mapping[str, tuple[Traits, tuple[str, ...]]]) -> None:
        self._traits = {c.id: (c.since, c.id, c.category, c.alert, c.tags) for c in cards}
        self._before = before
        changed = [i for i, traits in self._traits.items() if i not in before or before[i][0] != traits]
        gone = [i for i in before if i not in self._traits]
        self.table: dict[str, tuple[Traits, tuple[str, ...]]] = {} if changed or gone else dict(before)
        if self.table:
            return
        again = self._reached({*changed, *gone})
        for item_id, traits in self._traits.items():
            known = item_id in before and item_id not in again
            self.table[item_id] = before[item_id] if known else (traits, self._choose(traits))

    def of(self, item_id: str) -> tuple[str, ...]:
        """The ids that this item's page recommends, best first."""
        return self.table[item_id][1]

    def _reached(self, changed: set[str]) -> set[str]:
        """Those whose neighbours may have changed: near a changed item, where it was or where it is."""
        former = _groups(traits for traits, _ in self._before.values())
        self._now = _groups(self._traits.values())
        reached = set(changed)
        for item_id in changed:
            for groups, traits in (
                (former, self._before.get(item_id, (None,))[0]),
                (self._now, self._traits.get(item_id)),
            ):
                for name in _names(traits) if traits else ():
                    at = bisect_left(groups.get(name, []), traits[:2])  # type: ignore[index]
                    reached |= {near[1] for near in groups.get(name, [])[max(0, at - REACH - 1) : at + REACH + 2]}
        return reached

    def _choose(self, own: Traits) -> tuple[str, ...]:
        near: dict[str, Traits] = {}
        for name in _names(own):
            group = self._now.get(name, [])
            at = bisect_left(group, own[:2])
            elders = group[max(0, at - REACH) : at]
            after = at + (at < len(group) and group[at] == own[:2])
            for _, item_id in [*elders, *group[after : after + REACH - len(elders)]]:
                if not self._traits[item_id][3]:  # an alert is never recommended
                    near[item_id] = self._traits[item_id]
        ranked = sorted(near.values(), key=lambda other: (-_shared(own, other), -other[0], other[1]))
        return tuple(other[1] for other in ranked[:COUNT])


def _names(traits: Traits) -> list[str]:
    return [f"/{traits[2]}", *traits[4]]


def _groups(all_traits: Iterable[Traits]) -> dict[str, list[tuple[float, str]]]:
    """Of each tag and each category, its items from the oldest."""
    groups: dict[str, list[tuple[float, str]]] = {}
    for traits in sorted(all_traits):
        for name in _names(traits):
            groups.setdefault(name, []).append(traits[:2])
    return groups


def _shared(one: Traits, other: Traits) -> int:
    return 2 * len(set(one[4]) & set(other[4])) + (one[2] == other[2])
