"""`invoke bench push`: what a message costs each sender, in one interleaved run against one vendor.

Each sender runs in a process of its own, in turn, `runs` times, and counts its own CPU, the kernel's work for it
included: on a machine that does other things too, wall-clock time says little. The vendor's CPU is not counted.
Imports, the parsing of arguments and the reading of subscriptions by others than Beffroi are not counted either.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import nullcontext
from pathlib import Path
from statistics import median

from sqlalchemy import insert

from beffroi.channels import keys
from beffroi.channels.arming import prearm
from beffroi.store import ledger
from beffroi.store.db import connect, transaction
from beffroi.store.tables import announcements, subscriptions
from tests.bench.sink import far, nginx
from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import b64url
from tests.store.samples import announcement

ROOT = Path(__file__).parents[2]
KEYS = 500
"""Different browsers' keys; phones beyond that share them, as making them is slow."""

SLOW = 10
"""The README's loop gets a tenth of the messages: it opens a connection for each."""

PAYLOAD = json.dumps(
    {
        "web_push": 8030,
        "notification": {
            "title": "Crue de l’Isère : évitez les berges",
            "navigate": "https://www.exemple.fr/alertes/crue-isere/",
            "body": "Le niveau monte vite entre Lancey et Brignoud. Éloignez-vous des berges, ne prenez pas la D523.",
            "lang": "fr",
            "dir": "ltr",
            "tag": "alertes/crue-isere",
            "silent": False,
        },
        "beffroi": {"category": "alertes", "severity": "Severe", "id": "alertes/crue-isere"},
    },
    ensure_ascii=False,
    separators=(",", ":"),
)


