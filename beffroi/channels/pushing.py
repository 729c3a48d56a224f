"""The sender of Web Push: targets in, results out, hundreds in flight over a few connections, in one thread.

Target ─encoding─> body ─┐
Tokens ──> Authorization ┴─transport─> Reply ─vendors─> Result
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import urlsplit

from beffroi.channels.encoding import Unreadable, encode
from beffroi.channels.road import Road
from beffroi.channels.sending import WINDOW, Outgoing, Result, Target
from beffroi.channels.transport import Headers, Request, Transport
from beffroi.channels.vapid import Tokens
from beffroi.channels.vendors import result

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The only hosts that are spoken to in clear, for tests: a subscription of a citizen is always https."""


class WebPush:
    """One sender, for one thread: see `Sender`. `timeout` is one message's in seconds, `now` in seconds since 1970."""

    def __init__(
        self,
        tokens: Tokens,
        *,
        timeout: float,
        now: Callable[[], float] = time.time,
        transport: Callable[[float, int], Transport] = Road,
    ) -> None:
        self._tokens = tokens
        self._now = now
        self._transport = transport(timeout, WINDOW)

    def send(self, message: Outgoing, targets: Iterable[Target], *, stop: Callable[[], bool]) -> Iterator[Result]:
        """See `Sender`. Nothing more is launched once the vendor asked to be left alone."""
        batch = _Batch(self._tokens, self._now, message, targets)
        for reply in self._transport.exchange(batch.requests(), lambda: batch.closed or stop()):
            yield from batch.settled()
            found = result(reply, batch.host, self._now())
            batch.closed = batch.closed or found.outcome == "closed"
            yield found
        yield from batch.settled()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()


class _Batch:
    """One message on its way to one vendor's targets. `closed` once the vendor must be left alone."""

    def __init__(self, tokens: Tokens, now: Callable[[], float], message: Outgoing, targets: Iterable[Target]) -> None:
        self._tokens = tokens
        self._now = now
        self._message = message
        self._targets = targets
        self._done: deque[Result] = deque()
        self._headers: dict[str, Headers] = {}
        self._left = 0
        self.host = ""
        self.closed = False

    def requests(self) -> Iterator[Request]:
        """The requests, encoded as they are pulled; what cannot be sent goes to `settled`."""
        for target in self._targets:
            self.host = self.host or urlsplit(target.origin).netloc
            left = int(self._message.expires_at - self._now())
            if left <= 0:
                self._done.append(Result(target.id, "late", "trop tard pour être utile"))
            elif not _legible(target):
                self._done.append(Result(target.id, "refused", "adresse d’abonnement illisible"))
            else:
                try:
                    body = encode(self._message.payload, target.p256dh, target.auth, target.armed)
                except Unreadable:
                    self._done.append(Result(target.id, "refused", "clés d’abonnement illisibles"))
                else:
                    yield Request(target.id, target.endpoint, self._head(target, left), body)

    def settled(self) -> Iterator[Result]:
        """What was decided without asking the vendor, once."""
        while self._done:
            yield self._done.popleft()

    def _head(self, target: Target, left: int) -> Headers:
        """The headers, one object a second and a key. TTL is never 0, which would drop what a phone misses."""
        if left != self._left:
            self._left = left
            self._headers.clear()
        found = self._headers.get(target.key)
        if found is None:
            found = self._headers[target.key] = (
                ("Authorization", self._tokens.authorization(target.origin, target.key)),
                ("TTL", str(left)),
                ("Topic", self._message.topic),
                ("Urgency", self._message.urgency),
                ("Content-Encoding", "aes128gcm"),
                ("Content-Type", "application/octet-stream"),
            )
        return found


def _legible(target: Target) -> bool:
    """Whether the endpoint is an address of its vendor: https, printable ASCII, no room for another host or header."""
    endpoint, scheme = target.endpoint, target.origin.partition(":")[0]
    if not (endpoint.startswith(f"{target.origin}/") and endpoint.isascii() and endpoint.isprintable()):
        return False
    return " " not in endpoint and (scheme == "https" or (scheme == "http" and _loopback(target.origin)))


def _loopback(origin: str) -> bool:
    return urlsplit(origin).hostname in LOOPBACK
