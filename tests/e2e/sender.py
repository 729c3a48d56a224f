"""A sender for the harness's own tests: pywebpush used rightly. The real tests use Beffroi's channel instead."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

import requests
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]
from pywebpush import WebPusher  # type: ignore[import-untyped]

from tests.e2e.push_rules import b64url


def new_vapid() -> Vapid02:
    """A new P-256 key."""
    vapid = Vapid02()
    vapid.generate_keys()
    return vapid


def public_key(vapid: Vapid02) -> str:
    """What the page gives to `pushManager.subscribe()` as applicationServerKey."""
    return b64url(vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def push(
    subscription: dict[str, Any],
    payload: object,
    vapid: Vapid02,
    *,
    ttl: int = 3600,
    topic: str | None = None,
    timeout: float = 30,
    session: requests.Session | None = None,
) -> requests.Response:
    """Send `payload` as JSON and return the service's answer, whatever it is."""
    url = urlsplit(subscription["endpoint"])
    # A new dict each time: py_vapid and pywebpush write into the claims.
    headers = vapid.sign({"aud": f"{url.scheme}://{url.netloc}", "sub": "mailto:mairie@example.fr"})
    if topic is not None:
        headers["Topic"] = topic
    sender = WebPusher(subscription, requests_session=session)
    answer = sender.send(json.dumps(payload).encode(), headers, ttl=ttl, timeout=timeout)
    assert isinstance(answer, requests.Response)
    return answer
