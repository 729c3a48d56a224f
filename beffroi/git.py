"""What the project needs of git: the versions of a file, the bytes of a version, what is staged or changed.

Names are paths from the folder that was given, wherever it lies in the repository. Nothing here writes, save the index
through `add` and a commit through `commit`, which the editors' form uses.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from beffroi.errors import BeffroiError
from beffroi.records import dataclass

SAFE = ("-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "log.showRoot=true", "-c", "core.quotePath=false")
"""The service publishes as a user of its own: git must not refuse a folder that belongs to the editors."""

FEW = 500
"""Names that one command line takes; for more, git lists everything and we choose."""


@dataclass(frozen=True, slots=True)
class Version:
    """One file as one commit left it; `blob` is empty where that commit deleted it."""

    commit: str
    when: int
    name: str
    blob: str


class Repository:
    """The repository that holds a folder. `hook` keeps the index of a commit under way, which is not always the
    repository's."""

    def __init__(self, folder: Path, *, hook: bool = False) -> None:
        self.folder = folder
        kept = {"GIT_INDEX_FILE"} if hook else set[str]()
        ours = {key: value for key, value in os.environ.items() if key in kept or not key.startswith("GIT_")}
        self._env = {**ours, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"}

    @classmethod
    def of(cls, folder: Path, *, hook: bool = False) -> Repository | None:
        """The repository of that folder; `None` where there is none, or no git."""
        found = cls(folder, hook=hook)
        return found if found.try_("rev-parse", "--is-inside-work-tree") == b"true\n" else None

    def command(self, *words: str) -> list[str]:
        """The whole command line."""
        return ["git", "--literal-pathspecs", *SAFE, "-C", str(self.folder), *words]

    def try_(self, *words: str, data: bytes | None = None) -> bytes | None:
        """What git answers; `None` where it refuses or is not installed."""
        try:
            done = subprocess.run(self.command(*words), env=self._env, input=data, capture_output=True, check=False)
        except OSError:
            return None
        return done.stdout if done.returncode == 0 else None

    def run(self, *words: str, data: bytes | None = None) -> bytes:
        """What git answers. Raises `BeffroiError` with its own words."""
        done = subprocess.run(self.command(*words), env=self._env, input=data, capture_output=True, check=False)
        if done.returncode:
            said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
            raise BeffroiError(f"git {words[0]} a échoué : {said or done.returncode}")
        return done.stdout

    def commit_of(self, name: str) -> str:
        """The id of a commit by any of its names; empty where there is none."""
        found = self.try_("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
        return (found or b"").decode().strip()

    def since(self, old: str, new: str = "HEAD") -> frozenset[str]:
        """The commits that came after `old`; none where that is not known."""
        found = self.try_("rev-list", f"{old}..{new}") if old else None
        return frozenset((found or b"").decode().split())

    def names(self, commit: str, below: str) -> frozenset[str]:
        """Every file of a commit below a folder."""
        found = self.try_("ls-tree", "-r", "-z", "--name-only", commit, "--", f"{below}/" if below else ".")
        return frozenset(_split(found or b""))

    def index(self, below: str) -> dict[str, str]:
        """Every file of the index below a folder, and the id of its bytes."""
        rows = _split(self.run("ls-files", "-s", "-z", "--", below or "."))
        found = (row.partition("\t") for row in rows)
        return {name: head.split(" ")[1] for head, _, name in found}

    def staged(self) -> frozenset[str]:
        """The names that differ between the last commit, if there is one, and the index; deleted ones too."""
        base = self.commit_of("HEAD") or self.run("hash-object", "-t", "tree", "--stdin", data=b"").decode().strip()
        words = ("diff-index", "--cached", "--name-only", "--no-renames", "--relative", "-z", base, "--")
        return frozenset(_split(self.run(*words)))

    def changed(self, since: str) -> frozenset[str]:
        """The names that differ between a commit and the working tree, and those that git does not know yet.

        For a branch, its own changes alone: since it left `since`.
        """
        if not (commit := self.commit_of(since)):
            raise BeffroiError(f"Révision inconnue : « {since} » ; écrivez par exemple --changed=origin/main.")
        base = (self.try_("merge-base", commit, "HEAD") or commit.encode()).decode().strip()
        known = _split(self.run("diff-index", "--name-only", "--no-renames", "--relative", "-z", base, "--"))
        new = _split(self.run("ls-files", "--others", "--exclude-standard", "-z"))
        return frozenset([*known, *new])

    def versions(self, names: Sequence[str]) -> Iterator[Version]:
        """Every version of these files in the history of HEAD, the newest first; only as much is read as is asked."""
        wanted = frozenset(names)
        words = ("log", "--format=%x01%H %ct", "--raw", "--no-abbrev", "--no-renames", "--diff-merges=first-parent")
        paths = names if len(names) <= FEW else ["."]
        command = self.command(*words, "--relative", "-z", "HEAD", "--", *paths)
        with subprocess.Popen(command, env=self._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as log:
            try:
                yield from (version for version in _log(log.stdout) if version.name in wanted)
            finally:
                log.kill()

    def earlier(self, name: str) -> Iterator[Version]:
        """The versions of that file under the names that it had before, the newest first."""
        words = ("log", "--follow", "-M50%", "--format=%x01%H %ct", "--raw", "--no-abbrev", "--relative", "-z", "HEAD")
        with subprocess.Popen(
            self.command(*words, "--", name), env=self._env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as log:
            try:
                yield from (replace(found, name=name) for found in _log(log.stdout) if found.name != name)
            finally:
                log.kill()

    def holds(self, commit: str) -> bool:
        """Whether HEAD comes after that commit."""
        return bool(commit) and self.try_("merge-base", "--is-ancestor", commit, "HEAD") is not None

    def touched(self, names: Sequence[str], span: str) -> dict[str, int]:
        """When each of these files was last changed in these commits, seconds since 1970; merges change nothing."""
        words = ("log", "--format=%x01%ct", "--name-only", "--no-renames", "--relative", "-z", span, "--")
        found: dict[str, int] = {}
        when = 0
        for token in (self.try_(*words, *(names if len(names) <= FEW else ["."])) or b"").split(b"\0"):
            word = token.strip(b"\n")
            if word.startswith(b"\x01"):
                when = int(word[1:])
            elif word:
                found[os.fsdecode(word)] = max(when, found.get(os.fsdecode(word), 0))
        return found

    @contextmanager
    def blobs(self) -> Iterator[Blobs]:
        """A reader of bytes, one process for all of them."""
        command = self.command("cat-file", "--batch")
        with subprocess.Popen(command, env=self._env, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            try:
                yield Blobs(process)
            finally:
                if process.stdin:
                    process.stdin.close()


class Blobs:
    """Bytes by id, or by `commit:./name`."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def data(self, name: str) -> bytes | None:
        """The bytes, or `None` where the repository has none under that name."""
        put, get = self._process.stdin, self._process.stdout
        if not put or not get or "\n" in name:
            return None
        put.write(os.fsencode(name) + b"\n")
        put.flush()
        head = get.readline().split()
        if len(head) != 3 or not head[2].isdigit():  # "… missing"
            return None
        data = get.read(int(head[2]))
        get.read(1)
        return data if head[1] == b"blob" else None


def _split(data: bytes) -> list[str]:
    return [os.fsdecode(part) for part in data.split(b"\0") if part]


def _log(stream: IO[bytes] | None) -> Iterator[Version]:
    """The versions that `git log --raw -z` tells, as they come; of a file that was renamed, its new name."""
    commit, when, blob, former = "", 0, "", False
    for token in _tokens(stream):
        if token.startswith(b"\x01"):
            said = token[1:].decode().split()
            commit, when = said[0], int(said[1])
        elif token.lstrip(b"\n").startswith(b":"):
            row = token.split()
            blob = "" if row[4].startswith(b"D") else row[3].decode()
            former = row[4].startswith(b"R")
        elif former:
            former = False
        elif token.strip(b"\n"):
            yield Version(commit, when, os.fsdecode(token), blob)


def _tokens(stream: IO[bytes] | None) -> Iterator[bytes]:
    rest = b""
    while stream and (chunk := stream.read1(1 << 16)):  # type: ignore[attr-defined]  # a pipe is buffered
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest:
        yield rest
