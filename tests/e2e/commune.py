"""A commune as it runs in production, small: a git repository, `invoke serve` and `invoke publish` in processes of
their own, the real theme. Nothing in it is a stand-in.

::

    with Commune(tmp_path, push_hosts="127.0.0.1:8123") as commune:
        commune.publish()
        commune.commit("alertes/crue", "title: Crue\\ndate: 2026-05-04", "Évitez les berges.")
        print(commune.publish())
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from beffroi.store import subscriptions
from beffroi.store.db import connect
from tests.town import Town

NOBODY = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    **{
        f"GIT_{who}_{what}": f"redaction@{who.lower()}.example"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def day(offset: int = 0) -> str:
    """A date as editors write it, so many days from today: the real publish looks at the real clock."""
    return (datetime.now(ZoneInfo("Europe/Paris")) + timedelta(days=offset)).date().isoformat()


class Commune(Town):
    """Context manager: leaving it stops the service. `database` is a SQLAlchemy URL, SQLite in `var/` by default."""

    def __init__(self, folder: Path, *, push_hosts: str, database: str = "") -> None:
        self.port = free_port()
        self.url = f"http://localhost:{self.port}"
        super().__init__(folder / "bourg-é", self.url)
        self._settings = {"BEFFROI_PUSH_HOSTS": push_hosts, "BEFFROI_DATABASE_URL": database}
        self.database = database or f"sqlite:///{self.root / 'var' / 'beffroi.sqlite3'}"
        self.server: subprocess.Popen[str] | None = None
        self.write("actualites/bienvenue", f"title: Bienvenue\ndate: {day(-2)}", "Bonjour à tous, voici le bourg.")
        (self.root / ".gitignore").write_text("/output/\n/var/\n", encoding="ascii")
        self.git("init", "--quiet")
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "Ouvrir le site")

    def __enter__(self) -> Commune:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def git(self, *arguments: str) -> str:
        """A git command, as nobody in particular."""
        command = ["git", *arguments]
        env = self.environment(NOBODY)
        done = subprocess.run(command, cwd=self.root, env=env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def commit(self, name: str, front: str, body: str = "Le texte de cette page.") -> None:
        """What an editor does: write content/NAME.md, and commit it."""
        path = self.write(name, front, body)
        self.git("add", str(path))
        self.git("commit", "--quiet", "--message", f"Écrire {name}")

    def settings(self) -> dict[str, str]:
        """The environment of this commune's processes."""
        return self.environment(self._settings)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A task, to its end."""
        return self.invoke(*arguments, env=self._settings)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A task on its way, to be watched or killed."""
        command = [sys.executable, "-m", "invoke", *arguments]
        silent = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=self.root, env=self.settings(), stdout=silent, stderr=silent)

    def say(self, *arguments: str) -> str:
        """A task that must succeed; what it says."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def serve(self) -> None:
        """The real service, ready when this returns."""
        command = [sys.executable, "-m", "invoke", "serve", "--port", str(self.port)]
        self.server = subprocess.Popen(
            command, cwd=self.root, env=self.settings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self.server.stdout is not None
        line = self.server.stdout.readline()
        assert self.url in line, line + self.server.stdout.read()

    def stop(self) -> None:
        """Stop the service: whatever still appears comes out of the browser."""
        if self.server is not None:
            self.server.terminate()
            assert self.server.stdout is not None
            self.server.stdout.read()
            self.server.wait(20)
            self.server.stdout.close()
            self.server = None

    def subscribe(self, subscription: dict[str, Any], **choices: list[str]) -> int:
        """PUT a subscription through the real service; the status of the answer."""
        body = json.dumps({**subscription, **choices}).encode()
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(f"{self.url}/api/push/subscriptions", body, headers, method="PUT")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)

    @property
    def key(self) -> str:
        """The town's public VAPID key, as the service gives it."""
        with urllib.request.urlopen(f"{self.url}/api/push/key", timeout=30) as answer:
            return str(json.load(answer)["key"])

    @property
    def subscribers(self) -> int:
        """How many subscriptions the database holds."""
        engine = connect(self.database)
        try:
            return subscriptions.count(engine)
        finally:
            engine.dispose()


def free_port() -> int:
    """A port that nobody listens on: the site's address must be known before the service starts."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
