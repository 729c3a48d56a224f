"""The preview: an item on every channel before it leaves, at any instant, without touching what is online."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from beffroi.preview.app import Preview, application
from beffroi.preview.panes import PANES, Pane
from beffroi.preview.scene import Scene
from beffroi.preview.stage import Stage
from beffroi.settings import read_service
from tests.api.client import Client
from tests.town import AT, Town

FLOOD = (
    "title: Crue de l'Isère\ndate: 2026-05-12 06:40\nend: 2026-05-14 20:00\nseverity: Severe\n"
    "panel: 'CRUE Isère : quittez les berges'\npush: Éloignez-vous des berges."
)


@pytest.fixture
def desk(town: Town) -> Iterator[Preview]:
    """The preview of a small town with a flood to come, an event, a draft and two panels."""
    (town.root / "pelicanconf.py").open("a", encoding="utf-8").write(
        '\nPANELS = {"mairie": {"name": "La Mairie", "lines": 8, "columns": 16},\n'
        '          "accueil": {"name": "Accueil", "width": 1080, "height": 1920}}\n'
    )
    town.write("alertes/crue", FLOOD, "Quittez **les berges**.")
    town.write(
        "agenda/bal", "title: Bal\ndate: 2026-05-01\nevent:\n  start: 2026-05-23 20:30\n  place: Salle des fêtes"
    )
    town.write("actualites/idee", "title: Une idée\ndate: 2026-05-01\nstatus: draft", "Pas encore.")
    yield Preview(Stage(town.root, "publishconf.py", read_service(town.root)), "", AT)
    assert not (town.root / "output").exists()
    assert not (town.root / "var" / "www").exists()
    assert not (town.root / "var" / "beffroi.sqlite3").exists()


def told(desk: Preview, name: str, at: str) -> dict[str, Any]:
    """What the page is given, in plain text where it is HTML."""
    entry = desk.stage.entry(name)
    assert entry
    found = desk._panes(entry, datetime.fromisoformat(at))
    words = html.unescape(re.sub(r"<[^>]+>", " ", found["panes"])).replace("\u00a0", " ")
    return {
        **found,
        "words": " ".join(words.split()),
        "state": " ".join(re.sub(r"<[^>]+>", "", found["state"]).split()),
    }


def test_every_channel_side_by_side(desk: Preview) -> None:
    """One item: its page twice, the notification on both systems, each panel, the calendar, both feeds."""
    alert = told(desk, "alertes/crue", "2026-05-13T09:00+02:00")
    assert 2 == alert["panes"].count('data-src="/alertes/crue/"')
    for words in (
        "Android, notification dépliée",
        "iPhone, écran verrouillé",
        "Éloignez-vous des berges.",
        "Urgence haute : le téléphone sonne même s’il dort.",
        "Un téléphone éteint la recevra encore jusqu’au jeudi 14 mai 2026 à 20 h.",
        "À cet instant : message 1 sur",
        "CRUE Isère : quittez les berges",
        "La Mairie, 8 lignes de 16 caractères",
        "Accueil, 1080 × 1920 pixels",
        '"id": "alertes/crue"',
        '<guid isPermaLink="false">alertes/crue</guid>',
    ):
        assert words in alert["words"], words
    assert "Le calendrier" not in alert["words"]
    event = told(desk, "content/agenda/bal.md", "2026-05-13T09:00+02:00")
    assert "Le calendrier mai 23 2026 Bal samedi 23 mai 2026, de 20 h 30 à 23 h 30 Salle des fêtes" in event["words"]


def test_the_instant(desk: Preview) -> None:
    """Before, during and after: what is said of the item, its place on the panels, and the stops of the slider."""
    before = told(desk, "alertes/crue", "2026-05-05T10:00+02:00")
    during = told(desk, "alertes/crue", "2026-05-13T10:00+02:00")
    after = told(desk, "alertes/crue", "2026-05-14T20:00+02:00")
    assert "Pas encore visible à cet instant : il paraît le mardi 12 mai 2026 à 6 h 40." in before["state"].replace(
        "\u00a0", " "
    )
    assert "À cet instant : absent" in before["words"]
    assert "Visible à cet instant," in during["state"]
    assert "Plus d’actualité à cet instant :" in after["state"].replace("\u00a0", " ")
    assert "À cet instant : absent" in after["words"]
    assert [
        {"at": "2026-05-12T06:40", "what": "paraît"},
        {"at": "2026-05-14T20:00", "what": "prend fin"},
    ] == during["marks"]
    assert before["token"] == during["token"]  # the page is the one of its first instant: nothing to load anew
    assert during["token"] != after["token"]


def test_a_draft_is_shown_and_said_to_be_one(desk: Preview) -> None:
    """A draft is previewed as if it were published, its page built; other drafts stay out of everything."""
    draft = told(desk, "actualites/idee", "2026-05-05T10:00+02:00")
    assert "Brouillon. Il ne paraîtra pas tant que status: draft reste écrit." in draft["state"]
    assert "Une idée" in draft["words"]
    entry = desk.stage.entry("actualites/idee")
    assert entry
    assert (desk.stage.build(entry, AT) / "actualites" / "idee" / "index.html").is_file()
    other = desk.stage.entry("agenda/bal")
    assert other
    assert not (desk.stage.build(other, AT) / "actualites" / "idee").exists()


def test_a_future_page_is_built_as_it_will_be(desk: Preview) -> None:
    """The page of what is to come is the real one, by the site's own templates, at its first instant."""
    entry = desk.stage.entry("alertes/crue")
    assert entry
    page = (desk.stage.build(entry, AT) / "alertes" / "crue" / "index.html").read_text("utf-8")
    assert "<strong>les berges</strong>" in page
    assert "Crue de l’Isère" in page


