"""Correct, withdraw, delete, rename: what every channel says of it after one publication."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from beffroi.channels.webpush import topic
from beffroi.settings import read_service
from beffroi.store.db import connect, transaction
from beffroi.store.tables import announcements
from tests.test_publish import tree
from tests.town import AT, Town

LATER = AT + timedelta(hours=2)
WORDS = "zanzibar"
FETE = f"title: Fête du pont\ndate: 2026-05-02\nsummary: {WORDS}\npanel: Fête {WORDS}\nimage:\n  src: {WORDS}.png\n  alt: x"
GONE = 'status: withdrawn\nreason: "Le pont est fermé."\nupdated: 2026-05-04 12:00'


def git(town: Town, *words: str, at: datetime = AT) -> str:
    """git, as an editor, at that instant."""
    who = ("-c", "user.name=Mairie", "-c", "user.email=mairie@bourg.example")
    when = {"GIT_AUTHOR_DATE": at.isoformat(), "GIT_COMMITTER_DATE": at.isoformat()}
    done = subprocess.run(
        ["git", *who, *words], cwd=town.root, env=town.environment(when), capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(town: Town, at: datetime = AT) -> None:
    """Everything below content/, as one commit."""
    if not (town.root / ".git").is_dir():
        git(town, "init", "-q")
    git(town, "add", "-A", "content")
    git(town, "commit", "-q", "-m", "Écrire", at=at)


def entry(town: Town, name: str) -> dict[str, Any] | None:
    """One item of feed.json."""
    items = json.loads((town.live / "feeds/feed.json").read_bytes())["items"]
    return next((item for item in items if item["id"] == name), None)


def picture(town: Town) -> None:
    """An image that bears the secret word."""
    from PIL import Image

    (town.root / "content/images").mkdir(exist_ok=True)
    Image.new("RGB", (4, 4)).save(town.root / f"content/images/{WORDS}.png")


def found(town: Town, word: str) -> list[str]:
    """Files of the live site that hold a word."""
    return [name for name, data in tree(town.live).items() if word in name or word.encode() in data]


def test_a_withdrawn_item_on_every_channel(town: Town) -> None:
    """Its page explains, unindexed; feed.json says when and why; RSS, panels, listings, search, sitemap and images have
    nothing of it; not a word of its text is left anywhere."""
    picture(town)
    town.write("actualites/fete", FETE, f"Venez voir {WORDS}.")
    town.publish()
    assert found(town, WORDS)
    town.write("actualites/fete", f"{FETE}\n{GONE}", f"Venez voir {WORDS}.")
    town.publish(LATER)
    assert [] == found(town, WORDS)
    page = (town.live / "actualites/fete/index.html").read_text("utf-8")
    assert '<meta name="robots" content="noindex">' in page
    assert "<h1>Retiré\u00a0: Fête du pont</h1>" in page
    assert "Le pont est fermé." in page
    assert "lundi 4\u00a0mai 2026 à 12\u00a0h" in page
    told = entry(town, "actualites/fete")
    assert told
    assert ("Retiré\u00a0: Fête du pont", "2026-05-04T12:00:00+02:00") == (told["title"], told["date_modified"])
    assert ("withdrawn", "Le pont est fermé.") == (told["_beffroi"]["status"], told["_beffroi"]["reason"])
    assert "<p>Le pont est fermé.</p>" == told["content_html"]
    assert ["actualites/fete/index.html", "feeds/feed.json"] == [
        n for n in found(town, "Fête du pont") if "pagefind" not in n
    ]
    assert ".beffroi/gone.map" in found(town, "actualites/fete")
    assert '"/actualites/fete/" "/actualites/fete/index.html";\n' == (town.live / ".beffroi/gone.map").read_text(
        "utf-8"
    )
    assert "actualites/fete" not in (town.live / "sitemap.xml").read_text("utf-8")
    assert (410, "Retiré\u00a0: Fête du pont") == answer(town, "/actualites/fete/")


@pytest.mark.parametrize(
    ("name", "more", "word", "decision"),
    [
        ("alertes/crue", "severity: Severe", "Annulé", "annulé : la notification est remplacée"),
        ("agenda/bal", "event:\n  start: 2026-05-09 20:00", "Annulé", "annulé : la notification est remplacée"),
        ("actualites/fete", "tags: [fete]", "Retiré", "retiré"),
    ],
)
def test_phones_that_were_told(town: Town, name: str, more: str, word: str, decision: str) -> None:
    """An alert or an event that was told is taken back under the same tag; other items just go. Withdrawn before anybody
    was told, nothing is."""
    town.publish()
    town.write(name, f"title: Le pont\ndate: 2026-05-04\n{more}")
    assert [name] == [item.id for item in town.publish().announced.told]
    town.write(name, f"title: Le pont\ndate: 2026-05-04\n{more}\n{GONE}")
    done = town.publish(LATER).announced
    assert [(name, decision)] == [(one.item.id, str(one.why)) for one in done.decisions]
    (item,) = [one.item for one in done.decisions]
    assert (f"{word}\u00a0: Le pont", "Le pont est fermé.") == (item.title, item.words)
    assert (decision != "retiré") is bool(done.told)
    assert () == town.publish(LATER + timedelta(minutes=1)).announced.decisions


def test_withdrawn_before_phones_were_told(town: Town) -> None:
    """An alert that no phone was told of is withdrawn in silence."""
    town.write("alertes/crue", "title: Crue\ndate: 2026-05-04")
    town.publish(adopt=True)
    town.write("alertes/crue", f"title: Crue\ndate: 2026-05-04\n{GONE}")
    assert () == town.publish(LATER).announced.told


def test_back_again(town: Town) -> None:
    """A withdrawal that is undone brings everything back: the same bytes as if nothing had been."""
    town.write("actualites/fete", "title: Fête\ndate: 2026-05-02", "Venez.")
    town.publish()
    before = tree(town.output)
    town.write("actualites/fete", f"title: Fête\ndate: 2026-05-02\n{GONE}", "Venez.")
    town.publish()
    assert before != tree(town.output)
    town.write("actualites/fete", "title: Fête\ndate: 2026-05-02", "Venez.")
    town.publish()
    assert before == tree(town.output)


@pytest.mark.parametrize("start", ["2026-06-01", "2026-05-04 12:30"])
def test_withdrawn_before_it_appeared(town: Town, start: str) -> None:
    """What was withdrawn before anybody could see it leaves no byte, then or later."""
    town.write("actualites/secret", f"title: {WORDS}\ndate: 2026-05-01\nstart: {start}\n{GONE}")
    for at in (AT, datetime(2026, 7, 1, tzinfo=UTC)):
        town.publish(at)
        assert [] == found(town, WORDS) + found(town, "secret")


def delete(town: Town, path: Path, at: datetime = LATER) -> None:
    """An editor deletes a file, and commits."""
    path.unlink()
    commit(town, at)


def test_a_deleted_file_is_withdrawn(town: Town) -> None:
    """A file that git saw public, then deleted: what stands is what a withdrawal without reason leaves. Its page explains,
    feed.json says it, and not a word of its text, its image or its panel is left anywhere."""
    picture(town)
    path = town.write("actualites/fete", FETE, f"Venez voir {WORDS}.")
    commit(town)
    town.publish()
    assert "Fête" in (town.live / "feeds/panel.json").read_text("utf-8")
    delete(town, path)
    town.publish(LATER)
    page = (town.live / "actualites/fete/index.html").read_text("utf-8")
    assert [] == found(town, WORDS)
    assert "<h1>Retiré\u00a0: Fête du pont</h1>" in page
    assert "Cette information n’est plus valable." in page
    assert "lundi 4\u00a0mai 2026 à 13\u00a0h" in page
    told = entry(town, "actualites/fete")
    assert told
    assert ("withdrawn", "2026-05-04T13:00:00+02:00") == (told["_beffroi"]["status"], told["date_modified"])
    assert "Fête" not in (town.live / "feeds/panel.json").read_text("utf-8")
    assert "Fête" not in (town.live / "feeds/rss.xml").read_text("utf-8")
    assert (410, "Retiré\u00a0: Fête du pont") == answer(town, "/actualites/fete/")
    deleted = tree(town.output)
    town.write("actualites/fete", f"{FETE}\nstatus: withdrawn\nupdated: 2026-05-04 13:00")
    town.publish(LATER)
    assert deleted == tree(town.output)


def test_phones_that_were_told_of_a_deleted_file(town: Town) -> None:
    """A deleted alert that phones were told of is cancelled there, once; one that was withdrawn before is not told again;
    a deleted news item just goes."""
    commit(town)
    town.publish()
    crue = town.write("alertes/crue", "title: Crue\ndate: 2026-05-04\nend: 2026-05-06")
    feu = town.write("alertes/feu", "title: Feu\ndate: 2026-05-04\nend: 2026-05-06")
    fete = town.write("actualites/fete", "title: Fête\ndate: 2026-05-04")
    commit(town)
    assert 3 == len(town.publish().announced.told)
    town.write("alertes/feu", f"title: Feu\ndate: 2026-05-04\nend: 2026-05-06\n{GONE}")
    commit(town)
    assert ["alertes/feu"] == [item.id for item in town.publish(LATER).announced.told]
    for path in (crue, feu, fete):
        path.unlink()
    commit(town, LATER)
    done = town.publish(LATER).announced
    assert [
        ("alertes/crue", "annulé : la notification est remplacée"),
        ("actualites/fete", "retiré"),
    ] == [(one.item.id, str(one.why)) for one in sorted(done.decisions, key=lambda one: str(one.why))]
    assert ["Annulé\u00a0: Crue"] == [item.title for item in done.told]
    assert () == town.publish(LATER + timedelta(minutes=1)).announced.decisions


def test_a_deleted_file_that_comes_back(town: Town) -> None:
    """Under its name, or in another folder of the same address: the item stands again, and nothing is said of the other.
    As a draft, nothing of either."""
    path = town.write("actualites/2025/fete", f"title: {WORDS}\ndate: 2026-05-02", "Un texte.")
    commit(town)
    delete(town, path)
    town.publish(LATER)
    assert found(town, WORDS)
    town.write("actualites/2026/fete", "title: Fête\ndate: 2026-05-03", "Tout autre chose, sans rapport.")
    town.publish(LATER)
    assert [] == found(town, WORDS) + found(town, "Retiré")
    assert 200 == answer(town, "/actualites/fete/")[0]
    (town.root / "content/actualites/2026/fete.md").unlink()
    town.write("actualites/2025/fete", "title: Autre\ndate: 2026-05-03\nstatus: draft", "Un texte.")
    town.publish(LATER)
    assert [] == found(town, WORDS) + found(town, "Retiré") + found(town, "Autre")


def test_a_deleted_page(town: Town) -> None:
    """A lasting page that was deleted answers with the general explanation: its title is nowhere."""
    path = town.write("pages/tarifs", f"title: {WORDS}")
    town.write("patrimoine/pont", "title: Le pont\ndate: 2026-05-01")
    commit(town)
    path.unlink()
    commit(town, LATER)
    town.publish(LATER)
    assert [] == found(town, WORDS)
    assert (410, "Cette page a été retirée") == answer(town, "/tarifs/")


def test_a_deleted_translation(town: Town) -> None:
    """A translation that was deleted says so in its language, on its page and in its feed; its original, which stands,
    does not lead there any more."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nLANGUAGES = {"en": "English"}\n')
    path = town.write("patrimoine/pont.en", "title: The bridge\ndate: 2026-05-01")
    town.write("patrimoine/pont", "title: Le pont\ndate: 2026-05-01")
    commit(town)
    path.unlink()
    commit(town, LATER)
    town.publish(LATER)
    assert (410, "Withdrawn: The bridge") == answer(town, "/patrimoine/pont.en/")
    items = json.loads((town.output / "feeds/en/feed.json").read_text("utf-8"))["items"]
    assert [("patrimoine/pont.en", "withdrawn")] == [(i["id"], i["_beffroi"]["status"]) for i in items]
    assert "pont.en" not in (town.output / "patrimoine/pont/index.html").read_text("utf-8")


