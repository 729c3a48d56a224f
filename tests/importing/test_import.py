"""Bringing what a commune has elsewhere: everything taken or told, twice the same, never over an editor's work."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from beffroi.errors import ImportFailed
from beffroi.importing import Brought, bring
from beffroi.settings import read_site
from tests.importing import wxr
from tests.town import AT, Town


def take(town: Town, data: bytes, **options: Any) -> Brought:
    """Import a WordPress export."""
    path = town.root / "export.xml"
    path.write_bytes(data)
    return bring("wordpress", str(path), read_site(town.root / "publishconf.py"), town.root / "var", **options)


def uploads(town: Town) -> str:
    """A copy of the old site's files, as an FTP client brings it."""
    folder = town.root / "uploads"
    for name, kind in (("2019/05/pont.jpg", "JPEG"), ("2020/01/carte.gif", "GIF")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 6), (90, 120, 60)).save(path, kind)
    (folder / "2019/05/Arrêté n° 12.pdf").write_bytes(b"%PDF-1.7 essai")
    return str(folder)


def text(town: Town, name: str) -> str:
    """One file of content/."""
    return (town.root / "content" / name).read_text("utf-8")


def told(done: Brought) -> list[str]:
    """What was not taken as it was."""
    return sorted(str(loss) for loss in set(done.written.losses))


def test_an_article(town: Town) -> None:
    """Front matter, text, image, linked file and links of an article of the old editor, to the letter."""
    take(town, wxr.commune(), media=uploads(town), chosen={"Vie municipale": "actualites"})
    assert text(town, "actualites/rue-du-lac.md") == (
        """---
title: "Rue du Lac : travaux & déviation"
date: 2019-05-04 11:30
updated: 2019-05-06 10:00
summary: "La rue du Lac est barrée."
tags: ["voirie", "travaux bruit"]
image:
  src: "import/pont.jpg"
  alt: "Le pont de pierre"
  credit: "Photo : Odile"
aliases:
  - "/2019/05/rue-du-lac/"
  - "/?p=10"
---

## Les travaux

La rue du Lac est **barrée**.
Passez par [le plan](../actualites/plan-de-la-ville.md).

![Le pont de pierre](../images/import/pont.jpg)

Le pont, en mai

[L'arrêté](../fichiers/import/arrete-n-12.pdf), le loto et [la mairie](mailto:mairie@bourg.example).

[contact-form-7 id="5" title="Écrire"]

[videos.example](https://videos.example/embed/x1)
"""
    )


def test_an_article_of_blocks(town: Town) -> None:
    """Blocks, a table, a list; an image without text gets its caption, a GIF becomes a PNG; the category of that name."""
    take(town, wxr.commune(), media=uploads(town))
    assert text(town, "agenda/mediatheque.md").partition("\n---\n")[2] == (
        """
La médiathèque ouvre *mardi*.

![Les rayons](../images/import/carte.png)

Les rayons

| Jour | Heures |
| --- | --- |
| Mardi | 9 h – 12 h |

- livres
- disques
"""
    )
    assert (8, 6) == Image.open(town.root / "content/images/import/carte.png").size


def test_states(town: Town) -> None:
    """What is planned stays planned; drafts, private and protected articles are drafts; the bin is told, not taken."""
    done = take(town, wxr.commune())
    assert "date: 2030-01-01 08:00\n" in text(town, "actualites/bientot.md")
    assert "status" not in text(town, "actualites/bientot.md")
    for name in ("brouillon", "reserve", "protege"):
        assert "\nstatus: draft\n" in text(town, f"actualites/{name}.md"), name
    assert "date: 2019-05-04 11:30\n" in text(town, "actualites/brouillon.md")
    assert not list((town.root / "content").rglob("*trashed*"))
    assert "Place de la Mairie\n" in text(town, "pages/contact.md")
    assert {"actualites": 9, "agenda": 1, "pages": 1} == done.written.folders


