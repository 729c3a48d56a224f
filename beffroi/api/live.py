"""The live release as static files, with what caches, robots and browsers need to be told.

The release is looked up anew for each request: `publish` switches it while we run.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import re
from pathlib import Path
from urllib.parse import unquote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

TYPES = {
    ".webmanifest": "application/manifest+json",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".wasm": "application/wasm",
    ".pagefind": "application/wasm",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".json": "application/json",
    ".ics": "text/calendar",
}
FEEDS = {"rss.xml": "application/rss+xml", "feed.json": "application/feed+json"}

SECURITY = {
    "Content-Security-Policy": "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; "
    "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

EMPTY = (
    '<!doctype html><html lang="fr"><meta charset="utf-8"><meta http-equiv="refresh" content="5">'
    "<title>Bientôt en ligne</title><h1>Rien n’est encore publié</h1><p>Lancez <code>invoke publish</code> : "
    "le site apparaîtra ici de lui-même.</p></html>"
)


class Live:
    """Serves what the link `current` points to, below the site's base path."""

    def __init__(self, current: Path, base: str) -> None:
        self._current, self._base = current, base
        self._former = Former()

    async def __call__(self, request: Request) -> Response:
        """The file of the address, 304 where the browser has it, the release's own 404 page otherwise."""
        return await run_in_threadpool(self._answer, request)

    def _answer(self, request: Request) -> Response:
        release = Path(os.path.realpath(self._current))
        if not release.is_dir():
            return HTMLResponse(EMPTY, 503, {"Cache-Control": "no-store", "Retry-After": "5"})
        path = unquote(request.scope.get("raw_path", b"").decode("ascii", "replace").split("?")[0]) or request.url.path
        if self._base and path in {"/", self._base}:
            return RedirectResponse(f"{self._base}/", 307)
        if (answer := self._former.answer(request, release, path)) is not None:
            return answer
        path = path.removeprefix(self._base) if path.startswith(f"{self._base}/") else ""
        found, folder = _inside(release, path), path.endswith("/")
        if found and found.is_dir():
            if not folder:
                query = f"?{request.url.query}" if request.url.query else ""
                return RedirectResponse(f"{self._base}/{path.strip('/')}/{query}", 308)
            found = found / "index.html"
        elif folder:
            found = None
        if found is None or not found.is_file():
            return _file(request, release / "404.html", 404)
        return _file(request, found, 200)


class Former:
    """Former addresses, as the release's own maps tell them: 301 to the present one, 410 with an explanation."""

    def __init__(self) -> None:
        self._kept: tuple[Path | None, dict[str, str], dict[str, str]] = (None, {}, {})

    def answer(self, request: Request, release: Path, path: str) -> Response | None:
        """What to say at that address; `None` for one that is no former one."""
        kept, moved, gone = self._kept
        if kept != release:
            moved, gone = (_map(release / ".beffroi" / name) for name in ("moved.map", "gone.map"))
            self._kept = release, moved, gone
        if not moved and not gone:
            return None
        query = f"{path}?{request.url.query}" if request.url.query else path
        for one in (query, path, f"{path.rstrip('/')}/"):
            if one in moved:
                return RedirectResponse(moved[one], 301, {"Cache-Control": "no-cache"})
            if one in gone:
                return _file(request, release / gone[one].lstrip("/"), 410)
        return None


def _map(path: Path) -> dict[str, str]:
    """A map as nginx reads it: two quoted texts a line."""
    try:
        return dict(re.findall(r'^"([^"]*)" "([^"]*)";$', path.read_text("utf-8"), re.M))
    except OSError:
        return {}


def _inside(release: Path, path: str) -> Path | None:
    """The file or folder of an address; `None` for one that would lead out of the release."""
    parts = path.split("/")
    if not path or "\0" in path or "\\" in path or any(part.startswith(".") for part in parts):
        return None
    found = Path(os.path.normpath(release / path.lstrip("/")))
    try:
        return found if found.is_relative_to(release) and found.exists() else None
    except OSError:  # a path that is too long for the file system
        return None


def _file(request: Request, path: Path, status: int) -> Response:
    try:
        data = path.read_bytes()
    except OSError:
        return Response("Page introuvable.", 404, media_type="text/plain")
    headers = _headers(request, path)
    # Of the bytes: a release that changed nothing leaves every cache valid, one that did so within a second does not.
    headers["ETag"] = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    if status == 200 and (headers["ETag"] in known or "*" in known):
        return Response(status_code=304, headers=headers)
    response = Response(data, status, headers, media_type=_type(path))
    if request.method == "HEAD":
        response.body = b""
    return response


def _type(path: Path) -> str:
    if path.parent.name == "feeds" and path.suffix == ".json" and path.name.startswith("feed"):
        return FEEDS["feed.json"]
    if path.name in FEEDS:
        return f"{FEEDS[path.name]}; charset=utf-8"
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") or kind.endswith("/xml") else kind


def _headers(request: Request, path: Path) -> dict[str, str]:
    """What has its version in its name may be kept for ever; all else is asked for anew."""
    lasting = path.parent.name in {"images", "fichiers"} or "v" in request.query_params
    headers = {"Cache-Control": "public, max-age=31536000, immutable" if lasting else "no-cache"}
    if path.parent.name == "feeds":
        headers["Access-Control-Allow-Origin"] = "*"  # panels and other sites read them
    return headers
