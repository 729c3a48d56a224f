"""Translations: by file name, with a switch, feeds of their own, and what is not translated in plain sight."""

from __future__ import annotations

import json
import re
import shutil
from datetime import timedelta
from xml.etree import ElementTree

import pytest

from beffroi import content
from beffroi.check.run import run
from beffroi.errors import SettingsError
from beffroi.settings import read_site
from tests.test_withdraw import LATER, commit, found, git
from tests.town import AT, Town


@pytest.fixture
def town(town: Town) -> Town:
    """A commune that speaks English and German besides."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nLANGUAGES = {"en": "English", "de": "Deutsch"}\n')
    town.write("patrimoine/musee", "title: Le musée\ndate: 2026-05-01", "Bonjour : entrez !")
    town.write("patrimoine/musee.en", "title: 'The museum: welcome!'\ndate: 2026-05-01", "Welcome! [Mill](moulin.md)")
    town.write("patrimoine/moulin", "title: Le moulin\ndate: 2026-05-02")
    return town


def page(town: Town, name: str) -> str:
    """One page of the live site."""
    return (town.live / name / "index.html").read_text("utf-8")


def ids(town: Town, name: str) -> list[str]:
    """The items of one JSON feed."""
    return [item["id"] for item in json.loads((town.live / "feeds" / name).read_bytes())["items"]]


def test_a_translation_has_its_page_and_each_version_leads_to_the_other(town: Town) -> None:
    """The same name with a language: another page, its language said to machines and to people, links both ways; no
    French spaces in it."""
    town.publish()
    english, french = page(town, "patrimoine/musee.en"), page(town, "patrimoine/musee")
    assert '<article class="article" lang="en">' in english
    assert "<h1>The museum: welcome!</h1>" in english
    assert "Welcome! <a" in english
    for text in (english, french):
        for code, path in (("fr", "/patrimoine/musee/"), ("en", "/patrimoine/musee.en/")):
            assert f'<link rel="alternate" hreflang="{code}" href="http://localhost:8000{path}">' in text
    assert '<a href="/patrimoine/musee.en/" hreflang="en" lang="en">English</a>' in french
    assert '<a href="/patrimoine/musee/" hreflang="fr" lang="fr">Français</a>' in english
    assert "hreflang" not in page(town, "patrimoine/moulin").partition("</header>")[0].partition("<header")[0]


def test_a_lasting_page_has_its_translation(town: Town) -> None:
    """A page of content/pages does as an article: its language to machines and to people, links both ways, its words
    around it, no French spaces; the list of the language names it, the French ones do not; sitemap and search have it."""
    town.write("pages/venir", "title: Venir\nsummary: Par la route ou le train.", "Bonjour : entrez !")
    town.write("pages/venir.en", "title: 'Getting here: by train!'", "Take the train: it is easy!")
    town.publish()
    english, french = page(town, "venir.en"), page(town, "venir")
    assert '<html lang="en"' in english
    assert '<article class="article" lang="en">' in english
    assert "<h1>Getting here: by train!</h1>" in english
    assert "Take the train: it is easy!" in english
    assert 'aria-label="About this page"' in english
    assert '<html lang="fr"' in french
    for text in (english, french):
        for code, path in (("fr", "/venir/"), ("en", "/venir.en/")):
            assert f'<link rel="alternate" hreflang="{code}" href="http://localhost:8000{path}">' in text
    assert '<a href="/venir.en/" hreflang="en" lang="en">English</a>' in french
    assert '<a href="/venir/" hreflang="fr" lang="fr">Français</a>' in english
    assert '<a href="/venir.en/" lang="en" hreflang="en">Getting here: by train!</a>' in page(town, "en")
    assert "venir" not in page(town, "de")
    assert "venir.en" not in page(town, "plan-du-site")
    assert "<loc>http://localhost:8000/venir.en/</loc>" in (town.live / "sitemap.xml").read_text("utf-8")
    (town.root / "content/pages/venir.en.md").unlink()
    town.publish()
    assert "venir.en" not in page(town, "venir") + page(town, "en")


def test_a_lasting_page_in_another_language_alone(town: Town) -> None:
    """Without an original, `check` warns; the page still says its language."""
    town.write("pages/venir.en", "title: Getting here", "Take the train.")
    (told,) = town.publish().warnings
    assert "La traduction n’a plus d’original" in told.message
    assert '<html lang="en"' in page(town, "venir.en")
    assert 'rel="alternate" hreflang' not in page(town, "venir.en")


def test_lists_feeds_and_phones_speak_french(town: Town) -> None:
    """A translation is in no French list, on no panel, in no French feed; phones are not told twice of one thing."""
    told = town.publish()
    assert "patrimoine/musee.en" not in ids(town, "feed.json")
    assert "musee.en" not in page(town, "patrimoine")
    assert ["patrimoine/moulin", "patrimoine/musee"] == [i for i in ids(town, "feed.json") if "patrimoine" in i]
    assert [] == [d.item.id for d in told.announced.decisions if ".en" in d.item.id]
    assert "http://localhost:8000/patrimoine/musee.en/" in (town.live / "sitemap.xml").read_text("utf-8")


def test_each_language_has_its_feeds(town: Town) -> None:
    """feeds/en holds what is translated to English, and says its language and its own address."""
    town.publish()
    feed = json.loads((town.live / "feeds/en/feed.json").read_bytes())
    assert ("en", "http://localhost:8000/feeds/en/feed.json") == (feed["language"], feed["feed_url"])
    assert ["patrimoine/musee.en"] == [item["id"] for item in feed["items"]]
    assert "en" == feed["items"][0]["language"]
    channel = ElementTree.parse(town.live / "feeds/en/rss.xml").find("channel")
    assert channel is not None
    assert ("en", ["patrimoine/musee.en"]) == (
        channel.findtext("language"),
        [i.findtext("guid") for i in channel.iter("item")],
    )
    assert [] == ids(town, "de/feed.json")


def test_a_withdrawn_translation_is_told_in_its_feed(town: Town) -> None:
    """Readers of feeds/en learn that it was withdrawn, and why, in English; RSS, which cannot say it, drops it."""
    head = "title: The museum\ndate: 2026-05-02\nstatus: withdrawn\nupdated: 2026-05-04 09:00"
    for reason, why in (("", "This information is no longer valid."), ("\nreason: Closed.", "Closed.")):
        town.write("patrimoine/musee.en", head + reason, "Zanzibar.")
        town.publish()
        (item,) = json.loads((town.live / "feeds/en/feed.json").read_bytes())["items"]
        assert ("Withdrawn: The museum", why) == (item["title"], item["summary"])
        assert ("withdrawn", why) == (item["_beffroi"]["status"], item["_beffroi"]["reason"])
        assert f"<p>{why}</p>" == item["content_html"]
        assert [] == found(town, "Zanzibar")
        assert "<item>" not in (town.live / "feeds/en/rss.xml").read_text("utf-8")


def test_what_is_not_translated_is_in_plain_sight(town: Town) -> None:
    """The page of a language lists everything that lasts: translated first, the rest in French, marked as such."""
    town.publish()
    text = page(town, "en")
    assert '<a href="/patrimoine/musee.en/" lang="en" hreflang="en">The museum: welcome!</a></li>' in text
    assert re.search(r'lang="fr" hreflang="fr">Le moulin</a> <span class="muted">\(in French\)</span>', text)
    assert text.index("The museum") < text.index("Le moulin")
    assert 2 == page(town, "de").count("(auf Französisch)")


def test_a_translated_alert_runs_as_long_as_its_original(town: Town) -> None:
    """Its page says that it runs, and is made again when it is over; the band of the page does not tell it twice."""
    head = "date: 2026-05-04\nend: 2026-05-06 18:00\nseverity: Severe"
    town.write("alertes/crue", f"title: Crue\n{head}")
    town.write("alertes/crue.en", f"title: Flood\n{head}")
    town.publish()
    text = page(town, "alertes/crue.en")
    assert 'class="alert-head severity-3"' in text
    assert "Until Wednesday 6 May at 18:00" in text.replace("\u00a0", " ")
    assert 'href="/alertes/crue/"' not in text.partition("<main")[0]
    assert 'href="/alertes/crue/"' in page(town, "patrimoine/musee.en").partition("<main")[0]
    town.publish(AT + timedelta(days=3))
    text = page(town, "alertes/crue.en")
    assert 'class="alert-head severity-3 is-over"' in text
    assert "Over since Wednesday 6 May 2026" in text.replace("\u00a0", " ")


def test_embargo_of_a_translation(town: Town) -> None:
    """A translation keeps its own embargo: until then nobody sees that there will be one."""
    town.write("patrimoine/musee.de", "title: Zanzibar\ndate: 2026-06-01")
    town.publish()
    assert [] == found(town, "musee.de") + found(town, "Zanzibar")


def test_without_the_setting_nothing_changes(town: Town) -> None:
    """A name with another suffix is a name: `a.v2.md` is no translation, whatever the languages."""
    town.write("actualites/compte-rendu.v2", "title: V2\ndate: 2026-05-01")
    tree = content.read(read_site(town.root / "publishconf.py"))
    assert "actualites/compte-rendu-v2" in tree.entries
    assert "en" == tree.entries["patrimoine/musee.en"].document.front.lang


def test_a_language_in_capitals(town: Town) -> None:
    """`moulin.EN.md` is the translation that it was meant to be, and rings no French phone."""
    town.write("patrimoine/moulin.EN", "title: The mill\ndate: 2026-05-01")
    entry = content.read(read_site(town.root / "publishconf.py")).entries["patrimoine/moulin.en"]
    assert ("en", "/patrimoine/moulin.en/") == (entry.language, entry.url_path)


def test_a_wrong_language_is_told(town: Town) -> None:
    """A code that is none is refused with an example."""
    with (town.root / "pelicanconf.py").open("a", encoding="utf-8") as file:
        file.write('\nLANGUAGES = {"anglais": "English"}\n')
    with pytest.raises(SettingsError, match="LANGUAGES contient 'anglais'"):
        town.publish(AT)


def told(town: Town) -> list[str]:
    """What `check` says, with its memory of the former run."""
    site = read_site(town.root / "publishconf.py")
    faults, _ = run(site, town.root / "var")
    return [str(fault).replace("\u202f", " ").replace("\u00a0", " ") for fault in faults]


def test_a_translation_older_than_its_original(town: Town) -> None:
    """Once the original was changed in git after it, its translation is told, until it is looked at; one run or the
    tenth, and on another machine too."""
    commit(town)
    assert [] == told(town)
    town.write("patrimoine/musee", "title: Le musée\ndate: 2026-05-01", "Bonjour : fermé !")
    commit(town, LATER)
    sentence = "La traduction est plus ancienne que l’original, {} ; relisez-la, corrigez-la et enregistrez-la."
    late = [f"content/patrimoine/musee.en.md:1: attention : {sentence.format('content/patrimoine/musee.md')}"]
    assert late == told(town) == told(town)
    shutil.rmtree(town.root / "var")
    assert late == told(town)
    town.write("patrimoine/musee.de", "title: Das Museum\ndate: 2026-05-01", "Willkommen.")
    assert late == told(town)
    town.write("patrimoine/musee.en", "title: The museum\ndate: 2026-05-01", "Closed.")
    commit(town, LATER + timedelta(hours=1))
    assert [] == told(town) == told(town)


def test_without_git_no_translation_is_old(town: Town) -> None:
    """No repository, or nothing committed: nothing is known of ages, and nothing is said."""
    assert [] == told(town)
    git(town, "init", "-q")
    assert [] == told(town)


def test_a_translation_is_part_of_a_change_of_its_original(town: Town) -> None:
    """`check --changed` on a branch that deletes the original tells the translation that is left alone."""
    commit(town)
    (town.root / "content/patrimoine/musee.md").unlink()
    done = town.invoke("check", "--changed")
    assert 0 == done.returncode
    assert "musee.en.md:1: attention" in done.stdout
