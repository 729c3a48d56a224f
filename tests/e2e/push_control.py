"""The push service as a process of its own: its control routes, and `PushProcess`, which starts and asks it.

It survives the `publish` that a test kills, and takes no time from the sender's interpreter.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web

from tests.e2e.paper import PaperKeys
from tests.e2e.push_state import Behaviour, Message, Refusal

if TYPE_CHECKING:
    from tests.e2e.push_service import PushService

T = TypeVar("T")
ROOT = Path(__file__).resolve().parents[2]


def add_control_routes(app: web.Application, service: PushService) -> None:
    """`POST /control`: one call a request, `{"call": name, ...}`."""

    async def control(request: web.Request) -> web.Response:
        order = await request.json()
        # In a thread: `news` blocks until there is some.
        answer = await asyncio.get_running_loop().run_in_executor(None, partial(_answer, service, order))
        return web.json_response(answer)

    app.router.add_post("/control", control)


def _answer(service: PushService, order: dict[str, Any]) -> Any:
    call, state = order.pop("call"), service.state
    if call == "origin":
        return [service.origin, str(service.authority.ca_file) if service.authority else None]
    if call == "subscribe":
        made = service.subscribe(order["n"], order["key"])
        known = [service.subscriptions[one["endpoint"]].keys for one in made]
        return [[one, keys.dump()] for one, keys in zip(made, known, strict=True) if keys is not None]
    if call == "behave":
        service.behave(order["endpoint"], Behaviour(**order["behaviour"]) if order["behaviour"] else None)
    elif call == "advance":
        service.advance(order["seconds"])
    elif call == "expire":
        service.expire(order["endpoint"])
    elif call == "collect":
        return [message.dump() for message in service.collect(order["endpoint"])]
    elif call == "news":
        with state.changed:
            seen, refused = order["journal"], order["refused"]
            state.changed.wait_for(
                lambda: (len(state.journal), len(state.refused)) != (seen, refused), order["timeout"]
            )
            fresh = [dataclasses.astuple(one) for one in state.refused[refused:]]
            return [[message.dump() for message in state.journal[seen:]], fresh]
    return None


class PushProcess:
    """The same service in another process, with the same methods as `PushService` but for browsers."""

    def __init__(self, journal: Path, *, port: int = 0, min_ttl: int = 1, tls: bool = False) -> None:
        command = [sys.executable, "-m", "tests.e2e.push_service", "--port", str(port), "--journal", str(journal)]
        self._command = [*command, "--min-ttl", str(min_ttl), *(["--tls"] if tls else [])]
        self._keys: dict[str, PaperKeys] = {}
        self.journal: list[Message] = []
        self.refused: list[Refusal] = []

    def __enter__(self) -> PushProcess:
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the push service did not start: status {self._process.wait()}")
        self.port = int(line)
        self.origin, self.ca_file = self._call("origin")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    def _call(self, call: str, **order: Any) -> Any:
        data = json.dumps({"call": call, **order}).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/control", data)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def subscribe(self, n: int, vapid_public_key: str | None = None) -> list[dict[str, Any]]:
        """As `PushService.subscribe`."""
        made = self._call("subscribe", n=n, key=vapid_public_key)
        self._keys.update({one["endpoint"]: PaperKeys.load(keys) for one, keys in made})
        return [one for one, _ in made]

    def behave(self, endpoint: str | None = None, behaviour: Behaviour | None = None) -> None:
        """As `PushService.behave`."""
        self._call("behave", endpoint=endpoint, behaviour=behaviour and dataclasses.asdict(behaviour))

    def advance(self, seconds: float) -> None:
        """As `PushService.advance`."""
        self._call("advance", seconds=seconds)

    def expire(self, endpoint: str) -> None:
        """As `PushService.expire`."""
        self._call("expire", endpoint=endpoint)

    def collect(self, endpoint: str) -> list[Message]:
        """As `PushService.collect`."""
        return [self._load(one) for one in self._call("collect", endpoint=endpoint)]

    def _load(self, data: dict[str, Any]) -> Message:
        return Message.load(data, self._keys.get(data["endpoint"]))

    def refresh(self, timeout: float = 0) -> None:
        """Bring `journal` and `refused` up to date; wait up to `timeout` for something new."""
        known = {"journal": len(self.journal), "refused": len(self.refused)}
        accepted, refused = self._call("news", timeout=timeout, **known)
        self.journal += [self._load(one) for one in accepted]
        self.refused += [Refusal(*one) for one in refused]

    def wait_for(self, predicate: Callable[[], T], timeout: float = 60) -> T:
        """As `PushService.wait_for`."""
        end = time.monotonic() + timeout
        self.refresh()
        while not (found := predicate()):
            left = end - time.monotonic()
            if left <= 0:
                counts = f"{len(self.journal)} accepted, refused: {self.refused[-5:]}"
                raise AssertionError(f"push service: not seen within {timeout} s; {counts}")
            self.refresh(left)
        return found
