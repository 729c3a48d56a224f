"""What a publication is about to tell, and to how many: for whoever is to say yes."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from beffroi.announce import decide, readable
from beffroi.channels import webpush
from beffroi.settings import Service, Site
from beffroi.store import figures, quiet, ranges
from beffroi.store.audience import Audience, of
from beffroi.store.db import transaction
from beffroi.store.ranges import Group
from beffroi.told import Decision, Outlook, Told


def foresee(
    release: Path, site: Site, service: Service, engine: Engine, at: datetime, adopt_all: bool = False
) -> Outlook:
    """What `announce` would tell of that release at that instant; nothing is written. Raises `VerifyError`."""
    current = readable(release, site, service, at)
    with transaction(engine) as connection:
        decisions = [d for d in decide(connection, current, service, at, adopt_all=adopt_all) if d.why.told]
        return _outlook(connection, site, service, decisions, at) if decisions else Outlook(site.zone)


def _outlook(connection: Connection, site: Site, service: Service, decisions: list[Decision], at: datetime) -> Outlook:
    chosen = figures.groups(ranges.ranges(connection))
    audiences = [of(webpush.interest(decision.item)) for decision in decisions]
    told = tuple(
        _told(decision, audience, chosen, site, at) for decision, audience in zip(decisions, audiences, strict=True)
    )
    phones = sum(count for group, count in chosen.items() if any(one.admits(group.choice) for one in audiences))
    week = figures.week(connection, int(at.timestamp()), chosen, audiences)
    return Outlook(site.zone, told, phones, week, service.pushes_a_week)


def _told(decision: Decision, audience: Audience, chosen: Counter[Group], site: Site, at: datetime) -> Told:
    wait, second, held = webpush.wait(decision.item), at.timestamp(), Counter[int]()
    for group, count in chosen.items():
        if audience.admits(group.choice):
            later = quiet.later(group.quiet, second, site.zone) if wait == "later" else 0
            held[0 if wait == "loud" else later or quiet.release(group.quiet, second, site.zone)] += count
    return Told(decision, held.pop(0, 0), dict(held))
