"""Announce: what citizens can read (`feed.json`) − what was told (the ledger) = what is new; then deliver it.

::

    feed.read ──> news(items, known) ──> Decision: tell | adopt ──> ledger.record              `announce`
                                            shards.claim ──> Sender.send ──> shards.advance    `deliver`

Nothing is lost and, but for the few in flight when a process is killed, nothing is told twice.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, Engine

from beffroi import forks
from beffroi.channels import feed, webpush
from beffroi.channels.companion import Companion
from beffroi.channels.delivered import Delivered
from beffroi.channels.dispatch import Clock, Dispatch
from beffroi.channels.http2.lobby import Lobby
from beffroi.channels.senders import senders
from beffroi.channels.summary import summary
from beffroi.news import news, readable, revision
from beffroi.settings import Service, Site
from beffroi.store import armed, figures, journal, ledger, shards, witness
from beffroi.store.db import transaction
from beffroi.store.entries import Announcement, Known, Message
from beffroi.store.worker import working
from beffroi.told import Announced, Decision, Why

__all__ = [
    "Announced",
    "Clock",
    "Decision",
    "Delivered",
    "Fault",
    "Progress",
    "Why",
    "announce",
    "deliver",
    "news",
    "revision",
]


Progress = Callable[[int, int], None]
"""Called with how many messages are settled, of how many."""

Fault = Callable[[str], None]
"""Called with the name of each instant at which a crash would hurt: tests die there."""


def announce(
    release: Path,
    site: Site,
    service: Service,
    engine: Engine,
    at: datetime,
    adopt_all: bool = False,
    fault: Fault = lambda point: None,
    current: feed.Feed | None = None,
) -> Announced:
    """Write in the ledger what this release has of new, and to whom it is owed; nothing is sent yet.

    An empty ledger adopts everything, so that a first publication or a lost database does not ring for the whole
    archive; `adopt_all` does so on demand. `current` is what is `readable` of it, where that is known. Raises
    `VerifyError` for an unreadable feed, `StoreError`.
    """
    current, second = current or readable(release, site, service, at), int(at.timestamp())
    with working(service.var) as worker, transaction(engine) as connection:
        ledger.lock(connection)
        shards.bury(connection, worker.predecessors)
        restored = journal.mend(connection, service.var, second)
        if not service.push_prearm:
            armed.forget(connection)
        decisions = decide(connection, current, service, at, adopt_all=adopt_all)
        ledger.record(connection, [_entry(site, d, at) for d in decisions], second)
        withdrawn = _withdrawn(connection, current)
        ledger.withdraw(connection, withdrawn)
        figures.count(connection, at.astimezone(UTC).date().isoformat())
        mark, owed = journal.turn(connection, service.var, second), ledger.owed(connection)
        fault("recorded")
    fault("announced")
    witness.write(service.var, mark, [(d.item.id, Known(d.revision, d.number, d.why.told)) for d in decisions])
    doubts = (*current.faults, *(restored.sentences() if restored else ()))
    return Announced(tuple(decisions), withdrawn, doubts, owed)


def decide(
    connection: Connection, current: feed.Feed, service: Service, at: datetime, *, adopt_all: bool = False
) -> list[Decision]:
    """What the ledger does not know of this feed, each with what to do about it."""
    everything = Why.ASKED if adopt_all else Why.FIRST if ledger.empty(connection) else None
    ids = [item.id for item in current.items]
    known = ledger.known(connection, [*ids, *(old for one in ids for old in current.former.get(one, ()))])
    return news(current.items, known, at, service.max_age, everything=everything, former=current.former)


def _entry(site: Site, decision: Decision, at: datetime) -> Announcement:
    message: Message | None = None
    item = decision.item
    if decision.why.told:
        category = site.categories.get(item.category)
        kind = category.kind if category else "news"
        message = webpush.message(
            item, kind, update=decision.why in {Why.UPDATE, Why.CANCELLED}, at=at, tag=decision.tag
        )
    return Announcement(item.id, decision.number, decision.revision, message, webpush.interest(item))


def _withdrawn(connection: Connection, current: feed.Feed) -> tuple[str, ...]:
    """Items that are owed, yet can no longer be read. None where a part of the feed is unreadable: who knows then."""
    if current.faults:
        return ()
    return tuple(sorted(ledger.items_owed(connection) - {item.id for item in current.items}))


def deliver(
    site: Site,
    service: Service,
    engine: Engine,
    clock: Clock | None = None,
    progress: Progress = lambda done, total: None,
    *,
    again: bool = False,
    fault: Fault = lambda point: None,
    lobby: Lobby | None = None,
    many: int | None = None,
) -> Delivered:
    """Send what is owed, until nothing is due soon. `lobby` has connections that were opened ahead. From `many` messages
    on, a second process sends, too, where there is a core for it.

    Another publication waits for this one, then finds nothing to do. `again` takes up what push services refused, for
    after a mended key or contact. Raises `SettingsError` (key, contact) before anything is sent, `StoreError`.
    """
    clock = clock or Clock()
    with working(service.var) as worker:
        with transaction(engine) as connection:
            second = int(clock.now())
            restored = journal.mend(connection, service.var, second)
            shards.bury(connection, worker.predecessors)
            if again:
                ledger.reopen(connection, second)
            owed = ledger.owed(connection)
        if not owed:
            return Delivered(alarms=tuple(restored.sentences()) if restored else ())
        make = partial(dispatch, site, service, engine, worker.owner, clock, fault=fault, lobby=lobby)
        done = Delivered()
        try:
            if many is not None and owed >= many and forks.workers() > 1:
                other = partial(Companion, site, service, f"{worker.owner}/2", worker.lock)
                done = _together(make, other, owed, progress)
            before = done.settled
            done = done.then(make(lambda settled, left: progress(before + settled, before + left)).run())
        finally:
            journal.sent(engine, service.var, int(clock.now()))
        return done


def _together(
    make: Callable[[Progress], Dispatch], other: Callable[[], Companion], owed: int, progress: Progress
) -> Delivered:
    """Send beside a second process until nothing is due to either; what one of them could not settle is left."""
    try:
        companion = other()
    except OSError:  # no room for it
        return Delivered()
    run = make(lambda settled, _: progress(min(owed, settled + companion.settled), owed))
    run.patience = 0
    with companion:
        mine = run.run()
        while not companion.ended():
            progress(min(owed, mine.settled + companion.settled), owed)
    with transaction(run.engine) as connection:
        shards.bury(connection, companion.owner)
    return mine.then(companion.delivered)


def dispatch(
    site: Site,
    service: Service,
    engine: Engine,
    owner: str,
    clock: Clock,
    progress: Progress = lambda done, total: None,
    fault: Fault = lambda point: None,
    lobby: Lobby | None = None,
) -> Dispatch:
    """What sends, as this machine is set up. Raises `SettingsError` (key, contact)."""
    return Dispatch(
        engine=engine,
        senders=senders(site, service, clock.now, lobby),
        owner=owner,
        timeout=service.push_timeout,
        zone=site.zone,
        summary=partial(summary, site),
        clock=clock,
        progress=progress,
        prearmed=service.push_prearm,
        fault=fault,
    )