def test_nothing_is_lost(town: Town) -> None:
    """Each thing that was not taken as it was is told with where and what to do; the report keeps it word for word."""
    done = take(town, wxr.commune(), media=uploads(town))
    lake = "article 10 « Rue du Lac : travaux & déviation » : "
    assert [
        f"{lake}1 commentaire(s) ; Beffroi n’en publie pas ; gardés dans le rapport",
        f"{lake}<iframe> https://videos.example/embed/x1 ; remplacé par un lien",
        f"{lake}code(s) court(s) de WordPress : [contact-form-7] ; laissés dans le texte ; remplacez-les à la main",
        f"{lake}lien vers /evenements/loto/, qui n’a pas été repris ; retiré ; ses mots restent dans le texte",
        f"{lake}un formulaire ; donnez une adresse de courriel ou un téléphone à sa place",
        f"{lake}un script ; retiré : aucun texte n’en a besoin",
        "article 12 « La médiathèque » : image sans texte de remplacement : https://www.bourg.example/wp-content/uploads/2020/01/carte.gif ; relisez « Les rayons », mis à la place",
        "article 15 « Réservé » : état « private » ; repris en brouillon ; publiez-le si chacun peut le lire",
        "article 16 « Protégé » : protégé par un mot de passe ; repris en brouillon ; publiez-le si chacun peut le lire",
        "article 17 « Vieux » : à la corbeille ou vide (trash) ; gardé dans le rapport",
        "article 22 « Album » : image sans texte de remplacement : https://www.bourg.example/wp-content/uploads/2020/01/carte.gif ; relisez « Carte », mis à la place",
        "article 23 « sans titre » : pas de titre ; donnez-lui un titre ; « Sans titre » est mis à la place",
        "article 24 « Vide » : texte vide ; écrivez-le ; repris en brouillon",
        "nav_menu_item 19 « Menu » : type « nav_menu_item » ; Beffroi n’a rien de tel ; gardé dans le rapport",
    ] == told(done)
    report = done.report.read_text("utf-8")
    for kept in ("Merci au cantonnier !", "Jeté.", '<form action="/envoyer">', "alert(1)", "nav_menu_item"):
        assert kept in report, kept


def test_what_is_taken_passes_check_and_is_published(town: Town) -> None:
    """The files are what `check` accepts, and the site has them."""
    done = take(town, wxr.commune(), media=uploads(town))
    assert [] == [str(fault) for fault in done.faults if fault.level == "error"]
    built = town.publish(AT).built
    ids = {item.id for item in built.items}
    assert {"actualites/rue-du-lac", "actualites/rue-du-lac-2", "agenda/mediatheque"} - {
        "actualites/rue-du-lac-2"
    } <= ids
    page = (town.live / "actualites/rue-du-lac/index.html").read_text("utf-8")
    assert "/actualites/plan-de-la-ville/" in page
    assert re.search(r'href="/fichiers/arrete-n-12-\w+\.pdf"', page)


def test_a_second_run_changes_nothing(town: Town) -> None:
    """The same export again: the same bytes, everything unchanged; a changed one updates only what changed."""
    first = take(town, wxr.commune(), media=uploads(town))
    before = {path: path.read_bytes() for path in (town.root / "content").rglob("*") if path.is_file()}
    again = take(town, wxr.commune(), media=uploads(town))
    assert before == {path: path.read_bytes() for path in (town.root / "content").rglob("*") if path.is_file()}
    assert (0, 0, len(first.written.new)) == (
        len(again.written.new),
        len(again.written.changed),
        len(again.written.same),
    )
    newer = take(town, wxr.commune().replace("À venir.".encode(), "À venir, enfin.".encode()), media=uploads(town))
    assert ["content/actualites/bientot.md"] == newer.written.changed


