"""One build: Pelican into a new folder, every error fatal, then the search index."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from beffroi.content import Tree
from beffroi.errors import BuildError
from beffroi.model import Item
from beffroi.site.prepare import prepare

SEARCH_KEPT = ("pagefind.js", "pagefind-entry.json", "pagefind-worker.js")
"""Of Pagefind's own files, those that our search page uses; its ready-made interfaces are not."""


@dataclass(frozen=True)
class Built:
    """`out` holds the whole site; `items` are the public ones, newest first; `pages` counts the lasting pages."""

    out: Path
    items: tuple[Item, ...]
    pages: int


def build(tree: Tree, at: datetime, out: Path, cache: Path, *, search: bool = True) -> Built:
    """Build the tree as it stands at that instant into `out`, an empty or absent folder.

    `cache` keeps encoded images between builds; a preview needs no search index. Raises `BuildError`; `out` is then to
    be thrown away.
    """
    prepared = prepare(tree, at, cache / "images")
    from pelican import Pelican  # imported late: a fault in the content is told before Pelican is loaded
    from pelican.settings import read_settings

    overrides = {**tree.site.raw, "OUTPUT_PATH": str(out), "PATH": str(tree.site.content), "BEFFROI": prepared}
    overrides["THEME"] = str(tree.site.root / str(tree.site.raw.get("THEME") or "theme"))
    overrides.setdefault("PLUGINS", ["beffroi.site"])
    out.mkdir(parents=True, exist_ok=True)
    with _problems() as problems:
        try:
            instance = Pelican(read_settings(override=overrides))
            if "beffroi.site" not in instance.settings["PLUGINS"]:
                problems.append("l’extension beffroi.site n’est pas chargée ; vérifiez PLUGINS dans pelicanconf.py")
            else:
                instance.run()
        except Exception as error:
            raise BuildError(_sentence([*problems, f"{type(error).__name__} : {error}"])) from error
    if problems:
        raise BuildError(_sentence(problems))
    if search:
        index(out)
    return Built(out, tuple(prepared.items), len(prepared.pages))


def _sentence(problems: list[str]) -> str:
    return "La construction du site a échoué ; rien n’a été remplacé.\n" + "\n".join(f"- {p}" for p in problems)


@contextmanager
def _problems() -> Iterator[list[str]]:
    """Pelican logs what goes wrong and goes on: collect it, and keep its console quiet."""
    from pelican.log import console

    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            message = record.getMessage()
            if record.exc_info and record.exc_info[1]:
                message += f" ({record.exc_info[1]})"
            found.append(message)

    handler = Collector(logging.ERROR)
    root, quiet, handlers = logging.getLogger(), console.quiet, logging.getLogger().handlers[:]
    root.handlers = [handler]
    console.quiet = True
    try:
        yield found
    finally:
        root.handlers, console.quiet = handlers, quiet


def index(out: Path) -> None:
    """Make the search index of the pages (Pagefind, French stemming). Raises `BuildError`."""
    from pagefind_bin import get_executable

    command = [str(get_executable()), "--site", str(out), "--force-language", "fr", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # our own arguments
    if done.returncode:
        raise BuildError(f"L’index de recherche n’a pas pu être fait : {done.stderr.strip() or done.stdout.strip()}")
    folder = out / "pagefind"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.suffix in {".js", ".css"} and path.name not in SEARCH_KEPT:
            path.unlink()