@pytest.mark.parametrize("front", ["status: draft", "start: 2026-06-01", "start: 2026-06-01\nstatus: withdrawn"])
def test_what_nobody_saw_is_not_told_to_be_gone(town: Town, front: str) -> None:
    """A draft, or an item under embargo, that is renamed then deleted: neither of its names is anywhere."""
    town.write(
        "actualites/secret", f"title: X\ndate: 2026-05-02\n{front}", "Le même texte, assez long pour être suivi."
    )
    commit(town)
    git(town, "mv", "content/actualites/secret.md", f"content/actualites/{WORDS}.md")
    commit(town)
    delete(town, town.root / f"content/actualites/{WORDS}.md")
    town.publish(datetime(2026, 7, 1, tzinfo=UTC))
    assert [] == found(town, WORDS) + found(town, "secret")


def test_a_renamed_file_keeps_its_address(town: Town) -> None:
    """A file renamed twice: both former addresses lead to the present one, by a page and in the server's map."""
    town.write("actualites/un", "title: Fête\ndate: 2026-05-02", "Le même texte, assez long pour être suivi par git.")
    commit(town)
    for old, new in (("un", "deux"), ("deux", "trois")):
        git(town, "mv", f"content/actualites/{old}.md", f"content/actualites/{new}.md")
        commit(town, LATER)
    town.publish(LATER)
    assert '"/actualites/deux/" "/actualites/trois/";\n"/actualites/un/" "/actualites/trois/";\n' == (
        town.live / ".beffroi/moved.map"
    ).read_text("utf-8")
    page = (town.live / "actualites/un/index.html").read_text("utf-8")
    assert '<meta http-equiv="refresh" content="0; url=/actualites/trois/">' in page
    assert '<link rel="canonical" href="http://localhost:8000/actualites/trois/">' in page
    assert "actualites/un" not in (town.live / "sitemap.xml").read_text("utf-8")
    assert (301, "/actualites/trois/") == answer(town, "/actualites/un/")
    delete(town, town.root / "content/actualites/trois.md", LATER + timedelta(hours=1))
    town.publish(LATER + timedelta(hours=1))
    assert '"/actualites/trois/" "/actualites/trois/index.html";\n' == (town.live / ".beffroi/gone.map").read_text(
        "utf-8"
    )
    assert (301, "/actualites/trois/") == answer(town, "/actualites/un/")
    assert (410, "Retiré\u00a0: Fête") == answer(town, "/actualites/trois/")


