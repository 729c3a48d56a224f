"""What one build leaves for the next: tables of plain values, and blobs beside them.

::

    var/cache/memo.bin     mark, key, SHA-256, the tables (marshal): small, read whole, replaced in one step
    var/cache/blobs-N.bin  texts and objects, appended to; a table names one by place, length and CRC

Nothing here is needed: without it, or where a byte of it is wrong, everything is made anew. `key` names the program,
its libraries and the settings; under another key the memo is not read at all.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from beffroi.memo.blobs import Blobs, Damaged, Ref

__all__ = ["Blobs", "Damaged", "Memo", "Ref", "unswept"]

MARK = b"beffroi memo 1\n"
FILE = "memo.bin"
GROWN = 50_000_000
"""Bytes that blobs may take besides three times those of the first build: then all is made anew, once in thousands of
edits."""


@contextmanager
def unswept() -> Iterator[None]:
    """Load many small objects, none of them garbage: the collector neither sweeps meanwhile nor counts them later."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@dataclass
class Memo:
    """The memo of one site. `tables` is read and replaced by whoever owns a table; `said` tells why it starts empty."""

    folder: Path | None
    key: str
    tables: dict[str, Any] = field(default_factory=dict)
    blobs: Blobs = field(default_factory=Blobs)
    said: str = ""

    @classmethod
    def open(cls, folder: Path, key: str, *, clean: bool = False) -> Memo:
        """The memo in that folder, empty where there is none, `clean` is asked, or a byte of it is wrong."""
        memo = cls(folder, key)
        if clean or not (folder / FILE).exists():
            memo.said = "" if clean else "Première construction : tout est à faire."
        else:
            try:
                memo._load((folder / FILE).read_bytes())
            except Damaged as reason:
                memo = cls(folder, key, said=f"Mémoire des constructions écartée ({reason}) ; tout est refait.")
            except OSError as error:
                memo = cls(folder, key, said=f"Mémoire des constructions illisible ({error}) ; tout est refait.")
        if not memo.tables:
            memo.blobs = Blobs.anew(folder)
        return memo

    def _load(self, data: bytes) -> None:
        if not data.startswith(MARK):
            raise Damaged("ce n’en est pas une")
        head = MARK + self.key.encode() + b"\n"
        if not data.startswith(head):
            raise Damaged("le programme ou les réglages ont changé")
        total, payload = data[len(head) : len(head) + 32], memoryview(data)[len(head) + 32 :]
        if hashlib.sha256(payload).digest() != total or self.folder is None:
            raise Damaged("des octets ont changé")
        with unswept():
            (name, end), self.tables = marshal.loads(payload)  # noqa: S302  # its digest was just checked
        self.blobs = Blobs.known(self.folder / name, end)
        if end > GROWN + 3 * self.tables.get("born", end):
            raise Damaged("elle a trop grossi")

    def save(self) -> None:
        """Put the tables down in one step. What was read so far stays readable."""
        if self.folder is None:
            return
        self.blobs.flush()
        self.tables.setdefault("born", self.blobs.end)
        payload = marshal.dumps(((self.blobs.name, self.blobs.end), self.tables))
        aside = self.folder / f".{FILE}.{os.getpid()}"
        with open(aside, "wb") as file:
            file.writelines((MARK, self.key.encode(), b"\n", hashlib.sha256(payload).digest(), payload))
        os.replace(aside, self.folder / FILE)
        self.blobs.sweep()

    def forget(self) -> None:
        """Drop everything: the next build starts clean."""
        if self.folder is not None:
            (self.folder / FILE).unlink(missing_ok=True)

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """A blob that turns out damaged forgets the memo, so that the same command works the next time."""
        try:
            yield
        except Damaged:
            self.forget()
            raise
