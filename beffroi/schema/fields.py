"""Each field of the front matter: how it is read."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

import yaml

from beffroi import model
from beffroi.records import dataclass
from beffroi.schema.dates import Moment, hours_later, midnight_after
from beffroi.schema.french import folded, nearest, one_of, say, shown
from beffroi.schema.longest import LONGEST
from beffroi.schema.reader import Field, Reader, choice, listed, mapping, plain, text, web, when

EVENT_HOURS = 3
"""How long an event without an end lasts, midnight at the latest."""

SEVERITY = {
    "extreme": "Extreme", "rouge": "Extreme", "tres-grave": "Extreme", "grave": "Severe", "severe": "Severe",
    "orange": "Severe", "elevee": "Severe", "eleve": "Severe", "moderee": "Moderate", "modere": "Moderate",
    "moyen": "Moderate", "moyenne": "Moderate", "jaune": "Moderate", "mineur": "Minor", "mineure": "Minor",
    "faible": "Minor", "leger": "Minor", "legere": "Minor", "vert": "Minor",
}  # fmt: skip
URGENCY = {
    "immediat": "Immediate", "immediate": "Immediate", "en-cours": "Immediate", "maintenant": "Immediate",
    "attendu": "Expected", "attendue": "Expected", "prevu": "Expected", "prevue": "Expected", "bientot": "Expected",
    "futur": "Future", "future": "Future", "a-venir": "Future", "passe": "Past", "passee": "Past", "fini": "Past",
    "terminee": "Past", "termine": "Past",
}  # fmt: skip
CERTAINTY = {
    "observe": "Observed", "observee": "Observed", "constate": "Observed", "constatee": "Observed",
    "certain": "Observed", "certaine": "Observed", "probable": "Likely", "improbable": "Unlikely",
    "peu-probable": "Unlikely",
}  # fmt: skip
STATUS = {"publie": "published", "publiee": "published", "public": "published", "en-ligne": "published",
          "brouillon": "draft", "cache": "draft", "prive": "draft",
          "retire": "withdrawn", "retiree": "withdrawn", "annule": "withdrawn", "annulee": "withdrawn"}  # fmt: skip


@dataclass(frozen=True)
class ImageRef:
    """The image of an item: `src` is a file of `content/images/`, `alt` what is seen, `credit` whose it is."""

    src: str
    alt: str = ""
    credit: str = ""


def capped(path: str) -> Field:
    """A text as long as `beffroi.schema.longest` says."""
    return plain(LONGEST[path])


def tag(r: Reader, name: str, node: yaml.Node) -> str | None:
    """A short word."""
    value = text(r, name, node)
    if value and "," in value:
        r.at(name, "contient une virgule (« {} ») ; écrivez un mot-clé par élément : [un, deux].", shown(value))
    return value


def tags(r: Reader, name: str, node: yaml.Node) -> tuple[str, ...] | None:
    """The tags, each once."""
    found = listed(tag)(r, name, node)
    return None if found is None else tuple(dict.fromkeys(found))


def language(r: Reader, name: str, node: yaml.Node) -> str | None:
    """A language tag (BCP 47)."""
    value = text(r, name, node)
    if value and not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", value, re.ASCII):
        r.at(name, "vaut « {} » ; écrivez un code de langue : fr, en, it, de…", shown(value))
        return None
    return value


def image_file(r: Reader, name: str, node: yaml.Node) -> str | None:
    """A file name relative to `content/images/`."""
    value = text(r, name, node)
    if value is None:
        return None
    if not re.search(r"\.(jpe?g|png)$", value, re.I):
        r.at(name, "vaut « {} » ; écrivez le nom d’un fichier .jpg ou .png.", shown(value))
        return None
    parts = [
        p for p in re.split(r"[/\\]", re.sub(r"^\{(static|filename|attach)\}", "", value)) if p not in {"", ".", ".."}
    ]
    good = "/".join(parts[1:] if parts[0] == "images" else parts[2:] if parts[:2] == ["content", "images"] else parts)
    if re.match(r"\w+:", value) or not good:
        r.at(name, "vaut « {} » ; déposez l’image dans content/images et écrivez le nom du fichier.", shown(value))
        return None
    if good != value:
        r.at(name, "vaut « {} » ; écrivez « {} », le chemin depuis content/images.", shown(value), good)
        return None
    return value


def image(r: Reader, name: str, node: yaml.Node) -> ImageRef | None:
    """The image; its file and its text are checked elsewhere."""
    fields: dict[str, Field] = {
        "src": image_file,
        "alt": capped("image.alt"),
        "credit": capped("image.credit"),
    }
    found = mapping(r, name, node, fields, "« src: » et « alt: » en dessous, décalés de deux espaces")
    if found is None:
        return None
    return ImageRef(**found) if required(r, name, found, "src", "image.jpg") else None


def area(r: Reader, name: str, node: yaml.Node) -> str | None:
    """The slug of one of the commune's areas, given by slug or by name."""
    value = text(r, name, node)
    if value is None:
        return None
    forms = {folded(a.name): a.slug for a in r.site.areas.values()} | {folded(slug): slug for slug in r.site.areas}
    if folded(value) in forms:
        return forms[folded(value)]
    known = list(r.site.areas)
    if guess := nearest(value, known):
        r.at("areas", "contient « {} » ; écrivez « {} ».", shown(value), guess)
    elif known:
        r.at("areas", "contient « {} », inconnu ; écrivez {}.", shown(value), one_of(known))
    else:
        r.at(
            "areas",
            "contient « {} », mais la commune n’a pas de quartiers (AREAS) ; supprimez « areas ».",
            shown(value),
        )
    return None


