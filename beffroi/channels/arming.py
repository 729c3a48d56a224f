"""Pre-arming: in idle time, the key pair and the ECDH of each subscription's next urgent message are made ahead.

What that protects, and what a stolen database gives, is in docs/explanation/pre-arming.md.
"""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Engine

from beffroi.store import armed
from beffroi.store.db import transaction

SOME = 256
"""Subscriptions armed in one transaction: 20 ms of work, so that whoever has to send never waits long for the lock."""


def prearm(engine: Engine, stop: Callable[[], bool] = lambda: False) -> int:
    """Arm whoever is not, until `stop()`; return how many were. Raises `StoreError`."""
    from beffroi.channels.encoding import arm_all

    made, after = 0, 0
    while not stop():
        with transaction(engine) as connection:
            bare = armed.bare(connection, after, SOME)
        if not bare:
            break
        after, keys = bare[-1][0], arm_all([(p256dh, auth) for _, p256dh, auth in bare])
        made_now = zip(bare, keys, strict=True)  # without key material: unreadable, told when something is sent to it
        material = {number: armed.Made(p256dh, auth, key) for (number, p256dh, auth), key in made_now if key}
        with transaction(engine) as connection:
            armed.put(connection, material)
        made += len(material)
    return made


def disarm(engine: Engine) -> None:
    """Burn what was made ahead, where it is no longer wanted: nobody is to find it. Raises `StoreError`."""
    with transaction(engine) as connection:
        armed.forget(connection)
