"""What a publication is about to tell, and to how many: for whoever is to say yes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine

from beffroi.announce import Decision, decide, readable
from beffroi.channels import webpush
from beffroi.settings import Service, Site
from beffroi.store import figures, quiet, ranges
from beffroi.store.audience import Audience, of
from beffroi.store.db import transaction
from beffroi.store.figures import Week
from beffroi.store.ranges import Group
from beffroi.text import clock


@dataclass(frozen=True, slots=True)
class Told:
    """One item about to be told: to `now` phones at once, and to others at the instants of `held`."""

    decision: Decision
    now: int
    held: dict[int, int]


@dataclass(frozen=True, slots=True)
class Outlook:
    """`week` is what citizens will have got in seven days, these items included; `limit` from how many it is too much.
    `phones` counts subscriptions that will hear of one of them at least."""

    zone: ZoneInfo
    told: tuple[Told, ...] = ()
    phones: int = 0
    week: Week = field(default_factory=Week)
    limit: int = 0

    def sentences(self) -> list[str]:
        """For the agent: "3 contenus → 1 532 téléphones, 214 messages en attente jusqu’à 7 h", each item, the pace."""
        if not self.told:
            return ["Aucun téléphone à prévenir."]
        held = sum((Counter(one.held) for one in self.told), Counter[int]())
        head = f"{_many(len(self.told), 'contenu')} → {_many(self.phones, 'téléphone')}"
        waits = [f"{_many(n, 'message')} en attente jusqu’à {self._clock(at)}" for at, n in sorted(held.items())]
        items = [
            f"{one.decision.item.title} ({one.decision.why}) : {_many(one.now + sum(one.held.values()), 'téléphone')}"
            for one in self.told
        ]
        return [", ".join([head, *waits]), *items, self.pace()]

    def _clock(self, at: int) -> str:
        return clock(datetime.fromtimestamp(at, UTC).astimezone(self.zone))

    def pace(self) -> str:
        """How often phones ring in these days."""
        week, much = self.week, self.week.most > self.limit
        sentence = (
            f"En sept jours : {week.most} notifications au plus par habitant, {week.median} pour la moitié d’entre eux"
        )
        warned = (
            f" ; au-delà de {self.limit}, beaucoup les coupent : groupez-les, ou écrivez push: later" if much else ""
        )
        return f"{sentence}{warned}."

    @property
    def too_many(self) -> bool:
        """Whether some citizen gets more than is wise."""
        return bool(self.told) and self.week.most > self.limit


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


def _many(count: int, word: str) -> str:
    """French: a narrow space between thousands, a plural from two on."""
    return f"{count:,} {word}{'s' if count > 1 else ''}".replace(",", "\u202f")
