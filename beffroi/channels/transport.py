"""Many requests to one vendor at once: what a sender asks of the road, and the road that libcurl builds.

A transport knows nothing of Web Push. It tells what was answered, or what went wrong and whether the far side may have
taken the request all the same (`doubt`). It follows no redirect, uses no proxy, and never sends a request twice itself.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, Protocol

import certifi
import pycurl

from beffroi.channels.sending import Leave

CONNECTIONS = 4
"""At most, to one vendor, where requests share them (HTTP/2)."""

CONNECTIONS_HTTP_1 = 16
"""At most, to one vendor, where each carries one request at a time."""

Headers = tuple[tuple[str, str], ...]


class Request(NamedTuple):
    """One POST. `id` is the caller's; `headers` is one object for many requests: transports compile it once."""

    id: int
    url: str
    headers: Headers
    body: bytes


class Reply(NamedTuple):
    """What came back. `status` is 0 where nothing did: `trouble` then says why, in French, after the vendor's name.

    `doubt`: the request had gone out, so the far side may have taken it. `illegible`: the address is not one.
    """

    id: int
    status: int = 0
    retry_after: str = ""
    trouble: str = ""
    doubt: bool = False
    illegible: bool = False


class Transport(Protocol):
    """A road to one vendor, used by one thread."""

    def exchange(self, requests: Iterator[Request], stop: Callable[[], bool], leave: Leave) -> Iterator[Reply]:
        """The replies, in the order in which they come: one for each request that was launched.

        `requests` is pulled ahead, launched by `leave`, and no further once `stop()` is true: what is in flight is then
        waited for. Every reply that is there is yielded before anything more is launched. An iterator that is closed
        early leaves nothing in flight.
        """

    def close(self) -> None:
        """Close every connection."""


