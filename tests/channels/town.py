"""A commune with a database, a key, phones and a feed, for the tests of announcing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine

from beffroi.announce import Announced, Clock, Delivered, Fault, Progress, announce, deliver
from beffroi.channels import keys
from beffroi.settings import Service, Site, read_service, site_from
from beffroi.store.db import connect, transaction
from tests.e2e.push_service import PushService
from tests.store.samples import subscribe

SITE = "https://www.exemple.fr"
RAW = {
    "SITENAME": "Exemple",
    "SITEURL": SITE,
    "PUBLISHER": {"email": "mairie@exemple.fr"},
    "CATEGORIES": {
        "alertes": {"kind": "alert"},
        "actualites": {"kind": "news"},
        "agenda": {"kind": "agenda"},
        "patrimoine": {"kind": "discover"},
    },
    "AREAS": {"lancey": "Lancey", "bourg": "Bourg"},
}


@dataclass
class Time:
    """A clock that tests move; whoever sleeps moves it too. It starts now, as the push service checks `exp`."""

    seconds: float = field(default_factory=lambda: float(int(datetime.now(UTC).timestamp())))
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        """Seconds since 1970."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Let that time pass."""
        self.slept.append(seconds)
        self.seconds += seconds

    def at(self, hours: float = 0) -> datetime:
        """The instant, so many hours from now."""
        return datetime.fromtimestamp(self.seconds + hours * 3600, UTC)


def entry(at: datetime, item_id: str = "actualites/marche", **changes: Any) -> dict[str, Any]:
    """One item as `feed.json` has it, published at `at`; fields of `_beffroi` are given by their name."""
    outer = {"title", "summary", "url", "date_published", "date_modified", "language"}
    raw: dict[str, Any] = {
        "id": item_id,
        "url": f"{SITE}/{item_id}/",
        "title": "Le marché déménage",
        "summary": "Dès samedi, place de la Libération.",
        "date_published": at.isoformat(),
        "date_modified": at.isoformat(),
        "language": "fr",
        "_beffroi": {
            "about": SITE,
            "category": item_id.split("/", maxsplit=1)[0],
            "start": None,
            "end": None,
            "areas": [],
        },
    }
    raw |= {name: value for name, value in changes.items() if name in outer}
    raw["_beffroi"] |= {name: value for name, value in changes.items() if name not in outer}
    return raw


def alert(at: datetime, until: datetime, **changes: Any) -> dict[str, Any]:
    """A flood, running until then."""
    words = {"title": "Crue de l’Isère", "summary": "Éloignez-vous des berges."}
    cap = {"severity": "Severe", "urgency": "Immediate", "certainty": "Observed"}
    return entry(at, "alertes/crue-isere", end=until.isoformat(), **{**words, **cap, **changes})


@dataclass
class Town:
    """Everything that `announce` and `deliver` need; `pages` are written by `feed`."""

    folder: Path
    engine: Engine
    site: Site
    service: Service
    time: Time = field(default_factory=Time)

    @property
    def release(self) -> Path:
        """Where the feed is."""
        return self.folder / "release"

    def feed(self, *items: dict[str, Any], name: str = "feed.json", next_url: str | None = None) -> None:
        """Write one page of the feed."""
        path = self.release / "feeds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        page: dict[str, Any] = {"version": "https://jsonfeed.org/version/1.1", "title": "Exemple", "items": items}
        path.write_text(json.dumps(page | ({"next_url": next_url} if next_url else {})), encoding="utf-8")

    def announce(self, *items: dict[str, Any], adopt_all: bool = False) -> Announced:
        """Write that feed, and announce it at this instant."""
        self.feed(*items)
        return announce(self.release, self.site, self.service, self.engine, self.time.at(), adopt_all)

    def deliver(
        self,
        *,
        again: bool = False,
        fault: Fault = lambda point: None,
        progress: Progress = lambda done, total: None,
        many: int | None = None,
    ) -> Delivered:
        """Send, by this town's clock; from `many` messages on with a second process."""
        clock = Clock(self.time.now, self.time.sleep, Random(1))
        return deliver(self.site, self.service, self.engine, clock, progress, again=again, fault=fault, many=many)

    def open(self) -> None:
        """The first publication is behind us."""
        self.announce(entry(self.time.at(-24 * 30), "actualites/bienvenue"))

    def phones(self, service: PushService, count: int, **choices: tuple[str, ...]) -> list[str]:
        """`count` subscribers of that push service; their endpoints."""
        made = service.subscribe(count, keys.public_key(self.service.vapid_key))
        with transaction(self.engine) as connection:
            for one in made:
                secrets = (one["keys"]["p256dh"], one["keys"]["auth"])
                subscribe(connection, one["endpoint"], origin=service.origin, keys=secrets, **choices)
        return [one["endpoint"] for one in made]


def make_town(folder: Path, url: str) -> Town:
    """A town with a new database and key."""
    service = read_service(folder, database_url=url, push_timeout=5, push_workers=4)
    keys.ensure(service.vapid_key)
    return Town(folder, connect(service.database), site_from(RAW, folder), service)


@pytest.fixture(name="town")
def town_fixture(tmp_path: Path, url: str) -> Iterator[Town]:
    """A town, on SQLite and on PostgreSQL in turn."""
    town = make_town(tmp_path, url)
    yield town
    town.engine.dispose()
