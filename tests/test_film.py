"""Films whose file says where they were taken, as images do: these are cleaned, films are told of."""

from __future__ import annotations

import io
import random
import struct

import pytest

from beffroi.check.film import located
from beffroi.check.run import run
from beffroi.settings import read_site
from tests import film
from tests.test_withdraw import git
from tests.town import Town


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("said", [film.xyz(), film.loci(), film.apple(), film.apple(version=bytes(4)), film.gopro()])
def test_located(said: bytes, *, first: bool) -> None:
    """However it is said, before the pictures or after."""
    assert located(io.BytesIO(film.film(said, first=first)))
    large = film.HEAD + struct.pack(">I4sQ", 1, b"mdat", 16 + 50) + bytes(50) + film.box(b"moov", said)
    assert located(io.BytesIO(large))


@pytest.mark.parametrize(
    "data",
    [
        film.film(),
        film.film(film.box(b"udta", film.box(b"\xa9xyz", b"\0\0\0\0"))),
        film.film(film.apple(b"com.apple.quicktime.model")),
        film.film(film.apple(value=b"")),
        b"",
        b"\xa9xyz" * 100,
        film.film(film.xyz())[:-10],
        film.box(b"moov") * 20_000 + film.film(film.xyz()),
        (struct.pack(">I4s", 0, b"moov") * 5000),
    ],
)
def test_not_located(data: bytes) -> None:
    """Nothing is said: by a film without a place, one whose place was taken out, what is no film, or is cut."""
    assert not located(io.BytesIO(data))


def test_any_bytes() -> None:
    """Whatever the bytes, an answer."""
    chance = random.Random(7)  # the same each time
    whole = film.film(film.xyz(), film.apple(), film.gopro())
    for _ in range(2000):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 8)):
            data[chance.randrange(len(data))] = chance.choice((0, 1, 255, chance.randrange(256)))
        located(io.BytesIO(bytes(data)))


def test_check_warns(town: Town) -> None:
    """Of a linked film, on the disk and in the next commit; one that nobody links is not published, and not told of."""
    for name in ("vue", "autre"):
        place = town.root / f"content/fichiers/{name}.MP4"
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(film.film(film.xyz()))
    town.write("actualites/vue", "title: Vue\ndate: 2026-05-01", "[Le film](../fichiers/vue.MP4)")
    site = read_site(town.root / "publishconf.py")
    git(town, "init", "-q")
    git(town, "add", "-A")
    for staged in (False, True):
        (told,), _ = run(site, town.root / "var", staged=staged)
        assert ("content/actualites/vue.md", 6, "warning") == (told.path, told.line, told.level)
        assert "../fichiers/vue.MP4" in told.message
        assert "dit, à qui l’ouvre, où l’enregistrement a été fait" in told.message
