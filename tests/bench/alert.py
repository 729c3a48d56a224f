"""`invoke bench alert`: one alert among many items, from the start of `invoke publish` to the last phone.

The vendor is nginx over TLS, as far away as asked; its log has the instant of each message. The phones' keys may be
armed or not. Everything else is as in production: a process of its own, the build, the ledger on disk.
"""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from beffroi import due
from beffroi.channels.arming import prearm
from beffroi.settings import read_service
from beffroi.store.db import connect
from tests.bench import sink
from tests.bench.phones import subscribe
from tests.town import Town

ALERT = "title: Crue de l’Isère\ndate: {now}\nseverity: Severe\nurgency: Immediate\nend: {end}"


def run(phones: int = 2500, items: int = 500, distance: int = 50, armed: int = 1, runs: int = 1) -> None:
    """`distance` is the vendor's latency in milliseconds; `armed` 2 leaves the keys to the moment of sending."""
    sink.CONFIG = sink.CONFIG.replace("access_log off;", "log_format t '$msec'; access_log {folder}/times.log t;")
    with tempfile.TemporaryDirectory(prefix="beffroi-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with sink.nginx(folder) as (port, authority), sink.far(port, distance / 1000) as there:
            town = Town(folder / "town")
            for number in range(items):
                town.write(f"actualites/n{number}", f"title: Nouvelle {number}\ndate: 2026-05-01")
            environment = {"REQUESTS_CA_BUNDLE": str(authority), "BEFFROI_KEEP_RELEASES": "2"}
            for day in range(2):  # after the first index a release is made of all its files: no town in use does that
                town.write("actualites/de-plus", f"title: Nouvelle de plus\ndate: 2026-05-0{day + 1}")
                _publish(town, environment)
                _indexed(town)
            engine = connect(read_service(town.root).database)
            subscribe(engine, phones, f"https://127.0.0.1:{there}")
            for turn in range(runs):
                if armed == 1:
                    prearm(engine)
                _once(town, environment, folder / "times.log", phones, turn)


def _once(town: Town, environment: dict[str, str], log: Path, phones: int, turn: int) -> None:
    _indexed(town)
    log.write_bytes(b"")
    now, end = (time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + later)) for later in (-120, 36000))
    town.write(f"alertes/crue-{turn}", ALERT.format(now=now, end=end))
    start, before = time.time(), _cpu()
    _publish(town, environment)
    total, cpu = time.time() - start, _cpu() - before
    times = sorted(float(line) for line in log.read_text("ascii").split())
    first, last = times[0] - start, times[-1] - start
    rate = len(times) / max(times[-1] - times[0], 0.001)
    print(
        f"{len(times)} of {phones} phones: first {first:.2f} s, last {last:.2f} s, end {total:.2f} s, "
        f"{rate:.0f} messages/s, {cpu:.1f} s of CPU in all; load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def _indexed(town: Town) -> None:
    """Wait for the search index that the publication before left to be made: it is not part of this one."""
    with open(town.root / "var" / due.LOCK, "ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)


def _cpu() -> float:
    """Of the processes that ended: what a machine that does nothing else would have taken, about."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _publish(town: Town, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "invoke", "publish", "--yes"]
    done = subprocess.run(
        command, cwd=town.root, env=town.environment(environment), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
