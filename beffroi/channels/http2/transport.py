"""A few HTTP/2 connections to each vendor, and the loop that keeps them busy."""

from __future__ import annotations

import select
import ssl
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from urllib.parse import urlsplit

from beffroi.channels.http2.connection import Broken, Connection
from beffroi.channels.http2.tls import NotSpoken
from beffroi.channels.transport import CONNECTIONS, Reply, Request, authorities

TRIES = 2
"""How often a request that a vendor says it did not look at is launched again."""

BATCH = 60
"""Requests that are launched together, and their answers read together, where there are so many: a system call, a TLS
record and, for who keeps the books, a commit serve them all."""

LULL = 0.001
"""Seconds that answers are left to gather, where more than a batch is in flight."""

UNREACHABLE = "est injoignable"


class Http2:
    """See `Transport`. `speaks` must have said yes to the vendor."""

    def __init__(self, timeout: float, window: int, now: Callable[[], float] = time.monotonic) -> None:
        self._timeout = timeout
        self._window = window
        self._now = now
        self._context = ssl.create_default_context(cafile=authorities())
        self._context.set_alpn_protocols(["h2", "http/1.1"])
        self._connections: dict[str, list[Connection]] = {}
        self._mute: set[str] = set()

    def speaks(self, origin: str) -> bool:
        """Whether that vendor speaks HTTP/2 with us; one that is out of reach may do."""
        if origin not in self._mute and not self._alive(origin):
            try:
                self._open(origin)
            except NotSpoken:
                self._mute.add(origin)
            except OSError:
                pass  # `exchange` says so, for each request
        return origin not in self._mute

    def _alive(self, origin: str) -> list[Connection]:
        """The connections to that vendor that are in use; the others are closed."""
        every = self._connections.setdefault(origin, [])
        for one in every:
            if one.misfit:
                self._mute.add(origin)
            if one.closing and not one.flights:
                one.lost()
        every[:] = [one for one in every if one.flights or not one.closing]
        return every

    def _open(self, origin: str) -> Connection:
        made = Connection(origin, self._timeout, self._context, self._now)
        self._connections[origin].append(made)
        return made

    def exchange(self, requests: Iterator[Request], stop: Callable[[], bool]) -> Generator[Reply, None, list[Request]]:
        """See `Transport`. All requests are for one vendor; returns those that were pulled, then left to libcurl."""
        run = _Run(self, requests, stop)
        try:
            yield from run.replies()
            return run.left
        finally:
            run.leave()

    def close(self) -> None:
        """Close every connection."""
        for every in self._connections.values():
            for one in every:
                one.lost()
        self._connections.clear()


class _Run:
    """One call of `exchange`."""

    def __init__(self, road: Http2, requests: Iterator[Request], stop: Callable[[], bool]) -> None:
        self._road = road
        self._requests = requests
        self._stop = stop
        self._again: list[Request] = []
        self._tries: Counter[int] = Counter()
        self._failed: list[Reply] = []
        self._more = True
        self._origin = ""
        self.left: list[Request] = []

    def replies(self) -> Iterator[Reply]:
        """Until nothing is in flight and nothing more is to be launched."""
        pending = self._pull()
        if pending is None:
            return
        parts = urlsplit(pending.url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        yield from self._listen(0)
        while True:
            pending = self._launch(pending)
            for one in self._connections:
                self._flush(one)
            yield from self._taken()
            if any(one.flights for one in self._connections):
                yield from self._listen(0.5)
            elif self._origin in self._road._mute or not (pending or self._again):
                self.left = [*([pending] if pending else []), *self._again]
                return

    @property
    def _connections(self) -> list[Connection]:
        return self._road._connections.get(self._origin, [])

    def _pull(self) -> Request | None:
        """The next request: one to launch again, else a new one."""
        if self._again:
            return self._again.pop()
        return None if self._stop() else next(self._requests, None)

    def _launch(self, pending: Request | None) -> Request | None:
        """Launch a batch where there is room for one; the request that found none is returned, to be the next."""
        if self._stop():
            self._again.clear()
            return None
        alive = self._road._alive(self._origin)
        flying = sum(len(one.flights) for one in alive)
        room = self._road._window - flying
        if (room < min(BATCH, self._road._window) and flying) or self._origin in self._road._mute:
            return pending
        now = self._road._now()
        pending = pending or self._pull()
        for one in alive:
            while pending and room > 0 and one.takes(len(pending.body)):
                one.launch(pending, now)
                room -= 1
                pending = self._pull() if room else None
        if pending and room and (self._more or not alive) and len(alive) < CONNECTIONS:
            return self._launch_elsewhere(pending)
        if pending and not any(one.flights for one in alive):
            for one in alive:  # none takes anything, and nothing will change that
                one.lost()
        return pending

    def _launch_elsewhere(self, request: Request) -> Request | None:
        """All connections are busy: on a new one. With `_failed` where the vendor is out of reach."""
        try:
            made = self._road._open(self._origin)
            if made.takes(len(request.body)):
                made.launch(request, self._road._now())
                return None
            made.lost()
            self._road._mute.add(self._origin)
        except NotSpoken:
            self._road._mute.add(self._origin)
        except OSError:
            self._more = False  # those that there are will do
            if not any(one.flights for one in self._connections):
                self._give_up(request)
                return None
        return request

    def _give_up(self, request: Request) -> None:
        """Nobody is there: so it is for a whole window of requests, or a million of them would knock one by one."""
        self._failed.append(Reply(request.id, trouble=UNREACHABLE))
        while len(self._failed) < self._road._window and (other := self._pull()) is not None:
            self._failed.append(Reply(other.id, trouble=UNREACHABLE))

    def _taken(self) -> list[Reply]:
        taken, self._failed = self._failed, []
        return taken

    def _flush(self, connection: Connection) -> None:
        try:
            connection.flush()
        except Broken:
            self._failed.extend(connection.lost())

    def _listen(self, patience: float) -> list[Reply]:
        """Wait for something to happen; what was answered, lost or is overdue."""
        replies: list[Reply] = []
        poll, by_number = select.poll(), {}
        for one in self._connections:
            if (number := one.fileno()) >= 0:
                by_number[number] = one
                poll.register(number, select.POLLIN | (select.POLLOUT if one.waiting else 0))
        if by_number and (events := poll.poll(self._patience(patience) * 1000)):
            if sum(len(one.flights) for one in self._connections) > BATCH:
                time.sleep(LULL)
            for number, event in events:
                if event & ~select.POLLOUT:
                    replies += by_number[number].receive()
        before = self._road._now() - self._road._timeout
        for one in self._connections:
            replies += one.overdue(before)
            replies += self._retried(one)
        return replies

    def _patience(self, most: float) -> float:
        """Seconds until the first request is overdue, `most` at most."""
        first = min((next(iter(one.flights.values())).launched for one in self._connections if one.flights), default=0)
        return max(0.0, min(most, first + self._road._timeout - self._road._now())) if first else most

    def _retried(self, connection: Connection) -> list[Reply]:
        """What the vendor did not look at goes out again, a few times at most."""
        given_up = []
        for request in connection.again:
            self._tries[request.id] += 1
            if self._tries[request.id] > TRIES:
                given_up.append(Reply(request.id, trouble="a coupé la connexion"))
            else:
                self._again.append(request)
        connection.again.clear()
        return given_up

    def leave(self) -> None:
        """Cut what is in flight."""
        for one in self._connections:
            if one.flights:
                one.lost()