def test_a_renamed_file_rings_no_phone(town: Town) -> None:
    """It is the same item under another name: known, and told to nobody again."""
    town.publish()
    town.write("actualites/un", "title: Fête\ndate: 2026-05-04", "Le même texte, assez long pour être suivi par git.")
    commit(town)
    assert ["actualites/un"] == [item.id for item in town.publish().announced.told]
    git(town, "mv", "content/actualites/un.md", "content/actualites/deux.md")
    commit(town, LATER)
    done = town.publish(LATER).announced
    assert [("actualites/deux", "fichier renommé, déjà connu")] == [(d.item.id, str(d.why)) for d in done.decisions]


@pytest.mark.parametrize("how", ["withdrawn", "deleted", "changed", "at once"])
def test_phones_know_a_renamed_alert_under_its_first_name(town: Town, how: str) -> None:
    """An alert that was told, then renamed, is corrected or taken back on the phones that have it: under the tag that it
    had when they got it."""
    commit(town)
    town.publish()
    front = "title: Crue du torrent\ndate: 2026-05-04\nend: 2026-05-06"
    town.write("alertes/un", front, "Le même texte, assez long pour être suivi par git.")
    commit(town)
    assert ["alertes/un"] == [item.id for item in town.publish().announced.told]
    git(town, "mv", "content/alertes/un.md", "content/alertes/deux.md")
    commit(town, AT)
    if how != "at once":
        assert () == town.publish().announced.told
    path = town.root / "content/alertes/deux.md"
    if how == "deleted":
        delete(town, path)
    else:
        more = "updated: 2026-05-04 12:00\nsummary: Pire." if how == "changed" else GONE
        town.write("alertes/deux", f"{front}\n{more}", "Le même texte, assez long pour être suivi par git.")
    (item,) = town.publish(LATER).announced.told
    assert "alertes/deux" == item.id
    with transaction(connect(read_service(town.root).database)) as connection:
        rows = connection.execute(select(announcements.c.payload, announcements.c.topic).order_by(announcements.c.id))
        told = [(json.loads(payload)["notification"]["tag"], topic) for payload, topic in rows if payload]
    assert [("alertes/un", topic("alertes/un"))] * 2 == told


