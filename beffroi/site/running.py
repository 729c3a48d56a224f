"""One run of Pelican, in which every error is fatal."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from beffroi.errors import BeffroiError, BuildError, SettingsError
from beffroi.memo import Damaged
from beffroi.shapes import SHAPES, given
from beffroi.site.work import Work


def run_pelican(work: Work, staging: Path) -> Any:
    """Run Pelican for what is wanted, every error fatal. Returns its writer. Raises `BuildError`."""
    with problems() as found:
        try:
            writer = pelican(work, staging)
        except Exception as error:
            if isinstance(error, Damaged | SettingsError):  # the memo: the same command, once more, makes all anew
                raise
            said = str(error) if isinstance(error, BeffroiError) else f"{type(error).__name__} : {error}"
            raise BuildError(sentence([*_misfits(work.tree.site.raw), *found, said])) from error
    if found:
        raise BuildError(sentence(found))
    return writer


def pelican(work: Work, staging: Path) -> Any:
    """Run Pelican for what is wanted. Returns its writer."""
    from jinja2 import FileSystemBytecodeCache
    from pelican.settings import read_settings

    from beffroi.site.town import Town

    site = work.tree.site
    overrides = {**given(site.raw), "OUTPUT_PATH": str(staging), "PATH": str(site.content), "BEFFROI": work}
    overrides["THEME"] = str(work.theme)
    overrides.setdefault("PLUGINS", ["beffroi.site"])
    settings = read_settings(override=overrides)
    compiled = work.images.cache.parent / "templates"
    compiled.mkdir(parents=True, exist_ok=True)
    cache = FileSystemBytecodeCache(str(compiled))
    settings["JINJA_ENVIRONMENT"] = {**settings["JINJA_ENVIRONMENT"], "bytecode_cache": cache, "auto_reload": False}
    instance = Town(settings)
    if "beffroi.site" not in instance.settings["PLUGINS"]:
        raise BuildError("l’extension beffroi.site n’est pas chargée ; vérifiez PLUGINS dans pelicanconf.py")
    instance.run()
    return instance.writer


def _misfits(raw: Mapping[str, Any]) -> list[str]:
    """Settings of Pelican's own that are of another kind than its defaults: the likely cause of a build that failed."""
    from pelican.settings import DEFAULT_CONFIG

    said = []
    for name in sorted(raw.keys() & DEFAULT_CONFIG.keys()):
        value, usual = raw[name], DEFAULT_CONFIG[name]
        kind = (list, tuple) if isinstance(usual, list | tuple) else type(usual)
        if usual is not None and name not in SHAPES and not isinstance(value, kind):
            said.append(
                f"pelicanconf.py : {name} vaut {value!r} ; écrivez par exemple {usual!r}, ou retirez ce réglage"
            )
    return said


def sentence(found: list[str]) -> str:
    """What to say of a build that failed."""
    return "La construction du site a échoué ; rien n’a été remplacé.\n" + "\n".join(f"- {p}" for p in found)


@contextmanager
def problems() -> Iterator[list[str]]:
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
