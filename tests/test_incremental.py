"""Whatever happens between two builds, the second one leaves the bytes that a clean build leaves."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from PIL import Image

from beffroi import content, forks
from beffroi.check import examine
from beffroi.memo import Damaged, Memo, stamps
from beffroi.memo.key import key_of
from beffroi.settings import read_site
from beffroi.site import build as building
from beffroi.site.build import Build
from tests.test_publish import tree
from tests.town import AT, REPO, Town

NAMES = [f"{folder}/{name}" for folder in ("actualites", "agenda", "alertes", "patrimoine") for name in "abc"]
NAMES += ["patrimoine/a.en", "actualites/b.en"]
NAMES += ["patrimoine/a.en", "patrimoine/b.es", "actualites/b.en"]
PAGES = ["pages/contact", "pages/eau"]
DATES = ["2026-04-01", "2026-05-03 10:00", "2026-05-04 11:30", "2026-05-05", "2024-01-01"]
TAGS = ["[]", "[eau]", "[eau, école]", "[école]"]
MORE = ["", "updated: 2026-05-06", "start: 2026-05-04 12:00", "end: 2026-05-04 11:20", "status: draft", "lang: en",
        "summary: Un résumé.", "image:\n  src: a.png\n  alt: Vue", "severity: Severe", "severity: Minor",
        "event:\n  start: 2026-05-05 18:00\n  place: Salle", "panel: Attention",
        "status: withdrawn\nreason: Fini.\nupdated: 2026-05-06", "aliases: [/vieux/, /actualites/c/, /alertes/]"]  # fmt: skip
BODIES = ["Du texte.", "Autre *texte* plus long. " * 20, "Lire [ceci](../actualites/a.md) et [cela](../agenda/b.md#x).",
          "![Vue](../images/a.png)", "[Fichier](../images/b.txt)", "[Page](/contact/)", "## Titre\n\n|a|b|\n|-|-|\n|1|2|"]  # fmt: skip
names, bodies, tags = st.sampled_from(NAMES), st.sampled_from(BODIES), st.sampled_from(TAGS)
SETTINGS = [
    'SITENAME = "Bourg"', 'SITENAME = "Ville"', 'NOTICE = "Essai"', 'FOOTER = ["eau", "contact"]', 'TIMEZONE = "America/Cayenne"',
    'CATEGORIES["agenda"]["name"] = "Sorties"', 'CATEGORIES["patrimoine"]["kind"] = "news"', 'AREAS["bas"] = "Bas-Bourg"',
    'CATEGORIES = dict(reversed(CATEGORIES.items()))', 'LANGUAGES = {"en": "English"}', 'WORDS = {"en": {"Agenda": "Events"}}',
    'SITEURL = "http://localhost:8000/ville"', 'PUBLISHER = {**PUBLISHER, "address": "Ici"}', 'ALL_ARTICLES = True',
]  # fmt: skip
CLOCK = {"GIT_AUTHOR_DATE": AT.isoformat(), "GIT_COMMITTER_DATE": AT.isoformat()}
THEME = ("article.html", "base.html", "bandeau.html", "category.html", "page.html", "macros.html")


def front(title: str, date: str, tags: str, more: str) -> str:
    """A header."""
    return f"title: {title}\ndate: {date}\ntags: {tags}\n{more}".rstrip()


class Incremental(RuleBasedStateMachine):
    """An editor, a webmaster, a clock and some accidents, against two builders: one remembers, the other does not."""

    def __init__(self) -> None:
        super().__init__()
        self.fresh, stamps.FRESH = stamps.FRESH, 20_000_000  # what was known is taken for granted at every step
        self.kept = TemporaryDirectory()
        self.folder = Path(self.kept.name)
        shutil.copytree(REPO / "theme", self.folder / "theme", ignore=shutil.ignore_patterns("*.png"))
        shutil.copytree(REPO / "theme/static/icons", self.folder / "theme/static/icons", dirs_exist_ok=True)
        self.town = Town(self.folder / "ville", theme=self.folder / "theme")
        with (self.town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
            file.write('\nLANGUAGES = {"en": "English", "es": "Español"}\n')
        self.at, self.count = AT, 0
        (self.town.root / "content" / "images").mkdir()
        self.picture(0)
        (self.town.root / "content/images/b.txt").write_text("B", encoding="utf-8")
        self.town.write("pages/contact", "title: Contact", "Écrire à la mairie.")
        for number in range(30):
            self.town.write(f"patrimoine/vieux-{number}", f"title: Vieux {number}\ndate: 2025-01-{number + 1:02}")

    def teardown(self) -> None:
        """Leave nothing."""
        stamps.FRESH = self.fresh
        forks.asked = 0
        self.kept.cleanup()

    @initialize()
    def start(self) -> None:
        """A town with two items and its first build."""
        self.town.write("actualites/a", front("Eau", "2026-04-01", "[eau]", ""), "Voir [b](../agenda/b.md).")
        self.town.write("agenda/b", front("Fête", "2026-04-02", "[eau]", "event:\n  start: 2026-05-06"))

    @rule(name=names, date=st.sampled_from(DATES), tags=tags, more=st.sampled_from(MORE), body=bodies)
    def write(self, name: str, date: str, tags: str, more: str, body: str) -> None:
        """A new file, or other words in one that exists: text, date, tags, embargo, image, severity."""
        self.count += 1
        self.town.write(name, front(f"Titre {self.count % 3}", date, tags, more), body)

    @rule(name=names, body=bodies)
    def edit(self, name: str, body: str) -> None:
        """Another text under the same header."""
        path = self.path(name)
        if path.exists():
            head, _, _ = path.read_text(encoding="utf-8").rpartition("---\n")
            path.write_text(f"{head}---\n\n{body}\n", encoding="utf-8")

    @rule(name=names)
    def delete(self, name: str) -> None:
        """A file is gone, links to it or not."""
        self.path(name).unlink(missing_ok=True)

    @rule(one=names, other=names)
    def rename(self, one: str, other: str) -> None:
        """A file under another name or in another folder."""
        if self.path(one).exists():
            self.path(other).parent.mkdir(exist_ok=True)
            self.path(one).rename(self.path(other))

    @rule()
    def commit(self) -> None:
        """What was renamed or deleted is now in git's history: former addresses come from there."""
        who = ["-c", "user.name=Mairie", "-c", "user.email=mairie@bourg.example", "-c", "init.defaultBranch=main"]
        for words in (["init", "-q"], ["add", "-A", "content"], ["commit", "-q", "--allow-empty", "-m", "Écrire"]):
            subprocess.run(["git", *who, *words], cwd=self.town.root, env=self.town.environment(CLOCK), check=True)

    @rule(name=st.sampled_from(PAGES), body=bodies)
    def page(self, name: str, body: str) -> None:
        """A lasting page."""
        self.town.write(name, f"title: {name[-3:].upper()}", body)

    @rule(minutes=st.sampled_from([-60, 30, 60, 24 * 60]))
    def later(self, minutes: int) -> None:
        """The instant moves: embargoes pass, alerts end."""
        self.at += timedelta(minutes=minutes)

    @rule(color=st.integers(0, 2))
    def picture(self, color: int) -> None:
        """The image is replaced."""
        Image.new("RGB", (8, 8), (color, 0, 0)).save(self.town.root / "content/images/a.png")

    @rule(name=st.sampled_from(THEME), word=st.sampled_from("xyz"))
    def theme(self, name: str, word: str) -> None:
        """A template changes."""
        path = self.folder / "theme/templates" / name
        kept = path.read_text(encoding="utf-8").partition("{# + #}")[0]
        path.write_text(f"{kept}{{# + #}}{word}", encoding="utf-8")

    @rule(word=st.sampled_from(["Home", "Start"]), code=st.sampled_from(["en", "es"]))
    def words(self, word: str, code: str) -> None:
        """A catalogue changes, or one is there now."""
        path = self.folder / "theme/languages" / f"{code}.toml"
        path.write_text(f'[words]\n"Accueil" = "{word}"\n', encoding="utf-8")

    @rule(word=st.sampled_from("xyz"))
    def style(self, word: str) -> None:
        """A style sheet changes: its address does, on every page."""
        path = self.folder / "theme/static/css/print.css"
        path.write_text(f"/* {word} */", encoding="utf-8")

    @rule(line=st.sampled_from(SETTINGS))
    def settings(self, line: str) -> None:
        """A setting changes."""
        with (self.town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
            file.write(f"\n{line}\n")

    @rule(one=names, other=names)
    def swap(self, one: str, other: str) -> None:
        """Two files exchange their words, and each keeps its time."""
        paths = [self.path(one), self.path(other)]
        if one != other and all(path.exists() for path in paths):
            kept = [(path.read_bytes(), path.stat()) for path in paths]
            for path, (data, _), (_, at) in zip(paths, reversed(kept), kept, strict=True):
                path.write_bytes(data)
                os.utime(path, ns=(at.st_atime_ns, at.st_mtime_ns))

    @rule(count=st.integers(1, 2))
    def workers(self, count: int) -> None:
        """One process makes the pages from now on, or two."""
        forks.asked = count

    @rule(where=st.sampled_from(["output", "var/twin", "var/cache/check", "var/cache/images"]))
    def lost(self, where: str) -> None:
        """A whole folder of what was made is gone."""
        path = self.town.root / where
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    @rule(data=st.data(), how=st.sampled_from(["write", "remove", "stray", "folder", "link"]))
    def tamper(self, data: st.DataObject, how: str) -> None:
        """Somebody writes into output/."""
        files = sorted(p for p in self.town.output.rglob("*") if p.is_file())
        if not files:
            return
        path = data.draw(st.sampled_from(files))
        if how == "write":
            path.write_bytes(b"autre chose")
        elif how == "stray":
            (path.parent / "intrus.html").write_bytes(b"intrus")
        else:
            path.unlink()
        if how == "folder":
            path.mkdir()
        if how == "link":
            path.symlink_to("/dev/null")

    @rule(data=st.data(), how=st.sampled_from(["cut", "flip", "remove"]))
    def damage(self, data: st.DataObject, how: str) -> None:
        """The memory of the builds is cut, changed or gone."""
        files = sorted((self.town.root / "var/cache").glob("*.bin"))
        if not files:
            return
        path = data.draw(st.sampled_from(files))
        if how == "remove":
            path.unlink()
            return
        content = bytearray(path.read_bytes())
        at = data.draw(st.integers(0, max(0, len(content) - 1)))
        path.write_bytes(content[:at] if how == "cut" else bytes(content[:at]) + b"?" + bytes(content[at + 1 :]))

    @rule(step=st.sampled_from(["_refill", "_advance", "_finish"]))
    def killed(self, step: str) -> None:
        """A build dies half-way; what stands at output/ stays whole."""
        before = tree(self.town.output) if self.town.output.exists() else {}
        build = self.builder(self.town.root / "var", self.town.output)
        if build is None:
            return

        def die(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        setattr(build, step, die)
        try:
            build.run(lambda *_: None)
        except KeyboardInterrupt:
            assert before == (tree(self.town.output) if self.town.output.exists() else {})

    @rule(kept=st.booleans())
    def ahead(self, kept: bool) -> None:
        """An alert goes ahead of its banner, if one begins, and what was to bring that to the other pages never comes."""
        build = self.builder(self.town.root / "var", self.town.output)
        if build is None:
            return
        awaited, building.AWAIT = building.AWAIT, 0
        try:
            build.run(lambda *_: None, hurry=0, ahead=True)
        except Damaged:
            build.tree.memo.forget()
        else:
            if kept:
                build.tree.memo.save()
        finally:
            building.AWAIT = awaited

    @invariant()
    def same(self) -> None:
        """The bytes of the one are those of the other."""
        build = self.builder(self.town.root / "var", self.town.output)
        if build is None:
            return
        try:
            build.run(lambda *_: None)
        except Damaged:  # as `publish` does: the same command, once more
            build.tree.memo.forget()
            self.same()
            return
        clean = self.folder / "clean"
        shutil.rmtree(clean, ignore_errors=True)
        anew = self.builder(clean / "var", clean / "output")
        assert anew is not None
        anew.run(lambda *_: None)
        one, other = tree(self.town.output), tree(clean / "output")
        assert set() == {name for name in one.keys() | other.keys() if one.get(name) != other.get(name)}

    def builder(self, var: Path, place: Path) -> Build | None:
        """A build of the town as it stands; `None` where a file is faulty: `check` stops before."""
        site = read_site(self.town.root / "publishconf.py")
        memo = Memo.open(var / "cache", key_of(site.raw, ["beffroi.site"], str(site.root)))
        seen = None
        if place == self.town.output:  # as `publish` does: what `check` reads, the build need not read again
            checked = examine(site, cache=var / "cache" / "check", memo=memo, light=True)
            assert examine(site).faults == [fault for fault in checked.faults if "plus ancienne" not in fault.message]
            seen = checked.found
        read = content.read(site, memo=memo, found=seen)
        return None if read.faults else Build(read, self.at, place, var)

    def path(self, name: str) -> Path:
        """Where that content lies."""
        return self.town.root / "content" / f"{name}.md"


Incremental.TestCase.settings = settings(
    max_examples=int(os.environ.get("BEFFROI_EXAMPLES", "3")),
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
TestIncremental = Incremental.TestCase
