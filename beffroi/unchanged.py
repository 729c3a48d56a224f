"""The answer to most publications: nothing is new, nobody is told. Found without what writes into the ledger, which takes
as long to import as all the rest of a publication.

Only a database in a file is asked so, and nothing is written. Any doubt is no answer: what knows the ledger is imported
then, and says the same.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from beffroi.channels.delivered import Delivered
from beffroi.errors import BeffroiError
from beffroi.news import news, readable
from beffroi.settings import Service, Site
from beffroi.store import HEAD, witness
from beffroi.store.entries import Known, latest
from beffroi.told import Announced, Outlook, Said

if TYPE_CHECKING:
    from beffroi.telling import Confirm, Progress

FILE = "sqlite:///"
DAY = 24 * 3600

_STATE = """
    SELECT (SELECT version_num FROM alembic_version),
        EXISTS (SELECT 1 FROM announcements),
        EXISTS (SELECT 1 FROM shards WHERE state = 'open'),
        EXISTS (SELECT 1 FROM armed),
        (SELECT COUNT(*) FROM subscriptions),
        (SELECT subscriptions FROM census WHERE day = ?),
        (SELECT value FROM marks WHERE name = 'retained'),
        COALESCE((SELECT value FROM marks WHERE name = ?), 0)
"""

_KNOWN = """
    SELECT item_id, revision, number, state FROM announcements
    WHERE item_id IN (SELECT value FROM json_each(?)) ORDER BY number
"""


def expected(service: Service) -> bool:
    """Whether somebody may have to be told, however little is new: who has subscribed, or is still owed something. Also
    where that is not to be known."""
    try:
        with _asked(service) as ledger:
            (found,) = ledger.execute(
                "SELECT EXISTS (SELECT 1 FROM subscriptions) OR EXISTS (SELECT 1 FROM shards WHERE state = 'open')"
            ).fetchone()
            return bool(found)
    except (sqlite3.Error, OSError):
        return True


def tell(
    site: Site,
    service: Service,
    release: Path,
    at: datetime,
    adopt: bool,
    confirm: Confirm,
    progress: Progress,
    *,
    meanwhile: Callable[[], object] = lambda: None,
) -> Said:
    """As `telling.tell`, which is imported where there is something to tell, or to write."""
    if said := answer(site, service, release, at):
        meanwhile()
        confirm(said.outlook)
        return said
    from beffroi import telling

    return telling.tell(site, service, release, at, adopt, confirm, progress, meanwhile=meanwhile)


def answer(site: Site, service: Service, release: Path, at: datetime) -> Said | None:
    """What `telling.tell` would say, where it would find nothing to tell and nothing to write but that it was here."""
    try:
        with _asked(service) as ledger:
            if not service.vapid_key.exists() or not _settled(ledger, service, at):
                return None
            current = readable(release, site, service, at)
            ids = [item.id for item in current.items]
            known = _known(ledger, [*ids, *(old for one in ids for old in current.former.get(one, ()))])
            if current.faults or news(current.items, known, at, service.max_age, former=current.former):
                return None
    except (sqlite3.Error, OSError, BeffroiError):
        return None
    return Said(Outlook(site.zone), Announced(), Delivered())


@contextmanager
def _asked(service: Service) -> Iterator[sqlite3.Connection]:
    """The ledger as it stands at one instant, to be read. Raises `sqlite3.Error`, `OSError`."""
    if not service.database.startswith(FILE) or not {"?", "%"}.isdisjoint(service.database):
        raise OSError(service.database)
    place = f"file:{quote(service.database.removeprefix(FILE))}?mode=rw"  # its last reader tidies up beside it
    with closing(sqlite3.connect(place, uri=True, isolation_level=None)) as ledger:
        ledger.execute("PRAGMA query_only = ON")
        ledger.execute("BEGIN")
        yield ledger


def _settled(ledger: sqlite3.Connection, service: Service, at: datetime) -> bool:
    """Whether nothing is left to write, whatever the feed holds."""
    mark = witness.last(service.var)
    day = at.astimezone(UTC).date().isoformat()
    version, told, owed, armed, phones, counted, retained, generation = ledger.execute(
        _STATE, (day, mark.name)
    ).fetchone()
    return (
        version == HEAD
        and told  # else all is adopted
        and not owed
        and (service.push_prearm or not armed)
        and counted == phones
        and retained == int(time.time()) // DAY
        and generation >= mark.generation  # else an older copy was put back
    )


def _known(ledger: sqlite3.Connection, item_ids: list[str]) -> dict[str, Known]:
    """As `ledger.known`."""
    return latest(ledger.execute(_KNOWN, (json.dumps(item_ids),)))
