"""A push service on loopback: autopush's WebSocket for Firefox, RFC 8030 over HTTP for senders, paper phones for tests.

In a test::

    with PushService() as service:
        phones = service.subscribe(1500, vapid_public_key)
        ...
        service.wait_for(lambda: len(service.journal) == 1500)
        service.journal[0].payload

As a process that outlives a killed sender (see `push_process.py` for its Python side)::

    python -m tests.e2e.push_service --port 0 --journal FILE      # prints its port
"""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import struct
import sys
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO, TypeVar

from aiohttp import WSMsgType, web

from tests.e2e.paper import PaperKeys
from tests.e2e.push_control import add_control_routes
from tests.e2e.push_rules import Refused, b64url, check_body, check_topic, check_ttl, check_urgency, check_vapid
from tests.e2e.push_state import Ack, Behaviour, Message, PushState, Refusal, Subscription
from tests.e2e.tls import Authority

T = TypeVar("T")


class PushService:
    """The service in a thread with its own loop. `origin` is what VAPID's `aud` must name.

    With `tls=True` endpoints are https:// (as senders that refuse anything else need), signed by `authority.ca_file`;
    Firefox's own connection stays plain.
    """

    def __init__(self, *, min_ttl: int = 1, port: int = 0, tls: bool = False, journal: TextIO | None = None) -> None:
        self.state = PushState(min_ttl, journal)
        self.port = port
        self.authority = Authority() if tls else None
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="push-service", daemon=True)
        self._sockets: dict[str, web.WebSocketResponse] = {}

    def __enter__(self) -> PushService:
        self._thread.start()
        self._ready.wait(30)
        if self._failure is not None:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)
        if self.authority is not None:
            self.authority.close()

    # What tests ask

    @property
    def origin(self) -> str:
        """Scheme, host and port of the endpoints."""
        return self.state.origin

    @property
    def websocket_url(self) -> str:
        """For Firefox's `dom.push.serverURL`."""
        return f"ws://127.0.0.1:{self.port}/"

    @property
    def journal(self) -> list[Message]:
        """Every accepted message, in order."""
        return self.state.journal

    @property
    def refused(self) -> list[Refusal]:
        """Every request that got something else than 201."""
        return self.state.refused

    @property
    def acks(self) -> list[Ack]:
        """What browsers answered."""
        return self.state.acks

    @property
    def subscriptions(self) -> dict[str, Subscription]:
        """By endpoint; gone ones included."""
        return self.state.subscriptions

    def subscribe(self, n: int, vapid_public_key: str | None = None) -> list[dict[str, Any]]:
        """`n` paper phones, as `PushSubscription.toJSON()` gives them; tied to the key when there is one."""
        made = []
        for _ in range(n):
            endpoint, keys = self.state.new_endpoint(), PaperKeys.generate()
            self.state.add(Subscription(endpoint, vapid_public_key, keys=keys))
            made.append(keys.subscription(endpoint))
        return made

    def expire(self, endpoint: str) -> None:
        """The citizen withdrew, or the phone was lost: 410 from now on."""
        self.subscriptions[endpoint].gone = True

    def forget(self, endpoint: str) -> None:
        """404 from now on."""
        del self.subscriptions[endpoint]

    def behave(self, endpoint: str | None = None, behaviour: Behaviour | None = None) -> None:
        """See `Behaviour`; without one, behave well again."""
        self.state.behave(endpoint, behaviour)

    def advance(self, seconds: float) -> None:
        """Move the service's clock."""
        self.state.advance(seconds)

    def waiting(self, endpoint: str) -> list[Message]:
        """What the endpoint would get now."""
        return self.state.waiting(endpoint)

    def collect(self, endpoint: str) -> list[Message]:
        """Switch a paper phone on: what it gets, once."""
        return self.state.collect(endpoint)

    def wait_for(self, predicate: Callable[[], T], timeout: float = 60) -> T:
        """Wait until `predicate()` is true; AssertionError after `timeout` seconds."""
        return self.state.wait_for(predicate, timeout)

    # The server's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        except OSError as error:
            self._failure = error
            self._ready.set()
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        app = web.Application(client_max_size=1 << 20)
        app.router.add_get("/", self._websocket)
        app.router.add_post("/wpush/v2/{token}", self._push)
        add_control_routes(app, self)
        runner = web.AppRunner(app, shutdown_timeout=1, access_log=None)
        await runner.setup()
        try:
            self.port = await _listen(runner, self.port, None)
            self.state.origin = f"http://127.0.0.1:{self.port}"
            if self.authority is not None:
                tls_port = await _listen(runner, 0, self.authority.server_context())
                self.state.origin = f"https://127.0.0.1:{tls_port}"
            self._ready.set()
            await self._stop.wait()
        finally:
            for ws in list(self._sockets.values()):
                await ws.close()
            await runner.cleanup()

    async def _push(self, request: web.Request) -> web.StreamResponse:
        """RFC 8030 5: one message for one endpoint."""
        endpoint = f"{self.origin}{request.path}"
        body = await request.read()
        behaviour = self.state.behaviour(endpoint)
        if behaviour is not None and not behaviour.accepted:
            return await self._misbehave(request, endpoint, behaviour)
        try:
            message = self._accept(endpoint, {key.lower(): value for key, value in request.headers.items()}, body)
        except Refused as refusal:
            self.state.refuse(endpoint, refusal.status, refusal.reason)
            return web.json_response({"code": refusal.status, "reason": refusal.reason}, status=refusal.status)
        await self._deliver(self.subscriptions[endpoint])
        if behaviour is not None:
            return await self._misbehave(request, endpoint, behaviour)
        headers = {"Location": f"{self.origin}/m/{message.version}", "TTL": str(message.ttl)}
        return web.Response(status=201, headers=headers)

    def _accept(self, endpoint: str, headers: dict[str, str], body: bytes) -> Message:
        subscription = self.state.find(endpoint)
        check_vapid(headers, origin=self.origin, now=self.state.now(), subscribed_key=subscription.vapid_key)
        ttl = check_ttl(headers, self.state.min_ttl)
        check_topic(headers)
        check_urgency(headers)
        check_body(headers, body)
        return self.state.accept(subscription, headers, body, ttl)

    async def _misbehave(self, request: web.Request, endpoint: str, behaviour: Behaviour) -> web.StreamResponse:
        self.state.refuse(endpoint, behaviour.status or 0, behaviour.action)
        if behaviour.status is not None:
            headers = {} if behaviour.retry_after is None else {"Retry-After": behaviour.retry_after}
            return web.Response(status=behaviour.status, headers=headers)
        if behaviour.action == "hang":
            await self._stop.wait()
        if request.transport is not None:
            # Linger of zero: the peer sees a reset and not a polite end of stream.
            linger = struct.pack("ii", 1, 0)
            request.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            request.transport.abort()
        return web.Response(status=500)

    # Firefox's side

    async def _websocket(self, request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse(protocols=("push-notification",))
        await ws.prepare(request)
        uaid = ""
        async for frame in ws:
            if frame.type is not WSMsgType.TEXT:
                break
            message = json.loads(frame.data)
            if message.get("messageType") == "hello":
                uaid = await self._hello(ws, message)
            elif not message:
                await ws.send_str("{}")
            else:
                await self._browser_says(ws, uaid, message)
        if self._sockets.get(uaid) is ws:
            del self._sockets[uaid]
        return ws

    async def _hello(self, ws: web.WebSocketResponse, message: dict[str, Any]) -> str:
        """Keep the uaid that the browser names, when we know it: one that changes makes it drop its subscriptions."""
        known = {one.uaid for one in list(self.subscriptions.values())}
        uaid = str(message.get("uaid") or "")
        if uaid not in known:
            uaid = uuid.uuid4().hex
        self._sockets[uaid] = ws
        await ws.send_json({"messageType": "hello", "uaid": uaid, "status": 200, "use_webpush": True, "broadcasts": {}})
        for subscription in [one for one in list(self.subscriptions.values()) if one.uaid == uaid]:
            await self._deliver(subscription)
        return uaid

    async def _browser_says(self, ws: web.WebSocketResponse, uaid: str, message: dict[str, Any]) -> None:
        kind, channel = message.get("messageType"), message.get("channelID")
        if kind == "register":
            endpoint = self.state.new_endpoint()
            await ws.send_json(
                {"messageType": "register", "channelID": channel, "status": 200, "pushEndpoint": endpoint}
            )
            self.state.add(Subscription(endpoint, message.get("key"), channel=channel, uaid=uaid))
        elif kind == "unregister":
            for one in list(self.subscriptions.values()):
                one.gone = one.gone or one.channel == channel
            await ws.send_json({"messageType": "unregister", "channelID": channel, "status": 200})
            self.state.advance(0)  # wakes who waits for it
        elif kind == "ack":
            for update in message.get("updates", []):
                self.state.delivered(uaid, update["channelID"], update["version"], update.get("code", 100))
        elif kind == "nack":
            self.state.delivered(uaid, None, message["version"], message.get("code", 301))

    async def _deliver(self, subscription: Subscription) -> None:
        """Send what waits to the browser, if it is there. A later hello sends it again, until it is acknowledged."""
        ws = self._sockets.get(subscription.uaid or "")
        if ws is None or ws.closed:
            return
        for message in self.state.waiting(subscription.endpoint):
            frame: dict[str, Any] = {
                "messageType": "notification",
                "channelID": subscription.channel,
                "version": message.version,
            }
            if message.body:
                frame |= {"data": b64url(message.body), "headers": {"encoding": "aes128gcm"}}
            await ws.send_json(frame)


async def _listen(runner: web.AppRunner, port: int, context: Any) -> int:
    """Listen on loopback only; the port that the system gave. A long backlog: 1,500 phones at once are normal here."""
    site = web.TCPSite(runner, "127.0.0.1", port, ssl_context=context, backlog=1024)
    await site.start()
    assert site._server is not None
    bound: int = site._server.sockets[0].getsockname()[1]  # type: ignore[attr-defined]
    return bound


def main() -> None:
    """Serve until the standard input closes, so that no orphan outlives its test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path, required=True)
    parser.add_argument("--min-ttl", type=int, default=1)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    with (
        options.journal.open("a", encoding="utf-8") as journal,
        PushService(min_ttl=options.min_ttl, port=options.port, tls=options.tls, journal=journal) as service,
    ):
        print(service.port, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
