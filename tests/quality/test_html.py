"""The Nu HTML checker on every page, and on the style sheets."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.town import REPO

VNU = REPO / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"


NEWER = ("“container-type”", "“@container”")
"""Container queries: in every browser since 2023."""


def nu(*arguments: str | Path) -> list[str]:
    """What the checker says, one line a fault."""
    command = ["java", "-Xss1m", "-jar", str(VNU), "--format", "gnu", "--exit-zero-always", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=600).stderr.splitlines()


def test_every_page_is_valid(real: Path, tiny: Path) -> None:
    """No error and no warning on any page, neither of the real content nor of the smallest commune."""
    assert [] == nu("--skip-non-html", *sorted([*real.rglob("*.html"), *tiny.rglob("*.html")]))


def test_style_sheets_are_valid() -> None:
    """No error in any style sheet, but for what the checker does not know yet."""
    said = nu("--css", "--errors-only", *sorted((REPO / "theme" / "static" / "css").glob("*.css")))
    assert [] == [line for line in said if not any(word in line for word in NEWER)]
