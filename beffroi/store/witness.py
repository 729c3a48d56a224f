"""The file beside the database that knows what was announced: see `journal.py`, which compares both."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from beffroi.errors import StoreError, why
from beffroi.records import dataclass
from beffroi.store.entries import Known

NAME = "annonces.jsonl"
_TAIL = 4096


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


def _ends_a_line(path: Path) -> bool:
    """Not after a power cut in the middle of one: what follows must not be lost with it."""
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def last(var: Path) -> Mark:
    """The last one in the file, read from its end; 0 where there is no file. Raises `StoreError`."""
    path = var / NAME
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


def read(var: Path) -> Iterator[tuple[str, Known]]:
    """Each item's last line; a line that a power cut left unfinished is passed over."""
    ever: set[str] = set()
    with open(var / NAME, "rb") as file:
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
