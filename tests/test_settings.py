"""The commune's settings: what they must be, and the sentence for anything else."""

from __future__ import annotations

from pathlib import Path

import pytest

from beffroi.errors import SettingsError
from beffroi.mistyped import mistyped
from beffroi.settings import read_service, read_site
from beffroi.shapes import SHAPES, TEXTS, given
from tests.town import Town


def refused(town: Town, line: str) -> str:
    """What is said of settings with that line more."""
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(f"\n{line}\n")
    with pytest.raises(SettingsError) as found:
        read_site(town.root / "publishconf.py")
    return str(found.value)


WRONG = {"4.5": float, "object()": object, "{3}": set, "[object()]": list, "'accueil'": str}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (name, value)
        for name, (kind, _) in SHAPES.items()
        for value, type_ in WRONG.items()
        if not issubclass(type_, kind)
    ]
    + [(name, "[object()]") for name, (kind, _) in SHAPES.items() if kind == TEXTS and name != "PLUGINS"],
)
def test_another_form(town: Town, name: str, value: str) -> None:
    """A setting of another form is told by its name, with an example; no traceback, and no text read letter by letter."""
    said = refused(town, f"{name} = {value}")
    assert said.startswith(f"pelicanconf.py : {name} vaut ")
    assert said.endswith(f" ; écrivez par exemple {SHAPES[name][1]}.")


@pytest.mark.parametrize("name", SHAPES)
def test_nothing_is_the_default(town: Town, name: str) -> None:
    """A setting that is left empty is as one that is not there: the site is built, or the one that it needs is named."""
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(f"\n{name} = None\n")
    if name in {"SITENAME", "SITEURL", "CATEGORIES"}:
        with pytest.raises(SettingsError, match=f"{name} manque ; ajoutez-le"):
            read_site(town.root / "publishconf.py")
    else:
        assert name not in given(read_site(town.root / "publishconf.py").raw)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('CATEGORIES["alertes"] = 3', "CATEGORIES['alertes'] vaut 3 ; écrivez par exemple"),
        ('CATEGORIES["feeds"] = CATEGORIES["alertes"]', "CATEGORIES contient 'feeds' ; écrivez le nom d’un dossier"),
        ('CATEGORIES["été"] = CATEGORIES["alertes"]', "CATEGORIES contient 'été' ; écrivez le nom d’un dossier"),
        ('LANGUAGES = {"en": "English"}\nCATEGORIES["en"] = CATEGORIES["alertes"]', "CATEGORIES contient 'en' ;"),
        ('SITEURL = "http://[x"', "SITEURL vaut 'http://[x' ; écrivez une adresse complète"),
        ('PANELS = {"mairie": 3}', "PANELS['mairie'] vaut {'name': 3} ; écrivez par exemple"),
        ('PATH = "."', "PATH vaut '.' ; écrivez par exemple « content »."),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ('JINJA_FILTERS = {"euros": "%s €"}', "JINJA_FILTERS vaut {'euros': '%s €'} ; écrivez par exemple"),
        ('APP_COLORS = {"theme": "#000"}', "APP_COLORS vaut {'theme': '#000'} ; écrivez par exemple"),
    ],
)
def test_another_value(town: Town, line: str, said: str) -> None:
    """Each value that the site cannot do with has its sentence."""
    assert said in refused(town, line)


@pytest.mark.parametrize("place", ["content", "content/site", ".", "..", "/", "var", "var/site", "theme"])
def test_the_site_takes_no_other_place(town: Town, place: str) -> None:
    """The folder of the site is replaced whole at each build: it is neither that of the content nor one that holds it."""
    theme = town.root / "theme"
    theme.mkdir()
    said = refused(town, f"THEME = {str(theme)!r}\nOUTPUT_PATH = {place!r}")
    assert f"OUTPUT_PATH vaut {place!r}, un dossier où il y a autre chose que le site" in said
    assert (town.root / "content/actualites/bienvenue.md").is_file()


def test_what_is_no_site_is_left_alone(town: Town) -> None:
    """A file, or a folder in which something else lies, is not replaced by the site; a former site is."""
    (town.root / "plans").mkdir()
    (town.root / "plans/mairie.pdf").write_bytes(b"%PDF")
    for place in ("pelicanconf.py", "plans"):
        assert f"OUTPUT_PATH vaut {place!r}, un dossier où" in refused(town, f"OUTPUT_PATH = {place!r}")
    (town.root / "plans/index.html").write_bytes(b"")
    read_site(town.root / "publishconf.py")