def test_an_editor_s_hand_is_respected(town: Town) -> None:
    """A file that an editor changed or deleted since is left alone, and listed; even without the memory."""
    take(town, wxr.commune())
    edited, deleted = town.root / "content/actualites/album.md", town.root / "content/actualites/protege.md"
    edited.write_text("---\ntitle: Album corrigé\ndate: 2026-01-01\n---\n\nMieux.\n", encoding="utf-8")
    deleted.unlink()
    again = take(town, wxr.commune().replace(b"Chut.", b"Chut !"))
    kept = ["content/actualites/album.md", "content/actualites/protege.md"]
    assert kept == sorted(again.written.kept)
    assert "Mieux." in edited.read_text("utf-8")
    assert not deleted.exists()
    for memory in (town.root / "var/import").glob("*.json"):
        memory.unlink()
    take(town, wxr.commune().replace(b"Secret.", b"Autre."))
    assert "Mieux." in edited.read_text("utf-8")
    assert "Secret." in text(town, "actualites/reserve.md")


def test_what_was_there_keeps_its_name(town: Town) -> None:
    """Where an editor wrote a file of that name before, the article gets another: neither is lost, a second run changes
    nothing, with the memory or without."""
    mine = town.root / "content/actualites/bientot.md"
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("---\ntitle: À nous\ndate: 2026-01-01\n---\n\nIci.\n", encoding="utf-8")
    first = take(town, wxr.commune())
    assert "content/actualites/bientot-2.md" in first.written.new
    assert "Ici." in mine.read_text("utf-8")
    assert "À venir." in text(town, "actualites/bientot-2.md")
    for memory in (town.root / "var/import").glob("*.json"):
        memory.unlink()
    again = take(town, wxr.commune())
    assert (0, 0, len(first.written.new)) == (
        len(again.written.new),
        len(again.written.changed),
        len(again.written.same),
    )


def test_one_number_for_several_articles(town: Town) -> None:
    """Exports that were put together give one number to several articles: each is taken, once, at each run; an article
    that is there twice is taken once."""
    articles = [("Un", "un", "Premier."), ("Deux", "deux", "Second."), ("Un", "un", "Premier."), ("Un", "un", "Autre.")]
    data = wxr.export(*(wxr.item(7, title, body, name=name) for title, name, body in articles))
    first = take(town, data)
    assert ["content/actualites/un.md", "content/actualites/deux.md", "content/actualites/un-2.md"] == first.written.new
    assert ["Premier.", "Second.", "Autre."] == [
        text(town, f"actualites/{name}.md").rpartition("---\n\n")[2].strip() for name in ("un", "deux", "un-2")
    ]
    again = take(town, data)
    assert (0, 0, 3, 0) == tuple(
        len(found) for found in (again.written.new, again.written.changed, again.written.same, again.written.kept)
    )


def test_invisible_characters(town: Town) -> None:
    """What a word processor left in a title or a text, and `check` refuses, becomes a space, and is told."""
    done = take(town, wxr.export(wxr.item(7, "Le\u2028titre", "Un \u202emot\u202c.\ufffd", name="mot")))
    assert [] == [str(fault) for fault in done.faults if fault.level == "error"]
    assert text(town, "actualites/mot.md").startswith('---\ntitle: "Le titre"\n')
    assert "\n\nUn  mot . \n" in text(town, "actualites/mot.md")
    assert ["article 7 « Le titre » : 3 caractère(s) invisibles (U+202C, U+202E, U+FFFD) ; mis en espaces"] == told(
        done
    )


ODD = """<img src="http://[bad"> <iframe src="http://[pis"></iframe> <a href="javascript:x()">clic</a>

Mairie<br>3, rue du Lac<br>
38000 Bourg

<table><tr><th>a|b</th><th>c</th></tr><tr><td>d <b>|</b></td><td>e</td></tr></table>
<!-- wp:latest-posts {"n":3} /-->"""


