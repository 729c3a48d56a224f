"""Faulty files at publication: what stands in their place, and what goes out all the same."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from beffroi import content, held
from beffroi.check.files import Disk
from beffroi.errors import CheckFailed
from beffroi.held import Held, Standing
from beffroi.settings import read_site
from tests.test_publish import PIXEL, feed
from tests.town import AT, Town

SITES = Path(__file__).parent / "sites"
WRONG = sorted(p.parent.name for p in SITES.glob("*/expected.txt") if ": " in p.read_text("utf-8").splitlines()[0])
GOOD = "title: Bon\ndate: 2026-05-01"
BAD = "title: Bon\ndate: le 5 mai"
PNG = bytes.fromhex(PIXEL)


class Desk:
    """A town with editors who commit, and whose publications are recorded, without building anything."""

    def __init__(self, town: Town) -> None:
        self.town, self.root = town, town.root

    def git(self, *words: str) -> None:
        """One git command, by somebody."""
        who = ["-c", "user.name=Mairie", "-c", "user.email=mairie@essai.example", "-c", "init.defaultBranch=main"]
        subprocess.run(["git", *who, *words], cwd=self.root, check=True, capture_output=True)

    def commit(self) -> None:
        """All that is written becomes a commit."""
        if not (self.root / ".git").is_dir():
            self.git("init", "-q")
        self.git("add", "-A", "content")
        self.git("commit", "-q", "--allow-empty", "-m", "Contenu")

    def standing(self) -> Standing:
        """What may be published now; all of it can be read."""
        site = read_site(self.root / "publishconf.py")
        stood = held.standing(site, self.root / "var")
        assert () == content.read(site, stood.instead, stood.originals).faults
        return stood

    def publish(self) -> Standing:
        """What a publication keeps of what it accepted."""
        site, stood = read_site(self.root / "publishconf.py"), self.standing()
        held.record(site, self.root / "var", stood, AT)
        return stood

    def titles(self) -> dict[str, str]:
        """The titles that would be online, by id."""
        stood = self.standing()
        entries = content.read(stood.checked.site, stood.instead, stood.originals).entries
        return {key: entry.document.front.title for key, entry in entries.items()}


@pytest.fixture
def desk(town: Town) -> Desk:
    """One town without repository."""
    return Desk(town)


def test_the_latest_committed_version_that_passes_stands(desk: Desk) -> None:
    """Of four versions, two of them faulty, the third one is online although it was never published."""
    for title in ("Un", "Deux", '"Trois'):
        desk.town.write("actualites/a", f"title: {title}\ndate: 2026-05-01")
        desk.commit()
    desk.town.write("actualites/a", BAD)
    assert "Deux" == desk.titles()["actualites/a"]
    one = desk.standing().held[0]
    assert ("content/actualites/a.md", False, 40) == (one.source, one.same, len(one.mark))
    assert ["« date » vaut « le 5 mai » ; écrivez « AAAA-05-05 », où AAAA est l’année."] == [
        fault.message.replace("\u202f", " ").replace("\u00a0", " ") for fault in one.faults
    ]


def test_a_file_that_never_passed_is_held_back_whole(desk: Desk) -> None:
    """Committed or not, what was never good is not online, and all else is."""
    desk.town.write("actualites/a", BAD)
    desk.commit()
    desk.town.write("actualites/b", BAD)
    assert {"actualites/bienvenue": "Bienvenue"} == desk.titles()
    assert [None, None] == [one.when for one in desk.standing().held]


def test_without_git_the_last_accepted_version_stands(desk: Desk) -> None:
    """Where there is no repository, what the last publication accepted stays online, whatever the editor did since."""
    desk.town.write("actualites/a", GOOD)
    desk.publish()
    desk.town.write("actualites/a", BAD)
    desk.publish()
    assert "Bon" == desk.titles()["actualites/a"]
    desk.town.write("actualites/a", "title: [")
    assert "Bon" == desk.titles()["actualites/a"]


def test_what_was_accepted_without_a_commit_comes_before_older_commits(desk: Desk) -> None:
    """An alert edited and published in a hurry, then broken: its published words stay, not those of the last commit;
    a good commit made after that publication wins."""
    desk.town.write("actualites/a", "title: Un\ndate: 2026-05-01")
    desk.commit()
    desk.town.write("actualites/a", "title: Deux\ndate: 2026-05-01")
    desk.publish()
    desk.town.write("actualites/a", BAD)
    assert "Deux" == desk.titles()["actualites/a"]
    desk.town.write("actualites/a", "title: Trois\ndate: 2026-05-01")
    desk.commit()
    desk.town.write("actualites/a", BAD)
    assert "Trois" == desk.titles()["actualites/a"]


def test_a_mended_file_is_published_again(desk: Desk) -> None:
    """Once corrected, the file itself is online and nothing is told."""
    desk.town.write("actualites/a", BAD)
    desk.publish()
    desk.town.write("actualites/a", "title: Mieux\ndate: 2026-05-01")
    assert () == desk.publish().held
    assert "Mieux" == desk.titles()["actualites/a"]


def test_a_link_to_a_held_file_holds_nothing_back(desk: Desk) -> None:
    """A good alert that leads to a faulty file goes out: the link is no dead one."""
    desk.town.write(
        "alertes/crue", "title: Crue\ndate: 2026-05-04\nend: 2026-05-06", "Voir [a](../actualites/a.md#ici)."
    )
    desk.town.write("actualites/a", BAD)
    assert ["content/actualites/a.md"] == [one.source for one in desk.standing().held]


def test_an_alert_goes_out_without_a_link_of_another_kind(desk: Desk) -> None:
    """An address that no page may have costs an alert its link, and not its publication."""
    front = "title: Crue\ndate: 2026-05-04\nend: 2026-05-06"
    desk.town.write("alertes/crue", front, "[Un](callto:112), [deux](javascript:alert(3)), [trois](http://[).")
    assert [("content/alertes/crue.md", True)] == [(one.source, one.same) for one in desk.town.publish(AT).held]
    page = (desk.town.output / "alertes/crue/index.html").read_text(encoding="utf-8")
    assert "<p>Un, deux, trois.</p>" in page


def test_a_file_renamed_and_broken_at_once(desk: Desk) -> None:
    """What it said under its former name stands at its new one, and the former address leads there."""
    path = desk.town.write("actualites/a", GOOD, "Un texte assez long pour que git le reconnaisse. " * 5)
    desk.commit()
    path.rename(path.with_name("b.md"))
    desk.town.write("actualites/b", BAD, "Un texte assez long pour que git le reconnaisse. " * 5)
    desk.commit()
    assert [("content/actualites/b.md", True)] == [
        (one.source, one.when is not None) for one in desk.town.publish(AT).held
    ]
    assert "Bon" == desk.titles()["actualites/b"]
    assert "/actualites/b/" in (desk.town.output / "actualites/a/index.html").read_text(encoding="utf-8")


def test_a_target_that_was_deleted_unlinks_and_says_so(desk: Desk) -> None:
    """A published page whose link died because the other file went stays online, in its present words."""
    gone = desk.town.write("actualites/a", GOOD)
    desk.town.write("actualites/b", "title: B\ndate: 2026-05-01", "Voir [a](a.md).")
    desk.publish()
    gone.unlink()
    assert [("content/actualites/b.md", True)] == [(one.source, one.same) for one in desk.standing().held]
    assert {"actualites/b", "actualites/bienvenue"} == set(desk.titles())


def test_the_same_from_a_fresh_clone(desk: Desk) -> None:
    """Without memory of any publication, the commit in which the link was alive is enough."""
    gone = desk.town.write("actualites/a", GOOD)
    desk.town.write("actualites/b", "title: B\ndate: 2026-05-01", "Voir [a](a.md).")
    desk.commit()
    gone.unlink()
    desk.town.write("actualites/b", "title: Bis\ndate: 2026-05-01", "Voir [a](a.md).")
    assert "B" == desk.titles()["actualites/b"]


def test_a_dead_link_of_its_own_holds_the_file_back(desk: Desk) -> None:
    """What never existed makes the file faulty: its former version stands."""
    desk.town.write("actualites/a", GOOD)
    desk.commit()
    desk.town.write("actualites/a", "title: Autre\ndate: 2026-05-01", "Voir [rien](rien.md).")
    assert "Bon" == desk.titles()["actualites/a"]
    desk.commit()
    assert "Bon" == desk.titles()["actualites/a"]


def test_a_spoilt_image_comes_back_from_git(desk: Desk) -> None:
    """The image of a published item was overwritten by something else: its bytes of the last commit are used."""
    image = desk.root / "content/images/pont.png"
    image.parent.mkdir()
    image.write_bytes(PNG)
    desk.town.write("actualites/a", f"{GOOD}\nimage:\n  src: pont.png\n  alt: Un pont", "![Pont](../images/pont.png)")
    desk.commit()
    image.write_bytes(b"rien")
    stood = desk.standing()
    assert PNG == stood.originals[image].read_bytes()
    tree = content.read(stood.checked.site, stood.instead, stood.originals)
    entry = tree.entries["actualites/a"]
    assert stood.originals[image] == tree.image("pont.png") == content.resolve(tree, entry, "../images/pont.png").path


def test_a_lost_image_is_done_without(desk: Desk) -> None:
    """Without git the image of a published item cannot come back: the item stays, without it."""
    image = desk.root / "content/images/pont.png"
    image.parent.mkdir()
    image.write_bytes(PNG)
    desk.town.write("actualites/a", f"{GOOD}\nimage:\n  src: pont.png\n  alt: Un pont")
    desk.publish()
    image.unlink()
    stood = desk.standing()
    assert (True, {image: None}) == (stood.held[0].same, stood.originals)
    assert None is content.read(stood.checked.site, stood.instead, stood.originals).image("pont.png")


def test_a_newcomer_does_not_take_the_address_of_what_is_online(desk: Desk) -> None:
    """Two files, one address: the one that is online stays, even faulty, whatever the order of their names."""
    desk.town.write("actualites/fete", GOOD)
    desk.publish()
    desk.town.write("actualites/Fête", "title: Autre\ndate: 2026-05-01")
    assert "Bon" == desk.titles()["actualites/fete"]
    desk.town.write("actualites/fete", BAD)
    assert "Bon" == desk.titles()["actualites/fete"]
    assert ["content/actualites/Fête.md", "content/actualites/fete.md"] == [one.source for one in desk.standing().held]


def test_the_one_that_git_knows_keeps_its_address(desk: Desk) -> None:
    """On a fresh clone too, a file that is not committed yet takes no address."""
    desk.town.write("actualites/fete", GOOD)
    desk.commit()
    desk.town.write("actualites/Fête", "title: Autre\ndate: 2026-05-01")
    assert "Bon" == desk.titles()["actualites/fete"]


def test_a_setting_that_refuses_what_is_online_stops(desk: Desk) -> None:
    """An area taken out of the settings would empty the site: that is no fault of a file, nothing is published."""
    desk.town.write("actualites/a", f"{GOOD}\nareas: [bas]")
    desk.publish()
    conf = desk.root / "pelicanconf.py"
    conf.write_text(conf.read_text("utf-8").replace('"bas": "Le Bas", ', ""), encoding="utf-8")
    with pytest.raises(CheckFailed, match="revenez sur le réglage"):
        desk.standing()


def test_no_content_at_all_stops(desk: Desk) -> None:
    """An empty folder is a wrong PATH, not a commune without news."""
    shutil.rmtree(desk.root / "content")
    with pytest.raises(CheckFailed, match="aucun fichier Markdown"):
        desk.standing()


def test_a_repository_below_another_folder(desk: Desk) -> None:
    """The commune's folder may lie deep in a repository, with accents in its path and git's own variables around."""
    root = desk.root / "été" / "commune"
    deep = Desk(Town(root))
    deep.town.write("actualites/fête d’été", GOOD)
    desk.git("init", "-q")
    desk.git("add", "-A")
    desk.git("commit", "-q", "-m", "Contenu")
    deep.town.write("actualites/fête d’été", BAD)
    assert "Bon" == deep.titles()["actualites/fete-d-ete"]


def test_a_merge_is_looked_through(desk: Desk) -> None:
    """The good version came by a branch that was merged."""
    desk.town.write("actualites/a", BAD)
    desk.commit()
    desk.git("checkout", "-q", "-b", "autre")
    desk.town.write("actualites/a", GOOD)
    desk.commit()
    desk.git("checkout", "-q", "main")
    desk.git("merge", "-q", "--no-ff", "-m", "Fusion", "autre")
    desk.town.write("actualites/a", "title:")
    assert "Bon" == desk.titles()["actualites/a"]


@pytest.mark.parametrize("name", WRONG)
def test_sample_sites(name: str, tmp_path: Path) -> None:
    """Of each sample site, the faulty file is never published and the good one always is."""
    root = Path(shutil.copytree(SITES / name, tmp_path / "site", symlinks=True))
    site = read_site(root / "publishconf.py")
    stood = held.standing(site, root / "var")
    tree = content.read(site, stood.instead, stood.originals)
    wrong = {line.partition(":")[0] for line in (root / "expected.txt").read_text("utf-8").splitlines()[:-1]
             if ": attention" not in line}  # fmt: skip
    assert () == tree.faults
    assert wrong == {one.source for one in stood.held}
    assert wrong & {entry.source for entry in tree.entries.values()} == set()
    assert "actualites/bonne-nouvelle" in tree.entries


TEN: dict[str, Callable[[Path], object]] = {
    "actualites/sans-titre.md": lambda p: p.write_text("---\ndate: 2026-05-04\n---\nTexte.\n", "utf-8"),
    "actualites/date.md": lambda p: p.write_text("---\ntitle: A\ndate: 05/06/2026\n---\nTexte.\n", "utf-8"),
    "actualites/utf-16.md": lambda p: p.write_text("---\ntitle: A\ndate: 2026-05-04\n---\n", "utf-16"),
    "actualites/latin.md": lambda p: p.write_bytes("---\ntitle: Été\ndate: 2026-05-04\n---\n".encode("latin-1")),
    "actualites/yaml.md": lambda p: p.write_text('---\ntitle: "A\ndate: 2026-05-04\n---\n', "utf-8"),
    "actualites/lien.md": lambda p: p.write_text("---\ntitle: A\ndate: 2026-05-04\n---\n[a](b.md)\n", "utf-8"),
    "actualites/image.md": lambda p: p.write_text(
        "---\ntitle: A\ndate: 2026-05-04\nimage: {src: non.png, alt: a}\n---\n", "utf-8"
    ),
    "divers/dossier.md": lambda p: p.write_text("---\ntitle: A\ndate: 2026-05-04\n---\n", "utf-8"),
    "actualites/Bienvenue.md": lambda p: p.write_text("---\ntitle: A\ndate: 2026-05-04\n---\n", "utf-8"),
    "actualites/vide.md": lambda p: p.write_bytes(b""),
}


def test_an_alert_goes_out_whatever_else_is_broken(town: Town) -> None:
    """Ten other files broken in ten ways: the alert is on its page, in the feeds and on the panels, it is announced,
    the ten are told first and last, and the exit status is 3."""
    town.publish()
    town.write("alertes/crue", "title: Crue de l'Isère\ndate: 2026-05-04\nseverity: Severe\nend: 2026-05-06")
    for name, spoil in TEN.items():
        path = town.root / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        spoil(path)
    done = town.invoke("publish", "--at", AT.isoformat())
    assert 3 == done.returncode, done.stderr
    assert {"alertes/crue", "actualites/bienvenue"} == set(feed(town.live))
    assert "Bienvenue" == feed(town.live)["actualites/bienvenue"]["title"]
    assert "alertes/crue" in (town.live / "feeds/panel.json").read_text("utf-8")
    assert "alertes/crue" in done.stdout
    for name in TEN:
        assert 2 == done.stderr.count(f"content/{name} : retenu".replace(" :", "\u00a0:")), name
    assert 2 == done.stderr.count("10 fichiers à corriger, le reste est publié")


def test_sentences() -> None:
    """Each way in which a file is held back has its sentence, word for word."""
    one = Held("content/a.md", (), AT, "0123456789abcdef")
    assert [
        "content/a.md : retenu, la version de la révision 0123456789 (2026-05-04 09:00) reste en ligne ; corrigez le fichier.",
        "content/a.md : retenu, la version de la dernière publication (2026-05-04 09:00) reste en ligne ; corrigez le fichier.",
        "content/a.md : retenu, rien n’en est publié ; corrigez le fichier.",
        "content/a.md : publié, mais ce qui n’existe plus en est retiré ; corrigez le fichier.",
    ] == [
        held.sentences()[0].replace("\u202f", " ").replace("\u00a0", " ")
        for held in (one, Held("content/a.md", (), AT), Held("content/a.md", ()), Held("content/a.md", (), same=True))
    ]


def test_the_disk_is_read_once(desk: Desk) -> None:
    """A file without any change is neither parsed nor converted again: its card comes from the cache."""
    desk.publish()
    site = read_site(desk.root / "publishconf.py")
    assert ["actualites/bienvenue.md"] == list(Disk(site).names)
    assert [] == held.standing(site, desk.root / "var").warnings


ALERT = "title: Crue\ndate: 2026-05-04\nend: 2026-05-06"


def test_an_alert_with_a_dead_link_goes_out(desk: Desk) -> None:
    """Never published nor committed, its link is dead, its image is missing and its anchor is nowhere: the alert is
    online without them, and said to be faulty. An item that does not press waits."""
    body = "Voir [le plan](plan.md), [ici](#ici) et [la carte](carte.pdf).\n\n![](../images/carte.png)"
    desk.town.write("alertes/crue", f"{ALERT}\nimage:\n  src: non.png\n  alt: Vue", body)
    desk.town.write("actualites/pont", "title: Pont\ndate: 2026-05-04\nseverity: Severe", "[plan](plan.md)")
    desk.town.write("actualites/a", GOOD, "[plan](plan.md)")
    stood = desk.publish()
    assert [
        ("content/actualites/a.md", False),
        ("content/actualites/pont.md", True),
        ("content/alertes/crue.md", True),
    ] == [(one.source, one.same) for one in stood.held]
    assert 6 == len(stood.held[2].faults)
    assert {"alertes/crue", "actualites/pont", "actualites/bienvenue"} == desk.titles().keys()
    desk.town.write("alertes/crue", ALERT)
    assert ["content/actualites/a.md", "content/actualites/pont.md"] == [one.source for one in desk.standing().held]


def test_the_latest_words_of_an_alert_win(desk: Desk) -> None:
    """An alert that gets worse is not held at its milder version by a dead link; one whose own words are wrong is."""
    desk.town.write("alertes/crue", ALERT)
    desk.commit()
    desk.publish()
    desk.town.write("alertes/crue", ALERT.replace("Crue", "Digue rompue"), "[plan](plan.md)")
    assert "Digue rompue" == desk.titles()["alertes/crue"]
    desk.town.write("alertes/crue", ALERT.replace("Crue", "Pire"), "Un \x07 caractère que rien ne montre.")
    assert "Crue" == desk.titles()["alertes/crue"]
    desk.town.write("alertes/crue", ALERT.replace("2026-05-06", "demain"), "[plan](plan.md)")
    assert "Crue" == desk.titles()["alertes/crue"]


def test_an_alert_with_a_dead_link_reaches_its_page(town: Town) -> None:
    """Its page has the words of the link, not the link nor the image; phones are told; the exit status says 3."""
    town.publish()
    town.write("alertes/crue", ALERT, "Voir [le plan](plan.md).\n\n![Carte](../images/carte.png)")
    done = town.publish()
    assert ["alertes/crue"] == [item.id for item in done.announced.told]
    page = (town.live / "alertes/crue/index.html").read_text("utf-8")
    assert "<p>Voir le plan.</p>" in page
    assert "carte.png" not in page
    assert 3 == town.invoke("publish", "--at", AT.isoformat()).returncode


@pytest.mark.parametrize(
    "now", ["date: 2026-05-01\nstatus: draft", "date: 2026-06-01", "date: 2026-05-01\nstart: 2026-06-01"]
)
def test_what_is_hidden_again_is_told(desk: Desk, now: str) -> None:
    """A published item made a draft, or put off, leaves an address that answers nothing: its editor hears of it, once."""
    site = read_site(desk.root / "publishconf.py")
    told = []
    for front in ("date: 2026-05-01", now, f"{now}\nsummary: Autre.", "date: 2026-05-01"):
        desk.town.write("actualites/a", f"title: A\n{front}")
        told.append([fault.path for fault in held.record(site, desk.root / "var", desk.standing(), AT)])
    assert [[], ["content/actualites/a.md"], [], []] == told


@pytest.mark.parametrize("committed", [False, True], ids=["no git", "git"])
@pytest.mark.parametrize(
    ("now", "body"),
    [
        ("title: A\ndate: 2026-05-01\nstatus: draft", "Voir [x](rien.md) ![y](../images/rien.png)"),
        ("title: A\ndate: le 5 mai\nstatus: draft", "Le texte."),
        ("title: [\nstatus: 'draft'  # on verra", "---\nstatus: published"),
    ],
    ids=["dead link", "bad date", "no YAML"],
)
def test_a_faulty_draft_is_off_the_site(desk: Desk, committed: bool, now: str, body: str) -> None:
    """What is set back to a draft goes, whatever else is wrong in it, and no former version comes back with a fault of a
    later day; its editor hears that nothing of it is online."""
    after = {"actualites/bienvenue": "Bienvenue"}
    for front, text in (("title: A\ndate: 2026-05-01", "Le texte."), (now, body)):
        desk.town.write("actualites/a", front, text)
        if committed:
            desk.commit()
        assert {**after, "actualites/a": "A"} == desk.titles() or text == body
        stood = desk.publish()
    assert [(None, "content/actualites/a.md")] == [(one.when, one.source) for one in stood.held]
    assert after == desk.titles()
    desk.town.write("actualites/a", now, f"{body} Suite.")
    assert after == desk.titles()
    desk.town.write("actualites/a", "title: A\ndate: 2026-05-02", "Le texte.")
    assert {**after, "actualites/a": "A"} == desk.titles()


def test_a_good_draft_that_is_broken(desk: Desk) -> None:
    """A draft that is to be published, with a fault: nobody is told that a version of it is online."""
    desk.town.write("actualites/a", f"{GOOD}\nstatus: draft")
    desk.publish()
    desk.town.write("actualites/a", BAD)
    assert [None] == [one.when for one in desk.standing().held]
    assert {"actualites/bienvenue": "Bienvenue"} == desk.titles()


def test_a_draft_takes_no_address(desk: Desk) -> None:
    """Of two files for one address, the one that is no draft has it, though the other comes first."""
    desk.town.write("actualites/Fete", f"{GOOD}\nstatus: draft")
    desk.publish()
    desk.town.write("actualites/fete", "title: La fête\ndate: 2026-05-01")
    assert "La fête" == desk.titles()["actualites/fete"]


def test_a_faulty_draft_is_told_once(desk: Desk) -> None:
    """Its editor hears, once, what becomes of its address and of phones, as of any draft that was online."""
    site, told = read_site(desk.root / "publishconf.py"), []
    for front in (GOOD, f"{GOOD}\nstatus: draft", f"{GOOD}\nstatus: draft\nsummary: Autre."):
        desk.town.write("actualites/a", front, "[x](rien.md)" if "draft" in front else "Le texte.")
        told.append([fault.path for fault in held.record(site, desk.root / "var", desk.standing(), AT)])
    assert [[], ["content/actualites/a.md"], []] == told
