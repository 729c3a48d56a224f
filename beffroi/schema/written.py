"""The front matter as an editor writes it: the single source of the reference, of the JSON Schema and of the form.

Each field has its label, what to write, an example, what stands where it is left out, and the JSON Schema of its value.
`beffroi.schema.Front` is what is made of it all; publishing needs none of this, nor pydantic.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict, Field

from beffroi.model import Certainty, Severity, Urgency
from beffroi.records import dataclass
from beffroi.schema.longest import LONGEST

HTML = r"<[a-zA-Z/!][^<>]*>|&([a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});"
DAY = r"(19\d\d|20\d\d|21\d\d|2200)-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
CLOCK = r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?|(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?)"
MOMENT = rf"{DAY}([T ]{CLOCK})?"
YES = r"^\s*([Yy][Ee][Ss]|[Oo][Uu][Ii]|[Tt][Rr][Uu][Ee])\s*$"

FILE = r"(?!(content/)?images/)[^./\\:\s{][^/\\:]*(/[^./\\:][^/\\:]*)*\.([Jj][Pp][Ee]?[Gg]|[Pp][Nn][Gg])"

ALIAS = r"/(?!/)(?!(.*/)?\.\.(/|[?#]|$))[^\s\\\"'<>{}|^`?#]*([?#]\S*)?"

Json = dict[str, Any]


@dataclass(frozen=True)
class Told:
    """What is told of one field. `shape` is its JSON Schema, empty where its type says it all; `longest` its length;
    `widget` the kind of its input in the form; `choices` the words that are proposed, with their labels."""

    label: str
    form: str
    example: str = ""
    otherwise: str = "vide"
    shape: Json = field(default_factory=dict)
    longest: int = 0
    widget: str = "string"
    choices: Mapping[str, str] = field(default_factory=dict)
    hint: str = ""
    """What the form says instead of `form`, which is for those who write YAML."""

    def __call__(self, schema: Json) -> None:
        """Rewrite what pydantic makes of the field."""
        shape = self.shape or {key: schema[key] for key in ("$ref", "anyOf", "type", "items") if key in schema}
        schema.clear()
        schema.update({"title": self.label, "description": self.form, **shape})
        if self.example:
            schema["examples"] = [yaml.load(self.example.partition(": ")[2], Loader=yaml.BaseLoader)]  # noqa: S506


def _text(longest: int, *, required: bool = False) -> Json:
    """A text of one line without HTML."""
    shape: Json = {"type": ["string", "number", "boolean"], "maxLength": longest, "not": {"pattern": HTML}}
    return {**shape, "pattern": r"\S"} if required else {**shape, "type": [*shape["type"], "null"]}


def _like(pattern: str, *, required: bool = False) -> Json:
    """A text of a given form, or nothing."""
    if required:
        return {"type": "string", "pattern": rf"^\s*({pattern})\s*$"}
    return {"type": ["string", "null"], "pattern": rf"^\s*({pattern})?\s*$"}


def _choice(words: Mapping[str, str]) -> Json:
    """One of these words, in any case; the list is there to be proposed."""
    loose = "|".join("".join(f"[{c.upper()}{c.lower()}]" for c in word) for word in words)
    return {"anyOf": [{"enum": list(words)}, _like(loose)]}


def _words(longest: int, word: int = 0) -> Json:
    """A channel's own words, none longer than `word`, or `no`."""
    never = [YES, HTML, *([rf"\S{{{word + 1},}}"] if word else [])]
    own = {"type": ["string", "number", "null"], "maxLength": longest}
    return {"anyOf": [{**own, "not": {"anyOf": [{"pattern": pattern} for pattern in never]}}, {"const": False}]}


def _degrees(limit: int, digits: str) -> Json:
    number = {"type": "number", "minimum": -limit, "maximum": limit}
    return {"anyOf": [number, {"type": "string", "pattern": rf"^\s*[+-]?({digits})\s*$"}]}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


