"""`/api/push`: a browser's subscription comes in, is renewed, or goes."""

from __future__ import annotations

import base64
import binascii
import json
import time
from typing import Any

from sqlalchemy import Engine
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from beffroi.api.endpoints import PushHosts
from beffroi.api.limits import Guard
from beffroi.api.openapi import CHOICES
from beffroi.api.problems import Problem
from beffroi.settings import Service, Site
from beffroi.store import quiet
from beffroi.store import subscriptions as store
from beffroi.store.subscriptions import Subscription

BODY = 16 * 1024
"""Bytes of a body; a browser's subscription has about 500."""


class Subscriptions:
    """The three doors of `/api/push`."""

    def __init__(self, site: Site, service: Service, engine: Engine, key: str) -> None:
        self._site, self._engine, self._key = site, engine, key
        self._hosts, self._guard = PushHosts(service.push_hosts), Guard(site, service)

    async def key(self, _: Request) -> Response:
        """The public VAPID key, base64url: `applicationServerKey` of the Push API."""
        return JSONResponse({"key": self._key}, headers={"Cache-Control": "no-cache"})

    async def change(self, request: Request) -> Response:
        """PUT or DELETE, for those whom the guard lets pass."""
        self._guard(request)
        body = await _json(request)
        return await (self._delete(body) if request.method == "DELETE" else self._put(body))

    async def _put(self, body: dict[str, Any]) -> Response:
        """Keep or renew: 201 for a new subscription, 200 for a known one; the same body twice changes nothing."""
        subscription = self._read(body)
        new = await run_in_threadpool(store.put, self._engine, subscription, time.time())
        shown = {name: getattr(subscription, name) for name in ("categories", "areas", "quiet", "alerts_only")}
        return JSONResponse(shown, 201 if new else 200, {"Cache-Control": "no-store"})

    async def _delete(self, body: dict[str, Any]) -> Response:
        """Forget, for whoever holds the subscription's secret; 204 even when there was none, so nobody can probe."""
        endpoint, _, auth = self._identity(body, [])
        await run_in_threadpool(store.remove, self._engine, endpoint, auth)
        return Response(status_code=204, headers={"Cache-Control": "no-store"})

    def _read(self, body: dict[str, Any]) -> Subscription:
        """Raises `Problem` 422 with everything that is wrong."""
        errors: list[tuple[str, str]] = []
        categories = _choices(body, "categories", list(self._site.categories), errors)
        areas = _choices(body, "areas", list(self._site.areas), errors)
        hours, alerts_only = _nights(body, errors), _flag(body, "alerts_only", errors)
        endpoint, p256dh, auth = self._identity(body, errors)
        key = str(body.get("key") or "")
        vapid = _canonical(key) if _is_point(_decoded(key)) else ""
        return Subscription(endpoint, p256dh, auth, categories, areas, hours, alerts_only, vapid)

    def _identity(self, body: dict[str, Any], errors: list[tuple[str, str]]) -> tuple[str, str, str]:
        keys = body.get("keys")
        keys = keys if isinstance(keys, dict) else {}
        endpoint = body.get("endpoint")
        if not isinstance(endpoint, str):
            errors.append(("/endpoint", "l’adresse de l’abonnement manque."))
        elif refusal := self._hosts.refusal(endpoint):
            errors.append(("/endpoint", refusal))
        if not _is_point(_decoded(keys.get("p256dh"))):
            errors.append(("/keys/p256dh", "attendu : 65 octets en base64url, un point de la courbe P-256."))
        if len(_decoded(keys.get("auth"))) != 16:
            errors.append(("/keys/auth", "attendu : 16 octets en base64url."))
        if errors:
            raise Problem(422, " ".join(f"{pointer} : {sentence}" for pointer, sentence in errors), errors)
        return str(endpoint), _canonical(keys["p256dh"]), _canonical(keys["auth"])


def _choices(body: dict[str, Any], name: str, known: list[str], errors: list[tuple[str, str]]) -> tuple[str, ...]:
    value = body.get(name)
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > CHOICES or not all(isinstance(slug, str) for slug in value):
        errors.append((f"/{name}", f"attendu : une liste d’au plus {CHOICES} noms."))
        return ()
    if unknown := sorted(set(value) - set(known)):
        found = ", ".join(slug[:40] for slug in unknown[:3])
        errors.append((f"/{name}", f"« {found} » est inconnu ; les noms admis sont : {', '.join(known)}."))
        return ()
    return tuple(sorted(set(value)))


def _nights(body: dict[str, Any], errors: list[tuple[str, str]]) -> str:
    value = body.get("quiet")
    if value is None:
        return quiet.DEFAULT
    if not isinstance(value, str) or not quiet.valid(value):
        errors.append(("/quiet", 'attendu : deux demi-heures, par exemple « 21:30-07:00 », ou rien ("").'))
        return ""
    return value


def _flag(body: dict[str, Any], name: str, errors: list[tuple[str, str]]) -> bool:
    value = body.get(name)
    if value is not None and not isinstance(value, bool):
        errors.append((f"/{name}", "attendu : true ou false."))
    return value is True


async def _json(request: Request) -> dict[str, Any]:
    """The JSON object of the body. Raises `Problem` 400, 413 or 415."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Problem(415, "Envoyez du JSON (Content-Type: application/json).")
    data = b""
    try:
        async for part in request.stream():  # counted as it comes: Content-Length may be absent or lie
            data += part
            if len(data) > BODY:
                raise Problem(413, f"Un abonnement tient en {BODY // 1024} Kio.", headers={"Connection": "close"})
        body = json.loads(data)
    except ClientDisconnect as error:
        raise Problem(400, "La demande s’est interrompue.") from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, "Le corps de la demande n’est pas du JSON lisible.") from error
    if not isinstance(body, dict):
        raise Problem(400, "Le corps de la demande doit être un objet JSON.")
    return body


def _decoded(value: object) -> bytes:
    """The bytes of base64url text, padded or not; none at all for anything else."""
    if not isinstance(value, str) or len(value) > 200 or not value.isascii():
        return b""
    text = value.rstrip("=")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _canonical(value: str) -> str:
    return base64.urlsafe_b64encode(_decoded(value)).rstrip(b"=").decode("ascii")


def _is_point(data: bytes) -> bool:
    """Whether the bytes are an uncompressed point of P-256: anything else would fail at each message."""
    from cryptography.hazmat.primitives.asymmetric import ec

    if len(data) != 65 or data[0] != 4:
        return False
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), data)
    except ValueError:
        return False
    return True
