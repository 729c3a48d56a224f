"""A push service made of raw sockets, which fails in every way that a real one can: HTTP/1.1, in clear or over TLS."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

from tests.e2e.tls import Authority


@dataclass(frozen=True, slots=True)
class Fault:
    """What one request meets.

    answer        `status` and `headers`.
    hang          it is read, and never answered.
    slow          it is answered once `Sink.released` is set.
    reset         the connection is reset, before the body was read or after.
    half          half a status line, then the end of the stream.
    close         the end of the stream, without a word.
    `taken`: whether the message counts as delivered to the phone.
    """

    kind: Literal["answer", "hang", "slow", "reset", "half", "close"] = "answer"
    status: int = 201
    headers: tuple[tuple[str, str], ...] = ()
    taken: bool = True


FINE = Fault()


@dataclass(frozen=True, slots=True)
class Post:
    """One request that was read whole."""

    path: str
    headers: dict[str, str]
    body: bytes
    connection: int
    at: float


@dataclass
class Sink:
    """Listens on loopback while it is entered. `plan(path, attempt)` says what the nth request for a path meets, from 0.

    `now` is the clock of `Post.at`.
    """

    plan: Callable[[str, int], Fault] = lambda path, attempt: FINE
    tls: bool = False
    now: Callable[[], float] = lambda: 0.0
    posts: list[Post] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    attempts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    connections: int = 0
    port: int = 0

    def __enter__(self) -> Sink:
        self._loop = asyncio.new_event_loop()
        self.released = asyncio.Event()
        self._stopped = asyncio.Event()
        self.authority = Authority() if self.tls else None
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(10)
        self._loop.close()
        if self.authority:
            self.authority.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}"

    def release(self) -> None:
        """Answer what is slow."""
        self._loop.call_soon_threadsafe(self.released.set)

    async def _serve(self, ready: threading.Event) -> None:
        context = self.authority.server_context() if self.authority else None
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=context, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._stopped.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            await self._talk(reader, writer, self.connections)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        """The requests of one connection, one after the other."""
        while head := await reader.readuntil(b"\r\n\r\n"):
            line, *lines = head.decode("latin-1").rstrip().split("\r\n")
            path = line.split(" ")[1]
            headers = {name.lower(): value for name, value in (one.split(": ", 1) for one in lines)}
            fault = self.plan(path, self.attempts[path])
            self.attempts[path] += 1
            if fault.kind == "reset" and not fault.taken:
                return _reset(writer)
            body = await reader.readexactly(int(headers["content-length"]))
            self.posts.append(Post(path, headers, body, number, self.now()))
            if fault.taken and fault.status < 300:
                self.told[path] += 1
            if not await self._answer(writer, fault):
                return None
        return None

    async def _answer(self, writer: asyncio.StreamWriter, fault: Fault) -> bool:
        """Do what was planned; return whether the connection goes on."""
        if fault.kind in {"hang", "slow"}:
            await (self._stopped if fault.kind == "hang" else self.released).wait()
        if fault.kind == "reset":
            _reset(writer)
        elif fault.kind == "half":
            writer.write(b"HTTP/1.1 20")
            await writer.drain()
        elif fault.kind in {"answer", "slow"}:
            lines = [f"HTTP/1.1 {fault.status} X", *(f"{name}: {value}" for name, value in fault.headers)]
            writer.write("\r\n".join([*lines, "Content-Length: 0", "", ""]).encode("latin-1"))
            await writer.drain()
            return True
        return False


def _reset(writer: asyncio.StreamWriter) -> None:
    """A linger of zero: the peer sees a reset, and not a polite end of stream."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
