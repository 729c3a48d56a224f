"""The end of a publication: foresee, ask, announce, deliver. What can be made ready while the site is built is."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from beffroi.announce import announce, deliver
from beffroi.channels import companion, keys
from beffroi.channels.delivered import Delivered
from beffroi.channels.http2.lobby import Lobby
from beffroi.channels.senders import tokens
from beffroi.errors import BeffroiError, StoreError
from beffroi.foresee import foresee, rehearsed
from beffroi.news import readable
from beffroi.records import dataclass
from beffroi.retention import spared
from beffroi.settings import Service, Site
from beffroi.store import figures, ledger
from beffroi.store.db import connect, file_of, transaction
from beffroi.told import Announced, Outlook, Said

MANY = 500
"""Subscribers from which on a vendor gets a second connection: what may be in flight does not fit into one."""

Confirm = Callable[[Outlook], bool]
Progress = Callable[[int, int], None]


class Tell(Protocol):
    """Tells phones of a release, here or elsewhere."""

    def __call__(
        self,
        site: Site,
        service: Service,
        release: Path,
        at: datetime,
        adopt: bool,
        confirm: Confirm,
        progress: Progress,
        *,
        meanwhile: Callable[[], object],
    ) -> Said:
        """As `tell` does."""


@dataclass(frozen=True)
class Ready:
    """What was made ready."""

    engine: Engine
    lobby: Lobby | None = None
    """None where nobody is to be reached."""


def ready(site: Site, service: Service) -> Ready | None:
    """Open the database and, where there are subscribers, connections to their vendors; sign what they ask for, and
    ask the database once what it will be asked.

    Nothing is written, and nothing that fails matters: `tell` meets it again. None where there is nothing yet.
    """
    path = file_of(service.database)
    if not service.vapid_key.exists() or (path and not path.exists()):
        return None
    try:
        engine = connect(service.database)
        with transaction(engine) as connection:
            origins = figures.by_vendor(connection)
        if service.push_reference or not origins:
            return Ready(engine)
        lobby = Lobby(service.push_timeout)
        for origin, count in origins.items():
            if origin.startswith("https://"):
                lobby.expect(origin, 2 if count >= MANY else 1)
        import beffroi.channels.pushing  # noqa: F401  # while connections open, and not when a message is about to leave

        signed = tokens(site, service, time.time)
        for origin in origins:
            signed.authorization(origin)
    except BeffroiError:
        return None
    with suppress(BeffroiError):
        rehearsed(site, service, engine)
    return Ready(engine, lobby)


def tell(
    site: Site,
    service: Service,
    release: Path,
    at: datetime,
    adopt: bool,
    confirm: Confirm,
    progress: Progress,
    *,
    made: Ready | None = None,
    meanwhile: Callable[[], object] = lambda: None,
) -> Said:
    """Announce what this release has of new, if `confirm` says so of what is foreseen, and deliver what is owed.

    `meanwhile` is done before anything is asked or announced, beside what need not wait for it.

    Raises `BeffroiError`; whatever is owed stays in the ledger.
    """
    keys.ensure(service.vapid_key)
    engine = made.engine if made else connect(service.database)
    meanwhile()
    current = readable(release, site, service, at)
    outlook = foresee(release, site, service, engine, at, adopt_all=adopt, current=current)
    announced = Announced()
    if confirm(outlook):
        announced = announce(release, site, service, engine, at, adopt_all=adopt, current=current)
    delivered = deliver(
        site, service, engine, progress=progress, lobby=made.lobby if made else None, many=companion.MANY
    )
    return Said(outlook, announced, *_ended(service, engine, delivered))


def _ended(service: Service, engine: Engine, delivered: Delivered) -> tuple[Delivered, float | None]:
    """What is left after a delivery, and the instant from which it may be sent, seconds since 1970: at once where the
    database does not say. Whoever was told stays told, whatever fails here."""
    delivered = replace(delivered, alarms=(*delivered.alarms, *spared(service, engine, time.time())))
    if not delivered.owed:
        return delivered, None
    try:
        with transaction(engine) as connection:
            return delivered, ledger.next_due(connection)
    except StoreError as error:
        return replace(delivered, alarms=(*delivered.alarms, str(error))), 0.0


def send(site: Site, service: Service, progress: Progress, *, again: bool = False) -> tuple[Delivered, float | None]:
    """Send what is owed, without a release; and the instant from which more may be sent. Raises `BeffroiError`."""
    engine = connect(service.database)
    delivered = deliver(site, service, engine, progress=progress, again=again, many=companion.MANY)
    return _ended(service, engine, delivered)
