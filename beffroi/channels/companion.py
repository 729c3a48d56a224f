"""A second process that sends beside this one, where there is much to send: one alone has `DOUBT` messages in a vendor's
hands at most, whatever the vendor's latency.

::

    deliver ── claim ── send ── claim ── send ──┬── what is left, retries, closing table
       └─ beffroi.companion ── claim ── send ───┘

The ledger's leases keep them apart, as they do any two workers. Whatever becomes of it, this one sends what is left.
"""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import IO, Self, cast

from beffroi import forks
from beffroi.channels.delivered import Delivered
from beffroi.records import dataclass
from beffroi.settings import Service, Site

MANY = 10_000
"""Messages owed from which on a companion is worth its start, half a second of CPU: four seconds of one process."""

TICK = 0.1


@dataclass(frozen=True, slots=True)
class Orders:
    """What a companion is told, by a pipe: no secret stands on a command line. `owner` is its name in the ledger,
    `parent` the number of the process that it works for."""

    site: Site
    service: Service
    owner: str
    parent: int


class Companion:
    """This side of it. `lock`, an open file, is held until the companion has ended, whoever else lets it go.

    Closing it has it end: what is in flight is waited for.
    """

    def __init__(self, site: Site, service: Service, owner: str, lock: int) -> None:
        """Raises `OSError` where there is no room for one."""
        self.owner = owner
        self.settled = 0
        """How many messages it has settled."""
        self._said: Delivered | str = ""
        self._child = subprocess.Popen(
            [sys.executable, "-m", "beffroi.companion"],
            env=forks.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=(lock,),
        )
        asking, hearing = cast("IO[bytes]", self._child.stdin), cast("IO[bytes]", self._child.stdout)
        with suppress(BrokenPipeError), asking:
            pickle.dump(Orders(site, service, owner, os.getpid()), asking, protocol=5)
        self._ear = Thread(target=self._listen, args=(hearing,), name="companion", daemon=True)
        self._ear.start()

    def _listen(self, hearing: IO[bytes]) -> None:
        with hearing, suppress(EOFError, pickle.UnpicklingError):
            while True:
                said = pickle.load(hearing)  # noqa: S301  # our own child
                if isinstance(said, int):
                    self.settled = said
                else:
                    self._said = said

    def ended(self, patience: float = TICK) -> bool:
        """Whether it is gone; waits so many seconds for it."""
        self._ear.join(patience)
        return not self._ear.is_alive()

    @property
    def delivered(self) -> Delivered:
        """What it did, once it has ended; where it did not end well, as far as it said, and why it did no more."""
        if isinstance(self._said, Delivered):
            return self._said
        why = self._said or _ended(self._child.wait())
        return Delivered(self.settled, alarms=(f"Le premier processus d’envoi a fini seul : {why}",))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        with suppress(ProcessLookupError):
            self._child.send_signal(signal.SIGTERM)
        self._child.wait()
        self._ear.join()


def _ended(status: int) -> str:
    """Why one that said nothing is gone."""
    if status == -signal.SIGKILL:
        return "le second a été tué, sans doute faute de mémoire."
    return f"le second s’est arrêté sans rien dire (code {status})."
