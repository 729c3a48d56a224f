"""One writer of SQLite at a time within a process, first come, first served.

SQLite itself makes writers sleep and try again, in no order: of several threads that commit every few milliseconds, one
may find the door closed for half a minute, and fail.
"""

from __future__ import annotations

from collections import deque
from threading import Lock
from types import TracebackType


class Turns:
    """A lock that is handed over in the order of coming. Not to be entered twice by the same thread."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._waiting: deque[Lock] = deque()
        self._busy = False

    def __enter__(self) -> None:
        mine = Lock()
        with self._guard:
            if not self._busy:
                self._busy = True
                return
            mine.acquire()
            self._waiting.append(mine)
        try:
            mine.acquire()
        except BaseException:  # Ctrl-C while waiting: leave the queue, or pass on what was just handed over
            with self._guard:
                left = mine in self._waiting
                if left:
                    self._waiting.remove(mine)
            if not left:
                self._next()
            raise

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._next()

    def _next(self) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._busy = False
