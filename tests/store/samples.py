"""Subscriptions and announcements for the ledger's tests."""

from __future__ import annotations

import json

from sqlalchemy import Connection, func, insert, select

from beffroi.store.audience import Interest
from beffroi.store.entries import Announcement, Message, Wait
from beffroi.store.ledger import remaining
from beffroi.store.tables import shards, subscriptions

FAR = 10**10


def subscribe(
    connection: Connection,
    endpoint: str,
    *,
    origin: str = "https://a.example",
    keys: tuple[str, str] = ("", ""),
    categories: tuple[str, ...] = (),
    areas: tuple[str, ...] = (),
    quiet: str = "",
    alerts_only: bool = False,
) -> int:
    """One subscription, as the service writes it; its id."""
    values = {
        "endpoint": endpoint,
        "origin": origin,
        "p256dh": keys[0],
        "auth": keys[1],
        "categories": json.dumps(sorted(categories)),
        "areas": json.dumps(sorted(areas)),
        "quiet": quiet,
        "alerts_only": int(alerts_only),
        "vapid": "",
        "created_at": 0,
        "seen_at": 0,
    }
    number: int = connection.execute(insert(subscriptions).values(values).returning(subscriptions.c.id)).scalar_one()
    return number


def announcement(
    item_id: str,
    *,
    number: int = 1,
    urgency: str = "normal",
    expires_at: int = FAR,
    areas: tuple[str, ...] = (),
    wait: Wait = "loud",
) -> Announcement:
    """A revision that is told to whoever chose its category; its payload is its own name."""
    note = {"notification": {"title": f"{item_id}#{number}", "body": ""}}
    message = Message(json.dumps(note), urgency, "t" * 32, expires_at, wait)
    interest = Interest(item_id.split("/", maxsplit=1)[0], areas, item_id.startswith("alertes/"))
    return Announcement(item_id, number, f"r{number}", message, interest)


def counts(connection: Connection) -> dict[str, int]:
    """How many messages had which answer, are owed, or were dropped."""
    columns = shards.c
    left = func.coalesce(func.sum(remaining()), 0)
    sums = [func.coalesce(func.sum(columns[name]), 0) for name in ("sent", "gone", "refused", "late")]
    row = connection.execute(select(*sums)).one()
    found = dict(zip(("sent", "gone", "refused", "late"), row, strict=True))
    found["owed"] = connection.execute(select(left).where(columns.state == "open")).scalar_one()
    found["dropped"] = connection.execute(select(left).where(columns.state == "dropped")).scalar_one()
    return {name: count for name, count in found.items() if count}
