"""What a publication is about to tell, and to how many: for whoever is to say yes."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from beffroi.announce import decide
from beffroi.channels import webpush
from beffroi.channels.feed import Feed
from beffroi.news import readable, revision
from beffroi.settings import Service, Site
from beffroi.store import figures, journal, ledger, quiet, ranges
from beffroi.store.audience import Audience
from beffroi.store.db import transaction
from beffroi.store.ranges import Group
from beffroi.told import Decision, Outlook, Told, Why


def foresee(
    release: Path,
    site: Site,
    service: Service,
    engine: Engine,
    at: datetime,
    adopt_all: bool = False,
    current: Feed | None = None,
) -> Outlook:
    """What `announce` would tell of that release at that instant; nothing is written. `current` is what is `readable` of
    it, where that is known. Raises `VerifyError`."""
    current = current or readable(release, site, service, at)
    with transaction(engine) as connection:
        trial = connection.begin_nested()  # what `announce` does first, taken back at the end
        try:
            journal.mend(connection, service.var, int(at.timestamp()))
            decisions = [d for d in decide(connection, current, service, at, adopt_all=adopt_all) if d.why.told]
            return _outlook(connection, site, service, decisions, at)
        finally:
            trial.rollback()


def rehearsed(site: Site, service: Service, engine: Engine) -> None:
    """Ask all that `foresee` will, of the release that is online: a statement that was never asked takes longer to be put
    together than to be answered. Nothing is written. Raises `BeffroiError`."""
    at = datetime.now(UTC)
    current = readable(service.current, site, service, at)
    foresee(service.current, site, service, engine, at, current=current)
    told = [Decision(item, Why.NEW, revision(item), 1) for item in current.items[:1]]
    with transaction(engine) as connection:
        _outlook(connection, site, service, told, at)


def _outlook(connection: Connection, site: Site, service: Service, decisions: list[Decision], at: datetime) -> Outlook:
    waiting = ledger.waiting(connection, [one.item.id for one in decisions])
    if not decisions:
        return Outlook(site.zone, waiting=waiting)
    chosen = figures.groups(ranges.ranges(connection))
    audiences = [ledger.audience(connection, d.item.id, d.number, webpush.interest(d.item)) for d in decisions]
    found = [_Count(decision, audience, site.zone, at) for decision, audience in zip(decisions, audiences, strict=True)]
    phones, held = 0, Counter[int]()
    for group, count in chosen.items():
        heard = {until for one in found if (until := one.add(group, count)) is not None}
        phones += count if heard else 0
        for until in heard - {0}:
            held[until] += count
    week = figures.week(connection, int(at.timestamp()), chosen, audiences)
    told = tuple(Told(one.decision, one.now, dict(one.held), one.missed) for one in found)
    return Outlook(site.zone, told, phones, week, service.pushes_a_week, dict(held), waiting)


class _Count:
    """Of one item: to how many at once, to how many later, and who sleeps until it is of no use."""

    def __init__(self, decision: Decision, audience: Audience, zone: ZoneInfo, at: datetime) -> None:
        self.decision, self._audience, self._zone = decision, audience, zone
        self._wait, self._second = webpush.wait(decision.item), at.timestamp()
        self._over = webpush.expiry(decision.item, at)
        self.now, self.missed, self.held = 0, 0, Counter[int]()

    def add(self, group: Group, count: int) -> int | None:
        """Count so many; the instant until which they are held, 0 for those who hear at once, None for who does not."""
        if not self._audience.admits(group.choice):
            return None
        later = quiet.later(group.quiet, self._second, self._zone) if self._wait == "later" else 0
        until = 0 if self._wait == "loud" else later or quiet.release(group.quiet, self._second, self._zone)
        if until >= self._over:
            self.missed += count
            return None
        if until:
            self.held[until] += count
        else:
            self.now += count
        return until
