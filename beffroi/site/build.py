"""One build: what has changed is made in a staging folder, the twin of the site is brought up to date with it.

::

    content + memo ──> cards ──> rules ─┬─ as the memo knows them, and untouched ──> kept
                                        ├─ templates ──> Pelican ──┐
                                        └─ the rest ──> outputs ───┴──> staging ──> twin ──> index ──> verified, exchanged
"""

from __future__ import annotations

import gc
import marshal
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import field
from datetime import datetime
from functools import partial
from itertools import chain
from pathlib import Path

from beffroi.content import Tree
from beffroi.errors import BuildError
from beffroi.forks import LEAST, beside, spread, workers
from beffroi.memo import Memo
from beffroi.memo.stamps import digest
from beffroi.mirror import DIGEST, File, Mirror, Seen, exchange
from beffroi.records import dataclass
from beffroi.site import outputs, pwa
from beffroi.site import search as indexing
from beffroi.site.cards import Card
from beffroi.site.images import Images
from beffroi.site.outputs import Known, Rule
from beffroi.site.running import run_pelican, sentence
from beffroi.site.shared import Hole, Table, packed, unpacked
from beffroi.site.standing import KEPT, MADE, SILENCED, outdated, own, take, twin
from beffroi.site.work import Work

GROUP = 250
"""Pages that one run of Pelican opens and renders: all of them at once would not fit a small server's memory."""

MANY = 32
"""Pages that are worth a process, and a sweep once they are made."""

FEW = 8
"""Files that are no template's, and are made together."""

AWAIT = 200
"""Pages that an alert waits for, so that its banner is on all of them when phones ring."""

Written = dict[str, tuple[tuple[Hole, ...], bytes]]
"""Output → the places of its fragments, the digest of its bytes."""


@dataclass(frozen=True)
class Built:
    """`out` holds the whole site; `items` are the public ones, newest first; `pages` counts the lasting pages; `files`
    gives the digest of every file, `made` the names of those that this build wrote; `anew` where it knew of none;
    `unindexed` where the search index is still that of the former site, pages that have gone left out; `behind` counts
    those whose banner is still that of the former site: the next build, which is due at once, gives them theirs."""

    out: Path
    items: tuple[Card, ...]
    pages: int
    files: dict[str, bytes]
    made: frozenset[str]
    anew: bool
    unindexed: bool = False
    behind: int = 0


