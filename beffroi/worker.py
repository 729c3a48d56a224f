"""A worker on its own: it sends whatever the ledger owes, for as long as it lives, beside any number of others.

It needs nothing but the database; the leases of the ledger keep the workers apart, and go on where one died.
"""

from __future__ import annotations

import os
import socket
import time
import uuid
from collections.abc import Callable
from threading import Event

from sqlalchemy import Engine

from beffroi.announce import Clock, Delivered, Fault, dispatch
from beffroi.channels.arming import disarm
from beffroi.retention import DAY, retain
from beffroi.settings import Service, Site
from beffroi.store import journal, ledger
from beffroi.store.db import transaction

REST = 1.0
"""Seconds between two looks at the ledger."""


def name() -> str:
    """A name that no other worker has, nor ever had, on any machine."""
    return f"{socket.gethostname()[:64]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


def work(
    site: Site,
    service: Service,
    engine: Engine,
    stopped: Event,
    *,
    idle: Callable[[], None] = lambda: None,
    told: Callable[[Delivered], None] = lambda done: None,
    fault: Fault = lambda point: None,
) -> None:
    """Send until `stopped` is set: what is in flight is then waited for. `told` hears of each round that did something,
    `idle` is called where there is nothing to send. Raises `SettingsError`, `StoreError`."""
    if not service.push_prearm:
        disarm(engine)
    if restored := mended(service, engine):
        told(restored)
    owner, day = name(), 0
    while not stopped.is_set():
        run = dispatch(site, service, engine, owner, Clock(sleep=time.sleep), fault=fault)
        run.patience, run.stopped = 0, stopped
        done = run.run()
        if done.told or done.gone or done.failed or done.by_reason:
            journal.sent(engine, service.var, int(time.time()))
            told(done)
        else:
            idle()
            if (today := int(time.time()) // DAY) != day:
                day = today
                retain(service, engine, time.time())
            stopped.wait(rest(engine))


def mended(service: Service, engine: Engine) -> Delivered | None:
    """What is to be said where the database was put back from an older copy: what it would send again is stopped.
    Raises `StoreError`."""
    with transaction(engine) as connection:
        restored = journal.mend(connection, service.var, int(time.time()), every=False)
    return Delivered(alarms=tuple(restored.sentences())) if restored else None


def rest(engine: Engine) -> float:
    """Seconds until the next look: a lease that ends sooner, somebody's who may be dead, is not waited for in vain."""
    with transaction(engine) as connection:
        due = ledger.next_due(connection)
    left = due - time.time() if due else 0
    return min(REST, left) if left > 0 else REST
