"""Encoding one image: in several widths and formats, pixels and colour profile only; an SVG freed of what may act."""

from __future__ import annotations

import hashlib
import io
import os
import re
import warnings
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lxml import etree
from PIL import Image as Pillow
from PIL import ImageCms, ImageOps

from beffroi.errors import BuildError
from beffroi.model import Picture
from beffroi.records import dataclass
from beffroi.text import slugify

WIDTHS = (480, 960, 1600)
"""Pixels: a phone, a tablet or a dense phone, a desktop. Never enlarged."""

TALLEST = 16_000
"""Pixels of height: a WebP has 16,383 at most. A strip that is taller is published narrower."""

RECIPE = "1"
"""Changed with any change below, so that no cache outlives it."""

ENCODERS: dict[str, tuple[str, dict[str, Any]]] = {
    "avif": ("image/avif", {"quality": 55, "speed": 7, "max_threads": 1}),
    "webp": ("image/webp", {"quality": 78, "method": 4}),
    "jpg": ("image/jpeg", {"quality": 80, "optimize": True, "progressive": True}),
    "png": ("image/png", {"optimize": True}),
}


def encode(original: Path, cache: Path, base: str) -> tuple[Picture, ...]:
    """The encoded sizes of one original, small to large, best format first, in the folder `cache`; those that are there
    already are not made again. Raises `BuildError`."""
    try:
        data = original.read_bytes()
        digest = hashlib.sha256(RECIPE.encode() + data).hexdigest()[:10]
        cache.mkdir(parents=True, exist_ok=True)
        encoder = Encoder(cache, base, f"{slugify(original.stem) or 'image'}-{digest}")
        return (encoder.vector(data),) if original.suffix.lower() == ".svg" else tuple(encoder.raster(data))
    except (OSError, ValueError, SyntaxError, Pillow.DecompressionBombError) as error:
        raise BuildError(f"{original.name} : image illisible ({error}) ; enregistrez-la en JPEG ou en PNG.") from error


@dataclass(frozen=True)
class Encoder:
    """One original's: `stem` begins the names of its files."""

    cache: Path
    base: str
    stem: str

    def raster(self, data: bytes) -> Iterator[Picture]:
        """The pictures of a photograph."""
        with warnings.catch_warnings(action="ignore"), Pillow.open(io.BytesIO(data)) as opened:  # `check` has warned
            image = ImageOps.exif_transpose(opened)
            profile = image.info.get("icc_profile")
            alpha = image.has_transparency_data
            if odd := image.mode.startswith("I") or (profile is not None and profile[16:20] != b"RGB "):
                image, profile = _of_screens(image, profile), None
            image = image.convert("RGBA" if alpha else "RGB")
        if odd:  # made otherwise by a former recipe, which is right for all others
            yield from replace(self, stem=f"{self.stem}b")._sizes(image, None)
        else:
            yield from self._sizes(image, profile)

    def _sizes(self, image: Pillow.Image, profile: bytes | None) -> Iterator[Picture]:
        alpha = image.mode == "RGBA"
        largest = max(1, min(image.width, WIDTHS[-1], image.width * TALLEST // image.height))
        widths = [w for w in WIDTHS if w < largest] + [largest]
        for suffix in ("avif", "webp", "png" if alpha else "jpg"):
            for width in widths:
                yield self._one(image, suffix, width, profile)

    def _one(self, image: Pillow.Image, suffix: str, width: int, profile: bytes | None) -> Picture:
        height = min(TALLEST, max(1, round(image.height * width / image.width)))
        mime, options = ENCODERS[suffix]
        path = self.cache / f"{self.stem}-{width}.{suffix}"
        if not path.exists():
            resized = image.resize((width, height), Pillow.Resampling.LANCZOS)
            resized.info = {}
            buffer = io.BytesIO()
            resized.save(buffer, _FORMATS[suffix], icc_profile=profile, **options)
            _keep(path, buffer.getvalue())
        return Picture(f"{self.base}/images/{path.name}", width, height, mime, path.stat().st_size)

    def vector(self, data: bytes) -> Picture:
        """The picture of a drawing."""
        path = self.cache / f"{self.stem}.svg"
        root = _cleaned(data)
        if not path.exists():
            _keep(path, etree.tostring(root, encoding="utf-8"))
        width, height = _svg_size(root)
        return Picture(f"{self.base}/images/{path.name}", width, height, "image/svg+xml", path.stat().st_size)


_FORMATS = {"avif": "AVIF", "webp": "WEBP", "jpg": "JPEG", "png": "PNG"}
_SVG_DROPPED = frozenset({"script", "foreignObject", "metadata", "iframe", "image", "set", "animate", "handler"})


def _of_screens(image: Pillow.Image, profile: bytes | None) -> Pillow.Image:
    """A scan of sixteen bits in eight, and the inks of a printer, or greys, as a screen shows them: the browsers would
    read a profile of anything else than red, green and blue against the colours."""
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    inks = profile is not None and image.mode == "CMYK" and profile[16:20] == b"CMYK"
    try:
        screen = ImageCms.createProfile("sRGB")
        done = ImageCms.profileToProfile(image, io.BytesIO(profile or b""), screen, outputMode="RGB") if inks else None
    except ImageCms.PyCMSError:
        return image
    return done or image


def _keep(path: Path, data: bytes) -> None:
    """Two builds may encode the same image: each writes aside, the last rename wins, both hold the same bytes."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    aside.write_bytes(data)
    os.replace(aside, path)


def _cleaned(data: bytes) -> etree._Element:
    """An SVG without scripts, metadata, comments, handlers nor addresses outside itself."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    root = etree.fromstring(data, parser)
    for element in list(root.iter()):
        if not isinstance(element.tag, str) or etree.QName(element).localname in _SVG_DROPPED:
            if (parent := element.getparent()) is not None:
                parent.remove(element)
            continue
        for name, value in element.attrib.items():
            local = etree.QName(name).localname
            if local.startswith("on") or (local == "href" and not str(value).startswith("#")):
                del element.attrib[name]
    return root


def _svg_size(root: etree._Element) -> tuple[int, int]:
    """Width and height in CSS pixels, from the attributes or from the viewBox; (0, 0) where neither says."""
    box = [float(n) for n in re.findall(r"-?\d+(?:\.\d+)?", root.get("viewBox") or "")]
    sizes = [re.match(r"\d+(?:\.\d+)?(?=px$|$)", root.get(name) or "") for name in ("width", "height")]
    if sizes[0] and sizes[1]:
        return round(float(sizes[0][0])), round(float(sizes[1][0]))
    return (round(box[2]), round(box[3])) if len(box) == 4 else (0, 0)
