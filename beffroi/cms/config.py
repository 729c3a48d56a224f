"""The configuration of Decap CMS, made of the models and of the commune's categories and areas."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from beffroi.content import IMAGES, PAGES
from beffroi.model import Category
from beffroi.schema import written
from beffroi.schema.written import INNER, Told, Written
from beffroi.settings import Site
from beffroi.text import typeset

Json = dict[str, Any]

ALERTS = frozenset({"severity", "urgency", "certainty"})
"""Fields of alerts alone."""
LASTING = frozenset({"title", "date", "updated", "summary", "image", "lang", "status", "sources"})
"""Fields of a lasting page."""
MOMENT = rf"^\s*({written.MOMENT})?\s*$"


COMMITS = {
    "create": "Ajouter {{slug}} ({{collection}})",
    "update": "Corriger {{slug}} ({{collection}})",
    "delete": "Supprimer {{slug}} ({{collection}})",
    "uploadMedia": "Déposer {{path}}",
    "deleteMedia": "Supprimer {{path}}",
}


def config(site: Site, backend: Mapping[str, Any], folder: str = "content") -> Json:
    """The whole configuration. `folder` is the content's, from the top of the repository."""
    return {
        "backend": {"commit_messages": COMMITS, **backend},
        "load_config_file": False,
        "locale": "fr",
        "site_url": site.publisher.url,
        "media_folder": f"{folder}/{IMAGES}",
        "public_folder": f"/{IMAGES}",
        "slug": {"encoding": "ascii", "clean_accents": True, "sanitize_replacement": "-"},
        "collections": [
            *(collection(site, category, folder) for category in site.categories.values()),
            _pages(site, folder),
        ],
    }


def collection(site: Site, category: Category, folder: str) -> Json:
    """One category, a folder of files."""
    names = [name for name in Written.model_fields if category.kind == "alert" or name not in ALERTS]
    return _folder(site, category.slug, category.name, folder, names)


def _pages(site: Site, folder: str) -> Json:
    names = [name for name in Written.model_fields if name in LASTING]
    return _folder(site, PAGES, "Pages durables", folder, names)


def _folder(site: Site, slug: str, label: str, folder: str, names: list[str]) -> Json:
    body = {
        "name": "body",
        "label": "Texte",
        "widget": "markdown",
        "modes": ["rich_text", "raw"],
        "buttons": [
            "bold",
            "italic",
            "link",
            "heading-two",
            "heading-three",
            "bulleted-list",
            "numbered-list",
            "quote",
        ],
        "editor_components": ["image"],
        "hint": "Les intertitres commencent au niveau 2 ; le titre est déjà le niveau 1.",
    }
    fields = list(_fields(site, Written, names))
    if slug == PAGES:
        fields = [{**field, "required": False} if field["name"] == "date" else field for field in fields]
    return {
        "name": slug,
        "label": label,
        "label_singular": label,
        "folder": f"{folder}/{slug}",
        "create": True,
        "extension": "md",
        "format": "yaml-frontmatter",
        "identifier_field": "title",
        "summary": "{{title}}",
        "fields": [fields[0], body, *fields[1:]],
    }


def _fields(site: Site, model: type[BaseModel], names: list[str]) -> Iterator[Json]:
    for name in names:
        info = model.model_fields[name]
        if isinstance(told := info.json_schema_extra, Told):
            yield _field(site, name, told, required=info.is_required())


def _field(site: Site, name: str, told: Told, *, required: bool) -> Json:
    """One input."""
    base: Json = {"name": name, "label": told.label, "required": required, "hint": hint(told, required=required)}
    return {**base, **_widget(site, name, told)}


def hint(told: Told, *, required: bool) -> str:
    """What stands under the input: what to write and what stands where it is left out, in the words of the form."""
    said = told.hint or told.form
    if told.example and told.widget in {"string", "text"}:
        example = told.example.partition(": ")[2].strip("\"'")
        said += f" Par exemple : {example}."
    if not required and told.otherwise not in {"vide", "aucun", "aucune"} and "obligatoire" not in told.otherwise:
        said += f" Sinon : {told.otherwise}."
    words = (
        {row.name: row.told.label for row in written.rows()} | dict(told.choices) | {"DEFAULT_LANG": "celle du site"}
    )
    said = re.sub(r"`([^`]+)`", lambda match: f"« {words.get(match[1], match[1])} »", said)
    return typeset(said.replace("..", "."))


def _widget(site: Site, name: str, told: Told) -> Json:
    if told.widget == "datetime":
        return {"widget": "moment", "pattern": [MOMENT, "Écrivez une date, avec ou sans heure."]}
    if told.widget == "select":
        return {
            "widget": "select",
            "options": [{"label": label, "value": value} for value, label in told.choices.items()],
        }
    if told.widget == "areas":
        options = [{"label": area.name, "value": area.slug} for area in site.areas.values()]
        return {"widget": "select", "multiple": True, "options": options} if options else {"widget": "hidden"}
    if name in INNER:
        inner = list(_fields(site, INNER[name], list(INNER[name].model_fields)))
        if told.widget == "sources":
            return {"widget": "list", "fields": inner, "collapsed": True, "label_singular": "source"}
        # Within a group that may stay empty nothing is required: what `check` misses, it says when saving.
        loose = [{**field, "required": False} for field in inner]
        return {"widget": "object", "fields": loose, "collapsed": True}
    if told.widget in {"image", "list", "text"}:
        return {"widget": told.widget, **({"choose_url": False} if told.widget == "image" else {})}
    limit = (
        {"pattern": [rf"^[\s\S]{{0,{told.longest}}}$", f"{told.longest} caractères au plus."]} if told.longest else {}
    )
    return {"widget": "string", **limit}
