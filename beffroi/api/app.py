"""The whole service in one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, ExceptionHandler, Message, Receive, Scope, Send

from beffroi.api.live import SECURITY, Live
from beffroi.api.openapi import describe
from beffroi.api.problems import on_error, on_failure, on_http
from beffroi.api.subscriptions import Subscriptions
from beffroi.errors import BeffroiError
from beffroi.settings import Service, Site

Endpoint = Callable[[Request], Awaitable[Response]]
HANDLERS: Mapping[Any, ExceptionHandler] = {HTTPException: on_http, BeffroiError: on_failure, Exception: on_error}


def application(site: Site, service: Service, engine: Engine, key: str) -> ASGIApp:
    """The ASGI application of one commune; `key` is the public VAPID key, base64url."""
    push = Subscriptions(site, service, engine, key)
    api = Starlette(
        routes=[
            Route("/push/key", push.key, methods=["GET"]),
            Route("/push/subscriptions", push.change, methods=["PUT", "DELETE"]),
            Route("/health", health(engine, service.current), methods=["GET"]),
            Route("/openapi.json", description(site), methods=["GET"]),
        ],
        exception_handlers=HANDLERS,
    )
    live = Route("/{path:path}", Live(service.current, site.base).__call__, methods=["GET"])
    routes = [Mount(f"{site.base}/api", api), live]
    return Starlette(routes=routes, middleware=[Middleware(Headers)], exception_handlers=HANDLERS)


def description(site: Site) -> Endpoint:
    """What may be asked, for programs; open to every page."""
    shown = describe(site)

    async def answer(_: Request) -> Response:
        return JSONResponse(shown, headers={"Cache-Control": "no-cache", "Access-Control-Allow-Origin": "*"})

    return answer


def health(engine: Engine, current: Path) -> Endpoint:
    """Whether the database answers and a release is live: 200, else 503. Says nothing of anybody."""

    def database() -> bool:
        try:  # below SQLAlchemy's transactions: ours are for writing, and wait for a publication that writes
            with closing(engine.raw_connection()) as connection, closing(connection.cursor()) as cursor:
                cursor.execute("SELECT count(*) FROM subscriptions WHERE id = 0")
                return cursor.fetchone() is not None
        except Exception:  # each driver has errors of its own
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
