"""What became of the messages of one run, for whoever reports it."""

from __future__ import annotations

from collections import Counter
from dataclasses import field, replace

from beffroi.records import dataclass


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of the messages. `owed` are left for a next run, `held` of them until a morning; `late` were dropped,
    too late to be of use; `failed` were refused for our fault, and stay owed unless the subscription itself is at
    fault; `alarms` are French sentences: what somebody must look after, a vendor or the database.

    `by_reason` counts the answers that were not "sent", in French, retried ones included.
    """

    told: int = 0
    gone: int = 0
    failed: int = 0
    owed: int = 0
    late: int = 0
    by_reason: dict[str, int] = field(default_factory=dict)
    held: int = 0
    alarms: tuple[str, ...] = ()

    @property
    def settled(self) -> int:
        """How many have their answer."""
        return self.told + self.gone + self.failed + self.late

    def then(self, last: Delivered) -> Delivered:
        """Both together, what is left being as the last one says."""
        reasons = Counter(self.by_reason) + Counter(last.by_reason)
        return replace(
            last,
            told=self.told + last.told,
            gone=self.gone + last.gone,
            failed=self.failed + last.failed,
            late=self.late + last.late,
            by_reason=dict(reasons.most_common()),
            alarms=tuple(dict.fromkeys((*self.alarms, *last.alarms))),
        )

    def sentences(self) -> list[str]:
        """The report for the agent."""
        told, gone = _plural(self.told, "prévenu"), _plural(self.gone, "désabonné")
        held = f", dont {_plural(self.held, 'retenu')} jusqu’au matin" if self.held else ""
        head = f"{told}, {gone}, {self.failed} en échec, {self.owed} à envoyer plus tard{held}"
        late = [f"trop tard pour être utile : {self.late}"] if self.late else []
        return [head, *late, *(f"{count} × {reason}" for reason, count in self.by_reason.items()), *self.alarms]


def _plural(count: int, word: str) -> str:
    """French: from two on."""
    return f"{count} {word}{'s' if count > 1 else ''}"
