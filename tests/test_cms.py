"""The editors' form without a browser: what it saves, what it refuses, whom it answers, and its configuration."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beffroi.check.card import card_of
from beffroi.cms.app import make_app
from beffroi.cms.config import config
from beffroi.cms.desk import Desk, Refused
from beffroi.cms.exported import export
from beffroi.cms.save import rewritten
from beffroi.errors import BeffroiError
from beffroi.schema import written
from beffroi.settings import read_site
from tests import strategies as s
from tests.api.client import Client as Form
from tests.test_check import SITES
from tests.test_publish import PIXEL
from tests.town import Town

SITE = read_site(SITES / "tout-va-bien" / "publishconf.py")
RAW = "---\ntitle: Fête\ndate: '2026-05-01'\nsummary: ''\nimage:\n  src: ''\n---\nLe texte.\n"


@pytest.fixture
def desk(town: Town) -> Desk:
    """The desk of a town without repository."""
    return Desk(read_site(town.root / "publishconf.py"), town.root / "var" / "cache" / "check")


def save(desk: Desk, raw: str, path: str = "content/actualites/fete.md", **more: Any) -> Any:
    """What the form sends."""
    files = [{"path": path, "slug": "fete", "raw": raw}]
    return desk.answer({"action": "persistEntry", "params": {"dataFiles": files, "assets": [], "options": {}, **more}})


def test_what_is_saved_is_as_by_hand() -> None:
    """Fields in the order of the reference, quotes only where YAML asks for them, nothing empty."""
    raw = (
        "---\ndate: 2026-05-04 09:30\ntitle: 'Crue : évitez les berges'\ntags:\n  - eau\n  - à suivre\nsummary: ''\n"
        "image:\n  src: /images/pont.jpg\n  alt: Le pont\n  credit: ''\nlocation:\n  lat: '45.2'\n  lon: 5.8\n"
        "sources:\n  - title: Météo\n    url: 'https://meteo.example/'\nsources_: []\npush: 'no'\n---\n\n\nLe texte.\n\n"
    )
    assert (
        '---\ntitle: "Crue : évitez les berges"\ndate: 2026-05-04 09:30\ntags: [eau, à suivre]\nimage:\n  src: pont.jpg\n'
        "  alt: Le pont\npush: no\nlocation:\n  lat: 45.2\n  lon: 5.8\nsources:\n  - title: Météo\n"
        '    url: "https://meteo.example/"\n---\n\nLe texte.\n'
    ) == rewritten(raw)


@pytest.mark.parametrize("words", ["Marché --- Noël", "--- Noël", "Noël ---"])
def test_dashes_are_words(words: str) -> None:
    """Three dashes end the header where they stand alone on a line, and nowhere else."""
    raw = f"---\ndate: 2026-05-01\ntitle: {json.dumps(words, ensure_ascii=False)}\n---\nLe texte.\n\n---\n\nSuite."
    header, body = rewritten(raw).removeprefix("---\n").split("\n---\n\n", 1)
    assert {"title": words, "date": "2026-05-01"} == yaml.load(header, Loader=yaml.BaseLoader)
    assert "Le texte.\n\n---\n\nSuite.\n" == body


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
@given(s.fronts(), st.sampled_from(("Texte.", "## Titre\n\n---\n\nSuite.", "")))
def test_nothing_is_lost_in_saving(front: dict[str, Any], body: str) -> None:
    """Whatever valid header the form sends, what is saved reads the same, and `check` accepts it as before."""
    raw = f"---\n{yaml.dump(front, allow_unicode=True)}---\n{body}"
    text = rewritten(raw)
    header = text.split("---\n")[1]
    kept = {key: value for key, value in front.items() if value not in ("", [])}
    assert _stripped(kept) == yaml.load(header, Loader=yaml.BaseLoader)
    name, site = "actualites/a.md", s_site()
    before = card_of(site, name, "a.md", raw.encode())
    assert before.ok == card_of(site, name, "a.md", text.encode()).ok
    assert text == rewritten(text)


def _stripped(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _stripped(inner) for key, inner in value.items()}
    return [_stripped(inner) for inner in value] if isinstance(value, list) else value.strip()


def s_site() -> Any:
    """The sample site with the areas of the strategies."""
    from beffroi.settings import Site

    return Site(**{**{name: getattr(SITE, name) for name in Site.__slots__}, "areas": s.AREAS})


def test_a_faulty_file_is_not_saved(desk: Desk) -> None:
    """The form shows every sentence of `check`; the file is as before, and a new one is not there."""
    with pytest.raises(Refused) as refused:
        save(desk, "---\ntitle: Fête\ndate: 3 juin 2026\n---\n[a](rien.md)\n")
    assert ["« date » vaut « 3 juin 2026 » ; écrivez « 2026-06-03 »."] == [
        line.replace("\u202f", " ").replace("\u00a0", " ") for line in str(refused.value).splitlines()
    ]
    assert not (desk.site.content / "actualites/fete.md").exists()
    save(desk, RAW)
    with pytest.raises(Refused, match="Lien mort"):
        save(desk, RAW + "[a](rien.md)")
    assert "---\ntitle: Fête\ndate: 2026-05-01\n---\n\nLe texte.\n" == (
        desk.site.content / "actualites/fete.md"
    ).read_text("utf-8")


def test_an_image_comes_with_its_entry(desk: Desk) -> None:
    """An image dropped in the form lies in content/images before the entry is checked; refused, it is gone too."""
    raw = "---\ntitle: Fête\ndate: 2026-05-01\nimage:\n  src: /images/p.png\n  alt: {}\n---\nTexte.\n"
    asset = {
        "path": "content/images/p.png",
        "content": base64.b64encode(bytes.fromhex(PIXEL)).decode(),
        "encoding": "base64",
    }
    with pytest.raises(Refused, match="pas de description"):
        save(desk, raw.format("''"), assets=[asset])
    assert not (desk.site.content / "images/p.png").exists()
    save(desk, raw.format("Un point"), assets=[asset])
    media = desk.answer({"action": "getMedia", "params": {"mediaFolder": "content/images"}})
    assert [("content/images/p.png", asset["content"])] == [(one["path"], one["content"]) for one in media]


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "content/../pelicanconf.py", "var/x.md", "content/.schema/a.md", "tasks.py"]
)
def test_nothing_outside_the_content(desk: Desk, path: str) -> None:
    """The form neither reads nor writes anything but content, whatever path it is made to ask for."""
    for action, params in (
        ("getEntry", {"path": path}),
        ("deleteFiles", {"paths": [path]}),
        ("persistEntry", {"dataFiles": [{"path": path, "raw": RAW}]}),
        ("persistMedia", {"asset": {"path": path, "content": "", "encoding": "base64"}}),
    ):
        with pytest.raises(Refused, match="n’est pas dans le dossier des contenus"):
            desk.answer({"action": action, "params": params})


def test_only_the_files_of_the_form_are_committed(town: Town) -> None:
    """What else is staged or changed stays as it is; a deleted entry is a commit too."""
    for words in (("init", "-q"), ("add", "-A"), ("-c", "user.name=a", "-c", "user.email=a@a", "commit", "-qm", "Un")):
        subprocess.run(["git", *words], cwd=town.root, check=True)
    town.write("actualites/autre", "title: Autre\ndate: 2026-05-01")
    subprocess.run(["git", "add", "-A"], cwd=town.root, check=True)
    desk = Desk(read_site(town.root / "publishconf.py"), town.root / "var/cache/check")
    save(desk, RAW, options={"commitMessage": "Ajouter fete"})
    desk.answer({"action": "deleteFiles", "params": {"paths": ["content/actualites/fete.md"], "options": {}}})
    log = subprocess.run(
        ["git", "log", "--format=%s", "--name-status"], cwd=town.root, check=True, capture_output=True, text=True
    )
    assert "A\tcontent/actualites/fete.md" in log.stdout
    assert "D\tcontent/actualites/fete.md" in log.stdout
    assert "autre.md" not in log.stdout


def test_a_hook_that_refuses(town: Town) -> None:
    """Where git refuses the commit, the form says so, and nothing of it stays, neither on the disk nor staged."""
    git = ["git", "-c", "user.name=M", "-c", "user.email=m@essai.example", "-C", str(town.root)]
    for words in (["init", "-q"], ["add", "content"], ["commit", "-q", "-m", "Un"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    hook = town.root / ".git/hooks/pre-commit"
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    hook.chmod(0o755)
    desk = Desk(read_site(town.root / "publishconf.py"), town.root / "var/cache/check")
    with pytest.raises(BeffroiError, match="git commit a échoué"):
        save(desk, RAW)
    left = subprocess.run([*git, "status", "--porcelain", "content"], check=True, capture_output=True, text=True).stdout
    assert "" == left


def test_a_folder_is_listed(desk: Desk) -> None:
    """The entries of a category, those of its subfolders too, each with its text; a folder that does not exist yet is
    empty."""
    (desk.site.content / "actualites/2025").mkdir()
    (desk.site.content / "actualites/2025/ancien.md").write_text("---\ntitle: Ancien\n---\n", "utf-8")
    asked = {"folder": "content/actualites", "extension": "md", "depth": 1}
    found = desk.answer({"action": "entriesByFolder", "params": asked})
    assert ["content/actualites/2025/ancien.md", "content/actualites/bienvenue.md"] == [
        one["file"]["path"] for one in found
    ]
    assert [] == desk.answer({"action": "entriesByFolder", "params": {**asked, "folder": "content/agenda"}})
    with pytest.raises(Refused, match="ne sait pas faire cela"):
        desk.answer({"action": "publishUnpublishedEntry", "params": {}})
    with pytest.raises(Refused, match="Demande incomplète"):
        desk.answer({"action": "getEntry", "params": {}})


def test_no_other_site_may_ask(town: Town, tmp_path: Path) -> None:
    """A page of another origin, or a foreign name that leads to this machine, is refused; our own page is answered."""
    site = read_site(town.root / "publishconf.py")
    client = Form.__new__(Form)
    client.app = make_app(site, tmp_path, tmp_path / "cache")
    info, here = b'{"action": "info", "params": {}}', {"Host": "localhost:8001"}
    assert 200 == client.ask("POST", "/api", info, {**here, "Origin": "http://localhost:8001"}).status
    assert 403 == client.ask("POST", "/api", info, {**here, "Origin": "https://ailleurs.example"}).status
    assert 403 == client.ask("POST", "/api", info, {"Host": "ailleurs.example"}).status
    assert 403 == client.ask("GET", "/admin/config.json", headers={"Host": "ailleurs.example"}).status
    assert 400 == client.ask("POST", "/api", b"rien", here).status
    assert "default-src 'self'" in client.ask("GET", "/admin/", headers=here).headers["content-security-policy"]


def test_the_form_has_every_field() -> None:
    """A field of the models has an input in the form of alerts, with its label and its hint; no name of YAML shows."""
    made = config(SITE, {"name": "proxy"})
    assert ["alertes", "actualites", "agenda", "patrimoine", "pages"] == [one["name"] for one in made["collections"]]
    fields = {field["name"]: field for field in made["collections"][0]["fields"]}
    assert {*written.Written.model_fields, "body"} == set(fields)
    for name, field in fields.items():
        assert field["label"] and "`" not in field["hint"], name
    assert ["Le Bourg", "Les Granges"] == [option["label"] for option in fields["areas"]["options"]]
    assert fields["title"]["required"] and not fields["summary"]["required"]
    assert "severity" not in {field["name"] for field in made["collections"][1]["fields"]}


def test_export_keeps_the_back_end(tmp_path: Path) -> None:
    """The form written for a web server keeps the forge that the commune chose; all its files are there."""
    built = tmp_path / "dist"
    built.mkdir()
    (built / "decap-cms.js").write_text("", "utf-8")
    folder = export(SITE, tmp_path / "admin", built)
    place = folder / "config.json"
    place.write_text(place.read_text("utf-8").replace('"gitlab"', '"forgejo"'), "utf-8")
    export(SITE, folder, built)
    assert '"name": "forgejo"' in place.read_text("utf-8")
    assert {"index.html", "form.js", "manual.js", "config.json", "decap"} == {path.name for path in folder.iterdir()}


def test_a_form_that_is_not_installed(town: Town) -> None:
    """Without Decap's files, `invoke cms` tells the command that brings them, and nothing else."""
    done = town.invoke("cms")
    said = "Le formulaire (Decap CMS) n’est pas installé ; lancez une fois : npm ci --ignore-scripts\n"
    assert (1, "", said) == (done.returncode, done.stdout, done.stderr)


def test_the_form_is_the_one_that_was_reviewed() -> None:
    """What the models make of the form stands in tests/cms.json: whoever changes a model sees what editors will see.
    `python -m tests.test_cms` writes it anew."""
    assert COPY.read_text("utf-8") == form()


COPY = Path(__file__).with_name("cms.json")


def form() -> str:
    """The form's configuration for the sample commune."""
    return json.dumps(config(SITE, {"name": "proxy"}), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    COPY.write_text(form(), "utf-8")
