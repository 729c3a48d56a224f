"""One connection to a vendor: frames out, frames in, and which requests are in flight (RFC 9113)."""

from __future__ import annotations

import ssl
import struct
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from beffroi.channels.http2.fields import TABLE, Fields, fields, quick, status
from beffroi.channels.http2.tls import Tls
from beffroi.channels.transport import Headers, Reply, Request

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PUSH, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 7, 8, 9
END_STREAM, ACK, END_HEADERS, PADDED, PRIORITY = 1, 1, 4, 8, 32
TABLE_SIZE, ENABLE_PUSH, STREAMS, INITIAL_WINDOW = 1, 2, 3, 4
REFUSED, CANCEL = 7, 8
MISFIT = frozenset({1, 3, 6, 9, 12, 13})
"""Errors that say that we do not understand one another: protocol, flow control, frame size, compression, security,
and "use HTTP/1.1"."""

FRAME = 16384
"""Bytes of the largest frame that anybody must accept."""

FLOW = 65535
"""Bytes that may be sent before the far side says more (RFC 9113, section 6.9.2)."""

LAST_STREAM = 2**30
_DRESSED = PADDED | PRIORITY
_WHOLE = END_STREAM | END_HEADERS
_HEAD = struct.Struct(">HBBBI")  # a length of 24 bits is written as 16 and 8
_SETTING = struct.Struct(">HI")

CUT = "a coupé la connexion"
LATE = "ne répond pas à temps"


class Broken(Exception):
    """The connection is over: by the far side's will, or because it said what cannot be understood."""


class Flight(NamedTuple):
    """A request on its way: `launched` by the connection's clock; `end` is its last byte's place in the stream."""

    request: Request
    launched: float
    end: int


_reply = partial(tuple.__new__, Reply)
_flight = partial(tuple.__new__, Flight)  # a named tuple's own constructor takes three times as long


def _head(kind: int, flags: int, size: int) -> bytes:
    """A frame's head, but for its stream."""
    return _HEAD.pack(size >> 8, size & 255, kind, flags, 0)[:5]


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """One frame."""
    size = len(payload)
    return _HEAD.pack(size >> 8, size & 255, kind, flags, stream) + payload


