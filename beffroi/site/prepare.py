"""What one build knows before Pelican starts: the visible entries, their HTML, their images, their linked files."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from beffroi.content import Entry, Link, Tree, resolve
from beffroi.convert import convert
from beffroi.model import Image, Item
from beffroi.settings import Site
from beffroi.site.html import Rewriter
from beffroi.site.images import Images
from beffroi.text import slugify, typeset

VECTOR = ".svg"
_SRC = re.compile(r"""<img\b[^>]*?\bsrc=["']([^"']+)["']""", re.IGNORECASE)


@dataclass
class Prepared:
    """`html` by absolute path of the Markdown file; `files` output path → linked file to copy."""

    site: Site
    tree: Tree
    at: datetime
    images: Images
    entries: Mapping[Path, Entry]
    html: dict[Path, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    """Filled while Pelican runs, newest first."""
    pages: list[Any] = field(default_factory=list)
    """Pelican's pages, filled while it runs, by title."""

    def image(self, original: Path, alt: str, credit: str = "") -> Image:
        """The encoded image of an original."""
        return Image(alt=typeset(alt), credit=typeset(credit), pictures=self.images.pictures(original))

    def front_image(self, entry: Entry) -> Image | None:
        """The image that the front matter names."""
        ref = entry.document.front.image
        original = self.tree.image(ref.src) if ref else None
        return self.image(original, ref.alt, ref.credit) if ref and original else None

    def address(self, link: Link) -> str | None:
        """Where a page leads with this link, root-relative; `None` where the target is not public at this instant:
        an embargoed address must not show through a link."""
        fragment = f"#{link.fragment}" if link.fragment else ""
        if link.kind == "entry" and link.entry:
            return f"{self.site.base}{link.entry.url_path}{fragment}" if link.entry.visible(self.at) else None
        if link.kind == "file" and link.path:
            return self.file(link.path) + fragment
        if link.kind == "image" and link.path:
            return self.images.pictures(link.path)[-1].url
        if link.kind == "missing":
            return None
        return f"{self.site.base}{link.href}" if link.href.startswith("/") else link.href

    def file(self, path: Path) -> str:
        """The address of a linked file, under a name that changes with its bytes; it is copied with the build."""
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        name = f"fichiers/{slugify(path.stem) or 'fichier'}-{digest}{path.suffix.lower()}"
        self.files[name] = path
        return f"{self.site.base}/{name}"

    def body_image(self, link: Link, alt: str) -> Image | None:
        """An image of a body; `None` for one that lies on another site."""
        if link.path and (link.kind == "image" or link.path.suffix.lower() == VECTOR):
            return self.image(link.path, alt)
        return None


def prepare(tree: Tree, at: datetime, cache: Path) -> Prepared:
    """Convert every visible entry and encode every image that it shows."""
    entries = {entry.path: entry for entry in tree.visible(at)}
    prepared = Prepared(tree.site, tree, at, Images(cache, tree.site.base), entries)
    raw = {path: convert(entry.document.body) for path, entry in entries.items()}
    prepared.images.prepare(_originals(tree, entries, raw))
    for path, html in raw.items():
        entry = entries[path]
        rewriter = Rewriter(
            lambda href, entry=entry: resolve(tree, entry, href),  # type: ignore[misc]  # bound now, not at call
            prepared.address,
            prepared.body_image,
        )
        prepared.html[path] = rewriter.rewrite(html)
    return prepared


def _originals(tree: Tree, entries: Mapping[Path, Entry], raw: Mapping[Path, str]) -> set[Path]:
    refs = [ref for e in entries.values() if (ref := e.document.front.image)]
    found = {path for ref in refs if (path := tree.image(ref.src))}
    for path, html in raw.items():
        for src in _SRC.findall(html):
            link = resolve(tree, entries[path], src)
            if link.kind == "image" and link.path:
                found.add(link.path)
    return found
