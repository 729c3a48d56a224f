"""What a publication tells, and told, as plain data: a process may say it to another one."""

from __future__ import annotations

from collections import Counter
from dataclasses import field
from datetime import UTC, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from beffroi.channels import FeedItem
from beffroi.channels.delivered import Delivered
from beffroi.records import dataclass
from beffroi.store.entries import Week


class Why(StrEnum):
    """Why an item is told, or adopted: written in the ledger as known, and told to nobody. French, for the report."""

    NEW = "nouveau"
    UPDATE = "mis à jour"
    FIRST = "première publication : rien n’est annoncé"
    ASKED = "adopté à la demande"
    OVER = "déjà terminé"
    OLD = "trop ancien pour être annoncé"
    SILENT = "sans notification, comme demandé (push: non)"
    CANCELLED = "annulé : la notification est remplacée"
    WITHDRAWN = "retiré"
    RENAMED = "fichier renommé, déjà connu"
    UNTOLD = "modifié, mais jamais annoncé"

    @property
    def told(self) -> bool:
        """Whether phones hear of it."""
        return self in {Why.NEW, Why.UPDATE, Why.CANCELLED}


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with one item that the ledger does not know in these words. `number` is its place in the ledger,
    `tag` the id under which phones were told of it before its file was renamed."""

    item: FeedItem
    why: Why
    revision: str
    number: int
    tag: str = ""


@dataclass(frozen=True, slots=True)
class Announced:
    """What `announce` did. `decisions` has one entry for each item that was new to the ledger; `withdrawn` are the ids
    of items no longer readable of which something was owed; `owed` counts all deliveries without an answer."""

    decisions: tuple[Decision, ...] = ()
    withdrawn: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    owed: int = 0

    @property
    def told(self) -> tuple[FeedItem, ...]:
        """The items that phones hear of."""
        return tuple(decision.item for decision in self.decisions if decision.why.told)

    @property
    def by_reason(self) -> dict[str, int]:
        """How many items for each reason."""
        return dict(Counter(decision.why.value for decision in self.decisions))

    def sentences(self) -> list[str]:
        """The report for the agent: one line an item told, one a reason for the others, then what went wrong."""
        lines = [f"{d.item.title} ({d.item.id}) : {d.why}" for d in self.decisions if d.why.told]
        others = Counter(d.why for d in self.decisions if not d.why.told)
        lines += [f"{count} contenu{'s' if count > 1 else ''} : {why}" for why, count in others.items()]
        lines += [f"{item_id} : retiré du site ; ce qui restait à envoyer ne partira pas" for item_id in self.withdrawn]
        return [*lines, *self.faults]


@dataclass(frozen=True, slots=True)
class Told:
    """One item about to be told: to `now` phones at once, and to others at the instants of `held`; `missed` are those
    whose quiet hours end too late for it."""

    decision: Decision
    now: int
    held: dict[int, int]
    missed: int = 0

    def sentence(self) -> str:
        """For the agent."""
        item = self.decision.item
        head = f"{item.title} ({self.decision.why}) : {_many(self.now + sum(self.held.values()), 'téléphone')}"
        verb = "dorment" if self.missed > 1 else "dort"
        return f"{head}, {_many(self.missed, 'autre')} {verb} jusqu’après sa fin" if self.missed else head


@dataclass(frozen=True, slots=True)
class Outlook:
    """`week` is what citizens will have got in seven days, these items included; `limit` from how many it is too much.
    `phones` counts subscriptions that will hear of one of them at least, `held` those that will hear of one in the
    morning, by its instant; `waiting` are messages of before that may leave with them."""

    zone: ZoneInfo
    told: tuple[Told, ...] = ()
    phones: int = 0
    week: Week = field(default_factory=Week)
    limit: int = 0
    held: dict[int, int] = field(default_factory=dict)
    waiting: int = 0

    def sentences(self) -> list[str]:
        """For the agent: "3 contenus → 1 532 téléphones, dont 214 en attente jusqu’à 7 h", each item, the pace."""
        owed = [f"{_many(self.waiting, 'message')} d’une annonce précédente à envoyer encore."] if self.waiting else []
        if not self.told:
            return ["Aucun téléphone à prévenir.", *owed]
        head = f"{_many(len(self.told), 'contenu')} → {_many(self.phones, 'téléphone')}"
        waits = [f"dont {_many(n)} en attente jusqu’à {self._clock(at)}" for at, n in sorted(self.held.items())]
        return [", ".join([head, *waits]), *(one.sentence() for one in self.told), *owed, self.pace()]

    def _clock(self, at: int) -> str:
        from beffroi.text import clock

        return clock(datetime.fromtimestamp(at, UTC).astimezone(self.zone))

    def pace(self) -> str:
        """How often phones ring in these days."""
        week, much = self.week, self.week.most > self.limit
        sentence = (
            f"En sept jours : {_many(week.most, 'notification')} au plus par habitant, {week.median} pour la moitié d’entre "
            "eux"
        )
        warned = (
            f" ; au-delà de {self.limit}, beaucoup les coupent : groupez-les, ou écrivez push: later" if much else ""
        )
        return f"{sentence}{warned}."

    @property
    def too_many(self) -> bool:
        """Whether some citizen gets more than is wise."""
        return bool(self.told) and self.week.most > self.limit


@dataclass(frozen=True, slots=True)
class Said:
    """All that came of a release: what was foreseen, what was announced, what reached whom. `owed` is the instant from
    which what is left may be sent, in seconds since 1970; None where nothing is left."""

    outlook: Outlook
    announced: Announced
    delivered: Delivered
    owed: float | None = None


def _many(count: int, word: str = "") -> str:
    from beffroi.text import many  # late: who tells phones says nothing of it, and need not wait for typography

    return many(count, word)
