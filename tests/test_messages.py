"""Each sentence of `check` is triggered by a sample site, word for word in its `expected.txt`."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.town import REPO

ROOMS = ("beffroi/check", "beffroi/schema")
EXPECTED = "\n".join(path.read_text("utf-8") for path in sorted((REPO / "tests" / "sites").glob("*/expected.txt")))
ENDS = (".", ";", "»", "!", "…", ")", "}")


ELSEWHERE = {
    "aucun fichier Markdown": "test_held.test_no_content_at_all_stops",
    "Ce dossier n’est pas dans un dépôt git": "test_hooks.test_no_repository",
    "Le dossier est illisible": "test_odd_files.test_a_folder_that_cannot_be_read",
    "La traduction est plus ancienne": "test_languages.test_a_translation_older_than_its_original",
}
"""Sentences that no site can show, since they are about none of its files, and the test that shows each."""


def sentences() -> Iterator[tuple[str, str]]:
    """Every literal of the rooms that is a sentence for editors, and where it stands."""
    files = [p for room in ROOMS for p in sorted((REPO / room).glob("*.py")) if p.stem not in {"written", "published"}]
    files.append(REPO / "beffroi/content.py")
    for path in files:
        tree = ast.parse(path.read_text("utf-8"))
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                words = "".join(p.value if isinstance(p, ast.Constant) else "{}" for p in node.values)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs | inner:
                words = node.value
            else:
                continue
            if words.startswith(tuple(ELSEWHERE)):
                continue
            if re.search(r" [;:] |\. ?$", words) and len(words) > 30 and " " in words.strip():
                yield f"{path.relative_to(REPO)}:{node.lineno}", words


def pattern(sentence: str) -> str:
    """What a line with that sentence looks like, its values unknown, its spaces plain."""
    parts = re.split(r"\{[^{}]*\}", sentence.replace("{{", "{").replace("}}", "}"))
    return ".*".join(re.escape(part.replace("\u202f", " ").replace("\u00a0", " ")) for part in parts)


def plain(text: str) -> str:
    """Ordinary spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.mark.parametrize(("place", "sentence"), [pytest.param(*row, id=row[0]) for row in sentences()])
def test_each_sentence_has_a_sample_site(place: str, sentence: str) -> None:
    """No sentence that an editor may read is left without a file that shows it."""
    assert re.search(pattern(sentence), plain(EXPECTED)), sentence
