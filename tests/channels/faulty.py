"""A push service that fails in every way that a real one can, over HTTP/1.1 or HTTP/2 (python-hyper's h2)."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
import threading
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal

import h2.config
import h2.connection
import h2.events
import h2.settings

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
    goaway        HTTP/2 only: the connection is given up, and this request was not looked at.
    mute          HTTP/2 only: nothing comes over this connection from now on.
    refuse        HTTP/2 only: this request was not looked at.
    `taken`: whether the message counts as delivered to the phone.
    """

    kind: Literal["answer", "hang", "slow", "reset", "half", "close", "goaway", "refuse", "mute"] = "answer"
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
    authority: Authority | None = None
    http2: bool = False
    settings: dict[int, int] = field(default_factory=dict)
    now: Callable[[], float] = lambda: 0.0
    posts: list[Post] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    attempts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    connections: int = 0
    port: int = 0
    host: str = "127.0.0.1"
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def __enter__(self) -> Sink:
        self._loop = asyncio.new_event_loop()
        self.released = asyncio.Event()
        self.stopped = asyncio.Event()
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: self._loop.run_until_complete(self._serve(ready)), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._loop.call_soon_threadsafe(self.stopped.set)
        self._thread.join(10)
        self._loop.close()

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"{'https' if self.authority else 'http'}://{self.host}:{self.port}"

    def release(self) -> None:
        """Answer what is slow."""
        self._loop.call_soon_threadsafe(self.released.set)

    def meets(self, path: str) -> Fault:
        """What this request meets; counts it."""
        self.attempts[path] += 1
        return self.plan(path, self.attempts[path] - 1)

    def note(self, post: Post, fault: Fault) -> None:
        """Write it in the journal."""
        with self._changed:
            self.posts.append(post)
            if fault.taken and fault.status < 300:
                self.told[post.path] += 1
            self._changed.notify_all()

    def reached(self, count: int, seconds: float) -> bool:
        """Wait until so many requests were read; False where they do not come."""
        with self._changed:
            return self._changed.wait_for(lambda: len(self.posts) >= count, seconds)

    async def _serve(self, ready: threading.Event) -> None:
        context = self.authority.server_context() if self.authority else None
        if context and self.http2:
            context.set_alpn_protocols(["h2"])
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, self.host, 0, ssl=context, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self.stopped.wait()
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
        secure = writer.get_extra_info("ssl_object")
        try:
            if secure and secure.selected_alpn_protocol() == "h2":
                await Talk(self, reader, writer, self.connections).run()
            else:
                await self._talk(reader, writer, self.connections)
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
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
            fault = self.meets(path)
            if fault.kind == "reset" and not fault.taken:
                return _reset(writer)
            body = await reader.readexactly(int(headers["content-length"]))
            self.note(Post(path, headers, body, number, self.now()), fault)
            if not await self._answer(writer, fault):
                return None
        return None

    async def _answer(self, writer: asyncio.StreamWriter, fault: Fault) -> bool:
        """Do what was planned; return whether the connection goes on."""
        if fault.kind in {"hang", "slow"}:
            await (self.stopped if fault.kind == "hang" else self.released).wait()
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


class Talk:
    """One HTTP/2 connection."""

    def __init__(self, sink: Sink, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        self.sink, self.reader, self.writer, self.number = sink, reader, writer, number
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="latin-1"))
        values = {code: value for code, value in self.h2.local_settings.items()} | sink.settings  # noqa: C416
        self.h2.local_settings = h2.settings.Settings(client=False, initial_values=values)
        self.h2.decoder.max_allowed_table_size = values[h2.settings.SettingCodes.HEADER_TABLE_SIZE]
        self.heads: dict[int, dict[str, str]] = {}
        self.bodies: dict[int, bytes] = {}
        self.slow: set[asyncio.Task[None]] = set()
        self.over = self.mute = self.leaving = False

    async def run(self) -> None:
        """Until either side closes."""
        self.h2.initiate_connection()
        self.write()
        while not self.over and (data := await self.reader.read(65536)):
            for event in self.h2.receive_data(data):
                self.happened(event)
            if self.mute:
                await self.sink.stopped.wait()
            self.write()
            while self.leaving and await self.reader.read(65536):
                pass  # a polite vendor reads on, or its last words would be lost
            await asyncio.sleep(0)

    def write(self) -> None:
        """What h2 wants to say."""
        if data := self.h2.data_to_send():
            self.writer.write(data)

    def happened(self, event: h2.events.Event) -> None:
        """One event."""
        if self.over or self.leaving:
            return
        if isinstance(event, h2.events.RequestReceived):
            assert event.stream_id is not None
            self.heads[event.stream_id] = dict(event.headers or [])  # type: ignore[arg-type]
            self.bodies[event.stream_id] = b""
        elif isinstance(event, h2.events.DataReceived):
            assert event.stream_id is not None
            assert event.data is not None
            self.bodies[event.stream_id] += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id)
        elif isinstance(event, h2.events.StreamEnded):
            assert event.stream_id is not None
            self.asked(event.stream_id)

    def asked(self, stream: int) -> None:
        """A whole request."""
        head, body = self.heads.pop(stream), self.bodies.pop(stream)
        fault = self.sink.meets(head[":path"])
        if fault.kind == "refuse":
            self.h2.reset_stream(stream, 7)
        elif fault.kind == "goaway":
            self.h2.close_connection(0, last_stream_id=max(0, stream - 2))
            self.leaving = True
        elif fault.kind == "reset" and not fault.taken:
            self.over = True
            _reset(self.writer)
        else:
            self.sink.note(Post(head[":path"], head, body, self.number, self.sink.now()), fault)
            self.answer(stream, fault)

    def end(self, last_words: object) -> None:
        """Say that, and the end of the stream."""
        last_words()  # type: ignore[operator]
        self.write()
        self.over = True

    def answer(self, stream: int, fault: Fault) -> None:
        """Do what was planned."""
        if fault.kind == "reset":
            self.over = True
            _reset(self.writer)
        elif fault.kind == "half":
            self.end(lambda: self.writer.write(b"\0\0\x20\x01\4\0\0"))
        elif fault.kind in {"close", "mute"}:
            self.over, self.mute = fault.kind == "close", fault.kind == "mute"
        elif fault.kind == "slow":
            task = asyncio.ensure_future(self.later(stream, fault))
            self.slow.add(task)
        elif fault.kind == "answer":
            headers = [(":status", str(fault.status)), *((name.lower(), value) for name, value in fault.headers)]
            self.h2.send_headers(stream, [*headers, ("location", f"/m/{stream}")], end_stream=fault.status < 300)
            if fault.status >= 300:
                self.h2.send_data(stream, b'{"reason":"..."}', end_stream=True)

    async def later(self, stream: int, fault: Fault) -> None:
        """Answer once released."""
        await self.sink.released.wait()
        self.answer(stream, Fault(status=fault.status, headers=fault.headers))
        self.write()