def authorities() -> str:
    """The file of certificate authorities: that of the environment, else Mozilla's."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("SSL_CERT_FILE") or certifi.where()


UNREACHABLE = {
    pycurl.E_COULDNT_RESOLVE_HOST,
    pycurl.E_COULDNT_CONNECT,
    pycurl.E_SSL_CONNECT_ERROR,
}
FALSE = "montre un certificat que l’on ne peut croire ; vérifiez l’heure et les autorités de la machine"
"""Of a vendor that does not prove who it is."""
ILLEGIBLE = {pycurl.E_URL_MALFORMAT, pycurl.E_UNSUPPORTED_PROTOCOL}


class Curl:
    """libcurl's multi interface: HTTP/2 where the vendor speaks it, HTTP/1.1 kept alive elsewhere.

    `timeout` is for one request, connection included, in seconds; `window` is how many are in flight at most.
    """

    def __init__(self, timeout: float, window: int) -> None:
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        self._free = [_Handle(timeout) for _ in range(window)]
        self._flying: dict[pycurl.Curl, _Handle] = {}
        self._room = min(window, CONNECTIONS)
        self._known = False  # the first answer says whether requests share connections

    def exchange(self, requests: Iterator[Request], stop: Callable[[], bool], leave: Leave) -> Iterator[Reply]:
        """See `Transport`."""
        try:
            while self._launch(requests, stop, leave) or self._flying:
                while self._multi.perform()[0] == pycurl.E_CALL_MULTI_PERFORM:
                    pass
                replies = self._replies()
                yield from replies
                if not replies and self._flying:
                    self._multi.select(0.5)
        finally:
            for handle in self._flying.values():
                self._multi.remove_handle(handle.curl)
                self._free.append(handle)
            self._flying.clear()

    def _launch(self, requests: Iterator[Request], stop: Callable[[], bool], leave: Leave) -> int:
        """Fill the window; return how many were launched."""
        room = min(len(self._free), self._room - len(self._flying))
        allowed = leave.take(room, hurry=True) if room > 0 and not stop() else 0
        launched = 0
        while launched < allowed and not stop() and (request := next(requests, None)):
            handle = self._free.pop()
            handle.load(request)
            self._flying[handle.curl] = handle
            self._multi.add_handle(handle.curl)
            launched += 1
        leave.give_back(allowed - launched)
        return launched

    def _replies(self) -> list[Reply]:
        """What ended since the last time."""
        replies, more = [], 1
        while more:
            more, good, bad = self._multi.info_read()
            for curl, error in [(curl, 0) for curl in good] + [(curl, number) for curl, number, _ in bad]:
                self._multi.remove_handle(curl)
                handle = self._flying.pop(curl)
                self._widen(handle)
                replies.append(handle.reply(error))
                self._free.append(handle)
        return replies

    def _widen(self, handle: _Handle) -> None:
        """Learn how many may fly. Never more than there are connections for: requests that wait for one while others
        hang are forgotten by libcurl 8.23, for seconds, and so is what `PIPEWAIT` makes wait."""
        if not self._known and handle.answered:
            self._known = True
            window = len(self._free) + len(self._flying) + 1
            self._room = window if handle.shares else min(window, CONNECTIONS_HTTP_1)
            self._multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, CONNECTIONS if handle.shares else self._room)

    def close(self) -> None:
        """Close every connection."""
        for handle in self._free:
            handle.curl.close()
        self._multi.close()


class _Handle:
    """One libcurl handle, loaded again and again."""

    def __init__(self, timeout: float) -> None:
        self._request = Request(0, "", (), b"")
        self._sent = 0
        self._headers: Headers = ()
        self._retry_after = ""
        self.curl = curl = pycurl.Curl()
        options: dict[int, Any] = {
            pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
            pycurl.POST: 1,
            pycurl.PROXY: "",
            pycurl.NOSIGNAL: 1,
            pycurl.FOLLOWLOCATION: 0,
            pycurl.CAINFO: authorities(),
            pycurl.CONNECTTIMEOUT_MS: int(timeout * 1000),
            pycurl.TIMEOUT_MS: int(timeout * 1000),
            pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
            pycurl.WRITEFUNCTION: _ignored,
            pycurl.HEADERFUNCTION: self._header,
            pycurl.READFUNCTION: self._read,
            pycurl.SEEKFUNCTION: self._seek,
        }
        for name, value in options.items():
            curl.setopt(name, value)

    def load(self, request: Request) -> None:
        """Make it ready to be launched."""
        self._request, self._sent, self._retry_after = request, 0, ""
        if request.headers is not self._headers:
            self._headers = request.headers
            lines = [f"{name}: {value}" for name, value in request.headers]
            # What libcurl adds by itself is taken away: `Expect` costs a round trip, the others serve nobody.
            self.curl.setopt(pycurl.HTTPHEADER, [*lines, "Expect:", "Accept:", "User-Agent:"])
        self.curl.setopt(pycurl.URL, request.url)
        self.curl.setopt(pycurl.POSTFIELDSIZE, len(request.body))

    def _read(self, size: int) -> bytes:
        part = self._request.body[self._sent : self._sent + size]
        self._sent += len(part)
        return part

    def _seek(self, offset: int, origin: int) -> int:
        """libcurl wants to send again what it already sent, on another connection: it may have been taken. No."""
        good: int = pycurl.SEEKFUNC_OK
        bad: int = pycurl.SEEKFUNC_FAIL
        return good if self._sent == offset else bad

    def _header(self, line: bytes) -> None:
        if line[:12].lower() == b"retry-after:":
            self._retry_after = line[12:].strip().decode("latin-1")

    @property
    def answered(self) -> bool:
        """Whether the last request had an answer."""
        return bool(self.curl.getinfo(pycurl.RESPONSE_CODE))

    @property
    def shares(self) -> bool:
        """Whether the connection of the last answer carries many requests at once."""
        return bool(self.curl.getinfo(pycurl.INFO_HTTP_VERSION) == pycurl.CURL_HTTP_VERSION_2_0)

    def reply(self, error: int) -> Reply:
        """What became of it; `error` is libcurl's number."""
        request = self._request
        if status := self.curl.getinfo(pycurl.RESPONSE_CODE):
            return Reply(request.id, status, self._retry_after)
        if error in ILLEGIBLE and not self._sent:
            return Reply(request.id, illegible=True)
        if error == pycurl.E_OPERATION_TIMEDOUT:
            return Reply(request.id, trouble="ne répond pas à temps", doubt=self._sent >= len(request.body))
        if error == pycurl.E_PEER_FAILED_VERIFICATION:
            return Reply(request.id, trouble=FALSE)
        if error in UNREACHABLE:
            return Reply(request.id, trouble="est injoignable")
        return Reply(request.id, trouble="a coupé la connexion", doubt=self._sent >= len(request.body))


def _ignored(_: bytes) -> None:
    """What vendors write under their answer."""
