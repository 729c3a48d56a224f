"""Asks our ASGI application as a server would, without one: any address, any peer, any bytes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.types import ASGIApp, Message

from beffroi.api.app import application
from beffroi.settings import Service, read_service, site_from
from beffroi.store.db import connect
from tests.e2e.paper import PaperKeys

RAW = {
    "SITENAME": "Exemple",
    "SITEURL": "https://www.exemple.fr",
    "CATEGORIES": {"alertes": {"kind": "alert"}, "actualites": {"kind": "news"}},
    "AREAS": {"bas": "Le Bas", "haut": "Le Haut"},
}
KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM"
CITIZEN = "203.0.113.7"


@dataclass(frozen=True)
class Answer:
    """One answer. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


class Client:
    """One commune's service in `folder`. `settings` are those of `Service`; `raw` go over those of the commune."""

    def __init__(self, folder: Path, raw: Mapping[str, Any] | None = None, **settings: Any) -> None:
        self.service: Service = read_service(folder, var=folder / "var", **settings)
        self.engine = connect(self.service.database)
        self.app: ASGIApp = application(site_from({**RAW, **(raw or {})}, folder), self.service, self.engine, KEY)

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | Iterable[bytes] = b"",
        headers: Mapping[str, str] | None = None,
        peer: str = CITIZEN,
    ) -> Answer:
        """One request. `target` is the raw path and query; a body in parts comes in parts."""
        path, _, query = target.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(path),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": [
                (name.lower().encode(), value.encode("latin-1"))
                for name, value in {"Host": "www.exemple.fr", **(headers or {})}.items()
            ],
            "client": (peer, 50000),
            "server": ("www.exemple.fr", 80),
        }
        parts = [body] if isinstance(body, bytes) else list(body)
        return asyncio.run(self._exchange(scope, parts))

    async def _exchange(self, scope: dict[str, Any], parts: list[bytes]) -> Answer:
        incoming: list[Message] = [
            {"type": "http.request", "body": part, "more_body": rest > 0}
            for rest, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return incoming.pop(0) if incoming else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        await self.app(scope, receive, send)
        start = sent[0]
        headers = {name.decode().lower(): value.decode("latin-1") for name, value in start["headers"]}
        return Answer(start["status"], headers, b"".join(one.get("body", b"") for one in sent[1:]))

    def put(self, body: object, method: str = "PUT", peer: str = CITIZEN, **headers: str) -> Answer:
        """A subscription comes in, as our page sends it; header names have `_` for `-`."""
        given = {"Content-Type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.ask(method, "/api/push/subscriptions", data, given, peer)

    def delete(self, body: object, **headers: str) -> Answer:
        """A subscription goes."""
        return self.put(body, method="DELETE", **headers)


def subscription(endpoint: str = "https://fcm.googleapis.com/fcm/send/abc", **changes: Any) -> dict[str, Any]:
    """What `PushSubscription.toJSON()` gives, and choices; `changes` replace fields."""
    return {**PaperKeys.generate().subscription(endpoint), "expirationTime": None, **changes}


def problem(status: int, title: str, detail: str, *errors: tuple[str, str]) -> dict[str, Any]:
    """The whole body of a refusal (RFC 9457)."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return body | ({"errors": [{"pointer": at, "detail": why} for at, why in errors]} if errors else {})


def refused(*errors: tuple[str, str]) -> dict[str, Any]:
    """The body of a 422 with these errors."""
    return problem(422, "Abonnement refusé", " ".join(f"{at} : {why}" for at, why in errors), *errors)