def answer(town: Town, address: str) -> tuple[int, str]:
    """What the service says at an address: status, and where it leads or what it is headed."""
    import asyncio
    import re

    from starlette.requests import Request

    from beffroi.api.live import Live

    path, _, query = address.partition("?")
    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": query.encode(),
        "headers": [], "scheme": "http", "server": ("localhost", 8000), "root_path": "",
    }  # fmt: skip
    found = asyncio.run(Live(town.live, "")(Request(scope)))
    heading = re.search(r"<h1>(.*?)</h1>", bytes(found.body).decode())
    return found.status_code, found.headers.get("location") or (heading[1] if heading else "")


def test_aliases(town: Town) -> None:
    """Former addresses that the editor names: a page each, all of them in the map, short ones by number too; an address
    that is in use wins over them."""
    town.write(
        "actualites/fete", 'title: Fête\ndate: 2026-05-02\naliases: [/2019/05/Fête/, /vieux.html, "/?p=12", /alertes/]'
    )
    town.publish()
    lines = (town.live / ".beffroi/moved.map").read_text("utf-8").splitlines()
    assert '"/2019/05/Fête/" "/actualites/fete/";' in lines
    assert '"/?p=12" "/actualites/fete/";' in lines
    assert "/actualites/fete/" in (town.live / "2019/05/Fête/index.html").read_text("utf-8")
    assert "/actualites/fete/" in (town.live / "vieux.html").read_text("utf-8")
    assert "refresh" not in (town.live / "alertes/index.html").read_text("utf-8")
    for address in ("/2019/05/F%C3%AAte/", "/2019/05/F%C3%AAte", "/?p=12", "/vieux.html", "/vieux.html?utm=1"):
        assert (301, "/actualites/fete/") == answer(town, address), address
    assert 200 == answer(town, "/alertes/")[0]
    assert 200 == answer(town, "/?p=13")[0]
    assert 404 == answer(town, "/2019/")[0]


