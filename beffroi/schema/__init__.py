"""The front matter contract: what an editor may write at the top of a file, and the sentence for anything else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import yaml

from beffroi import model
from beffroi.errors import BeffroiError, Fault
from beffroi.records import dataclass
from beffroi.schema import header
from beffroi.schema.dates import Moment
from beffroi.schema.fields import FIELDS, ImageRef, required, told
from beffroi.schema.french import say, shown
from beffroi.schema.reader import Reader, mapping
from beffroi.settings import Site

__all__ = ["ALERT_HOURS", "FIELDS", "Document", "Front", "ImageRef", "Invalid", "parse"]

ALERT_HOURS = 24
"""How long after its start an alert without `end` is over. `Front.end` stays `None`: who makes the `Item` adds it."""


@dataclass(frozen=True)
class Front:
    """The front matter, read. Moments are aware, in the commune's zone; `end` is exclusive."""

    title: str
    date: datetime | None = None
    updated: datetime | None = None
    summary: str = ""
    tags: tuple[str, ...] = ()
    image: ImageRef | None = None
    lang: str = "fr"
    status: Literal["published", "draft", "withdrawn"] = "published"
    reason: str = ""
    start: datetime | None = None
    end: datetime | None = None
    severity: model.Severity | None = None
    urgency: model.Urgency | None = None
    certainty: model.Certainty | None = None
    areas: tuple[str, ...] = ()
    panel: str | Literal[False] | None = None
    push: str | Literal[False] | None = None
    event: model.Event | None = None
    location: model.Location | None = None
    sources: tuple[model.Source, ...] = ()
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Document:
    """One file, read. `body` is Markdown and starts at line `body_line` of the file; `lines` gives the line of each key
    path that is written (`title`, `event.start`, `sources.0.url`); `warnings` are the faults that refuse nothing."""

    front: Front
    body: str
    body_line: int
    lines: Mapping[str, int]
    warnings: tuple[Fault, ...] = ()


class Invalid(BeffroiError):
    """A file is refused: `faults` holds all that is wrong in it, warnings too, sorted."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(sorted(faults))
        super().__init__("\n".join(map(str, self.faults)))


def parse(data: bytes, path: str, site: Site, *, page: bool) -> Document:
    """Read one file. `path` is the one that faults name; a `page` needs no date.

    Raises `Invalid` with all the faults of the file; never anything else, whatever the bytes.
    """
    r = Reader(site, path)
    text = header.decode(data, r.refuse)
    parts = header.split(text, r.refuse) if text is not None else None
    node = header.compose(parts[0], r.refuse) if parts else None
    if parts is None or node is None:
        raise Invalid(r.faults)
    lines, body, body_line = parts
    years = re.findall(r"^(?:date|start|updated)\s*:.*?\b((?:19|20|21)\d\d)\b", "\n".join(lines), re.M)
    r.year = years[0] if years else r.year
    _comments(r, lines, node)
    found = mapping(r, "", node, FIELDS, "") or {}
    required(r, "", found, "title", "…")
    if not page:
        required(r, "", found, "date", "2026-05-04")
    values = _ordered(r, found)
    if any(fault.level == "error" for fault in r.faults):
        raise Invalid(r.faults)
    front = Front(**{"lang": site.publisher.lang, **values})
    return Document(front, body, body_line, r.lines, tuple(sorted(r.faults)))


def _ordered(r: Reader, found: dict[str, Any]) -> dict[str, Any]:
    """The values with plain datetimes, once their order in time is checked."""
    date, updated, start, end = (found.get(key) for key in ("date", "updated", "start", "end"))
    if date and updated and updated.at.timestamp() < date.at.timestamp():
        if updated.bare and updated.at.date() == date.at.date():
            updated = Moment(date.at, bare=False)  # corrected on the very day, at an hour that was not written
        else:
            r.at("updated", "({}) ne peut pas précéder « date » ({}).", told(updated), told(date))
    for name, first in (("start", start), ("date", date)):
        if end and first and end.close.timestamp() <= first.at.timestamp():
            r.at("end", "({}) doit venir après « {} » ({}).", told(end), name, told(first))
            break
    if "reason" in found and found.get("status") != "withdrawn":
        r.warn(r.lines["reason"], say("« reason » ne sert qu’à un contenu retiré ; ajoutez « status: withdrawn », ou "
                                      "supprimez cette ligne."))  # fmt: skip
    if found.get("status") == "withdrawn":
        _withdrawn(r, found)
    moments = {"date": date and date.at, "updated": updated and updated.at, "start": start and start.at}
    return {**found, **moments, "end": end and end.close}


def _withdrawn(r: Reader, found: Mapping[str, Any]) -> None:
    """A withdrawal says why, and when: without it nobody would know that it is new."""
    line = r.lines["status"]
    if "reason" not in found:
        r.warn(line, say("« reason » manque ; dites en une phrase pourquoi ce contenu est retiré."))
    if "updated" not in found:
        r.warn(line, say("« updated » manque ; écrivez quand ce contenu est retiré."))


def _comments(r: Reader, lines: Sequence[str], node: yaml.Node) -> None:
    """Warn of values cut by ` #`, which YAML takes for a comment."""
    if not any("#" in line for line in lines):
        return
    for scalar in _scalars(node):
        mark = scalar.end_mark
        rest = lines[mark.line][mark.column :] if mark.line < len(lines) else ""
        if scalar.style is None and re.match(r"\s+#", rest):
            r.warn(mark.line + header.FIRST, say("« {} » est ignoré ; mettez la valeur entre guillemets si ces mots en "
                                                 "font partie.", shown(rest)))  # fmt: skip


def _scalars(node: yaml.Node) -> list[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        return [node]
    children = [n for pair in node.value for n in (pair if isinstance(pair, tuple) else (pair,))]
    return [scalar for child in children for scalar in _scalars(child)]
