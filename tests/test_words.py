"""Translated pages speak their language: catalogues that are whole, dates in its form, French in plain sight elsewhere."""

from __future__ import annotations

import re
import shutil
import tomllib
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment, nodes

from beffroi.errors import SettingsError
from beffroi.model import Event
from beffroi.settings import read_site
from beffroi.site.words import Languages, Words, key
from tests.test_languages import ids, page
from tests.test_withdraw import answer
from tests.town import AT, REPO, Town

THEME = REPO / "theme"
CATALOGUES = sorted((THEME / "languages").glob("*.toml"))
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def town(town: Town) -> Town:
    """A commune that speaks English, and Spanish, for which the theme has no catalogue."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write(
            '\nLANGUAGES = {"en": "English", "es": "Español"}\nNOTICE = "Essai."\n'
            'WORDS = {"en": {"Patrimoine": "Heritage", "Essai.": "A trial."}}\n'
        )
    town.write("patrimoine/pont", "title: Le pont\ndate: 2026-05-01")
    town.write("patrimoine/pont.en", "title: The bridge\ndate: 2026-05-01 10:30\nupdated: 2026-05-02", "Welcome.")
    town.write("patrimoine/pont.es", "title: El puente\ndate: 2026-05-01", "Bienvenidos.")
    town.write("alertes/crue", "title: Crue\ndate: 2026-05-04\nseverity: Severe\nend: 2026-05-05 18:00")
    return town


def asked() -> set[str]:
    """Every French word that the templates have said."""
    found = set()
    for path in (THEME / "templates").glob("*.html"):
        tree = Environment().parse(path.read_text("utf-8"))
        for call in tree.find_all(nodes.Call):
            name = call.node.node if isinstance(call.node, nodes.Getattr) else call.node
            if isinstance(name, nodes.Name) and name.name == "say" and call.args:
                found |= {key(word.value) for word in [call.args[0]] if isinstance(word, nodes.Const)}
    severities = re.search(r"set words = \{(.*?)\}", (THEME / "templates/motif.html").read_text("utf-8"))
    assert severities
    return found | set(re.findall(r'"(.*?)"', severities[1]))


@pytest.mark.parametrize("path", CATALOGUES, ids=lambda path: path.stem)
def test_each_catalogue_is_whole(path: Path) -> None:
    """It has every word that templates and scripts say, no other one, and all forms of dates."""
    found = tomllib.loads(path.read_text("utf-8"))
    scripts = "".join(script.read_text("utf-8") for script in (THEME / "static/js").glob("*.js"))
    assert asked() == set(found["words"])
    assert set(re.findall(r'\bsay\("(.*?)"\)', scripts)) == set(found["scripts"])
    assert (7, 12) == (len(found["dates"]["days"]), len(found["dates"]["months"]))
    assert all(words.strip() for table in ("words", "scripts") for words in found[table].values())
    languages = Languages(read_site(REPO / "pelicanconf.py"), THEME / "languages")
    french = re.compile(r"\b(?:janvier|mai|lundi|jusqu’au|de|du)\b")
    for start, end, whole in SPANS:
        event = Event(moment(start), moment(end), whole)
        assert not french.search(str(languages.words(path.stem).span(event)))


def test_every_language_of_the_town_has_a_catalogue() -> None:
    """English, German and Italian; the names of our own categories are translated too."""
    site = read_site(REPO / "pelicanconf.py")
    assert set(site.languages) == {path.stem for path in CATALOGUES}
    for code in site.languages:
        ours = {*(one.name for one in site.categories.values()), site.notice, site.publisher.description}
        assert set() == ours - set(site.words[code])


def moment(text: str) -> datetime:
    """An instant in Paris."""
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


SPANS = [
    ("2026-05-05T08:00", "2026-05-05T12:00", False),
    ("2026-05-05T20:00", "2026-05-06T00:00", False),
    ("2026-05-05T00:00", "2026-05-06T00:00", True),
    ("2026-05-05T00:00", "2026-05-08T00:00", True),
    ("2026-12-30T00:00", "2027-01-02T00:00", True),
    ("2026-05-01T08:00", "2026-05-03T12:30", False),
]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (
            "en",
            ["Tuesday 5 May 2026, from 8:00 to 12:00", "Tuesday 5 May 2026, from 20:00 to midnight",
             "Tuesday 5 May 2026", "5 May to 7 May 2026", "30 December 2026 to 1 January 2027",
             "1 May at 8:00 to 3 May 2026 at 12:30"],
        ),
        (
            "de",
            ["Dienstag, 5. Mai 2026, von 8:00 Uhr bis 12:00 Uhr", "Dienstag, 5. Mai 2026, von 20:00 Uhr bis Mitternacht",
             "Dienstag, 5. Mai 2026", "5. Mai bis 7. Mai 2026", "30. Dezember 2026 bis 1. Januar 2027",
             "1. Mai, 8:00 Uhr, bis 3. Mai 2026, 12:30 Uhr"],
        ),
        (
            "it",
            ["martedì 5 maggio 2026, ore 8:00–12:00", "martedì 5 maggio 2026, ore 20:00–mezzanotte",
             "martedì 5 maggio 2026", "dal 5 maggio al 7 maggio 2026", "dal 30 dicembre 2026 al 1º gennaio 2027",
             "dal 1º maggio, ore 8:00, al 3 maggio 2026, ore 12:30"],
        ),
    ],
)  # fmt: skip
def test_dates_have_the_form_of_the_language(code: str, said: list[str]) -> None:
    """When something takes place, as that language writes it."""
    words = Languages(read_site(REPO / "pelicanconf.py"), THEME / "languages").words(code)
    assert said == [str(words.span(Event(moment(start), moment(end), whole))) for start, end, whole in SPANS]


@pytest.mark.parametrize(
    ("code", "until", "whole", "at"),
    [
        ("en", "until Tuesday 5 May at 18:00", "Until Monday 4 May 2026 inclusive", "Tuesday 5 May 2026 at 18:00"),
        ("de", "bis Dienstag, 5. Mai, 18:00 Uhr", "Bis einschließlich Montag, 4. Mai 2026", "Dienstag, 5. Mai 2026, 18:00 Uhr"),
        ("it", "fino a martedì 5 maggio, ore 18:00", "Fino a lunedì 4 maggio 2026 incluso", "martedì 5 maggio 2026, ore 18:00"),
        ("", "jusqu’au mardi 5\u00a0mai à 18\u00a0h", "Jusqu’au lundi 4\u00a0mai 2026 inclus", "mardi 5\u00a0mai 2026 à 18\u00a0h"),
    ],
)  # fmt: skip
def test_ends(code: str, until: str, whole: str, at: str) -> None:
    """How long something holds, and an instant; the year where it is another one."""
    words = Languages(read_site(REPO / "pelicanconf.py"), THEME / "languages").words(code)
    end, night = moment("2026-05-05T18:00").astimezone(UTC), moment("2026-05-05T00:00")
    assert until == str(words.until(end, moment("2026-05-01T00:00")))
    assert whole == str(words.until(night, moment("2025-05-01T00:00"), begin=True))
    assert at == str(words.moment(end))


class Spoken(HTMLParser):
    """Each text of a page, with the language that is said of it; attributes that are read out too."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.stack: list[tuple[str, str]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """An element may change the language."""
        given = dict(attrs)
        lang = given.get("lang") or (self.stack[-1][1] if self.stack else "")
        self.texts += [(lang, given[name] or "") for name in ("aria-label", "alt") if given.get(name)]
        if tag not in {"meta", "link", "img", "br", "input", "source", "path", "circle", "rect"}:
            self.stack.append((tag, lang))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Drawings."""

    def handle_endtag(self, tag: str) -> None:
        """Back to the language around."""
        while self.stack and self.stack.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Some text."""
        if self.stack and self.stack[-1][0] not in {"script", "style"} and data.strip(" \n·:,.()[]|"):
            self.texts.append((self.stack[-1][1], " ".join(data.split())))


def test_an_english_page_reads_as_english(town: Town) -> None:
    """Everything on it is English, or says that it is French; the banner of a French alert too."""
    town.publish()
    for name in ("patrimoine/pont.en", "en"):
        texts = Spoken(page(town, name)).texts
        english = {text for lang, text in texts if lang == "en"}
        french = {text for lang, text in texts if lang == "fr"}
        assert {"Skip to content", "Heritage", "A trial.", "Warning"} <= english
        assert any(text.startswith("Until Tuesday 5 May at 18:00") for text in english)
        assert {"Crue", "Alertes", "Agenda"} <= french
        assert set() == {"en", "fr", "es"} ^ {lang for lang, _ in texts}
        assert set() == english & (asked() - set(tomllib.loads(CATALOGUES[1].read_text("utf-8"))["words"].values()))
    article = page(town, "patrimoine/pont.en")
    assert "Friday 1 May 2026 at 10:30</time>" in article
    assert "Saturday 2 May 2026</time>" in article
    assert '<meta property="og:locale" content="en_GB">' in article
    assert 'href="/feeds/en/rss.xml"' in article
    assert "&#34;Demain&#34;: &#34;Tomorrow&#34;" in article


def test_a_language_without_catalogue_falls_back_in_plain_sight(town: Town) -> None:
    """Spanish pages say their words in French, each marked as such; the item itself is Spanish."""
    town.publish()
    text = page(town, "patrimoine/pont.es")
    assert '<html lang="es"' in text
    assert '<dt><span lang="fr">Publié le</span></dt>' in text
    assert '<time datetime="2026-05-01T00:00:00+02:00"><span lang="fr">vendredi 1er\u00a0mai 2026</span></time>' in text
    assert ("es", "El puente") in Spoken(text).texts
    assert ("fr", "Aller au contenu") in Spoken(text).texts


def test_the_commune_adds_a_language(town: Town) -> None:
    """`WORDS` is enough for words; a catalogue in the theme for dates and the rest. Only what it says changes."""
    theme = town.root / "theme"
    shutil.copytree(THEME, theme)
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write(f"\nTHEME = {str(theme)!r}\nWORDS['es'] = {{'Publié le': 'Publicado el'}}\n")
    town.publish()
    assert "<dt>Publicado el</dt>" in page(town, "patrimoine/pont.es")
    (theme / "languages/es.toml").write_text('locale = "es_ES"\n[words]\n"Sources" = "Fuentes"\n"Accueil" = "Inicio"\n')
    town.publish()
    assert "<span>Inicio</span>" in page(town, "patrimoine/pont.es")
    assert "<dt>Publicado el</dt>" in page(town, "patrimoine/pont.es")


def test_feeds_of_a_language(town: Town) -> None:
    """They say in their language what the commune translated: categories, and what the site is."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write("\nPUBLISHER['description'] = 'Le bourg.'\nWORDS['en']['Le bourg.'] = 'The town.'\n")
    town.publish()
    rss = (town.live / "feeds/en/rss.xml").read_text("utf-8")
    assert "<description>The town.</description>" in rss
    assert "<category>Heritage</category>" in rss
    assert '"description": "The town."' in (town.live / "feeds/en/feed.json").read_text("utf-8")
    assert ["patrimoine/pont.es"] == ids(town, "es/feed.json")