def test_an_alias_of_what_is_not_public(town: Town) -> None:
    """The former address of an embargoed item is told nowhere."""
    town.write("actualites/fete", f"title: Fête\ndate: 2026-06-01\naliases: [/{WORDS}/]")
    town.publish()
    assert [] == found(town, WORDS)


def test_maps_of_a_site_below_a_path(tmp_path: Path) -> None:
    """Where the site lives below a path, the maps have it."""
    town = Town(tmp_path / "bourg", url="http://localhost:8000/ville")
    town.write("actualites/fete", "title: Fête\ndate: 2026-05-02\naliases: [/vieux/]")
    town.publish()
    assert '"/ville/vieux/" "/ville/actualites/fete/";\n' == (town.live / ".beffroi/moved.map").read_text("utf-8")


def test_a_deletion_that_git_does_not_know(town: Town) -> None:
    """A public file that is gone from the disk alone: the publication says what citizens see, once, and what to do. A
    draft that goes, or a deletion that is a commit, needs no word."""
    paths = [town.write(name, f"title: X\ndate: 2026-05-02\n{more}") for name, more in
             (("alertes/crue", "end: 2026-06-01"), ("actualites/idee", "status: draft"), ("actualites/fete", ""))]  # fmt: skip
    commit(town)
    town.publish()
    for path in paths[:2]:
        path.unlink()
    git(town, "rm", "-q", "content/actualites/fete.md")
    git(town, "commit", "-q", "-m", "Supprimer", at=LATER)
    done = town.publish(LATER)
    assert ["content/alertes/crue.md"] == [fault.path for fault in done.warnings]
    assert "enregistrez la suppression (git commit)" in done.warnings[0].message
    assert [] == town.publish(LATER).warnings
    assert 404 == answer(town, "/alertes/crue/")[0]