def areas(r: Reader, name: str, node: yaml.Node) -> tuple[str, ...] | None:
    """Slugs of areas, each once."""
    found = listed(area)(r, name, node)
    return None if found is None else tuple(dict.fromkeys(found))


def words(r: Reader, name: str, node: yaml.Node) -> str | Literal[False] | None:
    """A channel's own words, or `False` for `no`."""
    value = plain(1000)(r, name, node)
    if value is not None and folded(str(value)) in {"no", "non", "false", "aucun"}:
        return False
    if value is not None and folded(str(value)) in {"yes", "oui", "true"}:
        r.at(name, "vaut « {} » ; écrivez le texte voulu, « no », ou supprimez le champ.", value)
        return None
    return str(value) if value is not None else None


def event(r: Reader, name: str, node: yaml.Node) -> model.Event | None:
    """When and where. Without hours it lasts whole days; without `end`, that day, or `EVENT_HOURS` hours, midnight at
    the latest."""
    fields: dict[str, Field] = {
        "start": when,
        "end": when,
        "place": capped("event.place"),
        "price": capped("event.price"),
    }
    found = mapping(r, name, node, fields, "« start: » et « place: » en dessous, décalés de deux espaces")
    if found is None or not required(r, name, found, "start", "2026-05-04 20:30"):
        return None
    start: Moment = found["start"]
    end: Moment | None = found.get("end")
    if end and start.bare != end.bare:
        r.at(f"{name}.end", "et « {}.start » doivent avoir tous deux une heure, ou aucun des deux.", name)
        return None
    if end:
        over = end.close
    elif start.bare:
        over = midnight_after(start.at)
    else:
        over = min(hours_later(start.at, EVENT_HOURS), midnight_after(start.at), key=datetime.timestamp)
    if over.timestamp() <= start.at.timestamp():
        r.at(f"{name}.end", "({}) doit venir après « {}.start » ({}).", told(end), name, told(start))
        return None
    return model.Event(start.at, over, start.bare, found.get("place", ""), found.get("price", ""))


def told(moment: Moment | None) -> str:
    """A moment as an editor would write it."""
    return moment.at.strftime("%Y-%m-%d" if moment.bare else "%Y-%m-%d %H:%M") if moment else ""


