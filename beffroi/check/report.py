"""Faults as people, forges and programs read them."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from beffroi.errors import Fault


def report(faults: Sequence[Fault], files: int) -> str:
    """One line a fault, then how many there are, in how many of how many files."""
    return printable("\n".join([*map(str, faults), _sum(faults, files)]))


def _sum(faults: Sequence[Fault], files: int) -> str:
    """The last line."""
    if not faults:
        return f"{counts(faults)} dans {_count(files, 'fichier')}."
    return f"{counts(faults)} dans {_count(len({fault.path for fault in faults}), 'fichier')} sur {files}."


def counts(faults: Sequence[Fault]) -> str:
    """How many faults and warnings."""
    levels = Counter(fault.level for fault in faults)
    told = _count(levels["error"], "faute") if levels["error"] else "Aucune faute"
    return f"{told}, {_count(levels['warning'], 'avertissement')}" if levels["warning"] else told


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


def printable(text: str) -> str:
    """A file name may be no Unicode."""
    return text.encode("utf-8", "replace").decode()


def as_json(faults: Sequence[Fault], files: int) -> str:
    """One object: how many files were read, and every fault, for programs."""
    rows = [{"path": f.path, "line": f.line, "level": f.level, "message": f.message} for f in faults]
    errors = sum(f.level == "error" for f in faults)
    whole = {"files": files, "errors": errors, "warnings": len(faults) - errors, "faults": rows}
    return printable(json.dumps(whole, ensure_ascii=False, indent=2))


def github(faults: Sequence[Fault], files: int) -> str:
    """Workflow commands, which GitHub and Forgejo show beside the line at fault; then the count."""
    lines = []
    for fault in faults:
        message = _escaped(fault.message)
        path = _escaped(fault.path).replace(":", "%3A").replace(",", "%2C")
        lines.append(f"::{fault.level} file={path},line={fault.line},title=Contrôle::{message}")
    return printable("\n".join([*lines, _sum(faults, files)]))


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def gitlab(faults: Sequence[Fault], _: int) -> str:
    """The Code Quality report of GitLab: a list of issues, each with a fingerprint that outlives a moved line."""
    rows, seen = [], Counter[str]()
    for fault in faults:
        said = f"{fault.path}\0{fault.message}"
        seen[said] += 1
        mark = hashlib.sha256(f"{said}\0{seen[said]}".encode("utf-8", "replace")).hexdigest()[:32]
        severity = "major" if fault.level == "error" else "minor"
        place = {"path": fault.path, "lines": {"begin": fault.line}}
        row = {"description": fault.message, "check_name": "beffroi", "fingerprint": mark, "severity": severity}
        rows.append({**row, "location": place})
    return printable(json.dumps(rows, ensure_ascii=False, indent=2))


FORMATS: Mapping[str, Callable[[Sequence[Fault], int], str]] = {
    "texte": report,
    "json": as_json,
    "github": github,
    "forgejo": github,
    "gitlab": gitlab,
}
"""The forms of a report, by the name that `--format` takes."""
