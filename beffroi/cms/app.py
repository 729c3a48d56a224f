"""The form over HTTP, on this machine alone: the page, Decap's own files, the theme's styles, and the desk."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from beffroi import forks
from beffroi.cms.config import config
from beffroi.cms.desk import Desk, Refused
from beffroi.errors import BeffroiError
from beffroi.settings import Site

STATIC = Path(__file__).parent / "static"
PACKAGE = Path("node_modules/decap-cms/dist")
LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})

POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; img-src 'self' blob: data:; "
    "font-src 'self' data:; frame-src 'self' blob: data:; connect-src 'self' blob:"
)
"""Decap compiles its templates; nothing may come from elsewhere, nor go there."""


def make_app(site: Site, package: Path, cache: Path) -> Starlette:
    """The whole form. `package` is the folder of Decap's built files."""
    desk = Desk(site, cache)

    async def api(request: Request) -> Response:
        if not _ours(request):
            return JSONResponse({"error": "Demande refusée."}, 403)
        try:
            asked = json.loads(await request.body())
            return JSONResponse(await run_in_threadpool(desk.answer, asked))
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, refused.status)
        except BeffroiError as error:
            return JSONResponse({"error": str(error)}, 422)
        except (ValueError, AttributeError):
            return JSONResponse({"error": "Demande illisible."}, 400)

    def settings(request: Request) -> Response:
        backend = {"name": "proxy", "proxy_url": "/api", "branch": "main"}
        folder = site.content.relative_to(site.root).as_posix()
        return JSONResponse(config(site, backend, folder) if _ours(request) else {}, 200 if _ours(request) else 403)

    def page(_: Request) -> Response:
        return FileResponse(STATIC / "index.html", headers={"Content-Security-Policy": POLICY})

    theme = site.root / str(site.raw.get("THEME") or "theme") / "static"
    return Starlette(
        routes=[
            Route("/", lambda _: RedirectResponse("/admin/")),
            Route("/admin/", page),
            Route("/admin/config.json", settings),
            Route("/api", api, methods=["POST"]),
            Mount("/admin/decap", StaticFiles(directory=package)),
            Mount("/admin", StaticFiles(directory=STATIC)),
            Mount("/theme", StaticFiles(directory=theme)),
        ]
    )


def _ours(request: Request) -> bool:
    """Whether the request comes from this machine's own page: no other site's, and no name that leads here."""
    host = request.headers.get("host", "")
    if host.rpartition(":")[0] not in LOCAL and host not in LOCAL:
        return False
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


def package(root: Path) -> Path:
    """The folder of Decap's built files. Raises `BeffroiError` with the command that brings them."""
    if not (root / PACKAGE / "decap-cms.js").is_file():
        raise BeffroiError("Le formulaire (Decap CMS) n’est pas installé ; lancez une fois : npm ci --ignore-scripts")
    return root / PACKAGE


def serve(app: Starlette, *, port: int, told: Callable[[str], None]) -> None:
    """Serve the form until Ctrl-C; `told` hears its address."""
    forks.alone()
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off"))
    socket = server.config.bind_socket()
    told(f"http://localhost:{socket.getsockname()[1]}/admin/")
    server.run(sockets=[socket])
