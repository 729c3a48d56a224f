"""`invoke bench kill`: SIGKILL at random instants, on SQLite and PostgreSQL, with one worker and three, with and without
the dead one's return. Prints what was lost (0), repeated (150 a kill at most), and how soon the others went on
(measured where there are others: the start of a new process is not counted).
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sqlalchemy import create_engine, select, text

from beffroi.channels.sending import DOUBT
from beffroi.store import ledger
from beffroi.store.db import transaction
from beffroi.store.tables import shards
from tests.bench.phones import subscribe
from tests.channels.child import LEASE
from tests.channels.faulty import Sink
from tests.channels.test_kill import child
from tests.channels.town import Town, alert, make_town
from tests.e2e.tls import Authority
from tests.store.databases import cluster


@dataclass
class Found:
    """What all rounds found."""

    kills: int = 0
    lost: int = 0
    shown_twice: int = 0
    repeats: list[int] = field(default_factory=list)
    resumed: list[float] = field(default_factory=list)


def run(rounds: int = 7, phones: int = 1500, seed: int = 0) -> None:
    """`rounds` for each of the eight ways: 56 kills."""
    chance = random.Random(seed or None)
    every = Found()
    with cluster() as server, closing(Authority()) as authority:
        os.environ["REQUESTS_CA_BUNDLE"] = str(authority.ca_file)  # for the workers
        for store in ("sqlite", "postgresql"):
            for workers in (1, 3):
                for returns in (True, False):
                    found = Found()
                    for _ in range(rounds):
                        _round(
                            found, chance, authority, server if store == "postgresql" else "", workers, returns, phones
                        )
                    _tell(f"{store}, {workers} worker(s), {'with' if returns else 'without'} return", found)
                    every.kills += found.kills
                    every.lost += found.lost
                    every.shown_twice += found.shown_twice
                    every.repeats += found.repeats
                    every.resumed += found.resumed
    _tell("all", every)


def _tell(name: str, found: Found) -> None:
    late = f"{max(found.resumed):.1f} s" if found.resumed else "-"
    print(
        f"{name}: {found.kills} kills, {found.lost} lost, {found.shown_twice} shown twice, "
        f"repeats {max(found.repeats, default=0)} at most (of {DOUBT}), resumed in {late} at most "
        f"(lease {LEASE} s)",
        flush=True,
    )


def _round(
    found: Found,
    chance: random.Random,
    authority: Authority,
    server: str,
    workers: int,
    returns: bool,
    phones: int,
) -> None:
    """One alert, one kill. Where nobody else is left to go on, one that stays dead is followed by a stranger."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beffroi-kill-")))
        url = _database(stack, server) if server else f"sqlite:///{folder / 'var' / 'kill.sqlite3'}"
        sinks = [stack.enter_context(Sink(authority=authority, http2=True, now=time.time)) for _ in range(2)]
        town = make_town(folder, url)
        stack.callback(town.engine.dispose)
        town.open()
        subscribe(town.engine, phones, *(sink.origin for sink in sinks))
        town.announce(alert(town.time.at(), town.time.at(10)))
        crew = [child(town, url, "work") for _ in range(workers)]
        start = chance.randrange(1, phones // 2)
        while sum(len(sink.posts) for sink in sinks) < start:
            time.sleep(0.001)
        time.sleep(chance.random() * 0.3)
        victim = _busy(town, crew) or chance.choice(crew)
        victim.kill()
        killed = time.time()
        if victim.wait() == -signal.SIGKILL:
            found.kills += 1
        if returns or workers == 1:
            crew.append(child(town, url, "work"))
        codes = [worker.wait(120) for worker in crew if worker is not victim]
        assert set(codes) == {0}, codes
        _look(found, town, sinks, phones, killed if workers > 1 else 0)


def _busy(town: Town, crew: list[subprocess.Popen[bytes]]) -> subprocess.Popen[bytes] | None:
    """One that has a shard in hand: its number stands in its name."""
    with transaction(town.engine) as connection:
        owners = connection.execute(select(shards.c.owner).where(shards.c.owner != "")).scalars().all()
    return next((one for owner in owners for one in crew if f"-{one.pid}-" in owner), None)


def _look(found: Found, town: Town, sinks: list[Sink], phones: int, killed: float) -> None:
    told = Counter((sink.port, post.path) for sink in sinks for post in sink.posts)
    found.lost += phones - len(told)
    found.repeats.append(told.total() - phones)
    topics = {post.headers["topic"] for sink in sinks for post in sink.posts}
    found.shown_twice += len(topics) - 1  # one Topic and one tag: whatever comes twice takes the place of the first
    for sink in sinks:
        before = [post.at for post in sink.posts if post.at <= killed]
        after = [post.at for post in sink.posts if post.at > killed + 0.05]
        if killed and before and after:
            found.resumed.append(min(after) - killed)
    with transaction(town.engine) as connection:
        found.lost += ledger.owed(connection)


def _database(stack: ExitStack, server: str) -> str:
    name = f"k{uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    stack.callback(admin.dispose)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return server.replace("/postgres?", f"/{name}?")
