"""The content as it is on disk now, at any instant: what the preview shows, and the site that it builds for it."""

from __future__ import annotations

import shutil
from dataclasses import field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock

from beffroi import content, plan
from beffroi.check import check
from beffroi.content import Entry, Tree
from beffroi.errors import Fault
from beffroi.model import Item
from beffroi.preview.scene import Scene
from beffroi.records import dataclass
from beffroi.settings import Service, read_site
from beffroi.site.build import build
from beffroi.site.prepare import public


@dataclass
class Stage:
    """One commune's content. `version` counts the readings; `out` is the folder of the built preview."""

    root: Path
    settings: str
    service: Service
    version: int = 0
    faults: tuple[Fault, ...] = ()
    _tree: Tree | None = None
    _built: tuple[object, ...] = ()
    _kept: dict[tuple[int, int], dict[str, Item]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @property
    def out(self) -> Path:
        """Where the preview is built: neither `output/` nor the live site."""
        return self.service.var / "preview"

    @property
    def cache(self) -> Path:
        """Encoded images, shared with the real build: they depend on nothing but the originals."""
        return self.service.var / "cache"

    @property
    def tree(self) -> Tree:
        """The content as last read."""
        if self._tree is None:
            self.reread()
        assert self._tree is not None  # noqa: S101  # `reread` sets it or raises
        return self._tree

    def reread(self) -> None:
        """Read all files again. A file that has a fault keeps the entry that it last had. Raises `SettingsError`."""
        tree = content.read(read_site(self.root / self.settings))
        self.faults = tuple(check(tree))
        broken = {fault.path for fault in tree.faults}
        kept = {e.id: e for e in (self._tree.entries.values() if self._tree else ()) if e.source in broken}
        self._tree = tree.having(dict(sorted({**kept, **tree.entries}.items())))
        self.version += 1

    def entry(self, name: str) -> Entry | None:
        """The article of that id or path; the first alphabetically where there is no name."""
        articles = [e for e in self.tree.entries.values() if e.category]
        if not name:
            return articles[0] if articles else None
        wanted = name.removeprefix("./").removesuffix(".md")
        return next((e for e in articles if wanted in {e.id, e.source.removesuffix(".md")}), None)

    def scene(self, entry: Entry, at: datetime, page: str) -> Scene:
        """What that entry and the others say at that instant."""
        tree, own = self._with(entry)
        seen = max(at, own.since or at, key=datetime.timestamp)
        item = self._items(tree, seen, own is not entry)[own.id]
        items = tuple(self._items(tree, at, own is not entry).values())
        return Scene(tree.site, item, items, at, page, f"{self.version}-{self.moment(seen)}", own is not entry)

    def build(self, entry: Entry, at: datetime) -> Path:
        """The whole site at that instant, or at the entry's first one where that is later; built anew only where
        something differs. Raises `BuildError`."""
        tree, own = self._with(entry)
        seen = max(at, own.since or at, key=datetime.timestamp)
        key = (self.version, self.moment(seen), entry.id if own is not entry else "")
        with self._lock:
            if key != self._built or not self.out.is_dir():
                fresh = self.out.with_name(f"{self.out.name}.new")
                shutil.rmtree(fresh, ignore_errors=True)
                build(tree, seen, fresh, self.cache, search=False)
                shutil.rmtree(self.out, ignore_errors=True)
                fresh.rename(self.out)
                self._built = key
        return self.out

    def moment(self, at: datetime) -> int:
        """The last instant up to `at` at which something changed: between two of them the site is the same."""
        past = plan.calendar(self.tree, datetime.min.replace(tzinfo=UTC), at + timedelta(microseconds=1))
        return int(past[-1].at.timestamp()) if past else 0

    def _items(self, tree: Tree, at: datetime, draft: bool) -> dict[str, Item]:
        """The public items at that instant, by id, as the site's build makes them; kept until a file changes."""
        key = (self.version, self.moment(at))
        if draft or key not in self._kept:
            found = public(tree, at, self.cache / "images")
            if draft:
                return found
            self._kept = {k: v for k, v in self._kept.items() if k[0] == self.version} | {key: found}
        return self._kept[key]

    def _with(self, entry: Entry) -> tuple[Tree, Entry]:
        """The tree in which that entry, were it a draft, is published."""
        if entry.document.front.status == "published":
            return self.tree, entry
        front = replace(entry.document.front, status="published")
        document = replace(entry.document, front=front)
        own = Entry(entry.path, entry.source, entry.id, entry.slug, entry.category, document)
        return self.tree.having({**self.tree.entries, own.id: own}), own
