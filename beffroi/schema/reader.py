"""Reading YAML nodes into plain values, one fault per thing found wrong, each with its line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any
from urllib.parse import urlsplit

import yaml

from beffroi.errors import Fault
from beffroi.records import dataclass
from beffroi.schema.dates import Moment, moment
from beffroi.schema.french import folded, nearest, one_of, say, shown
from beffroi.schema.header import FIRST, forbidden
from beffroi.settings import Site

HTML = re.compile(r"<[a-zA-Z/!][^<>]*>")
ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{1,6}|#x[0-9a-fA-F]{1,6});")

ALIASES = {
    "titre": "title", "resume": "summary", "chapo": "summary", "description": "summary", "mots-cles": "tags",
    "etiquettes": "tags", "tag": "tags", "debut": "start", "fin": "end", "publie": "date", "publication": "date",
    "modifie": "updated", "modified": "updated", "mis-a-jour": "updated", "maj": "updated", "langue": "lang",
    "statut": "status", "etat": "status", "gravite": "severity", "urgence": "urgency", "certitude": "certainty",
    "quartiers": "areas", "secteurs": "areas", "hameaux": "areas", "area": "areas", "panneau": "panel",
    "notification": "push", "evenement": "event", "source": "sources", "photo": "image", "illustration": "image",
    "lieu": "event.place", "place": "event.place", "prix": "event.price", "tarif": "event.price",
    "price": "event.price", "adresse": "location.address", "address": "location.address", "carte": "location",
    "lat": "location.lat", "lon": "location.lon", "alt": "image.alt", "credit": "image.credit",
    "legende": "image.alt", "texte": "image.alt", "fichier": "image.src", "latitude": "location.lat",
    "longitude": "location.lon", "lien": "sources.url", "adresse-web": "sources.url", "href": "sources.url",
}  # fmt: skip
"""What editors write for a key, `folded`, and the key."""

PATHS = {
    "categorie": "la rubrique est le dossier du fichier",
    "category": "la rubrique est le dossier du fichier",
    "rubrique": "la rubrique est le dossier du fichier",
    "slug": "l’adresse est le nom du fichier",
    "url": "l’adresse est le nom du fichier",
    "save-as": "l’adresse est le nom du fichier",
    "auteur": "la commune signe",
    "author": "la commune signe",
}
"""What other systems have a key for, and Beffroi has not."""


@dataclass(slots=True)
class Reader:
    """One file being read: its faults so far, and the line of each key path."""

    site: Site
    path: str
    faults: list[Fault] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    year: str = "AAAA"
    told: set[str] = field(default_factory=set)
    """Key paths that an error is about already: wrong, or written under another name, they are not missing besides."""

    def refuse(self, line: int, message: str) -> None:
        """Note an error."""
        self.faults.append(Fault(self.path, line, message))

    def warn(self, line: int, message: str) -> None:
        """Note a warning."""
        self.faults.append(Fault(self.path, line, message, "warning"))

    def at(self, name: str, template: str, *values: object) -> None:
        """Note an error on a field: « name » and the rest of the sentence."""
        self.told.add(name)
        self.refuse(self.lines.get(name, 1), say("« {} » " + template, name, *values))


Field = Callable[[Reader, str, yaml.Node], Any]
"""Reads the value of the key path `str`; `None` where there is nothing, or nothing good (a fault was noted)."""


def line_of(node: yaml.Node) -> int:
    """The file's line on which a node starts."""
    return int(node.start_mark.line) + FIRST


def text(r: Reader, name: str, node: yaml.Node) -> str | None:
    """A text on one line, spaces collapsed; `None` where empty."""
    if not isinstance(node, yaml.ScalarNode):
        found = "une liste" if isinstance(node, yaml.SequenceNode) else "des sous-champs"
        above, _, last = name.rpartition(".")
        if last.isdecimal():
            r.at(above, "contient {} ; écrivez des textes seuls : « {}: [un, deux] ».", found, above.rpartition(".")[2])
        else:
            r.at(name, "attend un texte, pas {} ; écrivez « {}: … » sur une seule ligne.", found, last)
        return None
    value = unicodedata.normalize("NFC", node.value)
    if escaped := forbidden(value):  # written as an escape: "\\x0b"
        r.at(name, "contient le caractère invisible U+{:04X} ; effacez-le.", ord(escaped[0]))
        return None
    return " ".join(value.split()) if seen(value) else None


def seen(text: str) -> bool:
    """Whether anything of it can be seen: a page headed by an invisible character has no heading."""
    return (
        any(letter > " " for letter in text)
        if text.isascii()
        else any(unicodedata.category(c)[0] not in "CZ" for c in text)
    )


