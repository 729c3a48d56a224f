"""The typography, words and clean-up of `beffroi.text`. In the tables, `~` stands for U+00A0 and `^` for U+202F."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beffroi.schema.header import _FORBIDDEN
from beffroi.text import _UNWANTED, absolute, clean, day, moment, plain, shorten, slugify, span, typeset, until
from beffroi.typography import printable

SPACES = str.maketrans({"~": "\u00a0", "^": "\u202f"})


def fixed(words: str) -> str:
    """The expected text, its visible stand-ins turned into no-break spaces."""
    return words.translate(SPACES)


TYPOGRAPHY = [
    # high punctuation
    ("Attention^!", "Attention !"),
    ("Attention^!", "Attention!"),
    ("Qui vient^? Tous^!", "Qui vient? Tous!"),
    ("Vraiment^?!", "Vraiment ?!"),
    ("Allô^!!!", "Allô  !!!"),
    ("Que faire le 14~juillet^?", "Que faire le 14 juillet?"),
    ("lundi^; mardi", "lundi ; mardi"),
    ("lundi^; mardi", "lundi; mardi"),
    ("Horaires~: 8 heures", "Horaires : 8 heures"),
    ("Horaires: 8 heures", "Horaires: 8 heures"),
    ("Attention^!\nSuite", "Attention !\nSuite"),
    ("!important", "!important"),
    # left alone: times, ratios, addresses, code
    ("Ouvert de 12:30 à 14:00", "Ouvert de 12:30 à 14:00"),
    ("Carte au 1:25^000", "Carte au 1:25 000"),
    ("https://a.fr/x?y=1;z", "https://a.fr/x?y=1;z"),
    ("Voir https://a.fr/l'eau?q=a...b^!", "Voir https://a.fr/l'eau?q=a...b !"),
    ("Voir https://a.fr/x?", "Voir https://a.fr/x?"),
    ("www.a.fr/d'ici", "www.a.fr/d'ici"),
    ("o'neil@a.fr", "o'neil@a.fr"),
    ("Tapez `a=\"b\"; 'c' ...`^!", "Tapez `a=\"b\"; 'c' ...` !"),
    ("pages.php?id=3", "pages.php?id=3"),
    ("R&amp;D", "R&amp;D"),
    (":) :-)", ":) :-)"),
    # apostrophes and dots
    ("l’école d’Izeron", "l'école d'Izeron"),
    ("aujourd’hui", "aujourd'hui"),
    ("moins d’1~h", "moins d'1 h"),
    ("rock 'n' roll", "rock 'n' roll"),
    ("5' 30", "5' 30"),
    ("Bientôt…", "Bientôt..."),
    ("Bientôt…^!", "Bientôt... !"),
    ("....", "...."),
    ("../..", "../.."),
    # guillemets
    ("Il dit «^bonjour^».", 'Il dit "bonjour".'),
    ("Il dit «^bonjour^»^!", 'Il dit "bonjour" !'),
    ("l’«^eau vive^»", "l'\"eau vive\""),
    ("«^un^» et «^deux^»", '"un" et "deux"'),
    ("«^oui^», dit-il", "«oui», dit-il"),
    ("«^oui^»", "« oui »"),
    ("(«^oui^»)", '("oui")'),
    ("«^Qui^?^»", '"Qui ?"'),
    ("«^https://a.fr^»", '"https://a.fr"'),
    ('écran de 24"', 'écran de 24"'),
    ('un "mot perdu', 'un "mot perdu'),
    ("» Programme", "» Programme"),
    # text nodes, cut by inline elements
    ("^!", " !"),
    ("~: oui", " : oui"),
    ("à l’", "à l'"),
    ("Qu’", "Qu'"),
    ("un 'mot'", "un 'mot'"),
    ("dit «^", "dit « "),
    ("^», dit-il", " », dit-il"),
    # numbers
    ("7^000 habitants", "7 000 habitants"),
    ("1^234^567~€", "1 234 567 €"),
    ("en 2026 100 personnes", "en 2026 100 personnes"),
    ("tél. 04 76 12 34 56", "tél. 04 76 12 34 56"),
    ("10~€", "10€"),
    ("10~€", "10 €"),
    ("50~%, 20~%", "50%, 20 %"),
    ("100%20", "100%20"),
    ("5~km, 12~m², 3~kg, 25~°C", "5 km, 12 m², 3 kg, 25 °C"),
    ("à 8~h~30", "à 8 h 30"),
    ("à 8h30", "à 8h30"),
    ("les 5 l’ont vu", "les 5 l'ont vu"),
    ("n°~5", "n° 5"),
    ("n°~5", "n°5"),
    ("le 1er~mai", "le 1er mai"),
    ("du 7 au 9~décembre", "du 7 au 9 décembre"),
    ("12 marsouins, 1er maillon", "12 marsouins, 1er maillon"),
    # civilities
    ("M.~Dupont et Mme~Élise Roux", "M. Dupont et Mme Élise Roux"),
    ("Dr~Martin", "Dr Martin"),
    ("Mme la maire", "Mme la maire"),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "typed"), TYPOGRAPHY)
def test_french_typography(expected: str, typed: str) -> None:
    """Each rule does what the table says, and leaves alone what is not prose."""
    assert fixed(expected) == typeset(typed)


pieces = st.sampled_from(
    [*"ab Zé019\"'«»:;!?.…%€h°`@/&(),-\n\t\u00a0\u202f\u2009\ufffe", "...", "n°", "M.", "Mme ", "https://a.fr/", "000"]
    + [" km", "l'", "www.", "a@b.fr", "&amp;", " !", '" ', ' "', "«", "»", "8 h 30", "’"]
)
prose = st.lists(pieces, max_size=25).map("".join) | st.text(max_size=40)


@given(prose)
@example('"" "x"')
@example('" " a" " ')
@example("«»")
@example("1 000 000 000")
def test_typesetting_twice_is_typesetting_once(text: str) -> None:
    """What is typeset already stays as it is."""
    assert typeset(text) == typeset(typeset(text))


def folded(text: str) -> str:
    """The text without spaces, all quotes and apostrophes straight, … as dots."""
    for new, old in (("’", "'"), ("«", '"'), ("»", '"'), ("…", "...")):
        text = text.replace(new, old)
    return re.sub(r"[ \t\u00a0\u202f\u2009]", "", text)


@given(prose)
def test_typesetting_changes_no_word(text: str) -> None:
    """Only spaces, quotes, apostrophes and dots ever change."""
    assert folded(text) == folded(typeset(text))


@pytest.mark.parametrize(
    ("expected", "name"),
    [
        ("fermeture-d-ecole", "Fermeture d'école"),
        ("fermeture-d-ecole", "Fermeture d’ecole\u0301"),
        ("oeuvre-et-boeuf", "Œuvre et bœuf"),
        ("n-5-7-000", "n° 5 : 7\u202f000 €"),
        ("lete-2026", "lété (2026)"),
        ("l-isere", "lʼIsère"),
        ("strasse", "Straße"),
        ("", "…!"),
        ("deja-vu", "--Déjà   vu--"),
    ],
)
def test_slugs(expected: str, name: str) -> None:
    """Slugs are what a French reader would type on a plain keyboard."""
    assert expected == slugify(name)


@given(st.text())
def test_slugs_are_the_same_for_composed_and_decomposed_names(name: str) -> None:
    """A file name typed on a Mac (NFD) and on Linux (NFC) gives one address, and it is a clean one."""
    slug = slugify(unicodedata.normalize("NFC", name))
    assert slug == slugify(unicodedata.normalize("NFD", name)) == slugify(slug)
    assert re.fullmatch(r"(?:[a-z0-9]+(?:-[a-z0-9]+)*)?", slug)


@given(st.text(st.characters(exclude_categories=())))
@example("a\x0bb\ud800c\ufffed\x00")
def test_clean_text_fits_in_xml(text: str) -> None:
    """What was cleaned can stand in XML, whatever it was, and is NFC."""
    cleaned = clean(text)
    assert unicodedata.normalize("NFC", cleaned) == cleaned == clean(cleaned)
    escaped = cleaned.replace("&", "&amp;").replace("<", "&lt;").replace("\r", "&#13;")
    assert (cleaned or None) == ElementTree.fromstring(f"<a>{escaped}</a>".replace("]]>", "]]&gt;")).text


@pytest.mark.parametrize(
    ("expected", "html"),
    [
        ("Été & cie", "<p>&Eacute;t&eacute; &amp; cie</p>"),
        ("un deux", "<p>un</p><p>deux</p>"),
        ("un deux", "un<br>deux"),
        ("un seul mot", "un <b>seu</b>l\n\n mot"),
        ("avant après", "avant<script>var a = '<p>';</script><style>p{}</style> après"),
        ("7\u202f000\u00a0€", "<p>7\u202f000&nbsp;€</p>"),
        ("a < b", "a &lt; b"),
        ("", ""),
        ("x y", "<ul><li>x</li><li>y</li></ul><!-- z -->"),
        ("a b", "a<template>z</template><hr/>b"),
    ],
)
def test_plain_text_of_html(expected: str, html: str) -> None:
    """The words of a fragment, as they would be read aloud."""
    assert expected == plain(html)


@pytest.mark.parametrize(
    ("expected", "text", "limit"),
    [
        ("Le petit chat", "Le petit chat", 13),
        ("Le petit…", "Le petit chat", 12),
        ("Travaux…", "Travaux, rue Haute", 12),
        ("Prix…", "Prix 7\u202f000\u00a0€", 10),
        ("abcd…", "abcdefgh", 5),
        ("…", "abc", 1),
        ("", "abc", 0),
        ("e\u0301…", "e\u0301e\u0301e\u0301", 4),
        ("…", "👩‍👩‍👧ab", 4),
    ],
)
def test_shortening(expected: str, text: str, limit: int) -> None:
    """A cut falls between words where it can, and never inside a character as it is seen."""
    assert expected == shorten(text, limit)


@given(prose, st.integers(1, 60))
def test_shortened_text_fits(text: str, limit: int) -> None:
    """Never longer than asked for, and always a beginning of the text."""
    short = shorten(text, limit)
    assert len(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


BASE = "https://a.fr"


@pytest.mark.parametrize(
    ("expected", "html"),
    [
        ('<a href="https://a.fr/x">', '<a href="/x">'),
        ("<a title='href=\"/x\"' HREF = https://a.fr/y>", "<a title='href=\"/x\"' HREF = /y>"),
        (
            '<img srcset="https://a.fr/a,b.jpg 1x, https://a.fr/c.jpg 2x" src=\'https://a.fr/d\'>',
            '<img srcset="/a,b.jpg 1x, /c.jpg 2x" src=\'/d\'>',
        ),
        ('<video poster="https://a.fr/p">', '<video poster="/p">'),
        ('<a href="//b.fr/"><a href="c/"><a href="#d"><a href="">', '<a href="//b.fr/"><a href="c/"><a href="#d"><a href="">'),
        ('<!-- <a href="/n"> -->\n\n<a\nhref="https://a.fr/x">é', '<!-- <a href="/n"> -->\n\n<a\nhref="/x">é'),
        ("<script>'<a href=\"/x\">'</script>", "<script>'<a href=\"/x\">'</script>"),
        ('<a href="https://a.fr/?a=1&amp;b">&eacute;', '<a href="/?a=1&amp;b">&eacute;'),
        ('<a data-href="/x">', '<a data-href="/x">'),
        ('<img src="https://a.fr/x"/><br />', '<img src="/x"/><br />'),
        ('<a href="https://a.fr/">', '<a href="/">'),
    ],
)  # fmt: skip
def test_root_relative_addresses_become_absolute(expected: str, html: str) -> None:
    """Only addresses change, only in tags; all else is verbatim, and doing it again changes nothing."""
    assert expected == absolute(html, BASE) == absolute(expected, BASE)


@given(
    st.lists(st.sampled_from([*"<>\"'/=a \n!-&;,", "href", "src", "srcset", "<a ", "/x", "<script>", "</"])).map(
        "".join
    )
)
def test_absolute_only_ever_adds_the_base(html: str) -> None:
    """However broken the fragment, taking the base out again gives it back (bar spaces before an address)."""
    back = absolute(html, BASE).replace(BASE, "")
    assert re.sub(r"\s", "", html) == re.sub(r"\s", "", back)


def at(text: str) -> datetime:
    """A moment on the commune's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "when"),
    [
        ("mardi 5~mai 2026 à 8~h~30", "2026-05-05T08:30"),
        ("vendredi 1er~mai 2026 à 8~h", "2026-05-01T08:00"),
        ("dimanche 31~août 2025 à 0~h", "2025-08-31T00:00"),
        ("jeudi 31~décembre 2026 à 23~h~05", "2026-12-31T23:05"),
    ],
)
def test_moments(expected: str, when: str) -> None:
    """A moment reads as in a French letter, whatever the machine's locale."""
    assert fixed(expected) == moment(at(when))
    assert moment(at(when)).startswith(day(at(when)))


