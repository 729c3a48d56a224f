"""The files below `content/`: which one a dead link meant, and which images can be read."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from urllib.parse import unquote, urlsplit

from PIL import Image as Pillow

from beffroi.content import RASTER, Tree
from beffroi.schema.french import nearest


def walk(folder: Path) -> Iterator[Path]:
    """Every file below a folder that is not hidden, in an order that no machine changes."""
    for place, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not n.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))


@dataclass
class Places:
    """What a dead link may have meant, and which images can be read: looked up once for all entries."""

    tree: Tree
    readable: dict[Path, bool] = field(default_factory=dict)

    @cached_property
    def files(self) -> Mapping[str, Mapping[str, Path]]:
        """Every file below `content/`, by its suffix, then by its name without it."""
        found: dict[str, dict[str, Path]] = {}
        for path in walk(self.tree.site.content):
            found.setdefault(path.suffix.lower(), {}).setdefault(path.stem, path)
        return found

    def near(self, href: str, source: Path) -> str | None:
        """The existing file that `href` probably meant, as a link from the file `source`."""
        name = unquote(urlsplit(href).path).rstrip("/").rpartition("/")[2]
        stem, suffix = os.path.splitext(name)
        known = {stem: path for stem, path in self.files.get(suffix.lower() or ".md", {}).items() if path != source}
        if suffix.lower() in RASTER:
            known = {stem: path for kind in sorted(RASTER) for stem, path in self.files.get(kind, {}).items()}
        guess = nearest(stem, sorted(known), 0.7)
        return Path(os.path.relpath(known[guess], source.parent)).as_posix() if guess else None

    def is_image(self, path: Path) -> bool:
        """Whether Pillow can read it to its last pixel."""
        if path not in self.readable:
            self.readable[path] = _decodes(path)
        return self.readable[path]


def _decodes(path: Path) -> bool:
    try:
        with warnings.catch_warnings(), Pillow.open(path, formats=("JPEG", "PNG", "WEBP", "AVIF")) as image:
            warnings.simplefilter("ignore")
            image.draft("RGB", (64, 64))  # a JPEG is read whole but decoded small: ten times faster
            image.load()
    except Exception:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
        return False
    return True
