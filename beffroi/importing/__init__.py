"""Bring what a commune has elsewhere: articles, pages, images and addresses become content files.

::

    wordpress.read | rss.read  →  Source(pieces, media, losses)
    writer.write: markup.Converter (HTML → Markdown), media.Library  →  content/**.md, content/images/import/
    report: what was taken, what was not, where, and what to do

A second run changes nothing; a file that an editor changed or deleted since is left alone, one that was there before
keeps its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from beffroi.check import examine
from beffroi.errors import Fault, ImportFailed
from beffroi.importing import rss, wordpress
from beffroi.importing.media import Library
from beffroi.importing.piece import distinct
from beffroi.importing.report import report, save
from beffroi.importing.writer import Memory, Written, folders, write
from beffroi.records import dataclass
from beffroi.settings import Site
from beffroi.text import slugify

__all__ = ["Brought", "bring"]


@dataclass(frozen=True)
class Brought:
    """What one import did. `faults` are those that `check` finds in the files it wrote."""

    written: Written
    faults: tuple[Fault, ...]
    report: Path


def bring(
    kind: str,
    place: str,
    site: Site,
    var: Path,
    *,
    into: str = "",
    chosen: Mapping[str, str] | None = None,
    media: str = "",
    download: bool = False,
) -> Brought:
    """Import one export. `into` is the folder of what has no category of ours, `chosen` maps old categories to folders,
    `media` is a local copy of the old site's files. Raises `ImportFailed`; nothing is then written."""
    into = into or next((c.slug for c in site.categories.values() if c.kind == "news"), next(iter(site.categories)))
    for folder in {into, *(chosen or {}).values()}:
        if folder not in site.categories:
            raise ImportFailed(
                f"« {folder} » n’est pas une rubrique ; écrivez l’une de : {', '.join(site.categories)}."
            )
    if media and not Path(media).is_dir():
        raise ImportFailed(f"« {media} » n’est pas un dossier ; donnez la copie de wp-content/uploads.")
    if kind == "wordpress":
        source = wordpress.read(Path(place), site.zone)
    elif kind == "rss":
        source = rss.read(place)
    else:
        raise ImportFailed(f"« {kind} » n’est pas une sorte d’import ; écrivez « wordpress » ou « rss ».")
    source.pieces = distinct(source.pieces)
    name = slugify(source.origin.partition("//")[2] or source.name) or "import"
    memory = Memory.load(var / "import" / f"{kind}-{name}.json")
    library = Library(source.origin, Path(media) if media else None, download, source.media)
    done = write(source, site, library, memory, folders(source, site, chosen or {}, into))
    ours = {*done.new, *done.changed, *done.same, *done.kept}
    faults = tuple(fault for fault in examine(site).faults if fault.path in ours)
    where = var / "import" / f"rapport-{kind}-{name}.md"
    save(where, report(source, done, faults))
    return Brought(done, faults, where)
