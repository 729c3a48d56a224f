"""The vendor of `invoke bench push`: nginx, which takes HTTP/1.1 and HTTP/2 over TLS faster than any sender sends."""

from __future__ import annotations

import asyncio
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from tests.e2e.tls import Authority

CONFIG = """
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log warn;
events {{ worker_connections 4096; }}
http {{
  access_log off; keepalive_requests 1000000; client_body_buffer_size 16k; client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/1; fastcgi_temp_path {folder}/2; uwsgi_temp_path {folder}/3; scgi_temp_path {folder}/4;
  server {{
    listen 127.0.0.1:{port} ssl http2 backlog=4096; http2_max_concurrent_streams 128;
    ssl_certificate {certificate}; ssl_certificate_key {key};
    location / {{ return 201; }}
  }}
}}
"""


@contextmanager
def nginx(folder: Path) -> Iterator[tuple[int, Path]]:
    """A vendor that takes everything: its port, and the file of its authority."""
    binary = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if binary is None:
        raise SystemExit(
            "nginx manque ; installez-le (Debian : apt install nginx-light), la mesure s’en sert de cible."
        )
    with closing(Authority()) as authority:
        port = _free_port()
        values = {"folder": folder, "port": port, "certificate": authority.ca_file, "key": authority.key_file}
        config = folder / "nginx.conf"
        config.write_text(CONFIG.format(**values), encoding="ascii")
        process = subprocess.Popen([binary, "-e", str(folder / "error.log"), "-c", str(config)])
        try:
            _wait(port)
            yield port, authority.ca_file
        finally:
            process.terminate()
            process.wait(10)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 0.1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    raise SystemExit("nginx ne démarre pas ; lancez-le à la main avec sa configuration pour voir pourquoi.")


@contextmanager
def far(port: int, seconds: float) -> Iterator[int]:
    """The same vendor, so far away: a relay that holds back what comes from it. Yields its port."""
    loop = asyncio.new_event_loop()
    ready, over = threading.Event(), asyncio.Event()
    found: list[int] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wait: float) -> None:
        while data := await reader.read(1 << 16):
            if wait:
                loop.call_later(wait, writer.write, data)
            else:
                writer.write(data)
        loop.call_later(wait, writer.close)

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await asyncio.open_connection("127.0.0.1", port)
        except OSError:  # nginx is gone: the measure is over
            writer.close()
            return
        await asyncio.gather(pump(reader, back, 0), pump(there, writer, seconds), return_exceptions=True)

    async def serve() -> None:
        server = await asyncio.start_server(joined, "127.0.0.1", 0, backlog=1024)
        found.append(server.sockets[0].getsockname()[1])
        ready.set()
        await over.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield found[0]
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(10)
