"""`invoke bench network`: three workers on three networks of their own, one of which is cut off mid-way (as root).

The database and the vendors are on a fourth one. Who is cut off keeps running, can reach nobody, and finds its shard
taken when its network comes back.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import select

from beffroi.channels.sending import DOUBT
from beffroi.store import ledger
from beffroi.store.db import transaction
from beffroi.store.tables import shards
from tests.bench.phones import subscribe
from tests.channels.child import LEASE
from tests.channels.faulty import Sink
from tests.channels.town import Town, alert, make_town
from tests.e2e.tls import Authority
from tests.store.databases import cluster

ROOT = Path(__file__).parents[2]
HUB = "10.99.73.1"
WORKERS = 3


def ip(*words: str) -> None:
    """One command of iproute2."""
    subprocess.run(["ip", *words], check=True)


@contextmanager
def networks() -> Iterator[list[str]]:
    """A bridge with three namespaces on it; the names of these."""
    names = [f"beffroi-{number}" for number in range(WORKERS)]
    with ExitStack() as stack:
        ip("link", "add", "bf-hub", "type", "bridge")
        stack.callback(ip, "link", "del", "bf-hub")
        ip("addr", "add", f"{HUB}/24", "dev", "bf-hub")
        ip("link", "set", "bf-hub", "up")
        for number, name in enumerate(names):
            ip("netns", "add", name)
            stack.callback(ip, "netns", "del", name)
            ip("link", "add", f"bf-{number}", "type", "veth", "peer", "name", "eth0", "netns", name)
            ip("link", "set", f"bf-{number}", "master", "bf-hub", "up")
            ip("-n", name, "addr", "add", f"10.99.73.{number + 10}/24", "dev", "eth0")
            ip("-n", name, "link", "set", "eth0", "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield names


def run(phones: int = 3000, rounds: int = 3) -> None:
    """Each round: an alert, three workers, a cut after a third of the phones."""
    with networks() as names, cluster(HUB) as server:
        url = server.split("@")[0] + f"@{HUB}/postgres"
        for number in range(rounds):
            _round(names, url, phones, number)


def _round(names: list[str], url: str, phones: int, number: int) -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="beffroi-net-")))
        authority = stack.enter_context(closing(Authority(HUB)))
        sinks = [stack.enter_context(Sink(authority=authority, http2=True, host=HUB, now=time.time)) for _ in range(2)]
        towns = [make_town(folder / name, url) for name in names]
        town = towns[0]
        stack.callback(town.engine.dispose)
        for one in towns[1:]:
            one.engine.dispose()
        town.open()
        with transaction(town.engine) as connection:
            connection.exec_driver_sql("DELETE FROM subscriptions")
        subscribe(town.engine, phones, *(sink.origin for sink in sinks))
        town.announce(alert(town.time.at(), town.time.at(10), title=f"Crue {number}"))
        crew = [_worker(name, one.folder, url, authority) for name, one in zip(names, towns, strict=True)]
        while sum(len(sink.posts) for sink in sinks) < phones // 3:
            time.sleep(0.001)
        cut = _busy(town, crew)
        ip("link", "set", f"bf-{cut}", "down")
        at = time.time()
        assert {0} == {crew[other].wait(300) for other in range(WORKERS) if other != cut}
        _tell(town, sinks, phones, at)
        ip("link", "set", f"bf-{cut}", "up")
        print(f"  who was cut off ends by itself with status {crew[cut].wait(300)}", flush=True)


def _worker(name: str, folder: Path, url: str, authority: Authority) -> subprocess.Popen[bytes]:
    inside = ["ip", "netns", "exec", name, sys.executable, "-m", "tests.channels.child", str(folder), url, "work"]
    return subprocess.Popen(inside, cwd=ROOT, env={**os.environ, "REQUESTS_CA_BUNDLE": str(authority.ca_file)})


def _busy(town: Town, crew: list[subprocess.Popen[bytes]]) -> int:
    with transaction(town.engine) as connection:
        owners = connection.execute(select(shards.c.owner).where(shards.c.owner != "")).scalars().all()
    return next((n for owner in owners for n, one in enumerate(crew) if f"-{one.pid}-" in owner), 0)


def _tell(town: Town, sinks: list[Sink], phones: int, at: float) -> None:
    told = Counter((sink.port, post.path) for sink in sinks for post in sink.posts)
    topics = {post.headers["topic"] for sink in sinks for post in sink.posts}
    last = max(post.at for sink in sinks for post in sink.posts)
    with transaction(town.engine) as connection:
        owed = ledger.owed(connection)
    print(
        f"one of {WORKERS} networks cut: {phones - len(told)} lost, {owed} owed, {len(topics) - 1} shown twice, "
        f"{told.total() - phones} repeats (of {DOUBT}), all told {last - at:.1f} s after the cut (lease {LEASE} s)",
        flush=True,
    )
