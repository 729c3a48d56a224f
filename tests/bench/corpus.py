"""A deterministic archive of a French town hall, written for Beffroi, for stock Pelican and for Hugo.

250 to 650 words an item, five categories, tags, a table in one of five, links to other items, an image in one of ten:
the same words in the same order for each generator.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from PIL import Image

CATEGORIES = ("actualites", "agenda", "patrimoine", "tourisme", "economie")
NAMES = ("Actualités", "Agenda", "Patrimoine", "Tourisme", "Économie")
KINDS = ("news", "agenda", "discover", "discover", "discover")
TAGS = (
    *("eau", "école", "voirie", "déchets", "culture", "sport"),
    *("santé", "énergie", "marché", "sécurité", "jeunesse", "aînés"),
)  # fmt: skip
WORDS = [
    "la",
    "le",
    "les",
    "un",
    "une",
    "des",
    "commune",
    "mairie",
    "conseil",
    "municipal",
    "travaux",
    "rue",
    "place",
    "quartier",
    "habitants",
    "service",
    "public",
    "eau",
    "école",
    "enfants",
    "parents",
    "rentrée",
    "inscription",
    "dossier",
    "permanence",
    "horaires",
    "ouverture",
    "fermeture",
    "lundi",
    "mardi",
    "mercredi",
    "jeudi",
    "vendredi",
    "samedi",
    "dimanche",
    "matin",
    "après-midi",
    "soirée",
    "projet",
    "budget",
    "chantier",
    "circulation",
    "déviation",
    "stationnement",
    "collecte",
    "déchets",
    "tri",
    "compost",
    "bibliothèque",
    "exposition",
    "concert",
    "marché",
    "producteurs",
    "association",
    "bénévoles",
    "forêt",
    "rivière",
    "sentier",
    "montagne",
    "vallée",
    "patrimoine",
    "église",
    "papeterie",
    "histoire",
    "turbine",
    "atelier",
    "entreprise",
    "artisan",
    "commerce",
    "emploi",
    "formation",
    "santé",
    "médecin",
    "pharmacie",
    "vaccination",
    "sécurité",
    "prévention",
    "risque",
    "crue",
    "neige",
    "déneigement",
    "chauffage",
    "énergie",
    "solaire",
    "éclairage",
    "économie",
    "rénovation",
    "logement",
    "permis",
    "construire",
    "urbanisme",
    "enquête",
    "réunion",
    "débat",
    "vote",
    "élection",
    "citoyen",
    "participation",
    "avec",
    "pour",
    "dans",
    "sur",
    "sous",
    "entre",
    "vers",
    "chez",
    "sans",
    "depuis",
    "pendant",
    "selon",
    "afin",
    "que",
    "qui",
    "dont",
    "où",
    "sera",
    "seront",
    "est",
    "sont",
    "peut",
    "peuvent",
    "doit",
    "doivent",
    "invite",
    "annonce",
    "rappelle",
    "organise",
    "propose",
    "accueille",
    "présente",
]  # a text is easier to read than a list
START = datetime(2010, 1, 4, 8)


@dataclass(frozen=True)
class Piece:
    """One item. `links` are the numbers of the items that it links to."""

    number: int
    category: int
    title: str
    date: datetime
    tags: tuple[str, ...]
    paragraphs: tuple[str, ...]
    table: bool
    image: bool
    links: tuple[int, ...]

    @property
    def slug(self) -> str:
        """The file's name."""
        return f"contenu-{self.number:05}"

    @property
    def folder(self) -> str:
        """The category's folder."""
        return CATEGORIES[self.category]


def _date(number: int, count: int) -> datetime:
    """Fifteen years at most, so that none is in the future; never the hour that summer time skips."""
    date = START + timedelta(minutes=13 * 60 * number * min(1, 10_000 / count))
    skipped = date.month == 3 and date.day > 24 and date.weekday() == 6 and date.hour == 2
    return date + timedelta(hours=skipped)


def pieces(count: int) -> Iterator[Piece]:
    """So many items, the oldest first; the same ones each time."""
    for number in range(count):
        chance = random.Random(number)  # a corpus, no secret
        words = chance.randint(250, 650)
        paragraphs = []
        while words > 0:
            size = min(words, chance.randint(40, 90))
            text = " ".join(chance.choices(WORDS, k=size))
            paragraphs.append(f"{text[0].upper()}{text[1:]}, c'est **{chance.choice(WORDS)}** ! ")
            words -= size
        title = " ".join(chance.choices(WORDS, k=6)).capitalize()
        links = tuple(chance.randrange(number) for _ in range(2)) if number else ()
        tags = tuple(chance.sample(TAGS, 2))
        yield Piece(number, number % 5, f"{title} {number}", _date(number, count), tags,
                    tuple(paragraphs), number % 5 == 2, number % 10 == 0, links)  # fmt: skip


def body(piece: Piece, link: str, image: str) -> str:
    """The Markdown: `link` and `image` are the forms of an address, with `{folder}`, `{slug}` and `{number}`."""
    parts = list(piece.paragraphs)
    parts.insert(1, "## Ce qu'il faut savoir")
    if piece.table:
        parts.append(
            "| Jour | Heure | Lieu |\n| --- | --- | --- |\n| Lundi | 18 h 30 | Mairie |\n| Mardi | 9 h | Gymnase |"
        )
    for number in piece.links:
        other = link.format(folder=CATEGORIES[number % 5], slug=f"contenu-{number:05}")
        parts.append(f"Lire aussi [l'article {number}]({other}).")
    if piece.image:
        parts.append(f"![Vue de la commune]({image.format(number=piece.number % 7)})")
    return "\n\n".join(parts) + "\n"


def images(folder: Path) -> None:
    """Seven small photographs."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(7):
        Image.new("RGB", (400, 300), (40 * number % 255, 90, 120)).save(folder / f"vue-{number}.jpg")
