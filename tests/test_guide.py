"""The editors' guide: each command and each field that it shows is one that works."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from beffroi.learnt import entry_of
from beffroi.settings import Site, read_site
from tests.town import REPO

PAGES = sorted([*(REPO / "docs/tutorial").glob("*.md"), *(REPO / "docs/how-to").glob("*.md"), REPO / "README.md"])
HEADS = {"title": "title: Essai", "date": "date: 2026-05-04"}


@pytest.fixture(scope="module")
def site() -> Site:
    """The demonstration commune: its areas, its panels."""
    return read_site(REPO / "pelicanconf.py")


def blocks(page: Path, language: str) -> list[str]:
    """The examples of one page, out of the list that they may stand in."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(rf"^( *)```{language}\n(.*?)^ *```", text, re.M | re.S)
    return ["\n".join(line.removeprefix(indent) for line in body.splitlines()) for indent, body in found]


def tasks() -> dict[str, set[str]]:
    """Each task and the words of its options."""
    tree = ast.parse((REPO / "tasks.py").read_text(encoding="utf-8"))
    nodes = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.decorator_list]
    return {n.name.strip("_"): {a.arg.strip("_").replace("_", "-") for a in n.args.args[1:]} for n in nodes}


EXAMPLES = [(page, body) for page in PAGES for body in blocks(page, "yaml")]


@pytest.mark.parametrize(
    ("page", "body"), EXAMPLES, ids=[f"{page.stem}-{number}" for number, (page, _) in enumerate(EXAMPLES)]
)
def test_front_matter(site: Site, page: Path, body: str) -> None:
    """A whole file is accepted as it stands, and so are lone fields at the head of a file: no fault, no warning."""
    if body.startswith("---"):
        text = body
    else:
        missing = [line for key, line in HEADS.items() if not re.search(rf"^{key}:", body, re.M)]
        text = "---\n" + "\n".join([*missing, body]) + "\n---\n\nTexte."
    folder = "alertes" if "severity" in text else "actualites"
    entry = entry_of(site, site.content / folder / "essai.md", f"content/{folder}/essai.md", text.encode())
    assert () == entry.document.warnings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands(page: Path) -> None:
    """Each command names a task that exists, with options that it has."""
    known = tasks()
    for body in [*blocks(page, "sh"), *blocks(page, "crontab")]:
        for line in body.splitlines():
            if found := re.search(r"(?:python3 tasks\.py|invoke) ([a-z]\S*)(.*)", line):
                assert found[1] in known, line
                given = set(re.findall(r"\s--([a-z-]+)", found[2]))
                assert given <= known[found[1]], line


def test_python(site: Site) -> None:
    """The settings that the guide shows are read: names that the reference has, values that are accepted."""
    from beffroi.settings import site_from

    raw = dict(site.raw)
    for page in PAGES:
        for body in blocks(page, "python"):
            names: dict[str, object] = {}
            exec(compile(body, page.name, "exec"), {"os": __import__("os")}, names)
            site_from({**raw, **{name: value for name, value in names.items() if name.isupper()}}, REPO)


def test_what_the_guide_teaches() -> None:
    """The seven things that an editor must find are there."""
    index = (REPO / "docs/README.md").read_text(encoding="utf-8")
    for name in ("tutorial/premier-contenu", "how-to/alerte-3h-du-matin", "how-to/corriger-et-retirer", "how-to/planifier",
                 "how-to/image-et-droits", "how-to/ecrire-pour-un-panneau", "how-to/previsualiser"):  # fmt: skip
        assert f"({name}.md)" in index, name
