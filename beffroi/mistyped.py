"""Names that look like settings of the machine, and that nobody reads: told, since a wrong name must not pass for obeyed."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from beffroi.service import ENVIRONMENT, PREFIX, variables

LIKELY = ("BEFFROI", "BEFROI")
"""Begins a name that somebody took for one of them."""
LIST = "docs/reference/settings.md"
"""Where all of them are."""


def mistyped(root: Path) -> list[str]:
    """A sentence for each name, in the environment or in its file, that looks like a setting of the machine and is none."""
    places = [("environnement", name) for name in os.environ]
    with suppress(OSError):  # who reads the settings says so
        lines = (root / ENVIRONMENT).read_bytes().decode("utf-8", "replace").splitlines()
        places += [
            (ENVIRONMENT, line.partition("=")[0].strip().removeprefix("export ")) for line in lines if "=" in line
        ]
    asked = [(place, name) for place, name in places if name.upper().startswith(LIKELY)]
    known = variables() if asked else {}
    return [_mistyped(place, name, list(known)) for place, name in asked if name.upper() not in known]


def _mistyped(place: str, name: str, known: list[str]) -> str:
    from difflib import get_close_matches  # late: nearly nobody is mistaken

    ends = [one.removeprefix(PREFIX) for one in known]
    near = get_close_matches(re.sub(r"^BEFF?ROI_*", "", name.upper()), ends, 1)
    meant = f"sans doute {PREFIX}{near[0]} (tous sont dans {LIST})" if near else f"tous sont dans {LIST}"
    return f"{place} : {name} n’est pas un réglage, et reste sans effet ; {meant}."
