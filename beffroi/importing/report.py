"""What an import tells: on the screen in a few lines, in a file with all that was not taken."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beffroi.errors import Fault
from beffroi.importing.piece import Loss, Source
from beffroi.importing.writer import Written


def report(source: Source, done: Written, faults: Sequence[Fault]) -> str:
    """The whole report, Markdown: what was taken, what was not and why, and the raw text of what has no place."""
    parts = [f"# Import de {source.name}", ""]
    parts += ["## Repris", "", *(f"- {line}" for line in summary(done)), ""]
    for title, paths in (("Nouveaux", done.new), ("Mis à jour", done.changed), ("Laissés tels quels", done.kept)):
        if paths:
            parts += [f"### {title}", "", *(f"- {path}" for path in paths), ""]
    losses = sorted(set(done.losses))
    parts += (
        ["## À relire, ou non repris", "", *(f"- {loss}" for loss in losses)] if losses else ["Rien n’a été perdu."]
    )
    if faults:
        parts += ["", "## Fautes à corriger dans les fichiers repris", "", *(f"- {fault}" for fault in faults)]
    kept = [loss for loss in losses if loss.raw]
    if kept:
        parts += ["", "## Ce qui n’a pas de place ici, tel quel", ""]
        for loss in kept:
            parts += [f"### {loss.where} : {loss.found}", "", "~~~~~~~~", loss.raw.strip(), "~~~~~~~~", ""]
    return "\n".join(parts).rstrip() + "\n"


def summary(done: Written) -> list[str]:
    """The figures, in sentences."""
    files = (
        f"{len(done.new)} fichier(s) écrits, {len(done.changed)} mis à jour, {len(done.same)} inchangés, "
        f"{len(done.kept)} laissés tels quels (modifiés ou supprimés depuis)"
    )
    lines = [f"{count} dans {folder}/" for folder, count in sorted(done.folders.items())]
    return [files, *lines, f"{done.media} image(s) et fichier(s) ajoutés"]


def save(path: Path, text: str) -> None:
    """Write the report."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


__all__ = ["Loss", "report", "save", "summary"]
