"""The whole service in one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from sqlalchemy import Engine, text
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from beffroi.api.live import SECURITY, Live
from beffroi.api.problems import on_error, on_http
from beffroi.api.subscriptions import Subscriptions
from beffroi.errors import BeffroiError
from beffroi.settings import Service, Site
from beffroi.store.db import transaction

Endpoint = Callable[[Request], Awaitable[Response]]


def application(site: Site, service: Service, engine: Engine, key: str) -> ASGIApp:
    """The ASGI application of one commune; `key` is the public VAPID key, base64url."""
    push = Subscriptions(site, service, engine, key)
    api = Starlette(
        routes=[
            Route("/push/key", push.key, methods=["GET"]),
            Route("/push/subscriptions", push.put, methods=["PUT"]),
            Route("/push/subscriptions", push.delete, methods=["DELETE"]),
            Route("/health", health(engine, service.current), methods=["GET"]),
        ],
        exception_handlers={HTTPException: on_http, Exception: on_error},
    )
    live = Route("/{path:path}", Live(service.current, site.base).__call__, methods=["GET"])
    return Starlette(routes=[Mount(f"{site.base}/api", api), live], middleware=[Middleware(Headers)])


def health(engine: Engine, current: Path) -> Endpoint:
    """Whether the database answers and a release is live: 200, else 503. Says nothing of anybody."""

    def database() -> bool:
        try:
            with transaction(engine) as connection:
                return connection.execute(text("SELECT 1")).scalar() == 1
        except BeffroiError:
            return False

    async def answer(_: Request) -> Response:
        state = {"database": await run_in_threadpool(database), "release": (current / "index.html").is_file()}
        whole = all(state.values())
        shown = {"status": "ok" if whole else "unavailable", **state}
        return JSONResponse(shown, 200 if whole else 503, {"Cache-Control": "no-store"})

    return answer


class Headers:
    """The security headers, on every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with more headers."""

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, sent)
