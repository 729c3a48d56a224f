"""The templates of a theme: one that is missing stops the build, rather than have Pelican's own in its place."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from beffroi.errors import BuildError, SettingsError
from beffroi.settings import read_site
from beffroi.site.build import build
from tests.town import AT, REPO, Town


@pytest.fixture
def themed(town: Town, tmp_path: Path) -> Town:
    """A town with a theme of its own."""
    shutil.copytree(REPO / "theme/templates", tmp_path / "theme/templates")
    (tmp_path / "theme/static").symlink_to(REPO / "theme/static")
    (tmp_path / "theme/languages").symlink_to(REPO / "theme/languages")
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(f"\nTHEME = {str(tmp_path / 'theme')!r}\n")
    return town


@pytest.mark.parametrize("name", ["article", "page", "index", "category", "404", "base", "bandeau", "recevoir"])
def test_missing_template(themed: Town, tmp_path: Path, name: str) -> None:
    """A template that the theme lacks is told by its name and folder, whether Pelican's own theme has one of that name or
    not; what is online stays."""
    folder = tmp_path / "theme/templates"
    (folder / f"{name}.html").unlink()
    with pytest.raises(BuildError) as caught:
        themed.publish()
    said = str(caught.value)
    assert re.search(
        rf"Gabarit introuvable : {name}.html(, que \w+\.html utilise,)? n’est pas dans {folder} ; ", said
    ), said
    assert "rétablissez ce fichier, ou vérifiez THEME dans pelicanconf.py." in said
    assert not themed.live.exists()


def test_missing_template_of_a_preview(themed: Town, tmp_path: Path) -> None:
    """Nor has a site that is built aside the articles of another theme."""
    from beffroi import content

    (tmp_path / "theme/templates/article.html").unlink()
    tree = content.read(read_site(themed.root / "publishconf.py"))
    with pytest.raises(BuildError, match="Gabarit introuvable : article.html n’est pas dans "):
        build(tree, AT, tmp_path / "out", tmp_path / "cache", search=False)


def test_template_named_of_pelican(themed: Town, tmp_path: Path) -> None:
    """A theme may name one of Pelican's own."""
    (tmp_path / "theme/templates/404.html").write_text('{% extends "!simple/base.html" %}', encoding="utf-8")
    with pytest.raises(BuildError, match="n’existe pas ici"):  # which was found, and reads what there is not here
        themed.publish()


@pytest.mark.parametrize("value", ['{"extensions": 3}', '{"extensions": ["il.n.y.a.pas"]}', '{"couleur": 1}'])
def test_environment_that_jinja_refuses(town: Town, value: str) -> None:
    """JINJA_ENVIRONMENT is a dictionary of what Jinja knows: else the sentence names the setting, and what to write."""
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(f"\nJINJA_ENVIRONMENT = {value}\n")
    with pytest.raises(SettingsError, match="JINJA_ENVIRONMENT vaut .*, que Jinja refuse .* ; écrivez par exemple"):
        town.publish()


def test_setting_of_pelican_of_another_kind(town: Town) -> None:
    """A build that Pelican gives up over a setting of its own names it, with what Pelican itself has there."""
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write("\nTEMPLATE_EXTENSIONS = 3\n")
    with pytest.raises(BuildError) as caught:
        town.publish()
    said = "- pelicanconf.py : TEMPLATE_EXTENSIONS vaut 3 ; écrivez par exemple ['.html'], ou retirez ce réglage\n"
    assert said in str(caught.value)
