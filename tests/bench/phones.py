"""Many subscribers at once, for measures: real keys, a few hundred different ones, as making them is slow."""

from __future__ import annotations

from itertools import islice

from sqlalchemy import Engine, insert

from beffroi.store.db import transaction
from beffroi.store.tables import subscriptions
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import b64url

KEYS = 300
SOME = 10_000


def subscribe(engine: Engine, count: int, *origins: str) -> None:
    """`count` subscribers, shared by these vendors; no quiet hours."""
    keys = [PaperKeys.generate() for _ in range(min(KEYS, count))]
    numbers = iter(range(count))
    while some := list(islice(numbers, SOME)):
        rows = [
            {
                "endpoint": f"{origins[n % len(origins)]}/p/{n}",
                "origin": origins[n % len(origins)],
                "p256dh": keys[n % len(keys)].p256dh,
                "auth": b64url(keys[n % len(keys)].auth),
                "vapid": "",
                "categories": "[]",
                "areas": "[]",
                "quiet": "",
                "alerts_only": 0,
                "created_at": 0,
                "seen_at": 0,
            }
            for n in some
        ]
        with transaction(engine) as connection:
            connection.execute(insert(subscriptions), rows)
