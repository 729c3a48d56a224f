"""What former addresses have become: files renamed or deleted in git's history, and the editors' own `aliases`.

Only what had been public when it went is told: neither the old name of an embargoed file nor a deleted draft.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote

from beffroi.content import Entry
from beffroi.git import Repository
from beffroi.learnt import readable
from beffroi.records import dataclass
from beffroi.settings import Site

LOG = ("log", "--format=%x01%H %ct", "--raw", "--no-abbrev", "-M50%", "-l10000", "--diff-filter=DR",
       "--diff-merges=first-parent", "--relative", "-z")  # fmt: skip


class Went(NamedTuple):
    """A file that a commit renamed, or deleted where `new` is empty; `address` is the one it had, empty where it was not
    public then. `blob` names the bytes that it last had, where it was public and is deleted."""

    when: int
    old: str
    new: str
    address: str
    blob: str = ""


@dataclass(frozen=True)
class Moved:
    """Root-relative addresses, without the site's base path. `to` leads to what stands for them now, `gone` holds the
    instant (seconds since 1970) at which nothing did any more."""

    to: Mapping[str, str] = field(default_factory=dict)
    gone: Mapping[str, int] = field(default_factory=dict)


def history(
    site: Site, repository: Repository | None, known: tuple[str, tuple[Went, ...]] = ("", ())
) -> tuple[str, tuple[Went, ...]]:
    """The commit that was read, and all that went, the newest first. `known` is what an earlier call answered: only
    what came since is read."""
    if repository is None or not (head := repository.commit_of("HEAD")):
        return "", ()
    before, went = known
    if before == head:
        return known
    ancestor = repository.holds(before)
    span = f"{before}..HEAD" if ancestor else "HEAD"
    content = site.content.relative_to(site.root).as_posix() if site.content.is_relative_to(site.root) else "content"
    raw = repository.try_(*LOG, span, "--", content) or b""
    return head, (*_went(site, repository, raw), *(went if ancestor else ()))


def _went(site: Site, repository: Repository, raw: bytes) -> Iterator[Went]:
    with repository.blobs() as blobs:
        for when, blob, old, new in _rows(raw):
            if not _text(old):
                continue
            data = blobs.data(blob)
            entry = readable(site, old, data) if data is not None else None
            if entry is None or not entry.visible(datetime.fromtimestamp(when, UTC)):
                yield Went(when, old, new if _text(new) else "", "")
            elif _text(new):
                yield Went(when, old, new, entry.url_path)
            else:
                yield Went(when, old, "", entry.url_path, blob)


def _text(name: str) -> bool:
    return name[-3:].lower() == ".md"


def _rows(raw: bytes) -> Iterator[tuple[int, str, str, str]]:
    """When, the blob that was there, the old and the new name; of `git log --raw -z`."""
    when = 0
    words = iter(raw.decode("utf-8", "surrogateescape").replace("\x01", "\0\x01").split("\0"))
    for word in words:
        line = word.strip("\n")
        if line.startswith("\x01"):
            when = int(line.rpartition(" ")[2])
        elif line.startswith(":"):
            parts = line.split(" ")
            old = next(words, "")
            yield when, parts[2], old, next(words, "") if parts[4].startswith("R") else ""


def deleted(went: Iterable[Went], stands: Callable[[str], bool]) -> list[Went]:
    """Those that were public until they were deleted, for good: no file `stands` under their name since."""
    last: dict[str, Went] = {}
    for one in went:  # the newest first
        last.setdefault(one.old, one)
    return [one for one in last.values() if one.blob and not stands(one.old)]


def entry_then(site: Site, one: Went, data: bytes) -> Entry | None:
    """What a deleted file is from then on: its last words, withdrawn by the commit that deleted it."""
    entry = readable(site, one.old, data)
    if entry is None or entry.withdrawn:
        return entry
    when = datetime.fromtimestamp(one.when, UTC)
    front = replace(entry.document.front, status="withdrawn", reason="", updated=when)
    return replace(entry, document=replace(entry.document, front=front, body=""))


def moved(went: Iterable[Went], present: Mapping[str, str], aliases: Mapping[str, str]) -> Moved:
    """What stands for former addresses. `present` gives the address of each public file by its source, `aliases` the
    address that each of the editors' own leads to. An address that is in use is never former."""
    used = set(present.values())
    fate: dict[str, str] = {}
    to, gone = dict[str, str](), dict[str, int]()
    for one in went:  # the newest first: a file renamed twice follows its latest name
        if one.old in present or one.old in fate:
            continue
        fate[one.old] = target = present.get(one.new) or fate.get(one.new, "")
        if not one.address or one.address in used:
            continue
        if target:
            to.setdefault(one.address, target)
        elif one.address not in to:
            gone.setdefault(one.address, one.when)
    to |= {old: new for old, new in aliases.items() if old not in used}
    return Moved(dict(sorted(to.items())), {old: when for old, when in sorted(gone.items()) if old not in to})


def map_lines(pairs: Iterable[tuple[str, str]]) -> bytes:
    """Lines of nginx's `map`: each address, decoded as its `$uri` is, and its value."""
    return "".join(f'"{unquote(old)}" "{new}";\n' for old, new in pairs).encode()
