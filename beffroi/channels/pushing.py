"""The sender of Web Push: targets in, results out, hundreds in flight over a few connections, in one thread.

Target ─encoding─> body ─┐
Tokens ──> Authorization ┴─transport─> Reply ─vendors─> Result
"""

from __future__ import annotations

import encodings.idna  # noqa: F401  # at the first message it would cost it 3 ms
import os
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from urllib.parse import urlsplit

from beffroi.channels.encoding import ARMED, LARGEST, LAST, SALT, arm_all, seal
from beffroi.channels.road import Road
from beffroi.channels.sending import FREE, WINDOW, Leave, Outgoing, Result, Target
from beffroi.channels.transport import Headers, Request, Transport
from beffroi.channels.vapid import Tokens
from beffroi.channels.vendors import SENT, result

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
"""The only hosts that are spoken to in clear, for tests: a subscription of a citizen is always https."""

ILLEGIBLE = "adresse d’abonnement illisible"

PRINTABLE = bytes(range(0x21, 0x7F))

SOME = 50
"""Messages for which the clock is read, and random bytes are drawn, together."""

_request = partial(tuple.__new__, Request)  # a named tuple's own constructor takes three times as long
_result = partial(tuple.__new__, Result)


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

    def send(
        self, message: Outgoing, targets: Iterable[Target], *, stop: Callable[[], bool], leave: Leave = FREE
    ) -> Iterator[Result]:
        """See `Sender`. Nothing more is launched once the vendor asked to be left alone, or the message is over."""
        batch = _Batch(self._tokens, self._now, message, targets)
        over = lambda: batch.closed or batch.left() <= 0 or stop()  # noqa: E731
        for reply in self._transport.exchange(batch.requests(), over, leave):
            if batch.done:
                yield from batch.settled()
            if reply[1] in SENT:
                yield _result((reply[0], "sent", "", None, False, True))
                continue
            found = result(reply, batch.host, self._now())
            batch.closed = batch.closed or found.outcome == "closed"
            yield found
        if batch.left() <= 0 and not batch.closed and not stop():  # the others hear that it is too late
            for _ in batch.requests():
                pass
        yield from batch.settled()

    def close(self) -> None:
        """Close every connection."""
        self._transport.close()


class _Batch:
    """One message on its way to one vendor's targets. `closed` once the vendor must be left alone; `done` are those of
    which was decided without asking it."""

    def __init__(self, tokens: Tokens, now: Callable[[], float], message: Outgoing, targets: Iterable[Target]) -> None:
        if len(message.payload) > LARGEST:
            raise ValueError(f"{len(message.payload)} bytes, {LARGEST} fit")
        self._tokens = tokens
        self._now = now
        self._message = message
        self._targets = iter(targets)
        self._left = 0
        self.done: list[Result] = []
        self.host = ""
        self.closed = False

    def left(self) -> int:
        """Seconds until the message is of no use."""
        return int(self._message.expires_at - self._now())

    def requests(self) -> Iterator[Request]:
        """The requests, encoded as they are pulled; what cannot be sent goes to `settled`."""
        record = self._message.payload + LAST
        while some := list(islice(self._targets, SOME)):
            if (left := self.left()) <= 0:
                self.done += [Result(one.id, "late", "trop tard pour être utile", launched=False) for one in some]
                continue
            illegible, heads = self._illegible(some), self._heads(left, some[0].origin)
            keys = _armed(some)  # all of them first: what follows would push it out of the caches
            for (number, endpoint, _, _, _, _, key), armed, salt in zip(some, keys, _salts(len(some)), strict=True):
                if illegible and endpoint in illegible:
                    self.done.append(Result(number, "refused", ILLEGIBLE, launched=False))
                elif armed is None:
                    self.done.append(Result(number, "refused", "clés d’abonnement illisibles", launched=False))
                else:
                    yield _request((number, endpoint, heads[key], seal(record, armed, salt)))

    def settled(self) -> Iterator[Result]:
        """What was decided without asking the vendor, once."""
        done, self.done = self.done, []
        yield from done

    def _heads(self, left: int, origin: str) -> _Heads:
        """The headers by key, one object a second and a key. TTL is never 0, which would drop what a phone misses."""
        if left != self._left:
            self._left = left
            said = (
                ("TTL", str(left)),
                ("Topic", self._message.topic),
                ("Urgency", self._message.urgency),
                ("Content-Encoding", "aes128gcm"),
                ("Content-Type", "application/octet-stream"),
            )
            self._kept = _Heads(partial(self._tokens.authorization, origin), said)
        return self._kept

    def _illegible(self, targets: list[Target]) -> set[str]:
        """The endpoints that are no address of their vendor: https, printable ASCII, no room for another host or
        header."""
        if not self.host:
            origin = targets[0].origin
            self.host = origin.partition("://")[2]
            self._start = f"{origin}/" if _spoken(origin) else "nowhere"
        start, endpoints = self._start, [one[1] for one in targets]
        odd = _odd("".join(endpoints))  # all of them at once, as that costs no more than one
        return {one for one in endpoints if not one.startswith(start) or (odd and _odd(one))}


def _salts(count: int) -> list[bytes]:
    """So many, drawn together."""
    drawn = os.urandom(SALT * count)
    return [drawn[place : place + SALT] for place in range(0, len(drawn), SALT)]


def _armed(targets: list[Target]) -> list[bytes | None]:
    """Their key material, made now where there is none, or where another version of ours made it; None where somebody's
    keys are unreadable."""
    ahead = [one[5] if one[5] is not None and len(one[5]) == ARMED else None for one in targets]
    if None not in ahead:
        return ahead
    made = iter(arm_all([(one[3], one[4]) for one, material in zip(targets, ahead, strict=True) if material is None]))
    return [next(made) if material is None else material for material in ahead]


class _Heads(dict[str, Headers]):
    """The headers for each of our public keys, made when they are first asked for."""

    def __init__(self, authorization: Callable[[str], str], said: Headers) -> None:
        self._authorization, self._said = authorization, said

    def __missing__(self, key: str) -> Headers:
        found = self[key] = (("Authorization", self._authorization(key)), *self._said)
        return found


def _odd(text: str) -> bool:
    """Whether there is anything in it but printable ASCII."""
    return not text.isascii() or bool(text.encode("ascii").translate(None, PRINTABLE))


def _spoken(origin: str) -> bool:
    """Whether that is the name of a machine and, but for this one, https: what no resolver can be asked is refused here,
    and stops nobody else."""
    try:
        parts = urlsplit(origin)
        host, _ = (parts.hostname or "").encode("idna"), parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK))
