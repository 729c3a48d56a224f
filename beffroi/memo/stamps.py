"""Which files lie below a folder, and whether they are those of the last time."""

from __future__ import annotations

import hashlib
import os
import stat
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import field
from functools import cached_property
from struct import Struct

from beffroi.records import dataclass

Stamp = bytes
"""Size, time of the content, time of the inode (nanoseconds), inode, packed (`STAMP`), since there is one for each file:
another one means that the bytes are read again."""

STAMP = Struct("<qqqQ")

NOWHERE = STAMP.pack(0, 0, 0, 0)
"""The stamp of what is no file of this folder: a link that leads nowhere, or out of it; a pipe."""

FRESH = 2_000_000_000
"""Nanoseconds. A file that young may be written again within one tick of its file system's clock: its stamp proves
nothing the next time (git's "racily clean")."""


DIGEST = 16
"""Bytes of a digest."""


def digest(data: bytes | memoryview) -> bytes:
    """What stands for these bytes."""
    return hashlib.blake2b(data, digest_size=DIGEST).digest()


@dataclass
class Files:
    """Every file below `folder` that is not hidden: path relative to it, with slashes → stamp; in sorted order."""

    folder: str
    stamps: dict[str, Stamp] = field(default_factory=dict)
    now: int = field(default_factory=time.time_ns)
    unread: list[str] = field(default_factory=list)
    """Folders below it that the system does not give."""
    _parted: dict[Callable[[str], bool], tuple[list[str], list[str]]] = field(default_factory=dict, compare=False)

    @classmethod
    def below(cls, folder: str) -> Files:
        """Look at the folder; one that cannot be read counts as empty."""
        files = cls(folder)
        files.stamps = dict(files._walk(folder, ""))
        return files

    def _walk(self, folder: str, prefix: str) -> Iterator[tuple[str, Stamp]]:
        try:
            found = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except FileNotFoundError:
            return
        except OSError:
            self.unread.append(prefix.rstrip("/"))
            return
        folders = []
        for entry in found:
            if entry.name.startswith("."):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(entry.name)
            elif not _leads_to_folder(entry):
                yield prefix + entry.name, self._stamp(entry)
        for name in folders:
            yield from self._walk(f"{folder}/{name}", f"{prefix}{name}/")

    def _stamp(self, entry: os.DirEntry[str]) -> Stamp:
        try:
            at = entry.stat()
        except OSError:
            return NOWHERE
        if not stat.S_ISREG(at.st_mode) or (entry.is_symlink() and not self._below(entry.path)):
            return NOWHERE
        return STAMP.pack(at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino)

    def _below(self, path: str) -> bool:
        root = os.path.realpath(self.folder)
        return os.path.commonpath([root, os.path.realpath(path)]) == root

    def parted(self, wanted: Callable[[str], bool]) -> tuple[list[str], list[str]]:
        """The names that are wanted, and the others; each is asked about once, though several want to know."""
        if wanted not in self._parted:
            names = [name for name in self.stamps if wanted(name)]
            some = set(names)
            self._parted[wanted] = names, [name for name in self.stamps if name not in some]
        return self._parted[wanted]

    def holds(self, name: str) -> bool:
        """Whether there is such a file."""
        return self.stamps.get(name, NOWHERE) != NOWHERE

    def named(self, name: str) -> str:
        """The name under which that file lies: an editor types NFC, a Mac may have written NFD."""
        if name in self.stamps or name.isascii():
            return name
        return self._forms.get(unicodedata.normalize("NFC", name), name)

    @cached_property
    def _forms(self) -> dict[str, str]:
        return {unicodedata.normalize("NFC", name): name for name in self.stamps if not name.isascii()}

    def lasting(self, name: str) -> Stamp | None:
        """The stamp to compare with the next time; `None` where the file is too young for it to prove anything."""
        stamp = self.stamps[name]
        return stamp if stamp != NOWHERE and max(STAMP.unpack(stamp)[1:3]) < self.now - FRESH else None


def _leads_to_folder(entry: os.DirEntry[str]) -> bool:
    """Whether a link leads to a folder; one that leads to itself leads nowhere."""
    try:
        return entry.is_dir()
    except OSError:
        return False
