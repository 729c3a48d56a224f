"""Everything wrong with all content, at once: what the schema refused, dead links, images, words too long.

`check` never raises for bad content, whatever the bytes. A link is what Markdown makes a link, so that the same
characters in a block of code are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from beffroi.check.body import Page
from beffroi.check.entry import Checked
from beffroi.check.places import Places, walk
from beffroi.content import PAGES, Tree
from beffroi.errors import Fault
from beffroi.schema.french import say

OTHER_TEXT = frozenset(
    {".markdown", ".mdown", ".mkd", ".txt", ".rst", ".html", ".htm", ".docx", ".doc", ".odt", ".rtf"}
)
"""What an editor may take for a content file, and that is not published."""


def check(tree: Tree) -> list[Fault]:
    """All faults and warnings of all files, sorted by file, line and sentence."""
    pages = {entry.id: Page.of(entry.document.body) for entry in tree.entries.values()}
    found = [*tree.faults, *_strays(tree)]
    places = Places(tree)
    for entry in tree.entries.values():
        found += entry.document.warnings
        found += Checked(tree, places, pages, entry).faults()
    return sorted(set(found))


def report(faults: Sequence[Fault], files: int) -> str:
    """One line a fault, then how many there are in how many files."""
    levels = Counter(fault.level for fault in faults)
    counts = _count(levels["error"], "faute") if levels["error"] else "Aucune faute"
    if levels["warning"]:
        counts += f", {_count(levels['warning'], 'avertissement')}"
    lines = [*map(str, faults), f"{counts} dans {_count(files, 'fichier')}."]
    return "\n".join(lines).encode("utf-8", "replace").decode()  # a file name may be no Unicode


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def _strays(tree: Tree) -> Iterator[Fault]:
    """Files that look like content and will not be published."""
    for path in walk(tree.site.content):
        if path.suffix.lower() in OTHER_TEXT and path.relative_to(tree.site.content).parts[0] in {
            *tree.site.categories,
            PAGES,
        }:
            message = say("Le fichier n’est pas publié ; seuls ceux dont le nom finit par « .md » le sont.")
            yield Fault(_source(tree, path), 1, message, "warning")


def _source(tree: Tree, path: Path) -> str:
    root = tree.site.root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