def _field(told: Told, *, required: bool = False) -> Any:
    return Field(json_schema_extra=told) if required else Field(None, json_schema_extra=told)


class WrittenImage(_Strict):
    """L’image du contenu."""

    src: str = _field(Told(
        "Fichier", "Nom d’un fichier de `content/images/`, `.jpg` ou `.png`.", "src: eau.jpg", "obligatoire dans `image`",
        _like(FILE, required=True),
        widget="image",
        hint="Une image .jpg ou .png.",
    ), required=True)  # fmt: skip
    alt: str = _field(Told(
        "Description", "Ce que l’on voit, pour qui ne voit pas. 300 caractères au plus.", 'alt: "Un robinet ouvert."',
        "obligatoire dans `image`", _text(LONGEST["image.alt"], required=True), LONGEST["image.alt"],
    ), required=True)  # fmt: skip
    credit: str | None = _field(Told(
        "Crédit", "À qui est l’image, et sa licence. 200 caractères au plus.", 'credit: "Ville, CC BY-SA 4.0"', "vide",
        _text(LONGEST["image.credit"]), LONGEST["image.credit"],
    ))  # fmt: skip


class WrittenEvent(_Strict):
    """Le rendez-vous."""

    start: str = _field(Told(
        "Début de l’événement", "Date ISO. Sans heure, l’événement dure la journée.", "start: 2027-03-20 14:30",
        "obligatoire dans `event`", _like(MOMENT, required=True), widget="datetime",
        hint="Sans heure, l’événement dure la journée.",
    ), required=True)  # fmt: skip
    end: str | None = _field(Told(
        "Fin de l’événement", "Date ISO, avec une heure si `event.start` en a une.", "end: 2027-03-20 17:30",
        "3 h après, minuit au plus tard ; ou le même jour", _like(MOMENT), widget="datetime",
        hint="Avec une heure si le début en a une.",
    ))  # fmt: skip
    place: str | None = _field(Told(
        "Lieu", "Le lieu. 200 caractères au plus.", 'place: "Salle du bourg"', "vide",
        _text(LONGEST["event.place"]), LONGEST["event.place"],
    ))  # fmt: skip
    price: str | None = _field(Told(
        "Prix", "Le prix. 100 caractères au plus.", 'price: "Gratuit"', "vide",
        _text(LONGEST["event.price"]), LONGEST["event.price"],
    ))  # fmt: skip


class WrittenLocation(_Strict):
    """L’endroit sur la carte."""

    lat: str = _field(Told(
        "Latitude", "Latitude en degrés décimaux, avec un point.", "lat: 45.2389", "obligatoire dans `location`",
        _degrees(90, r"90(\.0+)?|0?[0-8]?\d(\.\d+)?"),
    ), required=True)  # fmt: skip
    lon: str = _field(Told(
        "Longitude", "Longitude en degrés décimaux, avec un point.", "lon: 5.8892", "obligatoire dans `location`",
        _degrees(180, r"180(\.0+)?|(1[0-7]\d|0?\d?\d)(\.\d+)?"),
    ), required=True)  # fmt: skip
    address: str | None = _field(Told(
        "Adresse", "L’adresse postale. 200 caractères au plus.", 'address: "Place de la Mairie"', "vide",
        _text(LONGEST["location.address"]), LONGEST["location.address"],
    ))  # fmt: skip


