"""Look at a built site before anybody sees it: whole, and at one with itself.

Pelican builds a site without feeds, exit status 0, when a plugin's name is mistyped: nothing is taken for granted here.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence, Set
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

from beffroi.errors import VerifyError
from beffroi.feeds import FEEDS, uri
from beffroi.settings import Site

REQUIRED = (
    *("index.html", "404.html", "sitemap.xml", "robots.txt", "manifest.webmanifest", "service-worker.js"),
    *("recherche/index.html", "recevoir/index.html", "hors-ligne/index.html", "panneau/index.html"),
    "pagefind/pagefind.js",
)


def verify(out: Path, site: Site, items: Sequence[Any], made: Set[str] | None = None) -> None:
    """Raise `VerifyError` with every way in which `out` is not the site of these items.

    `made` are the files that differ from those of a site that was verified before; everything by default.
    """
    if problems := list(_problems(out, site, items, made)):
        lines = "\n".join(f"- {problem}" for problem in problems)
        raise VerifyError(f"Le site construit n’est pas complet ; rien n’a été remplacé.\n{lines}")


def _problems(out: Path, site: Site, items: Sequence[Any], made: Set[str] | None) -> Iterator[str]:
    for name in [*REQUIRED, *(f"feeds/{feed}" for feed in FEEDS)]:
        path = out / name
        if not path.is_file() or not path.stat().st_size:
            yield f"{name} manque"
        elif (made is None or name in made) and (problem := _unreadable(path)):
            yield f"{name} : {problem}"
    for item in items if made is None else ():  # else the page stands as it was verified, or Pelican just wrote it
        if not os.path.isfile(f"{out}/{page(site, item.path)}"):
            yield f"la page de {item.id} manque"
    yield from _feed(out, site, items) if made is None else _changed(out, site, items, made)


def _changed(out: Path, site: Site, items: Sequence[Any], made: Set[str]) -> Iterator[str]:
    """What the changed pages of the JSON Feed say is what the pages say."""
    real = {item.id: item for item in items}
    for name in sorted(made):
        if name.startswith("feeds/feed") and name.endswith(".json"):
            for entry in json.loads((out / name).read_bytes())["items"]:
                item = real.get(entry["id"])
                if item is None:
                    yield f"{name} parle de {entry['id']}, qui n’est pas public"
                elif (entry["url"], entry["title"]) != _said(site, item):
                    yield f"{name} et la page de {item.id} n’ont pas le même titre ou la même adresse"


def _said(site: Site, item: Any) -> tuple[str, str]:
    return uri(site.publisher.absolute(item.path.removeprefix(site.base))), item.title


def page(site: Site, path: str) -> str:
    """The file, relative to the site's folder, of a root-relative address."""
    name = path.removeprefix(site.base).lstrip("/")
    return f"{name}index.html" if not name or name.endswith("/") else name


def _unreadable(path: Path) -> str:
    try:
        if path.suffix in {".json", ".webmanifest"}:
            json.loads(path.read_bytes())
        elif path.suffix == ".xml":
            ElementTree.parse(path)  # noqa: S314  # we wrote it a moment ago
    except (ValueError, ElementTree.ParseError) as error:
        return f"illisible ({error})"
    return ""


def archive(out: Path) -> Iterator[Mapping[str, Any]]:
    """The items of feed.json, then of the pages that `next_url` leads to; each file once."""
    name: str | None = "feed.json"
    seen: set[str] = set()
    while name and name not in seen and (out / "feeds" / name).is_file():
        seen.add(name)
        page_of = json.loads((out / "feeds" / name).read_bytes())
        yield from page_of["items"]
        following = page_of.get("next_url")
        name = urlsplit(following).path.rsplit("/", 1)[-1] if following else None


def _feed(out: Path, site: Site, items: Sequence[Any]) -> Iterator[str]:
    """Pages and JSON Feed say the same of the same items."""
    real = {item.id: item for item in items}
    untold = set(real)
    strange, other = list[str](), list[str]()
    try:
        for entry in archive(out):
            item = real.get(entry["id"])  # what still runs stands in two files
            untold.discard(entry["id"])
            if item is None:
                strange.append(entry["id"])
            elif (entry["url"], entry["title"]) != _said(site, item):
                other.append(entry["id"])
    except (ValueError, KeyError, TypeError) as error:
        yield f"feeds/feed.json : illisible ({error})"
        return
    yield from (f"feeds/feed.json ne dit rien de {item_id}" for item_id in sorted(untold))
    yield from (f"feeds/feed.json parle de {item_id}, qui n’est pas public" for item_id in sorted(strange))
    for item_id in sorted(other):
        yield f"feeds/feed.json et la page de {item_id} n’ont pas le même titre ou la même adresse"
