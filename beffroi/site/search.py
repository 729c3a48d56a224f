"""The search index of the pages: Pagefind, with French stemming."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beffroi.errors import BuildError
from beffroi.memo.stamps import digest

FOLDER = "pagefind"
KEPT = ("pagefind.js", "pagefind-entry.json", "pagefind-worker.js")
"""Of Pagefind's own files, those that our search page uses; its ready-made interfaces are not."""


def owns(name: str) -> bool:
    """Whether an output belongs to the index."""
    return name.startswith(f"{FOLDER}/")


def folder(outputs: Mapping[str, tuple[Any, Any, bytes]]) -> bytes:
    """What stands for all pages: while it is the same, so is their index."""
    pages = sorted((name, known[2]) for name, known in outputs.items() if name.endswith(".html"))
    return digest(b"\0".join(part for name, total in pages for part in (name.encode(), total)))


def index(site: Path, staging: Path) -> list[str]:
    """Index the pages of a site into a staging folder. Returns the names of the files. Raises `BuildError`."""
    from pagefind_bin import get_executable

    target = staging / FOLDER
    shutil.rmtree(target, ignore_errors=True)
    command = [str(get_executable()), "--site", str(site), "--output-path", str(target)]
    command += ["--force-language", "fr", "--quiet"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # our own arguments
    if done.returncode:
        raise BuildError(f"L’index de recherche n’a pas pu être fait : {done.stderr.strip() or done.stdout.strip()}")
    found = []
    for base, _, names in os.walk(target):
        for name in sorted(names):
            if name.endswith((".js", ".css")) and name not in KEPT:
                continue
            found.append(os.path.relpath(os.path.join(base, name), staging))
    return found
