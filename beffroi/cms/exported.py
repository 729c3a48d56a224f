"""The form as files, to be put online beside the site: the forge is then its back end."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from beffroi.cms.app import STATIC
from beffroi.cms.config import config
from beffroi.settings import Site

BACKEND = {
    "name": "gitlab",
    "repo": "à remplacer/par le projet",
    "branch": "main",
    "auth_type": "pkce",
    "app_id": "à remplacer",
}
"""What the commune replaces by its own forge."""


def export(site: Site, folder: Path, package: Path) -> Path:
    """Write the page, our scripts, Decap's own and the configuration. A back end that was chosen there is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in STATIC.iterdir():
        shutil.copyfile(path, folder / path.name)
    (folder / "decap").mkdir(exist_ok=True)
    for path in package.glob("*.js"):
        shutil.copyfile(path, folder / "decap" / path.name)
    place = folder / "config.json"
    backend = json.loads(place.read_text(encoding="utf-8"))["backend"] if place.is_file() else BACKEND
    made = config(site, backend, site.content.relative_to(site.root).as_posix())
    place.write_text(json.dumps(made, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return folder
