"""Subscriptions and announcements for the ledger's tests."""

from __future__ import annotations

import json
from collections import Counter

from sqlalchemy import Connection, insert, select

from beffroi.store.entries import Announcement, Message
from beffroi.store.tables import deliveries, subscriptions

FAR = 10**10


def subscribe(
    connection: Connection,
    endpoint: str,
    *,
    origin: str = "https://a.example",
    keys: tuple[str, str] = ("", ""),
    categories: tuple[str, ...] = (),
    areas: tuple[str, ...] = (),
) -> int:
    """One subscription, as the service writes it; its id."""
    values = {
        "endpoint": endpoint,
        "origin": origin,
        "p256dh": keys[0],
        "auth": keys[1],
        "categories": json.dumps(sorted(categories)),
        "areas": json.dumps(sorted(areas)),
        "created_at": 0,
        "seen_at": 0,
    }
    number: int = connection.execute(insert(subscriptions).values(values).returning(subscriptions.c.id)).scalar_one()
    return number


def announcement(
    item_id: str, recipients: tuple[int, ...], *, number: int = 1, urgency: str = "normal", expires_at: int = FAR
) -> Announcement:
    """A revision that is told; its payload is its own name."""
    message = Message(f"{item_id}#{number}", urgency, "t" * 32, expires_at)
    return Announcement(item_id, number, f"r{number}", message, recipients)


def states(connection: Connection) -> dict[str, int]:
    """How many deliveries are in each state."""
    return dict(Counter(connection.execute(select(deliveries.c.state)).scalars()))