@dataclass
class Build:
    """One build of a tree at an instant into the folder `place`; `var` holds what builds share."""

    tree: Tree
    at: datetime
    place: Path
    var: Path
    looked: Callable[[], Seen | None] = lambda: None
    """What was seen of the twin (`standing.twin`) meanwhile; without it, `run` looks itself."""
    why: dict[str, str] = field(default_factory=dict)
    """Output → why it was made again (French)."""

    def __post_init__(self) -> None:
        tables, site = self.tree.memo.tables, self.tree.site
        theme = site.root / str(site.raw.get("THEME") or "theme")
        self.work = Work(self.tree, self.at, Images(self.var / "cache" / "images", site.base), theme, frozenset())
        self.known: dict[str, Known] = tables.get("outputs", {})
        self.work.apart = bool(self.known) or not self.work.alone
        self.keys = {known[3]: known[3] for known in self.known.values()}
        self.front = Mirror(str(self.place), tables.get("front", {}), tables.get("front folders", {}))
        self.twin = twin(self.var, self.tree.memo)
        self.staging = self.var / "staging"
        self.fresh: dict[str, Known] = {}
        self.filled: frozenset[str] = frozenset()
        self.behind: frozenset[str] = frozenset()
        self.late: frozenset[str] = frozenset(tables.get("behind", ()))

    def run(self, verified: Callable[[Path, Built], None], *, hurry: int | None = None, ahead: bool = False) -> Built:
        """Make what has changed, have the result verified, then put it at `place` in one step.

        In a `hurry` the search index may stay that of the former site, without the words of pages that have gone; where
        there is none, it knows but the lasting pages of a site that has more than so many. The whole index is then to be
        made later, the memo is to be saved, and `clear` is to be called. Raises `BuildError` or what `verified` raises;
        `place` is then as it was.
        """
        shutil.rmtree(self.staging, ignore_errors=True)  # left by a build that was killed
        self.staging.mkdir(parents=True)
        self.twin.inspect(self.looked())
        self.rules = outputs.plain(self.work)
        with self._early() as (apart, written):
            self.rules |= outputs.others(self.work, self.known, self.rules.keys())
            self._make(self._stale() - apart)
            self._kept((written(), {}))
        self._refill(ahead=ahead)
        self._worker()
        final = {name: one for name, one in self.known.items() if name in self.rules} | self.fresh
        final = {name: final[name] for name in sorted(final)}  # an order that an edit does not change
        unindexed = self._advance(final, hurry=hurry)
        made = frozenset(name for name, one in self.fresh.items() if self._changed(name, one[2]))
        files = {name: known[2] for name, known in final.items()}
        pages = len(self.work.pages)
        built = Built(
            self.place, tuple(self.work.known), pages, files, made, not self.known, unindexed, len(self.behind)
        )
        verified(Path(self.twin.root), built)
        self._finish(final, tidy=hurry is None)
        return built

    @contextmanager
    def _early(self) -> Iterator[tuple[Set[str], Callable[[], Written]]]:
        """In a first build, what no template has a part in is made by a process of its own, while this one finds what the
        pages depend on and gets ready to render them: which outputs, and what waits for them."""
        names = sorted(self.rules) if not self.known and len(self.rules) >= LEAST else []
        if not names:
            yield frozenset(), dict
            return
        with beside(partial(self._files, names)) as made:
            yield frozenset(names), made

    def _stale(self) -> set[str]:
        """The outputs that are to be made. Notes why."""
        known, put = self.known, self.twin.files
        doubtful = [
            (name, rule)
            for name, rule in self.rules.items()  # most of them stand: `_stands` for one that is there
            if not ((one := known.get(name)) and one[0] == rule[2] and put.get(name, b"").startswith(one[2]))
        ]
        return {name for name, rule in doubtful if not self._stands(name, rule)}

    def _stands(self, name: str, rule: Rule) -> bool:
        """Whether the file is there already. Notes why not."""
        known = self.known.get(name)
        if known is None:
            self.why[name] = "nouveau"
        elif known[0] != rule.sum:
            self.why[name] = "ce dont il dépend a changé"
        elif not self._there(name, known[2]):
            self.why[name] = "le fichier manquait ou avait été modifié"
        return name not in self.why

    def _there(self, name: str, total: bytes) -> bool:
        return self.twin.has(name, total) or self.front.holds(name, total)

    def _make(self, stale: set[str]) -> None:
        """Make these outputs: first what Pelican renders, where there is any or where a fragment must be made again."""
        wanted = {name for name in stale if self.rules[name].templated}
        rest = sorted(stale - wanted)
        groups: list[list[str]] = []
        if wanted or any(map(self.work.shared.outdated, self._fragments(self.rules))):
            groups = self._groups(wanted)
            # the first one here: fragments that no page of it shows may have to be rendered later, and what the others
            # inherit is then warm
            self._kept(self._rendered(groups[0]))
        files = [rest[start : start + FEW] for start in range(0, len(rest), FEW)]
        tasks = [*groups[1:], *files]
        least = 2 if groups[1:] or len(rest) >= LEAST else len(tasks) + 1
        for made in spread(self._made_of, tasks, least=least, chunk=1):
            self._kept(made)
        if missing := sorted(wanted - self.fresh.keys()):
            raise BuildError(sentence([f"{missing[0]} n’a pas été écrit"]))

    def _groups(self, wanted: set[str]) -> list[list[str]]:
        """The pages that Pelican renders together; one group at least, which may be of none."""
        if self.tree.site.raw.get("ALL_ARTICLES"):  # a plugin must see them together
            wanted |= {name for name, rule in self.rules.items() if rule.templated}
            return [self.work.nearby(wanted)]
        names = self.work.nearby(wanted)
        first, others = names[:MANY], names[MANY:]
        size = max(MANY, min(GROUP, len(others) // (2 * workers()) + 1))
        return [first, *(others[start : start + size] for start in range(0, len(others), size))]

    def _made_of(self, names: Sequence[str]) -> tuple[Written, Table]:
        """What came of these outputs, all of them templates' or none."""
        return self._rendered(names) if self.rules[names[0]].templated else (self._files(names), {})

    def _kept(self, made: tuple[Written, Table]) -> None:
        written, fragments = made
        self.work.shared.table.update(fragments)
        for name, (holes, total) in written.items():
            self._keep(name, self.rules[name].sum, holes, total)

    def _fragments(self, names: Iterable[str]) -> set[str]:
        """The fragments that the former build put into these outputs."""
        return set(chain.from_iterable({self.known[name][3] for name in names if name in self.known}))

    def _keep(self, name: str, parts: bytes, holes: Iterable[Hole], total: bytes) -> None:
        places, keys = packed(holes)
        self.fresh[name] = parts, places, total, self.keys.setdefault(keys, keys)

    def _rendered(self, names: Sequence[str]) -> tuple[Written, Table]:
        """What Pelican wrote of these outputs, and the fragments that it used."""
        self.work.want(names)
        written = run_pelican(self.work, self.staging).written
        if len(names) >= MANY:
            gc.collect()  # a run of Pelican leaves megabytes in cycles
        return written, self.work.shared.table

    def _files(self, names: Sequence[str]) -> Written:
        """Write files that are no template's."""
        for name in names:
            outputs.make(self.work, self.rules[name], self._staged(name))
        return {name: ((), digest(self._staged(name).read_bytes())) for name in names}

    def _made(self, name: str) -> None:
        total = digest(self._staged(name).read_bytes())
        self.fresh[name] = self.rules[name].sum if name in self.rules else b"", b"", total, ()

    def _refill(self, *, ahead: bool) -> None:
        """Give the pages that stand as they were the fragments of today, and those that the former build left behind;
        where many would keep an alert waiting that goes `ahead`, note them for the next build instead."""
        standing = {name: self.known[name] for name in self.rules if name not in self.fresh}
        changed, late = self.work.shared.changed(self._fragments(standing)), self.late
        if not changed and not late:
            return
        stale = [name for name, known in standing.items() if name in late or not changed.isdisjoint(known[3])]
        if ahead and not late and len(stale) > AWAIT and self._urgent():
            self.behind = frozenset(stale)
            return
        self.twin.prepare(stale)
        for name, (moved, file) in zip(stale, spread(self._refilled, stale), strict=True):
            self.twin.files[name] = file
            self._keep(name, standing[name][0], moved, file[:DIGEST])
            self.why[name] = "un fragment commun a changé (bandeau, en-tête ou pied)"
        self.filled = frozenset(stale)

    def _urgent(self) -> bool:
        """Whether an alert that runs has begun, or says something else."""
        return any(self.work.file(self.work.cards[each]) in self.fresh for each in self.work.running)

    def _refilled(self, name: str) -> tuple[tuple[Hole, ...], File]:
        """Put that page into the twin with the fragments of today: their places, and its file."""
        _, places, total, keys = self.known[name]
        data, moved = self.work.shared.refilled(self._standing(name, total), unpacked(places, keys))
        total = digest(data)
        return moved, self.twin.files[name] if self.twin.has(name, total) else self.twin.write(name, total, data)

    def _standing(self, name: str, total: bytes) -> bytes:
        root = self.twin.root if self.twin.has(name, total) else self.front.root
        with open(f"{root}/{name}", "rb") as opened:
            return opened.read()

    def _staged(self, name: str) -> Path:
        return self.staging / self.work.staged(name)

    def _stage(self, name: str, data: bytes) -> None:
        target = self._staged(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)

    def _worker(self) -> None:
        """The service worker holds a digest of the offline page: it comes after the pages."""
        name = outputs.OFFLINE
        if name in self.fresh and name not in self.filled:
            offline = self._staged(name).read_bytes()
        else:
            offline = self._standing(name, (self.fresh.get(name) or self.known[name])[2])
        data = pwa.worker(self.tree.site, self.work.assets, offline)
        self.rules[outputs.WORKER] = Rule.of("worker", (), digest(data))
        if not self._stands(outputs.WORKER, self.rules[outputs.WORKER]):
            self._stage(outputs.WORKER, data)
            self._made(outputs.WORKER)

    def _changed(self, name: str, total: bytes) -> bool:
        """Whether the former build wrote other bytes there, or none."""
        return name not in self.known or self.known[name][2] != total

    def _advance(self, final: dict[str, Known], *, hurry: int | None) -> bool:
        """Bring the twin to the site of today, its search index last. Returns whether the index is to be made."""
        self._put(final) if self.work.apart else self._whole()
        tables = self.tree.memo.tables
        pages = indexing.folder({name: known[2] for name, known in final.items()})
        index_files = {name: known for name, known in self.known.items() if indexing.owns(name)}
        there = bool(index_files) and all(self._there(name, known[2]) for name, known in index_files.items())
        outdated = tables.get("search") != pages or not there
        index = take(self.var, pages, self.staging) if outdated else None
        later = outdated and index is None and hurry is not None and (there or len(self.work.cards) > hurry)
        if later and not there:
            self._index(final, b"", indexing.index(Path(self.twin.root), self.staging, self._lasting()))
        elif later or not outdated:
            final |= index_files
            if later:
                self._silence(final)
            self._put({name: final[name] for name in index_files})
        else:
            self._index(final, pages, index)
        self.twin.keep_only(final)
        self.twin.settle()
        return later

    def _whole(self) -> None:
        """Where nothing is known of any site: what was staged, under the names of the site, becomes the twin."""
        self.twin.adopt(str(self.staging), {name: known[2] for name, known in self.fresh.items()})
        self.staging.mkdir()

    def _put(self, final: dict[str, Known]) -> None:
        put = self.twin.files
        for name, (_, _, total, _) in final.items():
            if put.get(name, b"").startswith(total):
                continue
            if name in self.fresh:
                self.twin.put(name, total, str(self._staged(name)), link=False)
            else:
                self.twin.put(name, total, f"{self.front.root}/{name}", link=True, known=self.front.files[name])

    def _index(self, final: dict[str, Known], pages: bytes, index: indexing.Index | None) -> None:
        self.twin.keep_only(final)
        index = index or indexing.index(Path(self.twin.root), self.staging)
        for name, total in index.files.items():
            self.fresh[name] = final[name] = own(total)
            if self._changed(name, total):
                self.why[name] = MADE
        tables = self.tree.memo.tables
        tables["search"], tables["fragments"] = pages, marshal.dumps(index.fragments)
        self._put(final)

    def _lasting(self) -> list[str]:
        return [outputs.OFFLINE, *(self.work.file(card) for card in self.work.pages)]

    def _silence(self, final: dict[str, Known]) -> None:
        """Keep the former index, but for the words of pages that have gone."""
        tables = self.tree.memo.tables
        fragments: dict[str, str] = marshal.loads(tables["fragments"])  # noqa: S302  # the memo's own bytes, checked
        fresh = self.fresh.keys() - self.filled  # a fragment makes no page of what is none, nor the other way round
        gone = indexing.silenced(Path(self.twin.root), self.place, fragments, set(final), fresh)
        for name in (fragments.pop(page) for page in gone):
            self._stage(name, indexing.EMPTY)
            self._made(name)
            final[name] = self.fresh[name]
            self.why[name] = SILENCED
        if gone:  # it is nobody's index any more, should those pages come back
            tables["search"], tables["fragments"] = b"", marshal.dumps(fragments)

    def _finish(self, final: dict[str, Known], *, tidy: bool) -> None:
        exchange(self.front, self.twin)
        if not self.twin.folders:  # what stood there was not ours
            shutil.rmtree(self.twin.root, ignore_errors=True)
        tables = self.tree.memo.tables
        tables["outputs"], tables["ruled"] = final, outputs.ruled(self.work)
        tables["front"], tables["front folders"] = self.front.files, self.front.folders
        tables["twin"], tables["twin folders"] = self.twin.files, self.twin.folders
        tables["why"] = tables.get("why", {}) | self.why if self.late else self.why
        tables["behind"] = list(self.behind)
        if tidy:
            self.tree.memo.save()
            clear(self.var)


def clear(var: Path) -> None:
    """Remove what a build in a hurry left: it can wait until phones were told."""
    shutil.rmtree(var / "staging", ignore_errors=True)


def build(tree: Tree, at: datetime, out: Path, cache: Path, *, search: bool = True) -> None:
    """Build the whole tree as it stands at that instant into `out`, an empty or absent folder, without any memo.

    `cache` keeps encoded images between builds; a preview needs no index. Raises `BuildError`: throw `out` away.
    """
    theme = tree.site.root / str(tree.site.raw.get("THEME") or "theme")
    out.mkdir(parents=True, exist_ok=True)
    run_pelican(Work(tree, at, Images(cache / "images", tree.site.base), theme), out)
    if search:
        indexing.index(out, out)


def explained(memo: Memo, name: str) -> str:
    """Why the last build made that output, or did not (French)."""
    why: dict[str, str] = memo.tables.get("why", {})
    if name not in memo.tables.get("outputs", {}):
        return f"{name} : la dernière construction n’a pas ce fichier ; donnez son chemin dans output/."
    kept = KEPT if indexing.owns(name) and outdated(memo) else "repris tel quel, rien de ce dont il dépend n’a changé"
    return f"{name} : {why.get(name, kept)}."
