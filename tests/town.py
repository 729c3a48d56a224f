"""A small commune for the tests: real settings, the real theme, its own content and database."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from beffroi.publish import Published, publish

REPO = Path(__file__).resolve().parent.parent
AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
"""The instant of these tests: Monday 4 May 2026, 11 h in Paris."""

CONF = """
SITENAME = "Bourg-Essai"
SITEURL = {url!r}
TIMEZONE = "Europe/Paris"
PUBLISHER = {{"name": "Commune de Bourg-Essai", "email": "mairie@bourg-essai.example"}}
CATEGORIES = {{
    "alertes": {{"name": "Alertes", "kind": "alert", "color": "brick"}},
    "actualites": {{"name": "Actualités", "kind": "news", "color": "glacier"}},
    "agenda": {{"name": "Agenda", "kind": "agenda", "color": "sun"}},
    "patrimoine": {{"name": "Patrimoine", "kind": "discover", "color": "fir"}},
}}
AREAS = {{"bas": "Le Bas", "haut": "Le Haut"}}
PATH = "content"
THEME = {theme!r}
OUTPUT_PATH = "output"
PLUGINS = ["beffroi.site"]
"""


class Town:
    """One commune in a folder. `write` is an editor at work; `publish` is the command, within this process."""

    def __init__(self, root: Path, url: str = "http://localhost:8000", theme: Path = REPO / "theme") -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        (root / "pelicanconf.py").write_text(CONF.format(url=url, theme=str(theme)), encoding="utf-8")
        shutil.copy(REPO / "publishconf.py", root)
        shutil.copy(REPO / "tasks.py", root)
        self.write("actualites/bienvenue", "title: Bienvenue\ndate: 2026-05-01", "Bonjour à tous, voici le bourg.")

    def write(self, name: str, front: str, body: str = "Le texte de cette page.") -> Path:
        """Write content/NAME.md."""
        path = self.root / "content" / f"{name}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"---\n{front}\n---\n\n{body}\n", encoding="utf-8")
        return path

    def publish(self, at: datetime = AT, *, adopt: bool = False, wait: bool = False) -> Published:
        """The whole road. The encoded images and the database stay in the town's own var/."""
        return publish(self.root, at, adopt=adopt, wait=wait)

    def invoke(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
        """A task as an editor runs it, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-m", "invoke", *arguments],
            cwd=self.root,
            env=self.environment(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """The environment of a task: this repository's package, nothing of the machine's own settings."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("BEFFROI_", "SITEURL", "SOURCE_DATE"))}
        return {**kept, "PYTHONPATH": str(REPO), **(more or {})}

    @property
    def live(self) -> Path:
        """The live release."""
        return self.root / "var" / "www" / "current"

    @property
    def output(self) -> Path:
        """The last good build."""
        return self.root / "output"
