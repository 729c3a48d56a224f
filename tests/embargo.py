"""Random embargoes: what a build must hide, and what it must show, by an oracle that reads the dates by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from PIL import Image

from tests.town import Town

PARIS = ZoneInfo("Europe/Paris")
NIGHTS = (datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC))
"""The clocks of Paris change at these instants."""
FOLDERS = ("actualites", "alertes", "agenda", "patrimoine")
STATUSES = ("", "published", "draft", "draft")


@dataclass(frozen=True)
class Case:
    """One item with its own secret word, and the instant of a build. `since` is `None` for a draft."""

    word: str
    folder: str
    front: str
    since: datetime | None
    at: datetime

    @property
    def public(self) -> bool:
        """Whether the word may be anywhere."""
        return self.since is not None and self.since <= self.at

    @property
    def name(self) -> str:
        """Where its file is, below content/."""
        return f"{self.folder}/{self.word}"

    @property
    def body(self) -> str:
        """Its text: the word alone, in each form that a text has."""
        return f"{self.word} en clair, **{self.word}** en gras.\n\n![{self.word}](../images/{self.word}.png)\n\n## {self.word}"


def cases(seed: int, count: int, at: datetime | None = None) -> Iterator[Case]:
    """So many cases, the same ones for the same seed; half of them within minutes of the embargo, a fifth in a night of
    changed clocks. `at` gives all of them one instant."""
    chance = Random(seed)
    for number in range(count):
        moment = at or _moment(chance)
        yield _case(chance, f"zq{seed}x{number:04}wk", moment)


def _moment(chance: Random) -> datetime:
    if chance.random() < 0.2:
        return chance.choice(NIGHTS) + timedelta(minutes=chance.randint(-130, 130))
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=chance.randrange(525_600))


def _case(chance: Random, word: str, at: datetime) -> Case:
    """Its dates lie around the instant of the build: minutes, hours or days away."""

    def near() -> datetime:
        unit = chance.choice((timedelta(minutes=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)))
        return at.replace(second=0) + chance.randint(-3, 3) * unit

    date, folder = near(), chance.choice(FOLDERS)
    start = near() if chance.random() < 0.5 else None
    end = max(date, start or date) + timedelta(minutes=chance.randint(61, 9000)) if chance.random() < 0.5 else None
    status = chance.choice(STATUSES)
    shown = [m for m in (date, start) if m]
    front = [f"title: Titre {word}", f"date: {_written(chance, date)}", f"tags: [{word}]", f"summary: Le {word} bref"]
    front += [f"start: {_written(chance, start)}"] if start else []
    front += [f"end: {_exact(end)}"] if end else []
    front += [f"status: {status}"] if status else []
    front += [f"panel: Panneau {word}", f"push: Pousser {word}"] if chance.random() < 0.5 else []
    front += [f"image:\n  src: {word}.png\n  alt: Image {word}"] if chance.random() < 0.3 else []
    front += ["severity: Severe"] if chance.random() < 0.2 else []
    return Case(word, folder, "\n".join(front), None if status == "draft" else max(shown), at)


def _written(chance: Random, moment: datetime) -> str:
    """As an editor may write it: the commune's clock where that leaves no doubt, else with its offset."""
    local = moment.astimezone(PARIS)
    plain = local.replace(fold=0).astimezone(UTC) == moment
    return local.strftime("%Y-%m-%d %H:%M") if plain and chance.random() < 0.7 else _exact(moment)


def _exact(moment: datetime) -> str:
    return moment.astimezone(PARIS).isoformat(sep=" ", timespec="minutes")


def place(town: Town, case: Case) -> None:
    """Write the item and the image that bears its name."""
    town.write(case.name, case.front, case.body)
    image = town.root / "content" / "images" / f"{case.word}.png"
    image.parent.mkdir(exist_ok=True)
    if not image.exists():
        Image.new("RGB", (4, 4), (len(case.word), 80, 120)).save(image)


def leaks(folder: Path, words: set[str]) -> list[str]:
    """Files below the folder that hold one of the words, in their name or in their bytes, packed or not."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        data = _unpacked(path) if path.is_file() else b""
        found += [f"{name}: {word}" for word in sorted(words) if word in name or word.encode() in data]
    return found


def _unpacked(path: Path) -> bytes:
    """The bytes, and what they hold once unpacked: Pagefind's files are gzip."""
    import gzip
    import zlib

    data = path.read_bytes()
    try:
        return data + gzip.decompress(data)
    except (OSError, EOFError, zlib.error):
        return data
