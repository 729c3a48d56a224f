"""What each task does at a terminal: call the package, show its progress, end with a sentence or a table in French."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from beffroi.errors import BeffroiError
from beffroi.settings import instant, read_service, read_site

ROOT = Path()
"""Tasks run in the folder of pelicanconf.py."""

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def plainly() -> Iterator[None]:
    """An expected error is a sentence and exit status 1, never a traceback."""
    try:
        yield
    except BeffroiError as error:
        err.print(str(error), style="bold red", markup=False)
        sys.exit(1)


def step(name: str) -> None:
    """Say which stage begins."""
    err.print(f"▸ {name}", style="cyan", markup=False)


def check() -> None:
    """Check all content; exit status 1 when something is wrong."""
    from beffroi.check import check as run
    from beffroi.check import report
    from beffroi.content import read

    with plainly():
        tree = read(read_site(ROOT.resolve() / "publishconf.py"))
        faults = run(tree)
    out.print(report(faults, tree.files), markup=False)
    if any(fault.level == "error" for fault in faults):
        sys.exit(1)


def build(at: str = "") -> None:
    """Check, build and verify, without putting anything online."""
    from beffroi.publish import checked, only_one, rebuilt

    with plainly():
        root = ROOT.resolve()
        site, service = read_site(root / "publishconf.py"), read_service(root)
        with only_one(service.var):
            tree, warnings = checked(site, step)
            built = rebuilt(tree, instant(at), service, step)
    for warning in warnings:
        err.print(str(warning), style="yellow", markup=False)
    out.print(f"{len(built.items)} contenus et {built.pages} pages dans {built.out.name}/", markup=False)


def publish(at: str = "", adopt: bool = False) -> None:
    """The whole road, with a table at its end."""
    from beffroi.publish import publish as run

    with plainly():
        done = run(ROOT.resolve(), instant(at), adopt=adopt, step=step)
    table = Table(show_header=False)
    out.print(table)
    del done
