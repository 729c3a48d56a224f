"""A second witness of what was announced, in a file beside the database: it tells a database that was put back from an
older copy, and gives it back what it forgot.

`var/annonces.jsonl` (`witness.py`) has one line an announcement, and one for each publication that wrote in the ledger, and
each time somebody was told, with its number (*generation*), which the database has too. It is written after the
database's own commit: it never knows more than a database that lost nothing.
"""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, Engine, insert, select, text

from beffroi.records import dataclass
from beffroi.store import armed, ledger
from beffroi.store.db import plain, transaction
from beffroi.store.entries import Known, Message
from beffroi.store.tables import announcements, shards
from beffroi.store.witness import Mark, last, read, write


@dataclass(frozen=True, slots=True)
class Restored:
    """What was mended after an older copy of the database came back: `forgotten` items that had been announced or
    adopted since, and `stopped`, items whose sending that copy believes unfinished: who heard of them is in doubt."""

    forgotten: tuple[str, ...]
    stopped: tuple[str, ...]

    def sentences(self) -> list[str]:
        """For the agent."""
        lines = ["La base de données est plus ancienne que la dernière publication : une copie a été remise en place."]
        if self.forgotten:
            lines.append(f"Déjà annoncés depuis cette copie, et non annoncés de nouveau : {', '.join(self.forgotten)}.")
        if self.stopped:
            lines.append(
                f"En doute, et arrêtés, car des habitants ont pu les recevoir : {', '.join(self.stopped)} ; pour "
                "prévenir de nouveau tout le monde, changez leurs mots ou leur date « updated »."
            )
        return lines


def mend(connection: Connection, var: Path, at: int, *, every: bool = True) -> Restored | None:
    """Compare the two witnesses; where the database is the older one, write in it what it forgot, and stop what it
    would send again: `every` announcement or, for one machine of several, those that are older than its last line, as
    another one may have announced since. None where all is well. Raises `StoreError` where the file cannot be read."""
    mark = last(var)
    if generation(connection, mark.by) >= mark.generation:
        return None
    told = dict(read(var))
    armed.forget(connection)  # keys that may have served since
    known = ledger.known(connection, told)
    forgotten = [one for one, kept in told.items() if one not in known or known[one].number < kept.number]
    if rows := [_row(one, told[one], at) for one in forgotten]:
        connection.execute(insert(announcements), rows)
    former = select(announcements.c.id).where(*(() if every else (announcements.c.created_at <= mark.at,)))
    stopped = ledger.titled_owed(connection, former)
    reason = "en doute : la base a été remise d’une copie plus ancienne"
    ledger.drop(connection, shards.c.announcement_id.in_(former), reason)
    _set(connection, mark)
    return Restored(tuple(forgotten), stopped)


def _row(item_id: str, kept: Known, at: int) -> dict[str, object]:
    state = "told" if kept.told else "adopted"
    row = {"item_id": item_id, "number": kept.number, "revision": kept.revision, "state": state}
    return row | ledger.said(Message("", "low", "", 0)) | {"audience": "", "created_at": at}


_GENERATION = text("SELECT value FROM marks WHERE name = :name")
_TURN = text(
    "INSERT INTO marks (name, value) VALUES (:name, :number) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def generation(connection: Connection, by: str = "") -> int:
    """The number of the last publication of that machine that the database knows."""
    return next((int(row[0]) for row in plain(connection, _GENERATION, {"name": Mark(by=by).name})), 0)


def turn(connection: Connection, var: Path, at: int) -> Mark:
    """Count one more; return it, for `write` after the commit. Raises `StoreError`."""
    mark = last(var)
    by = mark.by if mark.generation else uuid4().hex[:8]
    made = Mark(generation(connection, by) + 1, at, by)
    _set(connection, made)
    return made


def _set(connection: Connection, mark: Mark) -> None:
    plain(connection, _TURN, {"name": mark.name, "number": mark.generation})


def sent(engine: Engine, var: Path, at: int) -> None:
    """Somebody was told: a copy of the database made before is an older one. Raises `StoreError`."""
    with transaction(engine) as connection:
        mark = last(var)
        if generation(connection, mark.by) < mark.generation:
            return  # it is one: `mend` must see that
        made = turn(connection, var, at)
    write(var, made)
