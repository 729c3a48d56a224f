"""Who asked to be told: endpoints, keys and choices. Never a name, an address or a device (Push API, section 8)."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from sqlalchemy import Engine, delete, func, select, update

from beffroi.records import dataclass
from beffroi.store import armed
from beffroi.store.db import adding, transaction
from beffroi.store.quiet import DEFAULT
from beffroi.store.tables import subscriptions as table


@dataclass(frozen=True, slots=True)
class Subscription:
    """A browser's consent. `p256dh` and `auth` are base64url (RFC 8291, section 3.1); `categories` and `areas` are
    slugs, empty for all of them; `quiet` are quiet hours ("21:30-07:00", "" for none); `vapid` is the public key that
    the browser subscribed with, "" where it did not say."""

    endpoint: str
    p256dh: str
    auth: str
    categories: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    quiet: str = DEFAULT
    alerts_only: bool = False
    vapid: str = ""

    @property
    def origin(self) -> str:
        """Scheme, host and port of the push service: the vendor."""
        parts = urlsplit(self.endpoint)
        return f"{parts.scheme}://{parts.netloc}"


def put(engine: Engine, subscription: Subscription, now: float) -> bool:
    """Keep a subscription, or renew its keys and choices; its id stays, and its VAPID key where none is told.

    Returns whether it is new. `now` is in seconds since 1970. Raises `StoreError`.
    """
    row = {
        "endpoint": subscription.endpoint,
        "origin": subscription.origin,
        "p256dh": subscription.p256dh,
        "auth": subscription.auth,
        "categories": _dumped(subscription.categories),
        "areas": _dumped(subscription.areas),
        "quiet": subscription.quiet,
        "alerts_only": int(subscription.alerts_only),
        "vapid": subscription.vapid,
        "seen_at": int(now),
    }
    with transaction(engine) as connection:
        known = connection.execute(
            select(table.c.id, table.c.p256dh, table.c.auth).where(table.c.endpoint == subscription.endpoint)
        ).first()
        if known and (known.p256dh, known.auth) != (subscription.p256dh, subscription.auth):
            armed.forget(connection, [known.id])  # made for the keys that the browser has just thrown away
        new = {name: value for name, value in row.items() if value or name != "vapid"}
        statement = adding(engine, table).values(**row, created_at=int(now))
        connection.execute(statement.on_conflict_do_update(index_elements=["endpoint"], set_=new))
    return known is None


def remove(engine: Engine, endpoint: str, auth: str) -> bool:
    """Forget a subscription, at the wish of whoever holds its secret. Returns whether there was one.

    Raises `StoreError`.
    """
    with transaction(engine) as connection:
        row = connection.execute(select(table.c.id, table.c.auth).where(table.c.endpoint == endpoint)).first()
        if row is None or not hmac.compare_digest(row.auth, auth):
            return False
        connection.execute(delete(table).where(table.c.id == row.id))
    return True


def stamp(engine: Engine, vapid: str) -> int:
    """Write down with which public key those subscribed who did not say; before another one takes its place.

    Returns how many. Raises `StoreError`.
    """
    with transaction(engine) as connection:
        return connection.execute(update(table).where(table.c.vapid == "").values(vapid=vapid)).rowcount


def count(engine: Engine) -> int:
    """How many subscriptions there are. Raises `StoreError`."""
    with transaction(engine) as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def _dumped(slugs: Sequence[str]) -> str:
    return json.dumps(sorted(set(slugs)))