def plain(limit: int) -> Field:
    """A text without HTML, of at most `limit` characters."""

    def read(r: Reader, name: str, node: yaml.Node) -> str | None:
        value = text(r, name, node)
        if value is None:
            return None
        if isinstance(node, yaml.ScalarNode) and "\n" in node.value.strip() and name == "title":
            r.at(name, "tient sur plusieurs lignes ; écrivez-le sur une seule.")
        if markup := HTML.search(value) or ENTITY.search(value):
            r.at(name, "contient du HTML ({}) ; écrivez du texte simple.", shown(markup[0], 20))
        if len(value) > limit:
            r.at(name, "fait {} caractères ; raccourcissez à {} au plus.", len(value), limit)
        return value

    return read


def when(r: Reader, name: str, node: yaml.Node) -> Moment | None:
    """An ISO 8601 date or date-time."""
    value = text(r, name, node)
    if value is None:
        return None
    try:
        return moment(value, r.site.zone, r.year)
    except ValueError as error:
        r.at(name, "{}.", error)
        return None


def choice(words: Mapping[str, Any], french: Mapping[str, str]) -> Field:
    """One of `words`, in any case; `french` maps what editors write, folded, to the word to write."""

    def read(r: Reader, name: str, node: yaml.Node) -> Any:
        value = text(r, name, node)
        if value is None:
            return None
        for word, meaning in words.items():
            if word.casefold() == value.casefold():
                return meaning
        if guess := french.get(folded(value)) or nearest(value, list(words)):
            r.at(name, "vaut « {} » ; écrivez « {} ».", shown(value), guess)
        else:
            r.at(name, "vaut « {} » ; écrivez {}.", shown(value), one_of([w for w in words if w != "Unknown"]))
        return None

    return read


def listed(read: Field) -> Field:
    """A list, each of its members read by `read`; the unreadable ones are left out, with a fault."""

    def read_all(r: Reader, name: str, node: yaml.Node) -> tuple[Any, ...] | None:
        if isinstance(node, yaml.ScalarNode) and not node.value.strip():
            return None
        if not isinstance(node, yaml.SequenceNode):
            value = shown(node.value) if isinstance(node, yaml.ScalarNode) else "…"
            r.at(name, "attend une liste ; écrivez « {}: [{}] ».", name, value)
            return None
        values = []
        for index, member in enumerate(node.value):
            r.lines[f"{name}.{index}"] = line_of(member)
            values.append(read(r, f"{name}.{index}", member))
        return tuple(v for v in values if v is not None)

    return read_all


def mapping(r: Reader, name: str, node: yaml.Node, fields: Mapping[str, Field], example: str) -> dict[str, Any] | None:
    """The values of a mapping's known keys; unknown and repeated keys are refused. `None` where it is no mapping.

    A key with an empty value is left out, as if it were not there.
    """
    if not isinstance(node, yaml.MappingNode):
        if isinstance(node, yaml.ScalarNode) and not node.value.strip():
            return None
        r.at(name, "attend des sous-champs ; écrivez {}.", example)
        return None
    prefix = f"{name}." if name else ""
    values: dict[str, Any] = {}
    for key_node, value_node in node.value:
        line, key = line_of(key_node), key_node.value if isinstance(key_node, yaml.ScalarNode) else "…"
        if key not in fields:
            sentence, meant = _unknown(prefix, str(key), list(fields))
            r.refuse(line, sentence)
            r.told |= {prefix + meant} if meant else set()
        elif first := r.lines.get(prefix + key):
            r.refuse(line, say("« {} » est écrit deux fois (déjà ligne {}) ; n’en gardez qu’un.", prefix + key, first))
        else:
            r.lines[prefix + key] = line
            if (value := fields[key](r, prefix + key, value_node)) is not None:
                values[key] = value
    return values


def _unknown(prefix: str, key: str, known: Sequence[str]) -> tuple[str, str | None]:
    """The sentence for a key that does not exist here, and the key of this place that it stands for."""
    found, form = prefix + shown(key, 40), folded(key)
    alias = ALIASES.get(form, "")
    above, _, inner = alias.partition(".")
    if form in PATHS and not prefix:
        return say("« {} » n’existe pas : {} ; supprimez cette ligne.", found, PATHS[form]), None
    if inner and not prefix:
        return say("« {} » n’existe pas ici ; écrivez « {}: » sous « {}: ».", found, inner, above), None
    guess = next((k for k in (alias, inner) if k in known), None) or nearest(key, known)
    if guess:
        return say("« {} » n’existe pas ; écrivez « {} ».", found, guess), guess
    return say("« {} » n’existe pas ; les champs possibles sont {}.", found, one_of(sorted(known), "et")), None


def web(r: Reader, name: str, node: yaml.Node) -> str | None:
    """An absolute http(s) address."""
    value = text(r, name, node)
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and " " not in value
    except ValueError:
        good = False
    if not good:
        r.at(name, "vaut « {} » ; écrivez une adresse complète, « https://… ».", shown(value))
        return None
    return value
