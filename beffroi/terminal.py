"""What every task shares at a terminal: where it speaks, how it names its stages, shows their progress and fails."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from beffroi import forks
from beffroi.errors import BeffroiError, Fault, unwritten
from beffroi.mistyped import mistyped

if TYPE_CHECKING:
    from cProfile import Profile

    from rich.console import Console
    from rich.progress import Progress


class Voice:
    """A console of rich's, which is imported when something is said first: processes that work beside are born before."""

    def __init__(self, *, stderr: bool = False) -> None:
        self._stderr = stderr

    @cached_property
    def console(self) -> Console:
        """The console itself."""
        from rich.console import Console

        width = None if self._stderr or sys.stdout.isatty() else 120
        return Console(stderr=self._stderr, highlight=False, soft_wrap=True, width=width)

    def print(self, *said: Any, style: str | None = None, markup: bool | None = None, end: str = "\n") -> None:
        """As a console does."""
        self.console.print(*said, style=style, markup=markup, end=end)


out, err = Voice(), Voice(stderr=True)


class Stopped(KeyboardInterrupt):
    """SIGTERM: what `systemctl stop` says. Taken as Ctrl-C is, wherever that is."""


@contextmanager
def plainly(excused: type[BeffroiError] | None = None, *, stopped: str = "") -> Iterator[Path]:
    """The folder of pelicanconf.py; an expected error within is a sentence and exit status 1, never a traceback; exit
    status 0 for the excused kind.

    `stopped` is what to say where Ctrl-C or SIGTERM ends the work, `{}` being the one or the other: all that was begun
    is ended first, and the exit status is that of shells, 130 or 143. Without it neither is heard here."""
    try:
        with _heard(bool(stopped)):
            _mistyped(Path.cwd())
            yield Path.cwd()
    except KeyboardInterrupt as error:
        if not stopped:
            raise
        word, number = ("SIGTERM", signal.SIGTERM) if isinstance(error, Stopped) else ("Ctrl-C", signal.SIGINT)
        err.print(stopped.format(word), style="yellow", markup=False)
        sys.exit(128 + number)
    except BeffroiError as error:
        err.print(str(error), style="bold red", markup=False)
        sys.exit(0 if excused and isinstance(error, excused) else 1)
    except OSError as error:
        if (sentence := unwritten(error)) is None:
            raise
        err.print(sentence, style="bold red", markup=False)
        sys.exit(1)


def _mistyped(root: Path) -> None:
    """Say, once a process, which settings of the machine are none: a wrong name must not pass for obeyed."""
    for sentence in mistyped(root):
        if sentence not in _said:
            _said.add(sentence)
            err.print(sentence, style="yellow", markup=False)


_said: set[str] = set()
"""What this process has said already: a task may begin twice."""


@contextmanager
def _heard(wanted: bool) -> Iterator[None]:
    """SIGTERM is `Stopped`, the first time: some say it twice, to a process and to its group, and what is being ended
    must come to its end. Neither it nor Ctrl-C is lost."""
    if not wanted or threading.current_thread() is not threading.main_thread():
        yield
        return
    said: list[int] = []

    def stop(number: int, _frame: object) -> None:
        said.append(number)
        if len(said) == 1:
            raise Stopped

    before = signal.signal(signal.SIGTERM, stop)
    try:
        with forks.insisting():
            yield
    finally:
        signal.signal(signal.SIGTERM, before)


def step(name: str) -> None:
    """Say which stage begins."""
    err.print(f"▸ {name}", style="cyan", markup=False)


def warn(faults: Sequence[Fault]) -> None:
    """Show what refuses nothing, yet deserves a look."""
    for fault in faults:
        err.print(str(fault), style="yellow", markup=False)


LONG = 1.0
"""Seconds after which a stage deserves a bar."""
REFRESH = 0.1
SHOWN = 15
"""Functions that a profile names."""


class Stages:
    """The stages of one long work. Used as a context: it watches the work that is spread over processes, and a stage
    that lasts gets a bar, on a terminal. No thread draws it, since processes part meanwhile. With `profile`, says at
    the end where time went."""

    def __init__(self, profile: bool = False) -> None:
        self._begun: list[tuple[str, float, float]] = []
        self._bar: Progress | None = None
        self._drawn = 0.0
        self._profile: Profile | None = None
        if profile:
            from cProfile import Profile  # late: no other run needs it

            self._profile = Profile()

    def __enter__(self) -> Stages:
        forks.told = self._told
        if self._profile:
            os.environ["BEFFROI_WORKERS"] = "1"  # what other processes do would not be seen
            self._profile.enable()
        return self

    def __exit__(self, *_: object) -> None:
        forks.told = None
        self._close()
        if self._profile:
            self._profile.disable()
            self._say(self._profile)

    def step(self, name: str) -> None:
        """A stage begins."""
        self._close()
        self._begun.append((name, time.monotonic(), _cpu()))
        step(name)

    def _told(self, done: int, total: int) -> None:
        now = time.monotonic()
        if not self._begun or now - self._begun[-1][1] < LONG or now - self._drawn < REFRESH:
            return
        if not err.console.is_terminal:
            return
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

            columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
            self._bar = Progress(*columns, console=err.console, transient=True, auto_refresh=False)
            self._bar.add_task("")
            self._bar.start()
        self._bar.update(self._bar.task_ids[0], completed=done, total=total, refresh=True)
        self._drawn = now

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _say(self, profile: Profile) -> None:
        from pstats import Stats

        from rich import box
        from rich.table import Table

        table = Table("Étape", "s", "s de calcul", title="Où le temps est allé", title_justify="left", box=box.SIMPLE)
        ends = [*self._begun[1:], ("", time.monotonic(), _cpu())]
        for (name, wall, cpu), (_, wall_end, cpu_end) in zip(self._begun, ends, strict=True):
            table.add_row(name, f"{wall_end - wall:.2f}", f"{cpu_end - cpu:.2f}")
        err.print(table)
        functions = Table("Fonction", "appels", "s", "s avec ce qu’elle appelle", box=box.SIMPLE)
        found = Stats(profile).get_stats_profile().func_profiles
        for name, one in sorted(found.items(), key=lambda pair: -pair[1].tottime)[:SHOWN]:
            place = f"{Path(one.file_name).name}:{one.line_number}" if one.line_number else ""
            functions.add_row(f"{name} {place}", str(one.ncalls), f"{one.tottime:.2f}", f"{one.cumtime:.2f}")
        err.print(functions)
        err.print("Mesurer ralentit de moitié environ, et un seul processus a travaillé.", markup=False)


def _cpu() -> float:
    """Seconds of CPU of this process and of those that it waited for."""
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


@contextmanager
def sending() -> Iterator[Callable[[int, int], None]]:
    """A bar with rate and estimate, made once there is something to send: until then somebody may be asked something."""
    bars: list[Progress] = []

    def progress(done: int, total: int) -> None:
        if not bars:
            bars.append(_bar(total))
        bars[0].update(bars[0].task_ids[0], completed=done, total=total)

    try:
        yield progress
    finally:
        for bar in bars:
            bar.stop()


def _bar(total: int) -> Progress:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("▸ Envoi"), BarColumn(), MofNCompleteColumn(), TaskProgressColumn(show_speed=True))
    bar = Progress(*columns, TimeRemainingColumn(), console=err.console, transient=True)
    bar.add_task("", total=total)
    bar.start()
    return bar
