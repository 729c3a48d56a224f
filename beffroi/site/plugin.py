"""Pelican's signals: lay the house's settings, join its road, and, for the plain `pelican` command, write the rest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pelican import signals

from beffroi import content
from beffroi.settings import instant, site_from
from beffroi.site import defaults, outputs, pwa, quick
from beffroi.site.images import Images
from beffroi.site.reader import FrontMatterReader
from beffroi.site.shared import mark
from beffroi.site.templating import filters, names
from beffroi.site.town import Town
from beffroi.site.work import Work


def connect() -> None:
    """Join Pelican's road. Pelican keeps only weak references: all receivers are functions of this module."""
    signals.initialized.connect(start)
    signals.generator_init.connect(hasten)
    signals.readers_init.connect(add_reader)
    signals.finalized.connect(finish)


def start(pelican: Any) -> None:
    """Lay the house's settings over the commune's. The `pelican` command, run by hand, builds everything anew."""
    settings = pelican.settings
    if "BEFFROI" not in settings:
        site = site_from(settings, Path(settings["PATH"]).parent)
        images = Images(site.root / "var" / "cache" / "images", site.base)
        settings["BEFFROI"] = Work(content.read(site), instant(), images, Path(settings["THEME"]))
    work: Work = settings["BEFFROI"]
    pelican.__class__ = Town
    settings.update(defaults.defaults(work.tree.site))
    settings["JINJA_GLOBALS"] = {
        **settings["JINJA_GLOBALS"],
        **names(work.tree.site, work.assets, work.languages),
        "shared": mark,
    }
    settings["JINJA_FILTERS"] = {**settings["JINJA_FILTERS"], **filters(work.tree.site)}


def hasten(generator: Any) -> None:
    """Have templates rendered in fewer steps."""
    if environment := getattr(generator, "env", None):
        quick.hasten(environment)


def add_reader(readers: Any) -> None:
    """Our reader instead of Pelican's Markdown one."""
    readers.reader_classes["md"] = FrontMatterReader


def finish(pelican: Any) -> None:
    """Write what Pelican does not, where no build of ours does it: feeds, images, linked files, the app's files."""
    work: Work = pelican.settings["BEFFROI"]
    if work.wanted is not None:
        return
    out = Path(pelican.output_path)
    for name, rule in outputs.rules(work, {}).items():
        if not rule.templated:
            outputs.make(work, rule, out / name)
    (out / outputs.WORKER).write_bytes(pwa.worker(work.tree.site, work.assets, (out / outputs.OFFLINE).read_bytes()))
