"""Images as citizens get them: re-encoded in several widths, without EXIF; originals are never copied.

A phone's JPEG carries the place where it was taken: only pixels (turned upright) and the colour profile survive.
Encoded files are kept in a cache by content, so that a build encodes only what is new.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from pathlib import Path

from beffroi.model import Picture
from beffroi.records import dataclass


@dataclass
class Images:
    """The images of one build. `base` is the site's base path; `cache` a folder that outlives the build."""

    cache: Path
    base: str = ""
    used: dict[str, Path] = field(default_factory=dict)
    """Output path relative to the site's root → encoded file in the cache."""
    _known: dict[Path, tuple[Picture, ...]] = field(default_factory=dict)

    def prepare(self, originals: Iterable[Path]) -> None:
        """Encode them all, over the cores (Pillow's encoders release the interpreter's lock)."""
        wanted = sorted(set(originals) - set(self._known))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            for original, pictures in zip(wanted, pool.map(self._encode, wanted), strict=True):
                self._known[original] = pictures

    def pictures(self, original: Path) -> tuple[Picture, ...]:
        """The encoded sizes of one original, small to large, best format first. Raises `BuildError`."""
        if original not in self._known:
            self._known[original] = self._encode(original)
        for made in self._known[original]:
            name = made.url.removeprefix(f"{self.base}/")
            self.used[name] = self.cache / Path(name).name
        return self._known[original]

    def _encode(self, original: Path) -> tuple[Picture, ...]:
        from beffroi.site.encoding import encode  # late: a build without a new image needs neither Pillow nor lxml

        return encode(original, self.cache, self.base)
