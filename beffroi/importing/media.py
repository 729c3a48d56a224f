"""The images and files of the old site: found in a local copy, in the export itself, or downloaded where asked."""

from __future__ import annotations

import base64
import binascii
import hashlib
import io
import re
import socket
import urllib.request
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path, PurePosixPath
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urljoin, urlsplit

from beffroi.content import IMAGES, RASTER
from beffroi.errors import ImportFailed
from beffroi.importing.piece import Loss, Media
from beffroi.records import dataclass
from beffroi.text import slugify

FOLDER = f"{IMAGES}/import"
FILES = "fichiers/import"
LARGEST = 30 * 1024 * 1024
SIZED = re.compile(r"-\d{2,5}x\d{2,5}(?=\.\w+$)")
"""WordPress's smaller copies: `pont-300x200.jpg` of `pont.jpg`."""
VECTOR = ".svg"


def download(url: str) -> bytes:
    """The bytes at an address. Raises `ImportFailed`."""
    if not joined("", url).startswith(("http://", "https://")):
        raise ImportFailed(f"{url} n’est pas une adresse http ; donnez-la entière.")
    request = urllib.request.Request(url, headers={"User-Agent": "Beffroi"})  # noqa: S310  # the scheme is checked
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            data: bytes = answer.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise ImportFailed(
            f"{url} n’a pas pu être lu ({_trouble(error)}) ; vérifiez l’adresse et le réseau."
        ) from error
    if len(data) > LARGEST:
        raise ImportFailed(f"{url} fait plus de 30 Mo ; prenez-le à la main.")
    return data


def _trouble(error: OSError | ValueError) -> str:
    """What is the matter with an address, in a few words."""
    if isinstance(error, HTTPError):
        return f"réponse {error.code}"
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return "pas de réponse à temps"
    if isinstance(reason, ConnectionError):
        return "personne n’y répond"
    if isinstance(reason, socket.gaierror):
        return "ce nom n’existe pas"
    return str(reason)


@dataclass
class Library:
    """Where the old site's files are. `folder` is a local copy of its uploads; `fetch` allows the network. What is
    taken goes into `taken`: name below `content/` → bytes."""

    origin: str
    folder: Path | None = None
    fetch: bool = False
    known: Mapping[str, Media] = field(default_factory=dict)
    taken: dict[str, bytes] = field(default_factory=dict)
    losses: list[Loss] = field(default_factory=list)
    _places: dict[str, tuple[str, str, str]] = field(default_factory=dict)

    def said(self, url: str) -> Media:
        """What the export says of an image, be it a smaller copy of it."""
        address = joined(f"{self.origin}/", url)
        return self.known.get(address) or self.known.get(SIZED.sub("", address)) or Media(address)

    def image(self, url: str, where: str) -> str | None:
        """The place below `content/` of an image that the site can show; `None` where it cannot be had."""
        return self._place(url, where, shown=True)

    def file(self, url: str, where: str) -> str | None:
        """The place below `content/` of a linked file."""
        return self._place(url, where, shown=False)

    def _place(self, url: str, where: str, *, shown: bool) -> str | None:
        key = f"{shown} {url}"
        if key not in self._places:
            self._places[key] = self._taken(url, shown=shown)
        place, found, advice = self._places[key]
        if not place:
            self.losses.append(Loss(where, found, advice))
        return place or None

    def _taken(self, url: str, *, shown: bool) -> tuple[str, str, str]:
        """Its place, else what was found and what to do."""
        data = self._data(url)
        if data is None:
            advice = "donnez le dossier de ses fichiers (--media) ou permettez de le télécharger (--download)"
            return "", f"fichier introuvable : {_short(url)}", advice
        name = _name(url, data)
        if shown and PurePosixPath(name).suffix not in {*RASTER, VECTOR}:
            converted = _as_png(data)
            if converted is None:
                return "", f"image illisible : {_short(url)}", "remplacez-la à la main"
            name, data = f"{PurePosixPath(name).stem}.png", converted
        place = f"{FOLDER if shown else FILES}/{name}"
        if self.taken.get(place, data) != data:  # two files of one name
            path = PurePosixPath(place)
            place = f"{path.parent}/{path.stem}-{hashlib.sha256(data).hexdigest()[:6]}{path.suffix}"
        self.taken[place] = data
        return place, "", ""

    def _data(self, url: str) -> bytes | None:
        if url.startswith("data:"):
            return _inline(url)
        address = joined(f"{self.origin}/", url)
        for one in dict.fromkeys((SIZED.sub("", address), address)):
            if found := self._local(one):
                return found.read_bytes()
        for one in dict.fromkeys((SIZED.sub("", address), address)) if self.fetch else ():
            try:
                return download(one)
            except ImportFailed:
                continue
        return None

    def _local(self, address: str) -> Path | None:
        """The file in the local copy: by the longest end of its path that is there."""
        if self.folder is None:
            return None
        parts = [p for p in unquote(urlsplit(address).path).split("/") if p not in {"", ".", ".."}]
        for start in range(len(parts)):
            path = self.folder.joinpath(*parts[start:])
            if path.is_file():
                return path
        return None


def joined(base: str, url: str) -> str:
    """The whole address; `base` for one that nobody can read."""
    try:
        urlsplit(url)
        return urljoin(base, url)
    except ValueError:
        return base


def _inline(url: str) -> bytes | None:
    """The bytes of a `data:` address."""
    head, _, body = url.partition(",")
    try:
        return base64.b64decode(body, validate=False) if head.endswith(";base64") else unquote(body).encode()
    except (binascii.Error, ValueError):
        return None


def _name(url: str, data: bytes) -> str:
    """A file name that any machine takes."""
    if url.startswith("data:"):
        kind = url[5:].partition(";")[0].partition("/")[2].partition("+")[0]
        return f"image-{hashlib.sha256(data).hexdigest()[:10]}.{kind.replace('jpeg', 'jpg') or 'bin'}"
    path = PurePosixPath(SIZED.sub("", unquote(urlsplit(url).path)))
    return f"{slugify(path.stem) or 'fichier'}{path.suffix.lower()}"


def _as_png(data: bytes) -> bytes | None:
    """An image of a format that the site does not show (GIF, BMP, TIFF), as PNG."""
    from PIL import Image

    out = io.BytesIO()
    try:
        with Image.open(io.BytesIO(data)) as image:
            image.convert("RGBA").save(out, "PNG")
    except (OSError, ValueError, Image.DecompressionBombError):
        return None
    return out.getvalue()


def _short(url: str) -> str:
    return url if len(url) < 100 else f"{url[:60]}…"
