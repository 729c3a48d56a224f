"""A second witness of what was announced, in a file beside the database: it tells a database that was put back from an
older copy, and gives it back what it forgot.

`var/annonces.jsonl` has one line an announcement, and one a publication, and each time somebody was told, with its number
(*generation*), which the database has too. It is written after the database's own commit: it never knows more than a
database that lost nothing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Engine, insert, select, text

from beffroi.errors import StoreError, why
from beffroi.records import dataclass
from beffroi.store import armed, ledger
from beffroi.store.db import plain, transaction
from beffroi.store.entries import Known, Message
from beffroi.store.tables import announcements, shards

NAME = "annonces.jsonl"
_TAIL = 4096


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
    last = _last(var / NAME)
    if generation(connection, last.by) >= last.generation:
        return None
    told = dict(_read(var / NAME))
    armed.forget(connection)  # keys that may have served since
    known = ledger.known(connection, told)
    forgotten = [one for one, kept in told.items() if one not in known or known[one].number < kept.number]
    if rows := [_row(one, told[one], at) for one in forgotten]:
        connection.execute(insert(announcements), rows)
    former = select(announcements.c.id).where(*(() if every else (announcements.c.created_at <= last.at,)))
    stopped = ledger.titled_owed(connection, former)
    reason = "en doute : la base a été remise d’une copie plus ancienne"
    ledger.drop(connection, shards.c.announcement_id.in_(former), reason)
    _set(connection, last)
    return Restored(tuple(forgotten), stopped)


def _row(item_id: str, kept: Known, at: int) -> dict[str, object]:
    state = "told" if kept.told else "adopted"
    row = {"item_id": item_id, "number": kept.number, "revision": kept.revision, "state": state}
    return row | ledger.said(Message("", "low", "", 0)) | {"audience": "", "created_at": at}


@dataclass(frozen=True, slots=True)
class Mark:
    """The last number of one file, and when it was written (seconds since 1970); `by` tells it from the files of other
    machines on the same database, each of which has a count of its own."""

    generation: int = 0
    at: int = 0
    by: str = ""

    @property
    def name(self) -> str:
        """Of its row in the database."""
        return f"generation-{self.by}" if self.by else "generation"


_GENERATION = text("SELECT value FROM marks WHERE name = :name")
_TURN = text(
    "INSERT INTO marks (name, value) VALUES (:name, :number) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)


def generation(connection: Connection, by: str = "") -> int:
    """The number of the last publication of that machine that the database knows."""
    return next((int(row[0]) for row in plain(connection, _GENERATION, {"name": Mark(by=by).name})), 0)


def turn(connection: Connection, var: Path, at: int) -> Mark:
    """Count one more; return it, for `write` after the commit. Raises `StoreError`."""
    last = _last(var / NAME)
    by = last.by if last.generation else uuid4().hex[:8]
    made = Mark(generation(connection, by) + 1, at, by)
    _set(connection, made)
    return made


def _set(connection: Connection, mark: Mark) -> None:
    plain(connection, _TURN, {"name": mark.name, "number": mark.generation})


def write(var: Path, mark: Mark, told: Iterable[tuple[str, Known]] = ()) -> None:
    """After the commit: what was announced or adopted in this publication, and its number. Raises `StoreError`."""
    lines = [{"item": one, "number": k.number, "revision": k.revision, "told": k.told} for one, k in told]
    text = "".join(f"{json.dumps(line)}\n" for line in [*lines, asdict(mark)])
    try:
        var.mkdir(parents=True, exist_ok=True)
        with open(var / NAME, "ab") as file:
            whole = not file.tell() or _ends_a_line(var / NAME)
            file.write(text.encode("ascii") if whole else b"\n" + text.encode("ascii"))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise StoreError(f"Le journal {var / NAME} ne peut être écrit : {why(error)}.") from error


def sent(engine: Engine, var: Path, at: int) -> None:
    """Somebody was told: a copy of the database made before is an older one. Raises `StoreError`."""
    with transaction(engine) as connection:
        last = _last(var / NAME)
        if generation(connection, last.by) < last.generation:
            return  # it is one: `mend` must see that
        mark = turn(connection, var, at)
    write(var, mark)


def _ends_a_line(path: Path) -> bool:
    """Not after a power cut in the middle of one: what follows must not be lost with it."""
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _last(path: Path) -> Mark:
    """The last one in the file, read from its end; 0 where there is no file."""
    try:
        with open(path, "rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _TAIL))
            lines = file.read().splitlines()
    except FileNotFoundError:
        return Mark()
    except OSError as error:
        raise StoreError(f"Le journal {path} ne peut être lu : {why(error)}.") from error
    marks = [found for line in lines if "generation" in (found := _parsed(line))]
    return Mark(**marks[-1]) if marks else Mark()


def _read(path: Path) -> Iterator[tuple[str, Known]]:
    """Each item's last line; a line that a power cut left unfinished is passed over."""
    ever: set[str] = set()
    with open(path, "rb") as file:
        for line in file:
            if "item" in (found := _parsed(line)):
                ever |= {found["item"]} if found["told"] else set()
                yield found["item"], Known(found["revision"], found["number"], found["item"] in ever)


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
