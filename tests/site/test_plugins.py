"""Pelican's plugins go on working in a site of which only a part is rendered."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.town import AT, REPO, Town

PLUGIN = """
from pelican import signals

def count(generator):
    generator.context["counted"] = len(generator.articles)

def mark(path, context):
    with open("written.txt", "a", encoding="utf-8") as file:
        file.write(path.rpartition("/staging/")[2] + "\\n")

def register():
    signals.article_generator_finalized.connect(count)
    signals.content_written.connect(mark)
"""
SHOWN = "{{ article.content|safe }}"


@pytest.fixture
def town(tmp_path: Path) -> Town:
    """Three items, a plugin that counts the articles, and an article page that shows the count."""
    shutil.copytree(REPO / "theme", tmp_path / "theme")
    town = Town(tmp_path / "ville", theme=tmp_path / "theme")
    (town.root / "compteur.py").write_text(PLUGIN, encoding="utf-8")
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nPLUGINS = ["beffroi.site", "compteur"]\nPLUGIN_PATHS = ["."]\n')
    template = tmp_path / "theme/templates/article.html"
    words = template.read_text(encoding="utf-8")
    assert SHOWN in words
    template.write_text(words.replace(SHOWN, SHOWN + "<i>{{ counted }}</i>"), encoding="utf-8")
    for number in range(3):
        town.write(f"actualites/c-{number}", f"title: Contenu {number}\ndate: 2026-04-0{number + 1}\nsummary: Bref.")
    return town


def build(town: Town) -> list[str]:
    """The pages that the plugin heard of."""
    heard = town.root / "written.txt"
    heard.unlink(missing_ok=True)
    done = town.invoke("build", "--at", AT.isoformat())
    assert 0 == done.returncode, done.stderr
    return heard.read_text(encoding="utf-8").split() if heard.exists() else []


def counts(town: Town) -> set[str]:
    """What the pages of the items show."""
    pages = [page.read_text(encoding="utf-8") for page in (town.output / "actualites").glob("c-*/index.html")]
    return {found for page in pages for found in re.findall(r"<i>(\d+)</i>", page)}


def test_signals_fire_for_what_is_rendered(town: Town) -> None:
    """The first build tells a plugin of all pages; the next one of the edited page and of those that list it."""
    items = {f"actualites/{name}/index.html" for name in ("bienvenue", "c-0", "c-1", "c-2")}
    assert items < set(build(town))
    assert {"4"} == counts(town)
    town.write("actualites/c-1", "title: Contenu 1\ndate: 2026-04-02\nsummary: Bref.", "Autre texte.")
    assert {"actualites/c-1/index.html"} == items & set(build(town))
    assert [] == build(town)


def test_a_plugin_may_see_all(town: Town) -> None:
    """ALL_ARTICLES: whenever a page is rendered, the plugin sees every article, and every page is made again."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write("\nALL_ARTICLES = True\n")
    build(town)
    town.write("actualites/c-3", "title: Contenu 3\ndate: 2026-04-08")
    build(town)
    assert {"5"} == counts(town)
    assert [] == build(town)
