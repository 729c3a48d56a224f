"""A folder whose every file is known: what was put there, and whether somebody has touched it since.

A build does not write into the folder that people look at. It brings a second one, the twin, from the site of the day
before yesterday to that of today, unchanged files being hard links, and exchanges both names in one step. However large
the site, that costs what changed and one `lstat` a file.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import stat
from collections.abc import Iterable, Mapping
from dataclasses import field
from pathlib import Path
from struct import Struct

from beffroi.records import dataclass

RENAME_EXCHANGE = 2
AT_FDCWD = -100

Seen = tuple[list[str], list[str]]
"""Folders and files that are not as they were put."""

File = bytes
"""Digest of the content (16 bytes), then size, time (nanoseconds) and inode (`STAMP`): other ones mean that somebody
wrote it. Packed, since there are two for each file of a site."""

DIGEST = 16
STAMP = Struct("<qqQ")


@dataclass
class Mirror:
    """What is known of the folder `root`: its files and the times of its folders, by relative path ("" is the root)."""

    root: str
    files: dict[str, File] = field(default_factory=dict)
    folders: dict[str, int] = field(default_factory=dict)
    _touched: set[str] = field(default_factory=set)
    _left: set[str] = field(default_factory=set)
    """Folders that something has left: they may be empty."""

    def look(self) -> Seen:
        """What is not as it was put. Changes nothing: another process may do it."""
        folders = [folder for folder, time in self.folders.items() if not self._settled(folder, time)]
        return folders, [name for name, file in self.files.items() if not self._intact(name, file)]

    def inspect(self, seen: Seen | None = None) -> None:
        """Forget what is not as it was put, and remove what was not put by us. `seen` is what `look` gave."""
        if "" not in self.folders or not os.path.isdir(self.root):
            shutil.rmtree(self.root, ignore_errors=True)
            os.makedirs(self.root)
            self.files, self.folders, seen = {}, {"": 0}, None
        folders, files = seen or self.look()
        for folder in folders:
            self._sweep(folder)
        for name in files:
            del self.files[name]
            self._clear(name)
            self._left.add(os.path.dirname(name))

    def _path(self, folder: str) -> str:
        return f"{self.root}/{folder}" if folder else self.root

    def _settled(self, folder: str, time: int) -> bool:
        """Whether nothing came into that folder, or left it."""
        try:
            found = os.lstat(self._path(folder))
        except OSError:
            return False
        return found.st_mtime_ns == time and stat.S_ISDIR(found.st_mode)

    def _sweep(self, folder: str) -> None:
        """Remove what was not put there by us; forget a folder that is none."""
        try:
            entries = list(os.scandir(self._path(folder)))
        except OSError:
            self.folders.pop(folder, None)
            return
        self._left.add(folder)
        for entry in entries:
            name = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if name not in self.folders:
                    shutil.rmtree(entry.path)
            elif name not in self.files:
                os.unlink(entry.path)

    def _intact(self, name: str, file: File) -> bool:
        try:
            found = os.lstat(f"{self.root}/{name}")
        except OSError:
            return False
        return STAMP.pack(found.st_size, found.st_mtime_ns, found.st_ino) == file[DIGEST:]

    def holds(self, name: str, digest: bytes) -> bool:
        """Whether that content stands there, untouched."""
        return self.has(name, digest) and self._intact(name, self.files[name])

    def has(self, name: str, digest: bytes) -> bool:
        """Whether that content was put there."""
        return self.files.get(name, b"").startswith(digest)

    def put(self, name: str, digest: bytes, source: str, *, link: bool, known: File | None = None) -> None:
        """Have that content there: the file `source` moved, or linked where it stays; `known` of it elsewhere."""
        target = f"{self.root}/{name}"
        self._clear(name)
        self._folder(os.path.dirname(name))
        if link:
            os.link(source, target)
        else:
            os.rename(source, target)
        found = os.lstat(target)
        made = digest + STAMP.pack(found.st_size, found.st_mtime_ns, found.st_ino)
        self.files[name] = known if known == made else made  # one object for both mirrors

    def prepare(self, names: Iterable[str]) -> None:
        """Have the folders of these files there."""
        for folder in {os.path.dirname(name) for name in names}:
            self._folder(folder)

    def write(self, name: str, digest: bytes, data: bytes) -> File:
        """Put these bytes there, in a folder that was prepared. Changes the disk alone, so that another process may do
        it: what it returns is to be noted in `files`."""
        self._clear(name)
        opened = os.open(f"{self.root}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        try:
            while data:
                data = data[os.write(opened, data) :]
            found = os.fstat(opened)
        finally:
            os.close(opened)
        return digest + STAMP.pack(found.st_size, found.st_mtime_ns, found.st_ino)

    def adopt(self, folder: str, files: Mapping[str, bytes]) -> None:
        """Be that folder, which holds these files (with the digests of their contents) and nothing else."""
        shutil.rmtree(self.root)
        os.rename(folder, self.root)
        self.files, self.folders = {}, {"": 0}
        for name, digest in files.items():
            found = os.lstat(f"{self.root}/{name}")
            self.files[name] = digest + STAMP.pack(found.st_size, found.st_mtime_ns, found.st_ino)
            while (name := os.path.dirname(name)) not in self.folders:
                self.folders[name] = 0
        self._touched |= self.folders.keys()

    def _clear(self, name: str) -> None:
        target = f"{self.root}/{name}"
        try:
            os.unlink(target)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError:  # somebody made a folder of it
            shutil.rmtree(target)

    def _folder(self, folder: str) -> None:
        self._touched.add(folder)
        if folder in self.folders:
            return
        if folder:
            self._folder(os.path.dirname(folder))
            path = self._path(folder)
            if os.path.lexists(path) and (os.path.islink(path) or not os.path.isdir(path)):
                os.unlink(path)
            os.makedirs(path, exist_ok=True)
        self.folders[folder] = 0

    def keep_only(self, names: Iterable[str]) -> None:
        """Remove every file whose name is not among these, and the folders that are left empty."""
        for name in self.files.keys() - set(names):
            self._clear(name)
            del self.files[name]
            self._left.add(os.path.dirname(name))
        for folder in sorted(self._left, key=len, reverse=True):
            self._prune(folder)
        self._touched |= self._left
        self._left.clear()

    def _prune(self, folder: str) -> None:
        while folder and folder in self.folders:
            try:
                os.rmdir(self._path(folder))
            except OSError:  # not empty
                return
            del self.folders[folder]
            folder = os.path.dirname(folder)
            self._touched.add(folder)

    def settle(self) -> None:
        """Note the times of the folders in which something was done."""
        for folder in self._touched & self.folders.keys():
            self.folders[folder] = os.lstat(self._path(folder)).st_mtime_ns
        self._touched.clear()


def exchange(one: Mirror, other: Mirror) -> None:
    """Exchange two folders in one step, so that both names exist at every instant; each mirror keeps its name.

    Where the kernel or the file system cannot, three renames do it. Raises `OSError`.
    """
    if not os.path.lexists(one.root):
        Path(one.root).parent.mkdir(parents=True, exist_ok=True)
        os.rename(other.root, one.root)
    elif not exchanged(one.root, other.root):
        aside = f"{other.root}.old"
        os.rename(one.root, aside)
        os.rename(other.root, one.root)
        os.rename(aside, other.root)
    one.files, other.files = other.files, one.files
    one.folders, other.folders = other.folders, one.folders


def exchanged(one: str | Path, other: str | Path) -> bool:
    """Whether the kernel and the file system could exchange two names."""
    renameat2 = getattr(ctypes.CDLL(None), "renameat2", None)
    if renameat2 is None:
        return False
    return bool(renameat2(AT_FDCWD, os.fsencode(one), AT_FDCWD, os.fsencode(other), RENAME_EXCHANGE) == 0)