def run(messages: int = 10_000, runs: int = 3, distance: int = 50, pair: int = 1) -> None:
    """`distance` is the latency of the far vendor, in milliseconds; `pair` 2 compares one process with two, and nothing
    else."""
    with tempfile.TemporaryDirectory(prefix="beffroi-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user
        with nginx(folder) as (port, authority):
            print(f"{messages} messages, {runs} tours, charge de la machine {os.getloadavg()[0]:.1f}")
            if pair == 2:
                for road in (port, distance):
                    with far(port, distance / 1000) if road == distance else nullcontext(port) as where:
                        for _ in range(runs):
                            Bench(folder, where, authority, messages).pair(0 if road == port else distance)
                return
            Bench(folder, port, authority, messages).interleaved(runs)
            with far(port, distance / 1000) as road:
                Bench(folder, road, authority, messages).far(distance)


class Bench:
    """One vendor, and a commune whose phones are its subscribers."""

    def __init__(self, folder: Path, port: int, authority: Path, messages: int) -> None:
        self.folder, self.port, self.messages = folder, port, messages
        files = dict.fromkeys(("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(authority))
        self.environment = {**os.environ, **files}
        keys.ensure(folder / "vapid.pem")
        (folder / "payload").write_text(PAYLOAD, encoding="utf-8")
        self.town(folder / "phones.sqlite3", messages)

    def town(self, path: Path, count: int) -> None:
        """A database with so many phones, who are owed one alert."""
        path.unlink(missing_ok=True)
        engine = connect(f"sqlite:///{path}")
        browsers = [PaperKeys.generate() for _ in range(min(KEYS, count))]
        origin = f"https://127.0.0.1:{self.port}"
        common = {"origin": origin, "vapid": "", "categories": "[]", "areas": "[]", "quiet": "", "alerts_only": 0}
        rows = [
            {
                **common,
                "endpoint": f"{origin}/wpush/v2/gAAAAAB{number:0150d}",
                "p256dh": browsers[number % KEYS].p256dh,
                "auth": b64url(browsers[number % KEYS].auth),
                "created_at": 0,
                "seen_at": 0,
            }
            for number in range(count)
        ]
        with transaction(engine) as connection:
            connection.execute(insert(subscriptions), rows)
            ledger.record(connection, [announcement("alertes/crue-isere", urgency="high")], int(time.time()))
            connection.execute(announcements.update().values(payload=PAYLOAD))
        engine.dispose()
        some = [{"endpoint": row["endpoint"], "keys": {"p256dh": row["p256dh"], "auth": row["auth"]}} for row in rows]
        (self.folder / "phones.json").write_text(json.dumps(some), encoding="ascii")

    def child(self, kind: str, count: int) -> dict[str, float]:
        """What that sender measured of itself."""
        if kind == "node":
            command = ["node", str(ROOT / "tests/bench/push_node.js"), str(self.folder), str(count), str(self.port)]
        else:
            command = [sys.executable, "-m", "tests.bench.push_child", kind, str(self.folder), str(count)]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{kind} : {done.stderr[-2000:]}")
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        if found["sent"] != count:
            raise SystemExit(f"{kind} : {found['sent']:.0f} messages pris sur {count}")
        return found

    def ours(self, kind: str, count: int) -> dict[str, float]:
        """Beffroi on a fresh database, armed before the watch starts where it is to be."""
        self.fresh(self.folder / "ours.sqlite3", prearmed=kind == "armed")
        return self.child(kind, count)

    def fresh(self, path: Path, *, prearmed: bool) -> None:
        """A copy of the commune's database, in which nothing is sent yet."""
        for suffix in ("", "-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        shutil.copy(self.folder / "phones.sqlite3", path)
        if prearmed:
            engine = connect(f"sqlite:///{path}")
            prearm(engine)
            engine.dispose()

    def interleaved(self, runs: int) -> None:
        """All senders in turn, again and again; then the table."""
        kinds = ["floor", "readme", "webpush_async", *(["node"] if self.node() else []), "ours", "armed"]
        costs: dict[str, list[float]] = {kind: [] for kind in kinds}
        for _ in range(runs):
            for kind in kinds:
                count = max(1, self.messages // SLOW) if kind == "readme" else self.messages
                found = self.ours(kind, count) if kind in {"ours", "armed"} else self.child(kind, count)
                costs[kind].append(found["cpu"] / count * 1e6)
        self.table({kind: median(values) for kind, values in costs.items()}, costs)

    def node(self) -> bool:
        """Install npm's web-push beside, where npm is there; whether it is."""
        if not shutil.which("npm"):
            return False
        command = ["npm", "install", "--silent", "--no-save", "--prefix", str(self.folder), "web-push"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0

    def table(self, cost: dict[str, float], every: dict[str, list[float]]) -> None:
        """Microseconds of CPU a message, messages a second a core, and how many times another's."""
        print(
            f"{'émetteur':<14} {'µs CPU/message':>15} {'(min–max)':>16} {'messages/s/cœur':>16} {'/ README':>9} {'/ plancher':>10}"
        )
        for kind, value in cost.items():
            spread = f"{min(every[kind]):.0f}–{max(every[kind]):.0f}"
            print(
                f"{kind:<14} {value:>15.1f} {spread:>16} {1e6 / value:>16.0f} "
                f"{cost['readme'] / value:>9.1f} {value / cost['floor']:>10.2f}"
            )
        rivals = [kind for kind in ("webpush_async", "node") if kind in cost]
        print(" ; ".join(f"ours = {cost[kind] / cost['ours']:.1f} × {kind}" for kind in rivals))

    def pair(self, distance: int) -> None:
        """One worker, then two at once on as many shards, pre-armed: what both together cost and reach."""
        alone, both = self.workers(1), self.workers(2)
        rate = [self.messages / wall for _, wall in (alone, both)]
        print(
            f"fournisseur à {distance} ms : un processus {alone[0] / self.messages * 1e6:.1f} µs de CPU par message et "
            f"{rate[0]:.0f} messages/s ; deux {both[0] / self.messages * 1e6:.1f} µs et {rate[1]:.0f} messages/s : "
            f"{rate[1] / rate[0]:.2f} fois plus, {2 * alone[0] / both[0]:.2f} à CPU égale ; "
            f"charge {os.getloadavg()[0]:.1f}",
            flush=True,
        )

    def workers(self, count: int) -> tuple[float, float]:
        """Seconds of CPU of all of them, and seconds from their start to the end of the last."""
        self.fresh(self.folder / "pair.sqlite3", prearmed=True)
        command = [sys.executable, "-m", "tests.bench.push_child", "worker", str(self.folder), str(self.messages)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        crew = [subprocess.Popen(command, cwd=ROOT, env=self.environment, **pipes) for _ in range(count)]  # type: ignore[call-overload]
        for one in crew:
            one.stdout.readline()  # it has imported everything
        start = time.time()
        for one in crew:
            one.stdin.write("\n")
            one.stdin.flush()
        found = [json.loads(one.communicate()[0].splitlines()[-1]) for one in crew]
        if sum(one["sent"] for one in found) != self.messages:
            raise SystemExit(f"{found} : il en fallait {self.messages}")
        return sum(one["cpu"] for one in found), max(one["ended"] for one in found if one["sent"]) - start

    def far(self, distance: int) -> None:
        """A vendor that answers after a while: how long until the last answer, as a publication delivers."""
        found = self.ours("publication", self.messages)
        print(f"fournisseur à {distance} ms : {self.messages} téléphones en {found['wall']:.2f} s")