class WrittenSource(_Strict):
    """Une source."""

    title: str = _field(Told(
        "Nom", "Le nom de la source.", '- title: "Météo-France"', "obligatoire",
        _text(LONGEST["sources.title"], required=True), LONGEST["sources.title"],
    ), required=True)  # fmt: skip
    url: str | None = _field(Told(
        "Adresse web", "Son adresse complète.", 'url: "https://meteofrance.com/"', "vide",
        _like(r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+[^\s]*"),
    ))  # fmt: skip


SEVERITIES = {"Extreme": "Extrême", "Severe": "Grave", "Moderate": "Modérée", "Minor": "Mineure"}
URGENCIES = {"Immediate": "Tout de suite", "Expected": "Bientôt", "Future": "Plus tard", "Past": "C’est passé"}
CERTAINTIES = {"Observed": "Constatée", "Likely": "Probable", "Possible": "Possible", "Unlikely": "Peu probable"}
STATUSES = {"published": "Publié", "draft": "Brouillon", "withdrawn": "Retiré"}


class Written(_Strict):
    """L’en-tête d’un contenu, entre les deux lignes `---`."""

    title: str = _field(Told(
        "Titre", "Texte simple, 80 caractères de préférence, 120 au plus.", 'title: "Marché de Noël"', "obligatoire",
        _text(LONGEST["title"], required=True), LONGEST["title"],
    ), required=True)  # fmt: skip
    date: str = _field(Told(
        "Date", "Date ISO, avec ou sans heure, à l’heure de la commune. Le contenu est invisible avant.",
        "date: 2026-05-04 09:30", "obligatoire, sauf dans `pages/`", _like(MOMENT, required=True), widget="datetime",
        hint="Le contenu est invisible avant. L’heure est facultative.",
    ), required=True)  # fmt: skip
    updated: str | None = _field(Told(
        "Correction", "Date ISO d’une correction, jamais avant `date`.", "updated: 2026-05-06", "`date`", _like(MOMENT),
        widget="datetime",
        hint="Le jour où vous corrigez. Une alerte sonne de nouveau quand cette date change.",
    ))  # fmt: skip
    summary: str | None = _field(Told(
        "Résumé", "Une ou deux phrases, 200 caractères de préférence, 500 au plus. La première dit tout.",
        'summary: "Pas d\'eau mardi matin."', "le début du texte",
        _text(LONGEST["summary"]), LONGEST["summary"], widget="text",
    ))  # fmt: skip
    tags: list[str] | None = _field(Told(
        "Mots-clés", "Liste de mots en minuscules.", "tags: [eau, travaux]", "aucun",
        {"type": "array", "items": {"type": ["string", "number", "boolean", "null"], "pattern": "^[^,]*$"}},
        widget="list",
        hint="Quelques mots, séparés par des virgules.",
    ))  # fmt: skip
    image: WrittenImage | None = _field(Told(
        "Image", "Les trois champs qui suivent, décalés de deux espaces.", "", "aucune", widget="object",
        hint="Choisissez une photographie, et décrivez-la.",
    ))  # fmt: skip
    lang: str | None = _field(Told(
        "Langue", "Code de langue.", "lang: it", "`DEFAULT_LANG`, soit `fr`",
        _like(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*"),
    ))  # fmt: skip
    status: str | None = _field(Told(
        "État", "`published`, `draft` ou `withdrawn`. Un brouillon ne laisse aucune trace en ligne ; un contenu retiré "
        "laisse une explication.", "status: draft", "`published`", _choice(STATUSES), widget="select", choices=STATUSES,
        hint="Un brouillon ne laisse aucune trace en ligne ; un contenu retiré laisse une explication.",
    ))  # fmt: skip
    reason: str | None = _field(Told(
        "Raison", "Pourquoi ce contenu est retiré, en une phrase ; avec `status: withdrawn`. 300 caractères au plus.",
        'reason: "La réunion est reportée."', "« Cette information n’est plus valable. »",
        _words(LONGEST["reason"]), LONGEST["reason"],
        hint="Pourquoi ce contenu est retiré.",
    ))  # fmt: skip
    start: str | None = _field(Told(
        "Début de l’affichage", "Début de l’affichage. Le contenu est invisible avant.", "start: 2026-05-10", "`date`",
        _like(MOMENT), widget="datetime",
        hint="Le contenu est invisible avant.",
    ))  # fmt: skip
    end: str | None = _field(Told(
        "Fin de l’affichage", "Fin de l’affichage ; une date sans heure comprend ce jour entier.",
        "end: 2026-05-14 20:00", "aucune ; une alerte finit 24 h après son début", _like(MOMENT), widget="datetime",
        hint="Sans heure, ce jour entier est compris.",
    ))  # fmt: skip
    severity: Severity | None = _field(Told(
        "Gravité", "Gravité d’une alerte : `Extreme`, `Severe`, `Moderate`, `Minor`.", "severity: Severe",
        "`Moderate` dans une rubrique d’alertes", _choice(SEVERITIES | {"Unknown": ""}), widget="select",
        choices=SEVERITIES,
        hint="À quel point c’est grave.",
    ))  # fmt: skip
    urgency: Urgency | None = _field(Told(
        "Urgence", "Quand agir : `Immediate`, `Expected`, `Future`, `Past`.", "urgency: Immediate", "`Expected`",
        _choice(URGENCIES | {"Unknown": ""}), widget="select", choices=URGENCIES,
        hint="Quand agir.",
    ))  # fmt: skip
    certainty: Certainty | None = _field(Told(
        "Certitude", "À quel point c’est sûr : `Observed`, `Likely`, `Possible`, `Unlikely`.", "certainty: Observed",
        "`Likely`", _choice(CERTAINTIES | {"Unknown": ""}), widget="select", choices=CERTAINTIES,
        hint="À quel point c’est sûr.",
    ))  # fmt: skip
    areas: list[str] | None = _field(Told(
        "Quartiers", "Liste de quartiers, par leur nom ou leur code.", "areas: [bourg]", "toute la commune",
        {"type": "array", "items": {"type": "string"}}, widget="areas",
        hint="Les quartiers concernés.",
    ))  # fmt: skip
    panel: str | None = _field(Told(
        "Panneaux", "Les mots du panneau : sept environ, 60 caractères au plus, aucun mot de plus de 16. Ou `no` : rien "
        "sur les panneaux.", 'panel: "Pont fermé, déviation"', "`title`", _words(LONGEST["panel"], 16), LONGEST["panel"],
    ))  # fmt: skip
    push: str | None = _field(Told(
        "Notification", "Les mots de la notification, sous le titre : 120 caractères au plus. Ou `no` : aucun téléphone "
        "ne sonne.", "push: no", "`summary`", _words(LONGEST["push"]), LONGEST["push"],
    ))  # fmt: skip
    event: WrittenEvent | None = _field(Told(
        "Événement", "Les quatre champs qui suivent, décalés de deux espaces.", "", "aucun", widget="object",
        hint="Quand et où cela se passe.",
    ))  # fmt: skip
    location: WrittenLocation | None = _field(Told(
        "Endroit", "Les trois champs qui suivent, décalés de deux espaces.", "", "aucun", widget="object",
        hint="Le point sur la carte.",
    ))  # fmt: skip
    sources: list[WrittenSource] | None = _field(Told(
        "Sources", "Liste : d’où viennent les faits.", "", "aucune", widget="sources",
        hint="D’où viennent les faits.",
    ))  # fmt: skip
    aliases: list[str] | None = _field(Told(
        "Anciennes adresses", "Liste : les adresses que ce contenu a eues ; elles mènent à la nouvelle.",
        "aliases: [/2019/05/marche/]", "aucune", {"type": "array", "items": _like(ALIAS)}, widget="list",
    ))  # fmt: skip


class Row(NamedTuple):
    """One field, or one below another: `event.start`."""

    name: str
    told: Told


INNER: Mapping[str, type[BaseModel]] = {
    "image": WrittenImage,
    "event": WrittenEvent,
    "location": WrittenLocation,
    "sources": WrittenSource,
}
"""The fields that have fields of their own."""


def rows(model: type[BaseModel] = Written, prefix: str = "") -> Iterator[Row]:
    """Every field in the order in which it is documented, each followed by those below it."""
    for name, info in model.model_fields.items():
        told = info.json_schema_extra
        if isinstance(told, Told):
            yield Row(prefix + name, told)
        if not prefix and name in INNER:
            yield from rows(INNER[name], f"{name}.")
