"""One sender in a process of its own, which measures itself: python -m tests.bench.push_child KIND FOLDER COUNT.

Prints JSON: CPU and wall-clock seconds of the sending alone, and how many messages were taken.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SUBJECT = "mailto:mairie@exemple.fr"


def measured(work: Callable[[], int]) -> dict[str, float]:
    """What that costs. Imports and preparation are done before; what the kernel does for us counts."""
    before, start = resource.getrusage(resource.RUSAGE_SELF), time.perf_counter()
    sent = work()
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return {"cpu": cpu, "wall": time.perf_counter() - start, "sent": sent, "memory": after.ru_maxrss / 1024}


def floor(folder: Path, count: int) -> dict[str, float]:
    """What no sender can do without: a key pair and an ECDH for each message."""
    from cryptography.hazmat.primitives.asymmetric import ec

    theirs = ec.generate_private_key(ec.SECP256R1()).public_key()

    def work() -> int:
        for _ in range(count):
            ec.generate_private_key(ec.SECP256R1()).exchange(ec.ECDH(), theirs)
        return count

    return measured(work)


def phones(folder: Path, count: int) -> list[dict[str, Any]]:
    """The first subscriptions of the database, as browsers give them."""
    import sqlite3

    with sqlite3.connect(f"file:{folder / 'phones.sqlite3'}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT endpoint, p256dh, auth FROM subscriptions ORDER BY id LIMIT ?", (count,))
        return [{"endpoint": row[0], "keys": {"p256dh": row[1], "auth": row[2]}} for row in rows]


def readme(folder: Path, count: int) -> dict[str, float]:
    """pywebpush's README: `webpush()` in a loop."""
    from pywebpush import webpush

    some, payload, key = phones(folder, count), (folder / "payload").read_text("utf-8"), str(folder / "vapid.pem")

    def work() -> int:
        sent = 0
        for phone in some:
            claims: dict[str, str | int] = {"sub": SUBJECT}
            answer = webpush(phone, payload, vapid_private_key=key, vapid_claims=claims, ttl=3600)
            sent += getattr(answer, "status_code", 0) == 201
        return sent

    return measured(work)


def webpush_async(folder: Path, count: int) -> dict[str, float]:
    """pywebpush's `webpush_async`: 100 at a time over one session, the key parsed once, a token signed for each."""
    import aiohttp
    from pywebpush import webpush_async as send

    from beffroi.channels.keys import load

    some, payload, vapid = phones(folder, count), (folder / "payload").read_text("utf-8"), load(folder / "vapid.pem")

    async def main() -> int:
        gate = asyncio.Semaphore(100)

        async def one(phone: dict[str, Any]) -> bool:
            async with gate:
                claims: dict[str, str | int] = {"sub": SUBJECT}
                answer = await send(
                    phone, payload, vapid_private_key=vapid, vapid_claims=claims, ttl=3600, aiohttp_session=session
                )
                return getattr(answer, "status", 0) == 201

        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=100)) as session:
            return sum(await asyncio.gather(*(one(phone) for phone in some)))

    return measured(lambda: asyncio.run(main()))


def ours(folder: Path, count: int, *, prearmed: bool = False, many: int | None = None) -> dict[str, float]:
    """Beffroi: what `deliver` does, ledger, leases and retries included, in one process."""
    from random import Random

    import py_vapid  # noqa: F401  # as those have imported it who are compared with us

    import beffroi.channels.arming
    import beffroi.channels.pushing  # noqa: F401
    from beffroi.announce import Clock, deliver
    from beffroi.settings import read_service, site_from
    from beffroi.store.db import connect
    from tests.channels.town import RAW

    service = read_service(
        folder,
        var=Path(tempfile.mkdtemp(dir=folder)),  # a new one: a database older than its journal would be stopped
        database_url=f"sqlite:///{folder / 'ours.sqlite3'}",
        vapid_key_file=folder / "vapid.pem",
        push_prearm=prearmed,
    )
    engine = connect(service.database)
    site = site_from(RAW, folder)
    clock = Clock(random=Random(1))
    return measured(lambda: deliver(site, service, engine, clock, many=many).told)


def armed(folder: Path, count: int) -> dict[str, float]:
    """The same with key material made ahead."""
    return ours(folder, count, prearmed=True)


def publication(folder: Path, count: int) -> dict[str, float]:
    """As a publication delivers: from so many messages on, with a second process, whose CPU is not counted."""
    from beffroi.channels import companion

    return ours(folder, count, many=companion.MANY)


def worker(folder: Path, count: int) -> dict[str, float]:
    """One round of `invoke worker`, pre-armed, on a database that another one may work on, once a line comes in."""
    import py_vapid  # noqa: F401

    import beffroi.channels.pushing  # noqa: F401
    from beffroi.announce import Clock, dispatch
    from beffroi.settings import read_service, site_from
    from beffroi.store.db import connect
    from beffroi.worker import name
    from tests.channels.town import RAW

    url = f"sqlite:///{folder / 'pair.sqlite3'}"
    service = read_service(folder, var=folder, database_url=url, vapid_key_file=folder / "vapid.pem")
    run = dispatch(site_from(RAW, folder), service, connect(url), name(), Clock())
    run.patience = 0
    print("ready", flush=True)
    sys.stdin.readline()
    return measured(lambda: run.run().told) | {"ended": time.time()}


KINDS = {work.__name__: work for work in (floor, readme, webpush_async, ours, armed, publication, worker)}

if __name__ == "__main__":
    gc.set_threshold(100_000, 20, 20)  # as tasks.py does; for the others too
    print(json.dumps(KINDS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))))
