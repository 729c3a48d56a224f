"""What is generated from the models: the editors' reference, and the JSON Schema of each kind of content."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beffroi.errors import BeffroiError
from beffroi.model import Kind
from beffroi.schema.fields import FIELDS
from beffroi.schema.written import INNER, Written, rows
from beffroi.settings import Site
from beffroi.text import typeset

BEGIN, END = "<!-- champs engendrés par invoke schema, ne pas retoucher -->", "<!-- fin des champs -->"

PAGE = "page"
DRAFT = "https://json-schema.org/draft/2020-12/schema"

KINDS: Mapping[Kind | str, tuple[str, str]] = {
    "alert": ("Alerte", 'title: "$1"\ndate: $2\nend: $3\nseverity: ${4|Moderate,Extreme,Severe,Minor|}\npanel: "$5"\n'),
    "agenda": ("Rendez-vous", 'title: "$1"\ndate: $2\nevent:\n  start: $3\n  place: "$4"\n'),
    "news": ("Actualité", 'title: "$1"\ndate: $2\nsummary: "$3"\n'),
    "discover": ("À découvrir", 'title: "$1"\ndate: $2\nsummary: "$3"\n'),
    PAGE: ("Page durable", 'title: "$1"\n'),
}
"""What an editor of text proposes for an empty header, by kind of category."""


def table() -> str:
    """The fields, a row each, as the editors' guide shows them."""
    lines = ["| Champ | Forme | Par défaut | Exemple |", "| --- | --- | --- | --- |"]
    for name, told in rows():
        if name.partition(".")[0] in FIELDS:
            cells = typeset(f"| `{name}` | {told.form} | {told.otherwise} | {_shown(told.example)} |")
            lines.append(cells.replace("|  |", "| |"))
    return "\n".join(lines)


def _shown(example: str) -> str:
    return f"`{example}`" if example else ""


def guide(text: str) -> str:
    """The editors' guide with its table of fields made anew. Raises `BeffroiError` where its marks are gone."""
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise BeffroiError(f"content/README.md doit garder les lignes « {BEGIN} » et « {END} ».")
    before, _, rest = text.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{rest.partition(END)[2]}"


def json_schema(site: Site, kind: str) -> dict[str, Any]:
    """The JSON Schema of the front matter of one kind of category, or of a lasting page.

    What it refuses, the reader refuses. The reader also knows which days exist, the order of dates, and what no
    pattern says (invisible characters, names of areas written otherwise).
    """
    made = Written.model_json_schema()
    areas = [*site.areas, *(area.name for area in site.areas.values() if area.name not in site.areas)]
    properties = made["properties"]
    properties["areas"]["items"] = {"enum": areas} if areas else False
    for name in [name for name, shape in properties.items() if name in INNER or shape.get("type") == "array"]:
        properties[name] = _or_nothing(properties[name])
    label, snippet = KINDS[kind]
    required = ["title"] if kind == PAGE else ["title", "date"]
    if kind == PAGE:
        properties["date"] = {**properties["date"], "type": ["string", "null"]}
        properties["date"]["pattern"] = re.sub(r"\)\\s\*\$$", r")?\\s*$", properties["date"]["pattern"])
    snippets = [{"label": label, "body": snippet}]
    return {"$schema": DRAFT, **made, "title": label, "required": required, "defaultSnippets": snippets}


def _or_nothing(schema: dict[str, Any]) -> dict[str, Any]:
    """A mapping or a list, or an empty value."""
    told = {key: value for key, value in schema.items() if key in {"title", "description", "examples"}}
    shape = {key: value for key, value in schema.items() if key not in told and key != "anyOf"}
    if found := [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]:
        shape = found[0]
    if "items" in shape:
        shape["type"] = "array"
    return {**told, "anyOf": [shape, {"type": "null"}, {"type": "string", "pattern": r"^\s*$"}]}


def files(site: Site) -> dict[str, str]:
    """Every generated file but the guide, by its path below `content/`."""
    kinds = [*dict.fromkeys(category.kind for category in site.categories.values()), PAGE]
    return {f".schema/{kind}.json": _dump(json_schema(site, kind)) for kind in kinds}


def write(site: Site) -> list[Path]:
    """Write every generated file, and the guide's table where there is a guide; what was written. Raises
    `BeffroiError`."""
    wanted = {site.content / name: text for name, text in files(site).items()}
    reference = site.content / "README.md"
    if reference.is_file():
        wanted[reference] = guide(reference.read_text(encoding="utf-8"))
    changed = [path for path, text in wanted.items() if not path.is_file() or path.read_text("utf-8") != text]
    for path in changed:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(wanted[path], encoding="utf-8")
    return changed


def _dump(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
