"""A few HTTP/2 connections to each vendor, and the loop that keeps them busy."""

from __future__ import annotations

import select
import ssl
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator
from itertools import islice
from urllib.parse import urlsplit

from beffroi.channels.http2.connection import Broken, Connection
from beffroi.channels.http2.lobby import Lobby, trust
from beffroi.channels.http2.tls import NotSpoken
from beffroi.channels.sending import Leave
from beffroi.channels.transport import CONNECTIONS, FALSE, Reply, Request

TRIES = 2
"""How often a request that a vendor says it did not look at is launched again."""

BATCH = 60
"""Requests in flight from which on answers are left to gather for a `LULL`: one look at all of them costs no more."""

LULL = 0.001
QUIET = 0.05
"""Seconds without an answer after which the others are no longer waited for."""

UNREACHABLE = "est injoignable"


class Http2:
    """See `Transport`. `speaks` must have said yes to the vendor."""

    def __init__(
        self, timeout: float, window: int, now: Callable[[], float] = time.monotonic, lobby: Lobby | None = None
    ) -> None:
        self._timeout = timeout
        self._window = window
        self._now = now
        self._lobby = lobby
        self._trust = lobby.trust if lobby else trust()
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
        made = self._lobby.take(origin) if self._lobby else None
        made = made or Connection(origin, self._timeout, self._trust, self._now)
        self._connections[origin].append(made)
        return made

    def exchange(
        self, requests: Iterator[Request], stop: Callable[[], bool], leave: Leave
    ) -> Generator[Reply, None, list[Request]]:
        """See `Transport`. All requests are for one vendor; returns those that were pulled, then left to libcurl."""
        run = _Run(self, requests, stop, leave)
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
    """One call of `exchange`: requests are pulled and made `ready`, then `allowed`, then launched.

    Making them ready is most of the work: it is done while the vendor has the batch before in hand.
    """

    def __init__(self, road: Http2, requests: Iterator[Request], stop: Callable[[], bool], leave: Leave) -> None:
        self._road = road
        self._requests = requests
        self._stop = stop
        self._leave = leave
        self._ready: deque[Request] = deque()
        self._allowed: deque[Request] = deque()
        self._tries: Counter[int] = Counter()
        self._failed: list[Reply] = []
        self._more = True
        self._hurry = True
        self._over = False  # nothing more is allowed
        self._origin = ""
        self.left: list[Request] = []

    def replies(self) -> Iterator[Reply]:
        """Until nothing is in flight and nothing more is to be launched."""
        self._pull()
        if not self._ready:
            return
        parts = urlsplit(self._ready[0].url)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        yield from self._listen(0)
        while True:
            self._allow()
            self._launch()
            yield from self._taken()
            self._pull()
            if self._flying:
                yield from self._listen(QUIET if self._ready and self._flying < self._road._window else 0.5)
            elif self._mute:
                return self._depart()
            elif self._over or not (self._allowed or self._ready):
                return

    @property
    def _connections(self) -> list[Connection]:
        return self._road._connections.get(self._origin, [])

    @property
    def _flying(self) -> int:
        return sum(len(one.flights) for one in self._connections)

    @property
    def _mute(self) -> bool:
        return self._origin in self._road._mute

    def _pull(self) -> None:
        """Make ready as many as may be launched next."""
        missing = self._road._window - len(self._ready)
        if missing > 0 and not self._stop():
            self._ready.extend(islice(self._requests, missing))

    def _allow(self) -> None:
        """Ask for leave to launch what is ready."""
        if self._stop():
            self._leave.give_back(len(self._allowed))
            self._allowed.clear()
            self._ready.clear()
        flying = self._flying
        room = self._road._window - flying - len(self._allowed)
        if room > 0 and self._ready and not self._mute:
            granted = self._leave.take(len(self._ready), hurry=self._hurry)
            self._leave.give_back(max(0, granted - room))
            self._over = not (granted or self._allowed or flying)
            self._allowed.extend(self._ready.popleft() for _ in range(min(granted, room)))

    def _launch(self) -> None:
        """Launch what there is room for; what is allowed and finds none is the next to go."""
        alive = self._road._alive(self._origin)
        now = self._road._now()
        for one in alive:
            if self._allowed:
                one.launch(self._allowed, len(self._allowed), now)
            self._flush(one)
        while self._allowed and not self._mute and (self._more or not alive) and len(alive) < CONNECTIONS:
            if not self._launch_elsewhere():
                return
        if self._allowed and not self._flying:
            for one in alive:  # none takes anything, and nothing will change that
                one.lost()

    def _launch_elsewhere(self) -> bool:
        """All connections are busy: on a new one. With `_failed` where the vendor is out of reach. Whether there is one
        more now."""
        try:
            made = self._road._open(self._origin)
            if made.launch(self._allowed, len(self._allowed), self._road._now()):
                self._flush(made)
                return True
            made.lost()
            self._road._mute.add(self._origin)
        except NotSpoken:
            self._road._mute.add(self._origin)
        except OSError as error:
            self._more = False  # those that there are will do
            if not self._flying:  # nobody is there: so it is for all of them, or they would knock one by one
                trouble = FALSE if isinstance(error, ssl.SSLCertVerificationError) else UNREACHABLE
                self._failed += [Reply(one.id, trouble=trouble) for one in self._allowed]
                self._allowed.clear()
        return False

    def _depart(self) -> None:
        """What was not launched is left to libcurl, which asks for leave again."""
        self._leave.give_back(len(self._allowed))
        self.left = [*self._allowed, *self._ready]

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
        self._hurry = not replies
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
                self._allowed.append(request)
        connection.again.clear()
        return given_up

    def leave(self) -> None:
        """Cut what is in flight."""
        for one in self._connections:
            if one.flights:
                one.lost()
