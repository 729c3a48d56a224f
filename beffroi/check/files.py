"""The files below `content/` as `check` sees them: those of the disk here, those of a commit in `beffroi.history`."""

from __future__ import annotations

import hashlib
import io
import os
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO, Protocol

from beffroi.content import is_content
from beffroi.memo.stamps import Files as Stamps
from beffroi.memo.stamps import Stamp
from beffroi.settings import Site


class Files(Protocol):
    """All files of a content folder that are not hidden, named by their path below it."""

    @property
    def names(self) -> Collection[str]:
        """Every name, in an order that no machine changes: the files of a folder, then its subfolders."""

    def key(self, name: str) -> str:
        """What changes with the bytes of that file. Raises `OSError`."""

    def data(self, name: str) -> bytes:
        """Its bytes. Raises `OSError`."""

    def opened(self, name: str) -> BinaryIO:
        """The same, for who needs a few of them. Raises `OSError`."""

    def exists(self, name: str) -> bool:
        """Whether there is such a file."""

    def is_image(self, name: str) -> bool:
        """Whether it can be read to its last pixel."""


Image = tuple[tuple[int, ...], bool]
"""Size and times of an image, and whether it could be read."""
Key = tuple[Stamp | None, str]
"""The stamp of a file, `None` where it proves nothing, and the id of its bytes."""


class Disk:
    """The working tree; `found` is what somebody has just seen of it. `images` remembers what was found of images, `keys`
    the ids of the other files: those whose stamps are the same are not read again."""

    def __init__(
        self,
        site: Site,
        images: dict[str, Image] | None = None,
        keys: dict[str, Key] | None = None,
        found: Stamps | None = None,
    ) -> None:
        self.folder = str(site.content)
        self.images = {} if images is None else images
        self.keys = {} if keys is None else keys
        self.found = found or Stamps.below(self.folder)
        self._last: tuple[str, bytes] = ("", b"")

    @property
    def names(self) -> Collection[str]:
        """As they were when this was made."""
        return self.found.stamps.keys()

    def key(self, name: str) -> str:
        """The id that git would give the file."""
        stamp, known = self.keys.get(name, (None, ""))
        if stamp is None or stamp != self.found.stamps[name]:
            known = blob_id(self.data(name))
            self.keys[name] = self.found.lasting(name), known
        return known

    def data(self, name: str) -> bytes:
        """Read once for `key` and the call that follows it."""
        name = self.found.named(name)
        if not self.found.holds(name):
            raise OSError(0, "hors du dossier", name)
        if self._last[0] != name:  # the bytes that were read for the key serve for the card
            handle = os.open(f"{self.folder}/{name}", os.O_RDONLY | os.O_CLOEXEC)
            try:
                size = os.fstat(handle).st_size
                data = os.read(handle, size + 1) if size < 1 << 20 else b""
            finally:
                os.close(handle)
            if len(data) != size:  # longer than one read, or growing
                data = Path(self.folder, name).read_bytes()
            self._last = (name, data)
        return self._last[1]

    def opened(self, name: str) -> BinaryIO:
        """To be closed."""
        return open(f"{self.folder}/{self.found.named(name)}", "rb")

    def exists(self, name: str) -> bool:
        """As the build sees it: neither a hidden file nor one behind a symbolic link to elsewhere."""
        return self.found.holds(self.found.named(name))

    def is_image(self, name: str) -> bool:
        """Decoded once, until its size or its times change."""
        name = self.found.named(name)
        try:
            at = os.stat(f"{self.folder}/{name}")
        except (OSError, ValueError):
            return False
        signature = (at.st_size, at.st_mtime_ns, at.st_ctime_ns, at.st_ino)
        known = self.images.get(name)
        if known is None or known[0] != signature:
            self.images[name] = known = (signature, decodes(Path(self.folder, name)))
        return known[1]


def markdown(names: Iterable[str]) -> Iterator[str]:
    """Those that are content: Markdown, neither among the images nor the editors' reference."""
    return filter(is_content, names)


def source_of(site: Site, name: str) -> str:
    """That file as messages name it: its path from the site's root."""
    return _prefix(site.root, site.content) + name


def blob_id(data: bytes) -> str:
    """The id that git gives these bytes, so that a commit's file is known without being read."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


FORMATS = ("JPEG", "PNG", "WEBP", "AVIF")
MOST = 178_956_970
"""Pixels that an image may have: what Pillow takes for no bomb (twice its `MAX_IMAGE_PIXELS`), half a gigabyte of memory."""


def decodes(image: Path | bytes) -> bool:
    """Whether Pillow can read an image to its last pixel."""
    from PIL import Image as Pillow

    try:
        file = io.BytesIO(image) if isinstance(image, bytes) else image
        with warnings.catch_warnings(action="ignore"), Pillow.open(file, formats=FORMATS) as opened:
            opened.draft("RGB", (64, 64))  # a JPEG is read whole but decoded small: ten times faster
            opened.load()
    except Exception:  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
        return False
    return True


def beyond(data: bytes) -> tuple[int, int] | None:
    """Width and height of an image that has more pixels than Pillow reads (`MOST`); None of any other."""
    from PIL import Image as Pillow

    Pillow.init()
    for form in FORMATS:
        try:
            factory, accepts = Pillow.OPEN[form]
            if accepts and accepts(data[:16]) is True:
                width, height = factory(io.BytesIO(data), "").size  # without the check that `open` makes
                return (width, height) if width * height > MOST else None
        except Exception:  # noqa: S112  # as in `decodes`: what is unreadable has no size
            continue
    return None


def in_order(names: Mapping[str, object] | Sequence[str]) -> list[str]:
    """Names of files in the order of `Files.names`."""
    return sorted(
        names, key=lambda name: [(index < name.count("/"), part) for index, part in enumerate(name.split("/"))]
    )


@cache
def _prefix(root: Path, content: Path) -> str:
    return f"{content.relative_to(root).as_posix()}/" if content.is_relative_to(root) else f"{content.as_posix()}/"
