"""The site that stands at `output/`, as the memo of its last build knows it."""

from __future__ import annotations

import marshal
import shutil
from pathlib import Path
from typing import Any

from beffroi.memo import Memo
from beffroi.memo.key import key_of
from beffroi.mirror import Mirror, exchange
from beffroi.settings import Site
from beffroi.site import search

MADE = "les pages ont changé"
KEPT = "c’est encore l’index du site précédent ; le nouveau suit"
SILENCED = "sa page a été retirée ; l’index entier suit"


def place(site: Site) -> Path:
    """Where the site is built."""
    return site.root / str(site.raw.get("OUTPUT_PATH") or "output")


def memory(site: Site, var: Path, *, clean: bool = False) -> Memo:
    """What the last build left; empty where the program or the settings are others now."""
    plugins = [str(name) for name in site.raw.get("PLUGINS") or ()]
    return Memo.open(var / "cache", key_of(site.raw, plugins, str(site.root)), clean=clean)


def twin(var: Path, memo: Memo) -> Mirror:
    """The site of the build before, which the next one brings up to date."""
    return Mirror(str(var / "twin"), memo.tables.get("twin", {}), memo.tables.get("twin folders", {}))


def outdated(memo: Memo) -> bool:
    """Whether the index is that of other pages."""
    known: dict[str, Any] = memo.tables.get("outputs", {})
    return bool(memo.tables.get("search") != search.folder({name: one[2] for name, one in known.items()}))


def own(total: bytes) -> tuple[bytes, bytes, bytes, tuple[str, ...]]:
    """What the memo keeps of a file of the index: no rule, no fragments, the digest of its bytes."""
    return b"", b"", total, ()


def amend(memo: Memo, site: Path, var: Path, pages: bytes, index: search.Index) -> bool:
    """Put the index of these pages into the site, in one step. Nothing is done where its pages are others, or where
    somebody wrote into it: the next build mends that. Returns whether the site has its index now."""
    tables = memo.tables
    known: dict[str, Any] = tables.get("outputs", {})
    if not known or search.folder({name: one[2] for name, one in known.items()}) != pages:
        return False
    if tables.get("search") == pages:
        return True
    front = Mirror(str(site), tables["front"], tables["front folders"])
    behind = twin(var, memo)
    behind.inspect()
    final = {name: one for name, one in known.items() if not search.owns(name)}
    final |= {name: own(total) for name, total in index.files.items()}
    if not _advance(front, behind, {name: one[2] for name, one in final.items()}, index):
        return False
    exchange(front, behind)
    changed = {name: MADE for name, total in index.files.items() if known.get(name, own(b""))[2] != total}
    why = {name: words for name, words in tables.get("why", {}).items() if not search.owns(name)}
    tables |= {"outputs": final, "search": pages, "fragments": marshal.dumps(index.fragments), "why": why | changed}
    tables |= {
        "front": front.files,
        "front folders": front.folders,
        "twin": behind.files,
        "twin folders": behind.folders,
    }
    memo.save()
    return True


def _advance(front: Mirror, twin: Mirror, wanted: dict[str, bytes], index: search.Index) -> bool:
    """Bring the twin to what is wanted, from the site and the index. Returns whether all of it was there."""
    for name, total in wanted.items():
        if twin.has(name, total):
            continue
        if front.holds(name, total):
            twin.put(name, total, f"{front.root}/{name}", link=True, known=front.files[name])
        elif name in index.files:
            twin.put(name, total, f"{index.root}/{name}", link=True)
        else:
            return False
    twin.keep_only(wanted)
    twin.settle()
    return True


def take(var: Path, pages: bytes, staging: Path) -> search.Index | None:
    """The index of these pages that waits below `var`, moved into a staging folder."""
    found = search.waiting(var, pages)
    if found is None:
        return None
    shutil.rmtree(staging / search.FOLDER, ignore_errors=True)
    (found.root / search.FOLDER).rename(staging / search.FOLDER)
    shutil.rmtree(found.root, ignore_errors=True)
    return search.Index(staging, found.files, found.fragments)
