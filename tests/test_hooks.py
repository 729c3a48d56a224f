"""`check` on what git knows: staged files, changed files, the hook, the forges' templates; each with a real git."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
import yaml

from beffroi.check.run import run
from beffroi.errors import BeffroiError
from beffroi.hooks import install
from beffroi.settings import read_site
from tests.town import REPO, Town

BAD = "title: Bon\ndate: 3 juin 2026"
SENTENCE = "« date » vaut « 3 juin 2026 » ; écrivez « 2026-06-03 »."
FORGES = sorted((REPO / "deploy" / "forge").rglob("*.yml"))


class Clone:
    """A town in a subfolder of a repository, with an accent in its path, and its editor."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.town = Town(top / "été")
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.name", "Mairie")
        self.git("config", "user.email", "mairie@essai.example")
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "Départ")

    def git(self, *words: str, at: Path | None = None) -> subprocess.CompletedProcess[str]:
        """One git command, as a shell of the editor would run it."""
        env = self.town.environment({"LC_ALL": "C.UTF-8"})
        return subprocess.run(["git", *words], cwd=at or self.top, env=env, capture_output=True, text=True, check=False)

    def told(self, **how: str | bool) -> list[str]:
        """What `check` says, spaces made plain."""
        site = read_site(self.town.root / "publishconf.py")
        faults, _ = run(site, self.town.root / "var", **how)  # type: ignore[arg-type]
        return [plain(str(fault)) for fault in faults]


def plain(text: str) -> str:
    """Ordinary spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """One repository with one commit."""
    return Clone(tmp_path / "dépôt")


def test_the_hook_refuses_a_faulty_commit_and_lets_a_good_one_pass(clone: Clone) -> None:
    """The refusal carries the sentence of `check`; nothing is committed. From any folder, whatever the file's name."""
    assert 0 == clone.town.invoke("hooks").returncode
    path = clone.town.write("actualites/fête d’été", BAD)
    clone.git("add", "-A")
    refused = clone.git("commit", "-m", "Fête", at=path.parent)
    assert 1 == refused.returncode
    assert f"content/actualites/fête d’été.md:3: {SENTENCE}" in plain(refused.stderr)
    assert "Départ\n" == clone.git("log", "--format=%s").stdout
    clone.town.write("actualites/fête d’été", "title: Bon\ndate: 2026-06-03")
    clone.git("add", "-A")
    passed = clone.git("commit", "-m", "Fête", at=path.parent)
    assert 0 == passed.returncode, passed.stderr
    assert "Fête\nDépart\n" == clone.git("log", "--format=%s").stdout


def test_the_hook_reads_the_index_of_the_commit_under_way(clone: Clone) -> None:
    """`git commit -a` and `git commit FILE` use an index of their own: it is the one that is checked."""
    clone.town.invoke("hooks")
    path = clone.town.write("actualites/bienvenue", BAD)
    for words in (("-am", "Un"), ("-m", "Un", "--", str(path))):
        assert SENTENCE in plain(clone.git("commit", *words).stderr)
    other = clone.town.write("actualites/autre", "title: Autre\ndate: 2026-05-01")
    clone.git("add", str(other))
    assert 0 == clone.git("commit", "-m", "Autre", "--", str(other)).returncode


def test_the_staged_bytes_count_not_those_on_disk(clone: Clone) -> None:
    """A fault that is staged is told though the file was mended since; one that is not staged is not."""
    clone.town.write("actualites/a", BAD)
    clone.git("add", "-A")
    clone.town.write("actualites/a", "title: Bon\ndate: 2026-06-03")
    assert [f"content/actualites/a.md:3: {SENTENCE}"] == clone.told(staged=True)
    clone.git("add", "-A")
    clone.town.write("actualites/a", BAD)
    assert [] == clone.told(staged=True)


def test_what_is_staged_stands_among_what_the_commit_holds(clone: Clone) -> None:
    """A link to a file, or an image, that is not staged is dead in the commit; a link that a deletion breaks is told."""
    clone.town.write("actualites/b", "title: B\ndate: 2026-05-01")
    clone.town.write("actualites/a", "title: A\ndate: 2026-05-01", "[b](b.md)")
    clone.git("add", "été/content/actualites/a.md")
    dead = "content/actualites/a.md:6: Lien mort : « b.md » n’existe pas ; "
    assert [dead + "corrigez l’adresse."] == clone.told(staged=True)
    clone.git("add", "-A")
    assert [] == clone.told(staged=True)
    clone.git("commit", "-q", "-m", "Deux")
    clone.git("rm", "-q", "--cached", "été/content/actualites/b.md")
    assert [dead + "corrigez l’adresse."] == clone.told(staged=True)