def test_odd_html(town: Town) -> None:
    """An address that nobody can read stops nothing; lines stay lines, cells stay cells, and what is left out is told."""
    done = take(town, wxr.export(wxr.item(7, "Divers", ODD, name="mot")))
    body = text(town, "actualites/mot.md")
    assert "Mairie  \n3, rue du Lac  \n38000 Bourg\n" in body.replace("\n\n38000", "\n38000")
    assert "| a\\|b | c |\n| --- | --- |\n| d **\\|** | e |" in body
    assert [
        "bloc(s) que WordPress remplit : latest-posts",
        "fichier introuvable : http://[bad",
        "lien illisible : javascript:x()",
    ] == [line.partition(" » : ")[2].partition(" ; ")[0] for line in told(done) if "iframe" not in line]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><rss/>', "contient une déclaration DOCTYPE"),
        (b"<rss><channel/></rss>", "n’est pas un export de WordPress (wp:wxr_version manque)"),
        (b"Bonjour", "n’est pas du XML"),
        (b"", "n’est pas du XML"),
    ],
)
def test_other_files_are_refused(town: Town, data: bytes, sentence: str) -> None:
    """An entity bomb, another feed, no XML: a sentence, and not one file written."""
    before = sorted((town.root / "content").rglob("*"))
    with pytest.raises(ImportFailed, match=re.escape(sentence)):
        take(town, data)
    assert before == sorted((town.root / "content").rglob("*"))


def test_a_damaged_export_gives_what_it_has(town: Town) -> None:
    """Control characters are taken out, a file that breaks off is read as far as it goes; both are told."""
    whole = wxr.commune().replace(b"Le voici.", b"Le\x0b voici.")
    broken = whole[: whole.index(b"<title><![CDATA[Contact")]
    done = take(town, broken)
    assert "Le voici.\n" in text(town, "actualites/plan-de-la-ville.md")
    assert [loss for loss in told(done) if loss.startswith("export.xml : XML fautif ligne")]
    assert "export.xml : 1 caractère(s) de contrôle interdits en XML ; ils ont été retirés" in told(done)


def test_wrong_options(town: Town) -> None:
    """A folder that is no category, a kind that does not exist, a file that is not there: each has its sentence."""
    site, var = read_site(town.root / "publishconf.py"), town.root / "var"
    for arguments, options, sentence in (
        (("wordpress", "x.xml"), {"into": "nouvelles"}, "« nouvelles » n’est pas une rubrique ; écrivez l’une de : "),
        (("wordpress", "x.xml"), {"media": "/rien"}, "« /rien » n’est pas un dossier"),
        (("joomla", "x.xml"), {}, "« joomla » n’est pas une sorte d’import ; écrivez « wordpress » ou « rss »."),
        (("wordpress", "x.xml"), {}, "x.xml est illisible"),
        (("rss", "x.xml"), {}, "x.xml est illisible"),
        (("rss", "http://[x"), {}, "http://[x n’est pas une adresse http"),
    ):
        with pytest.raises(ImportFailed, match=re.escape(sentence)):
            bring(*arguments, site, var, **options)  # type: ignore[arg-type]


