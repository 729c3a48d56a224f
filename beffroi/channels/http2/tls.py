"""TLS with many small records: one system call for all that is to be read or written, where a plain TLS socket makes two
for each record."""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress
from urllib.parse import urlsplit

CHUNK = 1 << 18
RECORD = 1 << 14
"""Bytes of the largest record of TLS: more are never read at once."""
WOULD_BLOCK = (ssl.SSLWantReadError, BlockingIOError)


class NotSpoken(Exception):
    """The far side does not speak HTTP/2."""


class Tls:
    """A connection that speaks HTTP/2. Blocks, for `timeout` seconds at most, until `let_go`. Raises `OSError`,
    `NotSpoken`."""

    def __init__(self, origin: str, timeout: float, context: ssl.SSLContext) -> None:
        parts = urlsplit(origin)
        self._sock = socket.create_connection((parts.hostname or "", parts.port or 443), timeout)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_hostname=parts.hostname)
        self._left = memoryview(b"")
        self.ended = False
        try:
            self._shake()
        except BaseException:
            self._sock.close()
            raise
        if self._tls.selected_alpn_protocol() != "h2":
            self._sock.close()
            raise NotSpoken(origin)

    def _shake(self) -> None:
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                self.flush()
                self._feed()
            else:
                return self.flush()

    def let_go(self) -> None:
        """From now on nothing blocks."""
        self._sock.setblocking(False)

    def fileno(self) -> int:
        """For `poll`."""
        return self._sock.fileno()

    @property
    def waiting(self) -> bool:
        """Whether something is left to be written."""
        return bool(self._left)

    def write(self, data: bytearray) -> None:
        """Encrypt; `flush` sends."""
        self._tls.write(data)

    def flush(self) -> None:
        """Send what can be sent. Raises `OSError`."""
        with suppress(*WOULD_BLOCK):
            while self._left or self._out.pending:
                self._left = self._left or memoryview(self._out.read())
                self._left = self._left[self._sock.send(self._left) :]

    def _feed(self) -> None:
        """Take what the network has."""
        data = self._sock.recv(CHUNK)
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()
            self.ended = True

    def read(self) -> bytes:
        """All that is there, decrypted; `ended` once there will be no more. Raises `OSError`."""
        parts = []
        with suppress(*WOULD_BLOCK):
            self._feed()
        read = self._tls.read
        with suppress(*WOULD_BLOCK):
            while part := read(RECORD):
                parts.append(part)
            self.ended = True
        if self._out.pending:  # TLS itself has something to say
            self.flush()
        return b"".join(parts)

    def close(self) -> None:
        """At once, without a word."""
        self._sock.close()