def test_only_what_changed(clone: Clone) -> None:
    """Old faults are left aside; new ones are told, committed on the branch or not, in new files too."""
    clone.town.write("actualites/vieux", BAD)
    clone.git("add", "-A")
    clone.git("commit", "-q", "--no-verify", "-m", "Vieux")
    assert [] == clone.told(changed="HEAD")
    clone.git("checkout", "-q", "-b", "branche")
    clone.town.write("actualites/a", BAD)
    clone.git("add", "-A")
    clone.git("commit", "-q", "-m", "A")
    clone.town.write("actualites/b", BAD)
    assert [f"content/actualites/b.md:3: {SENTENCE}"] == clone.told(changed="HEAD")
    assert [f"content/actualites/{name}.md:3: {SENTENCE}" for name in "ab"] == clone.told(changed="main")
    with pytest.raises(BeffroiError, match="Révision inconnue : « rien »"):
        clone.told(changed="rien")


def test_no_repository(town: Town) -> None:
    """Outside git, what asks for git is told in a sentence."""
    site = read_site(town.root / "publishconf.py")
    with pytest.raises(BeffroiError, match="n’est pas dans un dépôt git ; lancez le contrôle sans"):
        run(site, town.root / "var", staged=True)
    with pytest.raises(BeffroiError, match="commencez par « git init »"):
        install(site.root, site.content)


def test_another_hook_is_left_alone(clone: Clone) -> None:
    """The hook of somebody else keeps every byte; the line to add is told. Our own is renewed."""
    site = read_site(clone.town.root / "publishconf.py")
    place = install(site.root, site.content)
    assert place == install(site.root, site.content)
    place.write_text("#!/bin/sh\ntrue\n", "utf-8")
    with pytest.raises(BeffroiError, match="ajoutez-y la ligne : python3 tasks.py check --staged"):
        install(site.root, site.content)
    assert "#!/bin/sh\ntrue\n" == place.read_text("utf-8")


def test_forms_of_the_report(clone: Clone) -> None:
    """The same faults for a program and for each forge, and the same exit status."""
    clone.town.write("actualites/a", BAD)
    told = {form: clone.town.invoke("check", "--format", form) for form in ("json", "github", "gitlab")}
    assert {1} == {done.returncode for done in told.values()}
    whole = json.loads(told["json"].stdout)
    assert (2, 1, 0, 3, "error") == (
        *(whole[key] for key in ("files", "errors", "warnings")),
        whole["faults"][0]["line"],
        whole["faults"][0]["level"],
    )
    assert f"::error file=content/actualites/a.md,line=3,title=Contrôle::{SENTENCE}" in plain(told["github"].stdout)
    issue = json.loads(told["gitlab"].stdout)[0]
    assert {"description", "check_name", "fingerprint", "severity", "location"} == set(issue)
    assert {"path": "content/actualites/a.md", "lines": {"begin": 3}} == issue["location"]
    unknown = clone.town.invoke("check", "--format", "pdf")
    assert "Forme inconnue : « pdf »" in plain(unknown.stderr)


@pytest.mark.parametrize("path", FORGES, ids=lambda path: path.parent.name)
def test_forge_templates(clone: Clone, path: Path) -> None:
    """Each template is YAML, and each command of `check` in it tells the fault of the branch in its form."""
    clone.git("update-ref", "refs/remotes/origin/main", "HEAD")
    clone.town.write("actualites/a", BAD)
    yaml.safe_load(path.read_text("utf-8"))
    commands = [
        line.partition("python3 tasks.py ")[2] for line in path.read_text("utf-8").splitlines() if "tasks.py" in line
    ]
    assert 2 == len(commands)
    for command in commands:
        words = shlex.split(command.partition(" >")[0].replace("${{ github.base_ref }}", "main"))
        done = clone.town.invoke(*words)
        assert (1, True) == (done.returncode, "content/actualites/a.md" in done.stdout), done.stderr


def test_gits_own_variables_do_not_mislead(clone: Clone, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within another repository's hook, its variables are in the environment: ours is looked at all the same."""
    monkeypatch.setenv("GIT_DIR", os.devnull)
    clone.town.write("actualites/a", BAD)
    assert 1 == len(clone.told(changed="HEAD"))