def degrees(limit: int, example: str) -> Field:
    """Decimal degrees between -`limit` and `limit`."""

    def read(r: Reader, name: str, node: yaml.Node) -> float | None:
        value = text(r, name, node)
        if value is None:
            return None
        if re.fullmatch(r"[+-]?\d{1,3}(\.\d+)?", value, re.ASCII):
            if abs(number := float(value)) <= limit:
                return number
            r.at(name, "vaut {} ; écrivez des degrés entre -{} et {}, par exemple {}.", value, limit, limit, example)
        elif re.fullmatch(r"[+-]?\d{1,3},\d+", value, re.ASCII):
            r.at(name, "vaut « {} » ; écrivez {}, avec un point.", value, value.replace(",", "."))
        else:
            r.at(name, "vaut « {} » ; écrivez des degrés décimaux, par exemple {}.", shown(value), example)
        return None

    return read


def location(r: Reader, name: str, node: yaml.Node) -> model.Location | None:
    """A point and its address."""
    fields: dict[str, Field] = {
        "lat": degrees(90, "45.2367"),
        "lon": degrees(180, "5.8936"),
        "address": capped("location.address"),
    }
    found = mapping(r, name, node, fields, "« lat: » et « lon: » en dessous, décalés de deux espaces")
    if found is None:
        return None
    both = [required(r, name, found, "lat", "45.2367"), required(r, name, found, "lon", "5.8936")]
    return model.Location(**found) if all(both) and math.isfinite(found["lat"] + found["lon"]) else None


def alias(r: Reader, name: str, node: yaml.Node) -> str | None:
    """A former address of the same item: root-relative, as a browser asks for it."""
    value = text(r, name, node)
    if value is None:
        return None
    path = urlsplit(value).path
    if not re.fullmatch(r"/[^\s\\\"'<>{}|^`]*", value) or value.startswith("//") or ".." in path.split("/"):
        r.at("aliases", "contient « {} » ; écrivez une ancienne adresse du site, « /2019/05/marche/ ».", shown(value))
        return None
    return value


def aliases(r: Reader, name: str, node: yaml.Node) -> tuple[str, ...] | None:
    """Former addresses, each once."""
    found = listed(alias)(r, name, node)
    return None if found is None else tuple(dict.fromkeys(found))


def source(r: Reader, name: str, node: yaml.Node) -> model.Source | None:
    """One source."""
    found = mapping(
        r,
        name,
        node,
        {"title": capped("sources.title"), "url": web},
        "« - title: … » puis « url: … » en dessous",
    )
    return model.Source(**found) if found is not None and required(r, name, found, "title", "…") else None


def required(r: Reader, name: str, found: dict[str, Any], key: str, example: str) -> bool:
    """Whether a key has a value; where it was not written, or written empty, a fault says to add it."""
    if key in found:
        return True
    path = f"{name}.{key}" if name else key
    if path in r.told:
        return False
    if path in r.lines:
        r.at(path, "est vide ; écrivez « {}: {} ».", key, example)
    else:
        r.refuse(r.lines.get(name, 1), say("« {} » manque ; ajoutez « {}: {} ».", path, key, example))
    return False


FIELDS: dict[str, Field] = {
    "title": capped("title"),
    "date": when,
    "updated": when,
    "summary": capped("summary"),
    "tags": tags,
    "image": image,
    "lang": language,
    "status": choice({word: word for word in ("published", "draft", "withdrawn")}, STATUS),
    "reason": plain(300),
    "start": when,
    "end": when,
    "severity": choice({s.value: s for s in model.Severity}, SEVERITY),
    "urgency": choice({u.value: u for u in model.Urgency}, URGENCY),
    "certainty": choice({c.value: c for c in model.Certainty}, CERTAINTY),
    "areas": areas,
    "panel": words,
    "push": words,
    "event": event,
    "location": location,
    "sources": listed(source),
    "aliases": aliases,
}
"""The keys of the front matter, in the order in which they are documented."""