def test_a_fault_leaves_the_last_good_version(desk: Preview, town: Town) -> None:
    """A file saved in the middle of a word keeps the preview that it had; its fault is told above it, others counted."""
    assert [] == told(desk, "alertes/crue", "2026-05-13T10:00+02:00")["faults"]
    town.write("alertes/crue", FLOOD.replace("2026-05-14 20:00", "jeudi"), "Autre texte.")
    town.write("actualites/autre", "title: Autre")
    desk.stage.reread()
    found = told(desk, "alertes/crue", "2026-05-13T10:00+02:00")
    assert "quittez les berges" in found["words"]
    assert "content/alertes/crue.md:4: «\u00a0end\u00a0» vaut «\u00a0jeudi\u00a0»" in found["faults"][0]
    assert "1 faute(s) dans d’autres fichiers : lancez « check »." == found["faults"][1].replace("\u00a0", " ").replace(
        "\u202f", " "
    )


def test_silence_is_shown(desk: Preview, town: Town) -> None:
    """An item that keeps away from phones and panels says so instead of a notification."""
    town.write("actualites/muet", "title: Muet\ndate: 2026-05-01\npush: no\npanel: no")
    desk.stage.reread()
    words = told(desk, "actualites/muet", "2026-05-05T10:00+02:00")["words"]
    assert "Aucune notification : push: no ." in words
    assert "Les panneaux ne montrent pas ce contenu : panel: no." in words


def test_a_later_channel_fills_its_own_pane(desk: Preview, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new channel is one line in the registry: its pane stands beside the others, and is given item and instant."""

    def poster(scene: Scene) -> str:
        return f"<p>{scene.item.title}, {scene.publisher.title}, {scene.at:%d/%m}</p>"

    monkeypatch.setitem(PANES, "poster", Pane("L’affiche", poster))
    assert "L’affiche Bal, Bourg-Essai, 05/05" in told(desk, "agenda/bal", "2026-05-05T10:00+02:00")["words"]


def test_what_an_editor_writes_is_text(desk: Preview, town: Town) -> None:
    """No pane takes an editor's words for mark-up."""
    town.write("actualites/signes", "title: 'A < B & C'\ndate: 2026-05-01\nsummary: 'x < y'\npanel: 'a < b'")
    desk.stage.reread()
    found = told(desk, "actualites/signes", "2026-05-05T10:00+02:00")
    assert "<h3>A &lt; B &amp; C</h3>" in found["panes"]
    assert "a < b" in found["words"]


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/_apercu/panes?at=0001-01-01T00:00", 200),
        ("/_apercu/panes?at=9999-12-31T23:59", 200),
        ("/_apercu/panes?at=demain&item=%00", 200),
        ("/%00", 404),
        (f"/{'a' * 5000}", 404),
        ("/%2e%2e/%2e%2e/pelicanconf.py", 404),
    ],
)
def test_odd_addresses(desk: Preview, target: str, status: int) -> None:
    """An instant that no calendar has, or a name that no disk takes, brings nothing down."""
    client = Client.__new__(Client)
    client.app = application(desk)
    assert status == client.ask("GET", target, headers={"Host": "localhost"}).status