@pytest.mark.parametrize(
    ("expected", "start", "end", "all_day"),
    [
        ("mardi 5~mai 2026, de 8~h à 12~h", "2026-05-05T08:00", "2026-05-05T12:00", False),
        ("mardi 5~mai 2026, de 20~h~30 à minuit", "2026-05-05T20:30", "2026-05-06T00:00", False),
        ("mardi 5~mai 2026, de 20~h~30 à 2~h", "2026-05-05T20:30", "2026-05-06T02:00", False),
        ("mardi 5~mai 2026 à 8~h", "2026-05-05T08:00", "2026-05-05T08:00", False),
        ("du 5~mai à 8~h au 7~mai 2026 à 12~h", "2026-05-05T08:00", "2026-05-07T12:00", False),
        ("du 5~mai à 8~h au 6~mai 2026 à 3~h", "2026-05-05T08:00", "2026-05-06T03:00", False),
        ("mardi 5~mai 2026, de 12~h à 5~h~59", "2026-05-05T12:00", "2026-05-06T05:59", False),
        ("du 5~mai à 20~h au 6~mai 2026 à 6~h", "2026-05-05T20:00", "2026-05-06T06:00", False),
        ("du 31~décembre 2026 à 8~h au 1er~janvier 2027 à 12~h", "2026-12-31T08:00", "2027-01-01T12:00", False),
        ("mardi 5~mai 2026", "2026-05-05T00:00", "2026-05-06T00:00", True),
        ("du 5 au 7~mai 2026", "2026-05-05T00:00", "2026-05-08T00:00", True),
        ("du 1er au 3~mai 2026", "2026-05-01T00:00", "2026-05-04T00:00", True),
        ("du 30~avril au 1er~mai 2026", "2026-04-30T00:00", "2026-05-02T00:00", True),
        ("du 30~décembre 2026 au 2~janvier 2027", "2026-12-30T00:00", "2027-01-03T00:00", True),
        ("mardi 5~mai 2026", "2026-05-05T00:00", "2026-05-05T00:00", True),
    ],
)
def test_spans(expected: str, start: str, end: str, all_day: bool) -> None:
    """A span names each thing once; its exclusive end is told as people say it."""
    assert fixed(expected) == span(at(start), at(end), all_day)


