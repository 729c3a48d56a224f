"""How many messages one process may leave in doubt, should it be killed: `DOUBT`, whatever it sends at once.

A message is in doubt from the instant at which it is launched until its answer is committed. Who sends to one vendor
has a *share*; what one vendor keeps waiting is never taken from the others' shares.
"""

from __future__ import annotations

from threading import Condition
from types import TracebackType
from typing import Self

from beffroi.channels.sending import DOUBT


class Doubt:
    """The account of one process. `spare` shares are left for who comes later, so that nobody waits for a slow vendor:
    for processes that do not know at first to how many vendors they will send at once."""

    def __init__(self, most: int = DOUBT, spare: int = 0) -> None:
        self.most, self.spare, self.used = most, spare, 0
        self.changed = Condition()
        self._shares: list[Share] = []

    def share(self, weight: int = 1) -> Share:
        """A new share, in proportion to how much there is to send; close it when all of it is sent."""
        made = Share(self, max(1, weight))
        with self.changed:
            self._shares.append(made)
            self._divide()
        return made

    def leave(self, share: Share) -> None:
        """Divide again among those who are left."""
        with self.changed:
            self._shares.remove(share)
            self.used -= share.used
            self._divide()
            self.changed.notify_all()

    def _divide(self) -> None:
        """Each has a few at least, the rest goes by weight; all together never more than `most`."""
        if not self._shares:
            return
        count = len(self._shares) + self.spare
        least = max(1, min(10, self.most // count))
        heaviest = max(one.weight for one in self._shares)
        whole = sum(one.weight for one in self._shares) + self.spare * heaviest
        rest = max(0, self.most - least * count)
        for one in self._shares:
            one.limit = least + rest * one.weight // whole


class Share:
    """One vendor's part; `limit` changes as others come and go."""

    def __init__(self, doubt: Doubt, weight: int) -> None:
        self._doubt, self.weight = doubt, weight
        self.limit = self.used = 0

    def take(self, wanted: int, patience: float = 0) -> int:
        """So many more may be launched; waits for `patience` seconds where others have everything."""
        with self._doubt.changed:
            if self._free() <= 0 and patience:
                self._doubt.changed.wait(patience)
            granted = max(0, min(wanted, self._free()))
            self.used += granted
            self._doubt.used += granted
        return granted

    def _free(self) -> int:
        return min(self.limit - self.used, self._doubt.most - self._doubt.used)

    def give(self, count: int) -> None:
        """Their answers are committed, or they were not launched."""
        with self._doubt.changed:
            self.used -= count
            self._doubt.used -= count
            self._doubt.changed.notify_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._doubt.leave(self)
