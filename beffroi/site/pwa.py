"""The files at the root that make the site an app, and that robots read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beffroi.settings import Site

WORKER = "js/service-worker.js"
"""In the theme's static folder; written at the root, since a worker governs only what lies below its own address."""

ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("maskable-512.png", "512x512", "maskable"),
)


class Assets:
    """The theme's static files and their versioned addresses. `folder` is `theme/static`."""

    def __init__(self, folder: Path, base: str) -> None:
        self.folder, self.base = folder, base
        self._versions: dict[str, str] = {}

    def __call__(self, name: str) -> str:
        """The address of one file, with a version that changes with its bytes. Raises `FileNotFoundError`."""
        return f"{self.base}/theme/{name}?v={self.version(name)}"

    def version(self, name: str) -> str:
        """Eight hexadecimal digits of the file's SHA-256."""
        if name not in self._versions:
            self._versions[name] = hashlib.sha256((self.folder / name).read_bytes()).hexdigest()[:8]
        return self._versions[name]

    def shell(self) -> list[str]:
        """Names of what the app needs to open without network: styles, scripts, icons; in a stable order."""
        kinds = {".css", ".js", ".svg", ".woff2"}
        files = (p for p in self.folder.rglob("*") if p.suffix in kinds and p.is_file())
        return [name for p in sorted(files) if (name := p.relative_to(self.folder).as_posix()) != WORKER]


def manifest(site: Site, assets: Assets) -> bytes:
    """The Web App Manifest (W3C): what makes the site installable."""
    colors = dict(site.raw.get("APP_COLORS") or {"theme": "#0b4a6f", "background": "#f4fafc"})
    shown: dict[str, Any] = {
        "id": f"{site.base}/",
        "name": site.publisher.title,
        "short_name": site.publisher.title[:24],
        "description": site.publisher.description,
        "lang": site.publisher.lang,
        "dir": "ltr",
        "start_url": f"{site.base}/",
        "scope": f"{site.base}/",
        "display": "standalone",
        "theme_color": colors["theme"],
        "background_color": colors["background"],
        "categories": ["news", "government", "lifestyle"],
        "icons": [
            {"src": assets(f"icons/{name}"), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in ICONS
        ],
        "shortcuts": [
            {"name": category.name, "url": f"{site.base}/{category.slug}/"}
            for category in list(site.categories.values())[:3]
        ],
    }
    return _json(shown)


def worker(site: Site, assets: Assets, offline: bytes) -> bytes:
    """The service worker, told what to keep. Its version changes with the app's shell, not with each publication."""
    shell = [f"{site.base}/", f"{site.base}/hors-ligne/", *(assets(name) for name in assets.shell())]
    code = (assets.folder / WORKER).read_bytes()
    version = hashlib.sha256(b"\0".join([code, offline, *(url.encode() for url in shell)])).hexdigest()[:12]
    told = {
        "version": version,
        "base": site.base,
        "shell": shell,
        "icon": assets("icons/icon-192.png"),
        "badge": assets("icons/badge-96.png"),
        "title": site.publisher.title,
    }
    return b"self.BEFFROI = " + _json(told, indent=None).rstrip() + b";\n" + code


def feed_names(site: Site, names: Sequence[str]) -> dict[str, str]:
    """Full address of each feed, by file name."""
    return {name: site.publisher.absolute(f"/feeds/{name}") for name in names}


def _json(value: object, indent: int | None = 1) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode()