RSS = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>
<title>Ancien site</title><link>{site}/</link><description>Nouvelles</description>
<item><title>Marché &amp;amp; fête</title><link>{site}/news/marche.html</link><guid>urn:1</guid>
<pubDate>Tue, 05 May 2026 08:00:00 +0200</pubDate><category>Agenda</category>
<description>Le marché.</description>
<content:encoded><![CDATA[<p>Le marché est <b>samedi</b>.</p><p><img src="/img/pont.png" alt="Le pont"></p>]]></content:encoded></item>
<item><title>Bref</title><link>{site}/news/bref.html</link><pubDate>Mon, 04 May 2026 08:00:00 GMT</pubDate>
<description>Seulement le résumé.</description></item>
</channel></rss>"""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A site on loopback."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_feed_at_an_address(town: Town, tmp_path: Path) -> None:
    """RSS from the network, since its address was asked for: text, category, date, old address; images only where
    `download` allows it; an entry with only a summary is told."""
    picture = io.BytesIO()
    Image.new("RGB", (5, 5)).save(picture, "PNG")
    (tmp_path / "www/img").mkdir(parents=True)
    (tmp_path / "www/img/pont.png").write_bytes(picture.getvalue())
    site, var = read_site(town.root / "publishconf.py"), town.root / "var"
    with serving(tmp_path / "www") as url:
        (tmp_path / "www/rss.xml").write_text(RSS.format(site=url), encoding="utf-8")
        first = bring("rss", f"{url}/rss.xml", site, var)
        assert "*[Image : Le pont]*" in text(town, "agenda/marche.md")
        done = bring("rss", f"{url}/rss.xml", site, var, download=True)
        with pytest.raises(ImportFailed, match="n’a pas pu être lu"):
            bring("rss", f"{url}/rien.xml", site, var)
    assert ["content/agenda/marche.md", "content/actualites/bref.md"] == first.written.new
    assert ["content/agenda/marche.md"] == done.written.changed
    assert text(town, "agenda/marche.md") == (
        '---\ntitle: "Marché & fête"\ndate: 2026-05-05 08:00\nsummary: "Le marché."\ntags: ["Agenda"]\n'
        'aliases:\n  - "/news/marche.html"\n---\n\nLe marché est **samedi**.\n\n![Le pont](../images/import/pont.png)\n'
    )
    assert [loss for loss in told(done) if "le flux n’en donne que le résumé" in loss]
    assert () == tuple(fault for fault in done.faults if fault.level == "error")


def test_an_atom_feed_in_a_file(town: Town) -> None:
    """Atom from a file, without any network; an entry whose id is no address is named after its title."""
    atom = (
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><link href="https://a.example/"/>'
        '<entry><id>tag:1</id><title>Un</title><link href="https://a.example/un/"/><updated>2026-05-04T10:00:00Z</updated>'
        '<content type="html">&lt;p&gt;Corps &lt;i&gt;un&lt;/i&gt;.&lt;/p&gt;</content></entry>'
        "<entry><id>tag:a.example,1999:blog-6.post-7</id><title>Le deux</title><updated>2026-05-04T10:00:00Z</updated>"
        "<content>Corps deux.</content></entry></feed>"
    )
    (town.root / "atom.xml").write_text(atom, encoding="utf-8")
    done = bring("rss", str(town.root / "atom.xml"), read_site(town.root / "publishconf.py"), town.root / "var")
    assert ((), "Corps deux.") == (done.faults, text(town, "actualites/le-deux.md").rpartition("---\n\n")[2].strip())
    assert "Corps *un*.\n" in text(town, "actualites/un.md")
    assert "date: 2026-05-04 12:00\n" in text(town, "actualites/un.md")


def test_the_task(town: Town) -> None:
    """`invoke import` ends with the figures and the report's place; exit status 0 when nothing is wrong."""
    (town.root / "export.xml").write_bytes(wxr.commune())
    done = town.invoke(
        "import", "wordpress", "export.xml", "--chosen", "Vie municipale=agenda", "--media", uploads(town)
    )
    assert (0, "") == (done.returncode, re.sub(r"(?m)^content/\S+ attention.*\n?", "", done.stderr))
    assert "• 11 fichier(s) écrits, 0 mis à jour, 0 inchangés, 0 laissés tels quels" in done.stdout
    assert "14 point(s) à relire ou non repris : var/import/rapport-wordpress-www-bourg-example.md" in done.stdout
    assert (town.root / "content/agenda/rue-du-lac.md").is_file()
    wrong = town.invoke("import", "wordpress", "rien.xml")
    assert (1, "rien.xml est illisible") == (wrong.returncode, wrong.stderr[:22])


def test_an_export_that_is_not_there(town: Town) -> None:
    """What the system says of a file is said in French."""
    for kind in ("wordpress", "rss"):
        done = town.invoke("import", kind, "absent.xml")
        assert "absent.xml est illisible : il n’existe pas" in done.stderr
        assert "No such" not in done.stderr
