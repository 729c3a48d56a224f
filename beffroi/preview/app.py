"""The preview's page and, below it, the site as it was built for it. Local, for one editor, offline."""

from __future__ import annotations

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from beffroi import plan
from beffroi.content import Entry
from beffroi.errors import BeffroiError
from beffroi.moments import changes
from beffroi.preview.panes import PANES
from beffroi.preview.scene import Scene
from beffroi.preview.stage import Stage
from beffroi.preview.template import fill
from beffroi.schema.dates import YEARS

PLACE = "/_apercu"
"""Where the preview lives; every other address is the built site's."""


class Preview:
    """The endpoints. `now` tells the instant that is shown where none was chosen; `changed` yields at each save."""

    def __init__(self, stage: Stage, name: str, now: datetime) -> None:
        self.stage, self.name, self.now = stage, name, now
        self.listeners: set[asyncio.Queue[str]] = set()

    async def page(self, request: Request) -> Response:
        """The page around the panes."""
        return HTMLResponse(await run_in_threadpool(self._page, request.query_params.get("item") or self.name))

    def _page(self, name: str) -> str:
        entry, tree = self.stage.entry(name), self.stage.tree
        by_category = [
            (category.name, [e for e in tree.entries.values() if e.category == category])
            for category in tree.site.categories.values()
        ]
        now = self.now.astimezone(tree.site.zone)
        return fill("preview.html", site=tree.site, entry=entry, groups=by_category, now=now, place=PLACE)

    async def panes(self, request: Request) -> Response:
        """The panes of one item at one instant, and what the slider needs: JSON."""
        at = self._at(request)
        try:
            entry = self._entry(request)
            told = await run_in_threadpool(self._panes, entry, at)
        except BeffroiError as error:
            told = {"error": str(error), "panes": "", "faults": []}
        return _json(told)

    def _panes(self, entry: Entry, at: datetime) -> dict[str, Any]:
        page = f"{self.stage.tree.site.base}{entry.url_path}"
        scene = self.stage.scene(entry, at, page)
        shown = [(name, pane.title, html) for name, pane in PANES.items() if (html := pane.render(scene))]
        own = [str(fault) for fault in self.stage.faults if fault.path == entry.source]
        others = sum(fault.level == "error" and fault.path != entry.source for fault in self.stage.faults)
        return {
            "panes": fill("panes.html", scene=scene, panes=shown),
            "state": _state(scene),
            "faults": [*own, *([f"{others} faute(s) dans d’autres fichiers : lancez « check »."] if others else [])],
            "marks": _marks(scene),
            "token": scene.token,
            "instant": max(scene.at.timestamp(), scene.item.since.timestamp()) * 1000,
        }

    async def built(self, request: Request) -> Response:
        """Build the site of that instant; the frames are loaded once it is there."""
        try:
            await run_in_threadpool(self.stage.build, self._entry(request), self._at(request))
        except BeffroiError as error:
            return _json({"error": str(error)})
        return _json({})

    async def events(self, request: Request) -> Response:
        """A line at each save, as server-sent events."""

        async def lines() -> AsyncIterator[str]:
            queue: asyncio.Queue[str] = asyncio.Queue()
            self.listeners.add(queue)
            try:
                yield ": ici\n\n"
                while True:
                    yield f"data: {await queue.get()}\n\n"
            finally:
                self.listeners.discard(queue)

        return StreamingResponse(lines(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def saved(self) -> None:
        """A file was saved: read everything again and tell the pages that are open."""
        try:
            await run_in_threadpool(self.stage.reread)
        except BeffroiError:
            self.stage.version += 1  # the settings cannot be read: the panes will say so
        for queue in self.listeners:
            queue.put_nowait(str(self.stage.version))

    async def site(self, request: Request) -> Response:
        """One file of the built preview; pages get the chosen instant for their scripts, and no service worker."""
        name = request.path_params["path"].removeprefix(self.stage.tree.site.base.strip("/")).strip("/")
        path = _inside(self.stage.out, name)
        if path is None:
            return PlainTextResponse("Cette adresse n’est pas dans l’aperçu.", 404)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        if kind != "text/html":
            return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-store"})
        html = path.read_text("utf-8").replace("<head>", f'<head><script src="{PLACE}/static/instant.js"></script>', 1)
        return HTMLResponse(html, headers={"Cache-Control": "no-store"})

    async def icon(self, _: Request) -> Response:
        """The app's icon, from the theme."""
        site = self.stage.tree.site
        return FileResponse(site.root / str(site.raw.get("THEME") or "theme") / "static" / "icons" / "icon-192.png")

    def _entry(self, request: Request) -> Entry:
        entry = self.stage.entry(request.query_params.get("item") or self.name)
        if entry is None:
            raise BeffroiError("Ce fichier n’existe plus, ou n’a jamais pu être lu ; choisissez-en un autre.")
        return entry

    def _at(self, request: Request) -> datetime:
        """The chosen instant, on the commune's clock; now where it says nothing that can be read."""
        try:
            at = datetime.fromisoformat(request.query_params.get("at") or "")
        except ValueError:
            return self.now
        if at.year not in YEARS:
            return self.now
        return (at if at.tzinfo else at.replace(tzinfo=self.stage.tree.site.zone)).astimezone(UTC)


def _inside(folder: Path, name: str) -> Path | None:
    """The file that an address means, within the folder; never the service worker: it would outlive the preview."""
    try:
        path = (folder / name).resolve()
        path = path / "index.html" if path.is_dir() else path
        good = path.is_relative_to(folder.resolve()) and path.is_file() and path.name != "service-worker.js"
    except (OSError, ValueError):  # too long for the file system, or no name at all
        return None
    return path if good else None


def _state(scene: Scene) -> str:
    return fill("state.html", scene=scene, since=scene.item.since.astimezone(scene.zone)).strip()


def _marks(scene: Scene) -> list[dict[str, str]]:
    """The instants at which time changes this item, for the slider's stops, on the commune's clock."""
    found = sorted(changes(scene.item), key=lambda change: change.at.timestamp())
    local = [(change.at.astimezone(scene.zone), plan.WORDS[change.what]) for change in found]
    return [{"at": at.strftime("%Y-%m-%dT%H:%M"), "what": what} for at, what in local]


def _json(value: object) -> Response:
    return Response(
        json.dumps(value, ensure_ascii=False), media_type="application/json", headers={"Cache-Control": "no-store"}
    )


def application(preview: Preview) -> Starlette:
    """The ASGI application. Only this machine's names are answered: a page of the web must not read drafts by a
    name that it lets point here."""
    own = [
        Route("/", preview.page),
        Route("/panes", preview.panes),
        Route("/built", preview.built),
        Route("/events", preview.events),
        Route("/icon.png", preview.icon),
        Mount("/static", StaticFiles(directory=Path(__file__).parent / "static")),
    ]
    hosts = Middleware(TrustedHostMiddleware, allowed_hosts=["localhost", "127.0.0.1", "[::1]"])
    return Starlette(routes=[Mount(PLACE, routes=own), Route("/{path:path}", preview.site)], middleware=[hosts])