def test_another_folder_is_taken(town: Town, tmp_path: Path) -> None:
    """Beside the content, or elsewhere on the machine."""
    for place in ("public", "var/output", str(tmp_path / "www")):
        (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(f"\nOUTPUT_PATH = {place!r}\n")
        assert town.root / place == town.root / str(read_site(town.root / "publishconf.py").raw["OUTPUT_PATH"])


def test_a_file_of_the_machine_in_another_encoding(town: Town) -> None:
    """`beffroi.env` in Latin-1 is told, whatever it holds."""
    (town.root / "beffroi.env").write_bytes("# réglages\n".encode("latin-1"))
    with pytest.raises(SettingsError, match="beffroi.env n’est pas en UTF-8 ; enregistrez-le en UTF-8."):
        read_service(town.root)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("WORKERS", "x", "écrivez un nombre entier"),
        ("WORKERS", "-1", "écrivez 0 au moins"),
        ("KEEP_MONTHS", "99999999999999999999", "écrivez 1200 au plus"),
        ("ANNOUNCE_MAX_AGE_DAYS", "une semaine", "écrivez un nombre"),
        ("ANNOUNCE_MAX_AGE_DAYS", "inf", "écrivez 36500 au plus"),
        ("ANNOUNCE_MAX_AGE_DAYS", "0", "écrivez un nombre plus grand que 0"),
        ("PUSH_TIMEOUT", "nan", "écrivez 3600 au plus"),
        ("PUSH_PREARM", "peut-être", "écrivez yes ou no"),
        ("VAPID_SUBJECT", "mailto:", "écrivez mailto: et une adresse de courriel, ou une adresse https://…"),
    ],
)
def test_a_setting_of_the_machine(town: Town, name: str, value: str, said: str) -> None:
    """Its name, what it was, what to write: in French, whatever it is."""
    (town.root / "beffroi.env").write_text(f"BEFFROI_{name}={value}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as found:
        read_service(town.root)
    assert f"BEFFROI_{name} vaut {value!r} ; {said}." == str(found.value)


@pytest.mark.parametrize(
    "place", ["content", "content/.base", "theme", "output/var", ".git/var", ".", "../bourg-é", ""]
)
def test_the_machine_takes_no_other_place(town: Town, place: str) -> None:
    """The base and the keys are neither among what citizens read nor among what editors write."""
    (town.root / "theme").mkdir()
    (town.root / "beffroi.env").write_text(f"BEFFROI_VAR={place}\n", encoding="utf-8")
    said = refused(town, f"THEME = {str(town.root / 'theme')!r}")
    assert f"BEFFROI_VAR vaut {place!r}, un dossier où il y a autre chose que la base, les clés" in said


@pytest.mark.parametrize("place", ["var", "/var/lib/beffroi", "donnees/var", ".."])
def test_the_machine_takes_another_place(town: Town, place: str) -> None:
    """Beside the content, above it, or elsewhere on the machine."""
    (town.root / "beffroi.env").write_text(f"BEFFROI_VAR={place}\n", encoding="utf-8")
    read_site(town.root / "publishconf.py")
    assert town.root / place == read_service(town.root).var


def test_a_name_that_is_no_setting(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment or in its file: where it is, which one was meant, where all of them are."""
    for name in ("BEFFROI_VAR", "beffroi_workers", "BEFFROI_KEEP_RELEASE", "BEFFROI_COULEUR", "AUTRE"):
        monkeypatch.setenv(name, "3")
    lines = "# BEFFROI_X=1\nexport BEFFROI_PUSH_WORKER=3\nSITEURL=x\nBEFFROI_LIVE = x\nBEFROI_VARS=x\nBEFFROI_seul\n"
    (town.root / "beffroi.env").write_bytes(lines.encode() + b"\xe9=\n")
    none, all_ = "n’est pas un réglage, et reste sans effet", "tous sont dans docs/reference/settings.md"
    assert [
        f"beffroi.env : BEFFROI_PUSH_WORKER {none} ; sans doute BEFFROI_PUSH_WORKERS ({all_}).",
        f"beffroi.env : BEFROI_VARS {none} ; sans doute BEFFROI_VAR ({all_}).",
        f"environnement : BEFFROI_COULEUR {none} ; {all_}.",
        f"environnement : BEFFROI_KEEP_RELEASE {none} ; sans doute BEFFROI_KEEP_RELEASES ({all_}).",
    ] == sorted(mistyped(town.root))


def test_a_wrong_name_is_said_once(town: Town) -> None:
    """By a task, on the standard error, whatever that task does; it is no failure."""
    done = town.invoke("publish", "--yes", env={"BEFFROI_KEEP_RELEASE": "3"})
    assert (0, 1, 0) == (done.returncode, done.stderr.count("BEFFROI_KEEP_RELEASE "), done.stdout.count("BEFFROI_"))
    assert "BEFFROI_" not in town.invoke("publish", "--yes").stderr