class Connection:
    """`again` collects requests that the far side did not look at: they may go out once more.

    `closing` once no more may be launched; `misfit` once libcurl should be asked instead.
    """

    def __init__(self, origin: str, timeout: float, context: ssl.SSLContext, now: Callable[[], float]) -> None:
        self._now = now
        self._tls = Tls(origin, timeout, context)
        self._origin = origin
        self._in = b""
        self._out = bytearray(PREFACE + frame(SETTINGS, 0, 0, _settings({TABLE_SIZE: 0, ENABLE_PUSH: 0})))
        self._queued = len(self._out)
        self._left = 0  # the place of the last byte that was handed to TLS
        self._next = 1
        self._streams = 100
        self._flow = FLOW
        self._first_flow = FLOW
        self._table = TABLE
        self._greeted = False
        self._headers: tuple[int, int, bytes] | None = None  # a block that goes on in a CONTINUATION
        self.flights: dict[int, Flight] = {}
        self._heads: dict[int, Reply] = {}  # answers whose body is still to come
        self.again: list[Request] = []
        self.heard = now()
        self.closing = False
        self.misfit = False
        self._greet()
        self._fields = Fields(urlsplit(origin).netloc, self._table)
        self._said: Headers = ()
        self._shapes: dict[tuple[int, int], tuple[bytes, bytes, bytes, int]] = {}

    def _greet(self) -> None:
        """Exchange settings, so that the first request respects the vendor's. Raises `OSError`."""
        try:
            self.flush()
            while not self._greeted:
                self.receive()
            self._tls.let_go()
        except (Broken, OSError) as error:
            self._tls.close()
            raise OSError(str(error)) from error

    def fileno(self) -> int:
        """For selectors."""
        return self._tls.fileno()

    @property
    def waiting(self) -> bool:
        """Whether something is left to be written."""
        return bool(self._out) or self._tls.waiting

    def launch(self, queue: deque[Request], most: int, now: float) -> int:
        """Take from the queue what fits, `most` at most; return how many that was."""
        out: list[bytes] = []
        room = 0 if self.closing else min(most, len(queue), self._streams - len(self.flights))
        skip, count = len(self._origin), 0
        while count < room:
            request = queue[0]
            _, url, headers, body = request
            size, stream = len(body), self._next
            if size > self._flow or size > self._first_flow:
                break
            queue.popleft()
            path = url[skip:].encode("ascii")
            if headers is not self._said:
                self._said, self._shapes = headers, {}
            shape = self._shapes.get((len(path), size)) or self._shape(len(path), size)
            number = stream.to_bytes(4, "big")
            out += (shape[0], number, shape[1], path, shape[2], number, body)
            self._flow -= size
            self._queued += shape[3]
            self._next = stream + 2
            self.flights[stream] = _flight((request, now, self._queued))
            count += 1
        self._out += b"".join(out)
        self.closing = self.closing or self._next > LAST_STREAM
        return count

    def _shape(self, path: int, size: int) -> tuple[bytes, bytes, bytes, int]:
        """A request with such a path and body: its two frames before the stream's number, before the path, and between
        the path and that number again; its bytes in all. Kept while the headers are the same."""
        before, after = self._fields.around(self._said, path, size)
        block = len(before) + path + len(after)
        shape = _head(HEADERS, END_HEADERS, block), before, after + _head(DATA, END_STREAM, size), 18 + block + size
        if self._fields.known(self._said):
            self._shapes[path, size] = shape
        return shape

    def flush(self) -> None:
        """Write what can be written. Raises `Broken`."""
        try:
            if self._out and not self._tls.waiting:
                self._tls.write(self._out)
                self._out.clear()
                self._left = self._queued
            self._tls.flush()
        except OSError as error:
            raise Broken(CUT) from error

    def receive(self) -> list[Reply]:
        """Read all that is there; the replies in it, and what was in flight if that was the end."""
        replies: list[Reply] = []
        try:
            self._in += self._tls.read()
            self._parse(replies)
            if replies:
                self.heard = self._now()
        except (OSError, ValueError, IndexError, struct.error) as error:
            self.misfit = self.misfit or not isinstance(error, OSError)
            replies.extend(self.lost())
        if self._tls.ended:
            replies.extend(self.lost())
        if self._tls.fileno() < 0 and not self._greeted:
            raise Broken(CUT)
        return replies

    def _parse(self, replies: list[Reply]) -> None:
        data, place, size, flights = self._in, 0, len(self._in), self.flights
        while size - place >= 9:
            upper, lower, kind, flags, stream = _HEAD.unpack_from(data, place)
            end = place + 9 + (upper << 8 | lower)
            if end - place > FRAME + 9:
                raise ValueError("a frame that is too large")
            if size < end:
                break
            if kind == RST and stream not in flights:
                pass  # nginx resets each stream that it has answered
            elif (  # the usual answer, which has no body and asks for no pause
                kind == HEADERS
                and flags == _WHOLE
                and 200 <= (number := quick(data[place + 9 : min(place + 15, end)])) < 429
                and stream in flights
                and not (self._headers or stream in self._heads)
            ):
                replies.append(_reply((flights.pop(stream)[0][0], number, "", "", False, False)))
            else:
                self._frame(kind, flags, stream & 0x7FFFFFFF, data[place + 9 : end], replies)
            place = end
        self._in = data[place:]

    def _frame(self, kind: int, flags: int, stream: int, payload: bytes, replies: list[Reply]) -> None:
        if self._headers and kind != CONTINUATION:
            raise ValueError("a header block that does not go on")
        if kind == HEADERS:
            self._begun(flags, stream, _bare(flags, payload) if flags & _DRESSED else payload, replies)
            return
        if kind == CONTINUATION:
            if not self._headers or self._headers[1] != stream:
                raise ValueError("a header block that never began")
            first, _, block = self._headers
            self._headers = None
            self._begun(first & ~END_HEADERS | flags & END_HEADERS, stream, block + payload, replies)
        elif kind == DATA and flags & END_STREAM:
            self._ended(stream, replies)
        elif kind == RST:
            self._reset(stream, int.from_bytes(payload[:4], "big"), replies)
        elif kind in {SETTINGS, PING} and not flags & ACK:
            self._obey(kind, payload)
        elif kind == WINDOW and not stream:
            self._flow += int.from_bytes(payload[:4], "big") & 0x7FFFFFFF
        elif kind == GOAWAY:
            self._leaving(payload)
        elif kind == PUSH:
            raise ValueError("a pushed answer, which was declined")
        if kind == DATA and payload:  # we read all that comes, and at once
            self._send(frame(WINDOW, 0, 0, len(payload).to_bytes(4, "big")))

    def _begun(self, flags: int, stream: int, block: bytes, replies: list[Reply]) -> None:
        """A header block: an answer's, or what follows its body."""
        if not flags & END_HEADERS:
            if len(block) > 4 * FRAME:
                raise ValueError("a header block that is too large")
            self._headers = (flags, stream, block)
            return
        flight = self.flights.get(stream)
        if flight is not None and stream not in self._heads:
            number = status(block)
            if number >= 200:
                pause = fields(block).get("retry-after", "") if number in {429, 503} else ""
                self._heads[stream] = Reply(flight.request.id, number, pause)
        if flags & END_STREAM:
            self._ended(stream, replies)

    def _ended(self, stream: int, replies: list[Reply]) -> None:
        flight, begun = self.flights.pop(stream, None), self._heads.pop(stream, None)
        if flight is not None:
            replies.append(begun or Reply(flight.request.id, trouble=CUT, doubt=True))

    def _reset(self, stream: int, code: int, replies: list[Reply]) -> None:
        flight, begun = self.flights.pop(stream, None), self._heads.pop(stream, None)
        if flight is None:
            return
        self.misfit = self.misfit or (code in MISFIT and begun is None)
        if code == REFUSED and begun is None:
            self.again.append(flight.request)
        else:
            replies.append(begun or Reply(flight.request.id, trouble=CUT, doubt=True))

    def _obey(self, kind: int, payload: bytes) -> None:
        """Answer a ping, apply settings."""
        if kind == PING:
            self._send(frame(PING, ACK, 0, payload))
            return
        for name, value in _SETTING.iter_unpack(payload):
            if name == STREAMS:
                self._streams = value
            elif name == INITIAL_WINDOW:
                self._first_flow = value
            elif name == TABLE_SIZE:
                self.closing = self.closing or (self._greeted and value < self._table)
                self._table = min(value, TABLE)
        self._greeted = True
        self._send(frame(SETTINGS, ACK, 0, b""))

    def _leaving(self, payload: bytes) -> None:
        """The vendor closes: what it did not look at goes out again elsewhere."""
        last, code = struct.unpack(">II", payload[:8])
        self.closing = True
        self.misfit = self.misfit or code in MISFIT
        for stream in [one for one in self.flights if one > last & 0x7FFFFFFF]:
            self._heads.pop(stream, None)
            self.again.append(self.flights.pop(stream).request)

    def _send(self, data: bytes) -> None:
        self._out += data
        self._queued += len(data)

    def overdue(self, launched_before: float) -> list[Reply]:
        """Give up what was launched before that; a connection that answered nothing since is given up, too."""
        late = []
        for stream, flight in self.flights.items():
            if flight.launched > launched_before:
                break  # they were launched in this order
            late.append((stream, flight))
        replies = []
        for stream, flight in late:
            del self.flights[stream]
            self._send(frame(RST, 0, stream, CANCEL.to_bytes(4, "big")))
            self.closing = self.closing or self.heard < flight.launched
            replies.append(self._given_up(stream, flight, LATE))
        return replies

    def _given_up(self, stream: int, flight: Flight, trouble: str) -> Reply:
        """What is known of it; in doubt where it may have gone out."""
        begun = self._heads.pop(stream, None)
        return begun or Reply(flight.request.id, trouble=trouble, doubt=flight.end <= self._left)

    def lost(self) -> list[Reply]:
        """Close: what was in flight is lost."""
        self.closing = True
        flights, self.flights = self.flights, {}
        self._tls.close()
        return [self._given_up(stream, flight, CUT) for stream, flight in flights.items()]


def _settings(values: dict[int, int]) -> bytes:
    return b"".join(_SETTING.pack(name, value) for name, value in values.items())


def _bare(flags: int, payload: bytes) -> bytes:
    """A header block without its padding and priority."""
    if flags & PADDED:
        payload = payload[1 : len(payload) - payload[0]]
    return payload[5:] if flags & PRIORITY else payload