def test_a_withdrawn_lasting_page(town: Town) -> None:
    """Its address explains why, in the language of the page, for servers to answer with 410; neither its words nor its
    images are anywhere, and no menu, list, link of the language, sitemap or search leads to it."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nFOOTER = ["salle"]\nLANGUAGES = {"en": "English"}\n')
    head = f"title: La salle des fêtes\nimage:\n  src: {WORDS}.png\n  alt: La salle"
    picture(town)
    town.write("pages/salle", head, f"{WORDS} ![La salle](../images/{WORDS}.png)")
    town.write("pages/salle.en", "title: The hall", WORDS)
    town.publish()
    assert found(town, WORDS)
    gone = "\nstatus: withdrawn\nupdated: 2026-05-04"
    town.write(
        "pages/salle", f"{head}{gone}\nreason: Elle a été vendue.", f"{WORDS} ![La salle](../images/{WORDS}.png)"
    )
    town.write("pages/salle.en", f"title: The hall{gone}", WORDS)
    done = town.publish()
    assert 0 == done.built.pages
    assert [] == found(town, WORDS)
    french, english = ((town.live / name / "index.html").read_text("utf-8") for name in ("salle", "salle.en"))
    assert (410, 410) == (answer(town, "/salle/")[0], answer(town, "/salle.en/")[0])
    assert "<h1>Retiré\u00a0: La salle des fêtes</h1>" in french
    assert "Elle a été vendue." in french
    assert "lundi 4 mai 2026" in french.replace("\u00a0", " ")
    assert '<html lang="en"' in english
    assert "<h1>Withdrawn: The hall</h1>" in english
    assert "This information is no longer valid." in english
    for text in (french, english):
        assert '<meta name="robots" content="noindex">' in text
        assert 'rel="alternate" hreflang' not in text
    assert ["salle.en/index.html", "salle/index.html"] == sorted(
        name for name in found(town, "salle") if not name.startswith((".beffroi", "service-worker"))
    )


@pytest.mark.parametrize("name", ["actualites/fete", "pages/fete", "alertes/fete"])
def test_a_withdrawal_waits_for_no_link(town: Town, name: str) -> None:
    """What is withdrawn goes at once, though its text, which nobody will read, leads to what went before it: a dead link, an
    image that is gone or broken."""
    picture(town)
    more = "\nseverity: Severe\nend: 2026-05-09" if name.startswith("alertes") else ""
    body = f"{WORDS} [x](../actualites/autre.md) ![x](../images/{WORDS}.png) ![y](../images/autre.png)"
    (town.root / "content/images/autre.png").write_bytes((town.root / f"content/images/{WORDS}.png").read_bytes())
    other = town.write("actualites/autre", "title: Autre\ndate: 2026-05-01")
    town.write(name, f"{FETE}{more}", body)
    town.publish()
    assert found(town, WORDS)
    other.unlink()
    (town.root / "content/images/autre.png").unlink()
    (town.root / f"content/images/{WORDS}.png").write_bytes(b"broken")
    town.write(name, f"{FETE}{more}\n{GONE}", body)
    done = town.publish(LATER)
    assert ((), []) == (tuple(done.held), found(town, WORDS))
    assert "Le pont est fermé." in (town.live / name.removeprefix("pages/") / "index.html").read_text("utf-8")
