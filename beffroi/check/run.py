"""One run of `check`: on all files, on what changed, or on what is staged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from beffroi.check import examine
from beffroi.check.files import markdown
from beffroi.errors import BeffroiError, Fault
from beffroi.settings import Site


def run(site: Site, var: Path, *, changed: str = "", staged: bool = False) -> tuple[Sequence[Fault], int]:
    """The faults and the number of files that they are about. Raises `BeffroiError` where there is no git to ask."""
    cache = var / "cache" / "check"
    if not changed and not staged:
        whole = examine(site, cache=cache, light=True)
        return whole.faults, len(whole.cards or whole.keys)
    from beffroi.check.staged import Staged, below
    from beffroi.git import Repository

    repository = Repository.of(site.root, hook=staged)
    if repository is None:
        raise BeffroiError("Ce dossier n’est pas dans un dépôt git ; lancez le contrôle sans --changed ni --staged.")
    if staged:
        with Staged(site, repository) as files:
            found, names = examine(site, files, cache), below(site, repository.staged())
    else:
        found, names = examine(site, cache=cache), below(site, repository.changed(changed))
    return found.about(names), len(names & set(markdown(sorted(names))) & found.cards.keys())
