"""`invoke bench memory`: the sender's memory with a million subscriptions, of which as many are told as asked."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

from beffroi.channels.dispatch import Clock, Dispatch
from beffroi.channels.encoding import encode
from beffroi.channels.sending import FREE, Leave, Outgoing, Result, Target
from beffroi.store import ledger
from beffroi.store.db import connect, transaction
from tests.bench.phones import subscribe
from tests.store.samples import announcement

ORIGINS = [f"https://vendor-{n}.example" for n in range(4)]


class Paper:
    """Encodes each message, and sends nothing: what is measured is everything but the network."""

    def send(
        self, message: Outgoing, targets: Iterable[Target], *, stop: Callable[[], bool], leave: Leave = FREE
    ) -> Iterator[Result]:
        """As `Sender.send`."""
        for target in targets:
            if stop() or not leave.take(1):
                return
            if target.id % 100 == 0:  # one in a hundred: the crypto is measured elsewhere
                encode(message.payload, target.p256dh, target.auth)
            yield Result(target.id, "sent")

    def close(self) -> None:
        """Nothing is open."""


def run(phones: int = 1_000_000) -> None:
    """In two processes: who fills the database is not who is measured."""
    with tempfile.TemporaryDirectory(prefix="beffroi-bench-") as name:
        url = f"sqlite:///{Path(name) / 'many.sqlite3'}"
        engine = connect(url)
        subscribe(engine, phones, *ORIGINS)
        engine.dispose()
        subprocess.run([sys.executable, "-m", "tests.bench.memory", url], check=True)


def measure(url: str) -> None:
    """Announce and send; print the peak of this process."""
    engine = connect(url)
    start = time.perf_counter()
    with transaction(engine) as connection:
        owed = ledger.record(connection, [announcement("actualites/a")], 0)
    announced = time.perf_counter()
    clock = Clock(random=Random(1))
    done = Dispatch(engine, Paper, "me", 5, ZoneInfo("Europe/Paris"), lambda several: several[0], clock).run()
    ended = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{owed} subscriptions: announced in {announced - start:.1f} s, {done.told} told in {ended - announced:.1f} s, "
        f"peak {peak:.0f} MiB",
        flush=True,
    )


if __name__ == "__main__":
    measure(sys.argv[1])
