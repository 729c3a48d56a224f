"""Whom an announcement concerns: a question put to a citizen's choices, cheap enough for a million of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Self

from beffroi.records import dataclass


@dataclass(frozen=True, slots=True)
class Choice:
    """What a citizen chose. No category is all of them, no area the whole commune; `alerts_only` hears of alerts only,
    of every category."""

    categories: frozenset[str] = frozenset()
    areas: frozenset[str] = frozenset()
    alerts_only: bool = False

    @classmethod
    def read(cls, categories: str, areas: str, alerts_only: int) -> Self:
        """Of the columns of `subscriptions`."""
        return cls(frozenset(json.loads(categories)), frozenset(json.loads(areas)), bool(alerts_only))


@dataclass(frozen=True, slots=True)
class Interest:
    """What one revision of an item is about. No area is the whole commune."""

    category: str
    areas: tuple[str, ...] = ()
    alert: bool = False

    def concerns(self, choice: Choice) -> bool:
        """Whether somebody who chose so wants to hear of it."""
        if choice.alerts_only:
            if not self.alert:
                return False
        elif choice.categories and self.category not in choice.categories:
            return False
        return not choice.areas or not self.areas or not choice.areas.isdisjoint(self.areas)


@dataclass(frozen=True, slots=True)
class Audience:
    """Whoever is concerned by one interest at least of each group of `every`, and by none of those of `none`.

    An item is one group; its update is the same group and its own, so that who heard the first words hears the next;
    a summary is one group for each item that it sums up, and `none` holds those of the night that it leaves out.
    """

    every: tuple[tuple[Interest, ...], ...]
    none: tuple[Interest, ...] = ()

    def admits(self, choice: Choice) -> bool:
        """Whether it is meant for somebody who chose so."""
        return all(any(one.concerns(choice) for one in group) for group in self.every) and not any(
            one.concerns(choice) for one in self.none
        )

    def dumped(self) -> str:
        """As the ledger keeps it."""
        return json.dumps([[[_raw(one) for one in group] for group in self.every], [_raw(one) for one in self.none]])

    @classmethod
    def read(cls, text: str) -> Self:
        """Of the ledger; what nobody was told of concerns nobody."""
        every, none = json.loads(text) if text else ([[]], [])
        return cls(tuple(tuple(map(_interest, group)) for group in every), tuple(map(_interest, none)))


def of(*interests: Interest) -> Audience:
    """Whoever is concerned by one of them."""
    return Audience((tuple(dict.fromkeys(interests)),))


def _raw(one: Interest) -> list[object]:
    return [one.category, list(one.areas), one.alert]


def _interest(raw: Sequence[object]) -> Interest:
    category, areas, alert = raw
    return Interest(str(category), tuple(areas), bool(alert))  # type: ignore[arg-type]  # written by `_raw`
