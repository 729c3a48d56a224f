"""Which way a vendor's messages go: our HTTP/2 where the vendor speaks it with us, libcurl everywhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from urllib.parse import urlsplit

from beffroi.channels.http2.lobby import Lobby
from beffroi.channels.http2.transport import Http2
from beffroi.channels.sending import Leave
from beffroi.channels.transport import Curl, Reply, Request


class Road:
    """See `Transport`. A vendor with whom our HTTP/2 went wrong once is libcurl's from then on. `lobby` has
    connections that were opened ahead."""

    def __init__(self, timeout: float, window: int, lobby: Lobby | None = None) -> None:
        self._timeout = timeout
        self._window = window
        self._lobby = lobby
        self._fast: Http2 | None = None
        self._slow: Curl | None = None

    def exchange(self, requests: Iterator[Request], stop: Callable[[], bool], leave: Leave) -> Iterator[Reply]:
        """See `Transport`. All requests are for one vendor."""
        first = None if stop() else next(requests, None)
        if first is None:
            return
        left = [first]
        parts = urlsplit(first.url)
        if parts.scheme == "https":
            self._fast = self._fast or Http2(self._timeout, self._window, lobby=self._lobby)
            if self._fast.speaks(f"https://{parts.netloc}"):
                left = yield from self._fast.exchange(chain(left, requests), stop, leave)
        if left:
            self._slow = self._slow or Curl(self._timeout, self._window)
            yield from self._slow.exchange(chain(left, requests), stop, leave)

    def close(self) -> None:
        """Close every connection."""
        for one in (self._fast, self._slow):
            if one is not None:
                one.close()
