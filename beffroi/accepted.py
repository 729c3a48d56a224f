"""What the last publications accepted: the bytes of every file that is online, for when a later version is faulty.

One SQLite file in `var/`, written after the deployment. Losing it loses only versions that were never committed.
"""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from contextlib import closing
from itertools import chain
from pathlib import Path

SCHEMA = """
CREATE TABLE IF NOT EXISTS file (source BLOB PRIMARY KEY, blob TEXT NOT NULL, at INTEGER NOT NULL, data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS head (one INTEGER PRIMARY KEY CHECK (one = 1), id TEXT NOT NULL);
"""


def packed(data: bytes) -> bytes:
    """The bytes of a file as they are kept."""
    return zlib.compress(data, 1)


class Accepted:
    """Sources, their bytes and the git commit of the last publication."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.blobs: Mapping[str, str] = {}
        self.head = ""
        if path.is_file():
            try:
                with closing(self._open()) as db:
                    self.blobs = {
                        source.decode("utf-8", "surrogateescape"): blob
                        for source, blob in db.execute("SELECT source, blob FROM file")
                    }
                    self.head = next((row[0] for row in db.execute("SELECT id FROM head")), "")
            except sqlite3.DatabaseError:  # cut short by a full disk, say: begin again
                path.unlink(missing_ok=True)

    def data(self, source: str) -> tuple[bytes, int] | None:
        """The bytes of a file as they were last accepted, and when (seconds)."""
        if source not in self.blobs:
            return None
        with closing(self._open()) as db:
            row = db.execute("SELECT data, at FROM file WHERE source = ?", (os.fsencode(source),)).fetchone()
        return (zlib.decompress(row[0]), int(row[1])) if row else None

    def record(self, files: Iterable[tuple[str, str, bytes]], gone: Iterable[str], head: str, at: int) -> None:
        """Keep the files that changed (source, blob and what `packed` makes of the bytes), forget those that are no longer
        there, in one transaction."""
        rows = ((os.fsencode(source), blob, at, data) for source, blob, data in files)
        lost = [(os.fsencode(source),) for source in gone]
        first = next(rows, None)
        if not first and not lost and head == self.head:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with closing(self._open()) as db, db:
            db.executemany("INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", chain([first] if first else [], rows))
            db.executemany("DELETE FROM file WHERE source = ?", lost)
            db.execute("INSERT OR REPLACE INTO head VALUES (1, ?)", (head,))

    def _open(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path)
        db.executescript(SCHEMA)
        return db