@pytest.mark.parametrize(
    ("expected", "start", "end", "all_day"),
    [
        ("mardi 5~mai, de 8~h à 12~h", "2026-05-05T08:00", "2026-05-05T12:00", False),
        ("mardi 5~mai", "2026-05-05T00:00", "2026-05-06T00:00", True),
        ("du 5 au 7~mai", "2026-05-05T00:00", "2026-05-08T00:00", True),
        ("du 30~avril au 2~mai", "2026-04-30T00:00", "2026-05-03T00:00", True),
        ("du 30~décembre 2026 au 2~janvier 2027", "2026-12-30T00:00", "2027-01-03T00:00", True),
    ],
)
def test_spans_without_the_year(expected: str, start: str, end: str, all_day: bool) -> None:
    """Where space is short the year is told only when it changes on the way."""
    assert fixed(expected) == span(at(start), at(end), all_day, year=False)


@pytest.mark.parametrize(
    ("expected", "end"),
    [
        ("jusqu’au mardi 5~mai à 18~h", "2026-05-05T18:00"),
        ("jusqu’au lundi 4~mai inclus", "2026-05-05T00:00"),
        ("jusqu’au jeudi 31~décembre inclus", "2027-01-01T00:00"),
        ("jusqu’au vendredi 1er~mai à 0~h~01", "2026-05-01T00:01"),
    ],
)
def test_until(expected: str, end: str) -> None:
    """An exclusive midnight is told as the whole day before it."""
    assert fixed(expected) == until(at(end))


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)), st.timedeltas(timedelta(0), timedelta(days=400)))
def test_dates_are_typeset_already(start: datetime, length: timedelta) -> None:
    """Dates in words hold every no-break space that `typeset` would put, and more: no line begins with a month."""
    for words in (moment(start), span(start, start + length), span(start, start + length, True), until(start)):
        assert words == typeset(words)
        assert not re.search(r"\d (?:h|janv|févr|mars|avril|mai|juin|juil|août|sept|oct|nov|déc)", words)


def test_what_can_be_printed_needs_no_look() -> None:
    """None of it is forbidden in a file, but for the sign of a lost character, nor unwanted in XML: such texts pass
    unread. French is of it."""
    every = [chr(code) for code in range(0x110000) if printable(chr(code))]
    assert ["\ufffd"] == re.findall(_FORBIDDEN, "".join(every))
    assert [] == re.findall(_UNWANTED, "".join(every))
    assert set("àâæçéèêëîïôœùûüÿÀÉŒ’‘“”«»…–—•€²°½\n\u00a0\u202f az09!?;:").issubset(every)
