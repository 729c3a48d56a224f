"""A process to be killed: python -m tests.channels.child FOLDER DATABASE_URL ACT [POINT COUNT].

It kills itself, with SIGKILL, when it passes that fault point for the nth time. ACT is `announce`, `deliver`, `together`
(with a second process), `work`, which ends when nothing is owed, or `cluster`, which ends at SIGTERM.
"""

from __future__ import annotations

import os
import signal
import sys
from itertools import count
from pathlib import Path
from threading import Event

from beffroi import cluster, worker
from beffroi.announce import announce
from beffroi.channels import dispatch
from beffroi.store import ledger
from beffroi.store.db import transaction
from tests.channels.town import Town, make_town

LEASE = 3
"""Seconds, two time-outs included: nothing hangs here."""


class Fault:
    """Dies at the nth passage of one point."""

    def __init__(self, point: str = "", number: str = "0") -> None:
        self.point, self.number, self.passages = point, int(number), count(1)

    def __call__(self, point: str) -> None:
        if point == self.point and next(self.passages) == self.number:
            os.kill(os.getpid(), signal.SIGKILL)


def work(town: Town, fault: Fault) -> None:
    """One worker of several, with a short lease."""
    dispatch.LEASE = LEASE - 2 * int(town.service.push_timeout)
    worker.REST = 0.1
    done = Event()

    def idle() -> None:
        with transaction(town.engine) as connection:
            if not ledger.owed(connection):
                done.set()

    worker.work(town.site, town.service, town.engine, done, idle=idle, fault=fault)


def main(folder: str, url: str, act: str, *fault: str) -> None:
    """Do as asked."""
    town, die = make_town(Path(folder), url), Fault(*fault)
    if act in {"deliver", "together"}:
        town.deliver(fault=die, many=1 if act == "together" else None)
    elif act == "announce":
        announce(town.release, town.site, town.service, town.engine, town.time.at(), fault=die)
    elif act == "cluster":
        cluster.GONE = 2.0
        cluster.work(town.site, town.service, town.engine, say=lambda sentence: print(sentence, flush=True), pause=0.2)
    else:
        work(town, die)


if __name__ == "__main__":
    main(*sys.argv[1:])