def test_a_withdrawn_translation_explains_in_its_language(town: Town) -> None:
    """Its address answers 410, and says why in English; the French page stands and leads there no more."""
    gone = "title: The bridge\ndate: 2026-05-01\nstatus: withdrawn\nupdated: 2026-05-04 10:00"
    town.write("patrimoine/pont.en", gone, "Welcome.")
    town.publish(AT)
    assert (410, "Withdrawn: The bridge") == answer(town, "/patrimoine/pont.en/")
    text = page(town, "patrimoine/pont.en")
    assert "This information is no longer valid." in text
    assert "The town withdrew this information on" in text
    assert "pont.en" not in page(town, "patrimoine/pont")
    town.write("patrimoine/pont.en", f"{gone}\nreason: Under repair.", "Welcome.")
    town.publish(AT)
    assert '<p class="lead">Under repair.</p>' in page(town, "patrimoine/pont.en")


def test_wrong_words_are_told(town: Town) -> None:
    """`WORDS` that is no table is refused with an example."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nWORDS = {"en": "Heritage"}\n')
    with pytest.raises(SettingsError, match="WORDS vaut .* écrivez par exemple"):
        town.publish(AT)


def test_french_is_said_as_it_stands() -> None:
    """In the commune's own language nothing is looked up, and what is said is escaped."""
    say = Words("", "fr", PARIS)
    assert ("Bals &amp; fêtes", "Bals & fêtes") == (str(say("Bals & fêtes")), say.plain("Bals & fêtes"))
    assert '<span lang="fr">&lt;b&gt;</span>' == str(Words("en", "fr", PARIS)("<b>"))
