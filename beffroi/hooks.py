"""The git hook that refuses a faulty commit: it checks what is staged, not what lies in the working tree."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

from beffroi.errors import BeffroiError
from beffroi.git import Repository

MARK = "# Posé par « invoke hooks » (Beffroi)."

SCRIPT = """#!/bin/sh
{mark} Contrôle ce que le commit contiendra ; « git commit --no-verify » s’en passe.
case "$GIT_INDEX_FILE" in
    "" | /*) ;;
    *) GIT_INDEX_FILE="$PWD/$GIT_INDEX_FILE" && export GIT_INDEX_FILE ;;
esac
unset GIT_DIR GIT_WORK_TREE GIT_PREFIX
cd "$(git rev-parse --show-toplevel)"/{folder} || exit 1
git diff --cached --quiet -- {content} && exit 0
if [ -x {python} ]; then
    exec {python} -m invoke check --staged >&2
fi
exec python3 tasks.py check --staged >&2
"""


def install(root: Path, content: Path) -> Path:
    """Put the hook in the repository that holds the commune's folder, and say where.

    Raises `BeffroiError` where there is no repository, or where somebody else's hook stands already.
    """
    repository = Repository.of(root)
    if repository is None:
        raise BeffroiError("Ce dossier n’est pas dans un dépôt git ; commencez par « git init ».")
    place = repository.folder / os.fsdecode(repository.run("rev-parse", "--git-path", "hooks/pre-commit").strip(b"\n"))
    if place.exists() and MARK not in place.read_text(encoding="utf-8", errors="replace"):
        raise BeffroiError(
            f"Un autre crochet existe déjà ({place}) ; ajoutez-y la ligne : python3 tasks.py check --staged"
        )
    words = {"folder": _inside(repository), "content": _name(root, content), "python": sys.executable}
    script = SCRIPT.format(mark=MARK, **{key: shlex.quote(value) for key, value in words.items()})
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(script, encoding="utf-8", errors="surrogateescape")
    place.chmod(0o755)
    return place


def _inside(repository: Repository) -> str:
    """The commune's folder within the working tree; "." at its top."""
    return os.fsdecode(repository.run("rev-parse", "--show-prefix").strip(b"\n")) or "."


def _name(root: Path, content: Path) -> str:
    return os.path.relpath(content, root)
