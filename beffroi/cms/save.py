"""The file that the form saves: the same words, in the order of the reference, nothing empty, written as by hand."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from beffroi.errors import BeffroiError
from beffroi.schema import FIELDS

PLAIN = re.compile(r"[A-Za-zÀ-ÖØ-öø-ÿœŒ«][^\n\"#&*!|>%@`{}\[\],:?]*[^\s\"#&*!|>%@`{}\[\],:?]|[A-Za-z]")
"""A text that YAML reads back as it stands."""
BARE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?|-?\d+(\.\d+)?")
"""Dates and numbers, never between quotes."""


def rewritten(raw: str) -> str:
    """The form's file as we write it. Raises `BeffroiError` where it is no header and text."""
    match = re.fullmatch(r"---\n(.*?)\n---[ \t]*(?:\n(.*))?", raw.replace("\r\n", "\n"), re.DOTALL)
    try:
        front = yaml.load(match[1], Loader=yaml.BaseLoader) if match else None  # noqa: S506  # text only
    except yaml.YAMLError as error:
        raise BeffroiError("Le formulaire a envoyé un en-tête illisible.") from error
    if not match or not isinstance(front, dict):
        raise BeffroiError("Le formulaire a envoyé un fichier sans en-tête.")
    kept = pruned(front)
    order = {name: place for place, name in enumerate(FIELDS)}
    names = sorted(kept, key=lambda name: order.get(name, len(order)))
    header = "".join(_entry(name, _normal(name, kept[name])) for name in names)
    body = (match[2] or "").strip()
    return f"---\n{header}---\n\n{body}\n"


def pruned(value: Any) -> Any:
    """Without what is empty."""
    if isinstance(value, dict):
        return {key: kept for key, inner in value.items() if (kept := pruned(inner)) not in ("", None, [], {})}
    if isinstance(value, list):
        return [kept for inner in value if (kept := pruned(inner)) not in ("", None, [], {})]
    return value.strip() if isinstance(value, str) else value


def _normal(name: str, value: Any) -> Any:
    """An image's file as the front matter names it: below `content/images/`."""
    if name == "image" and isinstance(value, dict) and "src" in value:
        return {**value, "src": re.sub(r"^/?images/", "", str(value["src"]))}
    return value


def _entry(name: str, value: Any, indent: str = "") -> str:
    if isinstance(value, dict):
        return f"{indent}{name}:\n" + "".join(_entry(key, inner, f"{indent}  ") for key, inner in value.items())
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return f"{indent}{name}:\n" + "".join(_member(inner, f"{indent}  ") for inner in value)
    if isinstance(value, list):
        return f"{indent}{name}: [{', '.join(_scalar(str(inner)) for inner in value)}]\n"
    return f"{indent}{name}: {_scalar(str(value))}\n"


def _member(value: Any, indent: str) -> str:
    if not isinstance(value, dict):
        return f"{indent}- {_scalar(str(value))}\n"
    lines = "".join(_entry(key, inner, f"{indent}  ") for key, inner in value.items())
    return f"{indent}- {lines[len(indent) + 2 :]}"


def _scalar(value: str) -> str:
    if PLAIN.fullmatch(value) or BARE.fullmatch(value):
        return value
    return json.dumps(value, ensure_ascii=False)
