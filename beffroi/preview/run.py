"""Run the preview on this machine, and watch the files."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import uvicorn
from rich.console import Console
from watchfiles import DefaultFilter, awatch

from beffroi import forks
from beffroi.errors import BeffroiError
from beffroi.preview.app import PLACE, Preview, application

OWN = ("var", "output", ".git", ".venv", "node_modules", "__pycache__")


class Sources(DefaultFilter):
    """What an editor or a theme's author saves."""

    ignore_dirs = (*DefaultFilter.ignore_dirs, *OWN)


def run(preview: Preview, root: Path, port: int) -> None:
    """Serve until Ctrl-C; `port` 0 takes a free one, which the first line tells. Raises `BeffroiError` where the port
    is taken."""
    listener = _listen(port)
    shown = listener.getsockname()[1]
    Console(soft_wrap=True).print(
        f"L’aperçu est sur http://localhost:{shown}{PLACE}/ (Ctrl-C pour arrêter)", markup=False
    )
    forks.alone()
    asyncio.run(_both(preview, root, listener))


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen()  # a browser that is faster than the server waits
    except OSError as error:
        listener.close()
        raise BeffroiError(
            f"Le port {port} est déjà pris ; choisissez-en un autre : invoke preview --port {port + 1}."
        ) from error
    return listener


async def _both(preview: Preview, root: Path, listener: socket.socket) -> None:
    """The server, and beside it the watch, which ends with it."""
    config = uvicorn.Config(
        application(preview), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=1
    )
    watch = asyncio.create_task(_watch(preview, root))
    try:
        await uvicorn.Server(config).serve(sockets=[listener])
    finally:
        watch.cancel()


async def _watch(preview: Preview, root: Path) -> None:
    async for _ in awatch(root, watch_filter=Sources(), debounce=200, step=50):
        await preview.saved()
