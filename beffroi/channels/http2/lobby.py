"""Connections that are opened ahead, while something else is being done: a message then leaves at once.

To open one takes three times a vendor's latency (TCP, TLS, settings), in which nobody has anything to do.
"""

from __future__ import annotations

import select
import ssl
import time
from collections import defaultdict
from collections.abc import Callable
from threading import Lock, Thread

from beffroi.channels.http2.connection import Broken, Connection
from beffroi.channels.http2.tls import NotSpoken
from beffroi.channels.transport import authorities

PATIENT = 30.0
"""Seconds after which a connection that nobody used is given up: vendors, and what lies between, close idle ones."""


def trust() -> ssl.SSLContext:
    """How vendors prove who they are. Reading all authorities takes 20 ms: share it."""
    context = ssl.create_default_context(cafile=authorities())
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


class Lobby:
    """Connections by vendor; each is taken once. `timeout` in seconds, for each step of opening one."""

    def __init__(self, timeout: float, now: Callable[[], float] = time.monotonic) -> None:
        self.trust = trust()
        self._timeout, self._now = timeout, now
        self._lock = Lock()
        self._there: dict[str, list[Connection]] = defaultdict(list)
        self._coming: dict[str, list[Thread]] = defaultdict(list)

    def expect(self, origin: str, count: int) -> None:
        """Begin to open so many to that vendor; what fails is forgotten, whoever sends will meet it again."""
        for _ in range(count):
            thread = Thread(target=self._open, args=(origin,), name=f"lobby {origin}", daemon=True)
            self._coming[origin].append(thread)
            thread.start()

    def _open(self, origin: str) -> None:
        try:
            made = Connection(origin, self._timeout, self.trust, self._now)
        except (OSError, NotSpoken):
            return
        with self._lock:
            self._there[origin].append(made)

    def take(self, origin: str) -> Connection | None:
        """One that is good, waiting for one that is on its way: to open another would take longer. None: there is
        none."""
        while True:
            with self._lock:
                found = self._there[origin].pop() if self._there[origin] else None
                thread = self._coming[origin].pop(0) if self._coming[origin] else None
            if found is not None and self._good(found):
                return found
            if thread is None and found is None:
                return None
            if thread is not None:
                thread.join()

    def _good(self, connection: Connection) -> bool:
        """Whether it can be used still: what the vendor said meanwhile is read."""
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLIN)
        try:
            if poll.poll(0):
                connection.receive()
        except Broken:
            return False
        if connection.closing or connection.misfit or self._now() - connection.heard > PATIENT:
            connection.lost()
            return False
        return True

    def close(self) -> None:
        """Close what nobody took."""
        with self._lock:
            for one in [one for every in self._there.values() for one in every]:
                one.lost()
            self._there.clear()
