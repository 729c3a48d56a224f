"""The front matter contract: what is read as what, and the sentence for anything else."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from beffroi.model import Certainty, Event, Location, Publisher, Severity, Source, Urgency
from beffroi.schema import Document, Front, ImageRef, Invalid, parse
from beffroi.schema.dates import MONTHS, moment
from beffroi.settings import Site
from tests import strategies as s

PARIS = ZoneInfo("Europe/Paris")
SITE = Site(
    root=Path(),
    content=Path("content"),
    publisher=Publisher("Ville", "https://ville.example", "Ville", ""),
    categories=s.CATEGORIES,
    areas=s.AREAS,
    zone=PARIS,
)
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])


def read(header: str, *, body: str = "Texte.\n", page: bool = False) -> Document:
    """A file with that header, parsed."""
    return parse(f"---\n{header}\n---\n{body}".encode(), "a.md", SITE, page=page)


def front(more: str = "") -> Front:
    """The front matter of a good item with more lines."""
    return read(f"title: Fête\ndate: 2026-05-04\n{more}").front


def refused(header: str) -> list[str]:
    """The sentences for a refused file, `line: sentence`, with ordinary spaces."""
    with pytest.raises(Invalid) as caught:
        read(header)
    return [plain(f"{fault.line}: {fault.message}") for fault in caught.value.faults]


def complaint(line: str) -> str:
    """The only sentence for a good item with one bad line (line 4 of the file)."""
    (sentence,) = refused(f"title: Fête\ndate: 2026-05-04\n{line}")
    return sentence


def plain(text: str) -> str:
    """No-break spaces as spaces."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def at(*numbers: int) -> datetime:
    """That local time."""
    return datetime(*numbers, tzinfo=PARIS)  # type: ignore[arg-type,misc]  # year, month, day, hour, minute


def test_every_field_is_read() -> None:
    """Each field of the contract gives the value that the model wants."""
    document = read("""title: Fête de l'été
date: 2026-05-04 09:30
updated: 2026-05-06
summary: "Une fête : venez"
tags: [eau, été, eau]
image: {src: parc/fete.jpg, alt: Une fête, credit: Mairie}
lang: en
status: draft
start: 2026-05-05
end: 2026-05-31
severity: severe
urgency: FUTURE
certainty: Observed
areas: [Le Bourg, lancey]
panel: no
push: Venez
event: {start: 2026-05-30, end: 2026-05-31, place: Salle, price: 5 €}
location: {lat: 45.2, lon: -5, address: Mairie}
sources:
  - title: Mairie
    url: https://ville.example/""")
    expected = Front(
        title="Fête de l'été", date=at(2026, 5, 4, 9, 30), updated=at(2026, 5, 6), summary="Une fête : venez",
        tags=("eau", "été"), image=ImageRef(src="parc/fete.jpg", alt="Une fête", credit="Mairie"), lang="en",
        status="draft", start=at(2026, 5, 5), end=at(2026, 6, 1), severity=Severity.SEVERE, urgency=Urgency.FUTURE,
        certainty=Certainty.OBSERVED, areas=("bourg", "lancey"), panel=False, push="Venez",
        event=Event(at(2026, 5, 30), at(2026, 6, 1), True, "Salle", "5 €"),
        location=Location(45.2, -5.0, "Mairie"), sources=(Source("Mairie", "https://ville.example/"),),
    )  # fmt: skip
    assert expected == document.front
    assert ("Texte.\n", 24) == (document.body, document.body_line)
    assert {"title": 2, "event.start": 18, "sources.0.url": 22}.items() <= document.lines.items()


def test_defaults() -> None:
    """A title and a date are enough; a page needs no date."""
    assert Front(title="Fête", date=at(2026, 5, 4)) == front()
    assert Front(title="Contact") == read("title: Contact", page=True).front


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf---\r\ntitle: A\r\n---\r\nUn\r\ndeux", b"---\ntitle: A\n---\nUn\ndeux"])
def test_byte_order_mark_and_line_ends(data: bytes) -> None:
    """A file saved by any editor reads the same."""
    document = parse(data, "a.md", SITE, page=True)
    assert ("A", "Un\ndeux", 4) == (document.front.title, document.body, document.body_line)


def test_text_is_composed() -> None:
    """Letters with separate accents (macOS) become the usual ones, in the header and in the body."""
    document = read("title: E\u0301te\u0301", body="e\u0301", page=True)
    assert ("Été", "é") == (document.front.title, document.body)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-05-04", at(2026, 5, 4)),
        ("2026-05-04 09:30", at(2026, 5, 4, 9, 30)),
        ("2026-05-04T09:30", at(2026, 5, 4, 9, 30)),
        ("2026-05-04T09:30:15", at(2026, 5, 4, 9, 30, 15)),
        ("2026-05-04T09:30+02:00", at(2026, 5, 4, 9, 30)),
        ("2026-05-04T07:30Z", at(2026, 5, 4, 9, 30)),
        ("2026-05-04 09:30:00-04:00", at(2026, 5, 4, 15, 30)),
    ],
)
def test_iso_dates(written: str, expected: datetime) -> None:
    """ISO 8601 is read; without an offset it is the commune's time."""
    assert (expected, PARIS) == ((read_at := moment(written, PARIS).at), read_at.tzinfo)


@pytest.mark.parametrize(
    ("written", "iso"),
    [
        ("5 juin 2026", "2026-06-05"),
        ("1er mai 2026", "2026-05-01"),
        ("vendredi 5 juin 2026 à 18h30", "2026-06-05 18:30"),
        ("Le 5 Juin 2026, 18 h", "2026-06-05 18:00"),
        ("5 févr. 2026", "2026-02-05"),
        ("5 DECEMBRE 2026", "2026-12-05"),
        ("05/06/2026", "2026-06-05"),
        ("5/6/26 9:05", "2026-06-05 09:05"),
        ("05-06-2026", "2026-06-05"),
        ("5.6.2026", "2026-06-05"),
        ("2026-6-5", "2026-06-05"),
        ("2026/06/05 9h", "2026-06-05 09:00"),
        ("20260605", "2026-06-05"),
        ("5 mai", "2027-05-05"),
        ("05/06", "2027-06-05"),
    ],
)
def test_french_dates_get_their_iso_text(written: str, iso: str) -> None:
    """What reads as a French date is refused with exactly what to write, day before month."""
    with pytest.raises(ValueError, match=r".") as caught:
        moment(written, PARIS, "2027")
    assert f"vaut « {written} » ; écrivez « {iso} »" == plain(str(caught.value))


def test_a_date_without_year_takes_the_year_of_the_file() -> None:
    """The year proposed is the one of another date of the file, never the clock's."""
    assert "4: « end » vaut « 5 mai » ; écrivez « 2026-05-05 »." == complaint("end: 5 mai")
    assert ["3: « date » vaut « 5 mai » ; écrivez « AAAA-05-05 », où AAAA est l’année."] == refused(
        "title: A\ndate: 5 mai"
    )


SENTENCES = {
    "end: bientôt": "« end » vaut « bientôt », ce n’est pas une date ; écrivez par exemple « 2026-05-04 » ou « 2026-05-04 09:30 ».",
    "end: 31/02/2026": "« end » vaut « 31/02/2026 », ce n’est pas une date ; écrivez par exemple « 2026-05-04 » ou « 2026-05-04 09:30 ».",
    "end: 2026-02-29": "« end » vaut « 2026-02-29 », qui n’existe pas (février 2026 a 28 jours) ; corrigez le jour.",
    "end: 2026-13-01": "« end » vaut « 2026-13-01 », dont le mois n’existe pas ; écrivez année-mois-jour, par exemple « 2026-05-04 ».",
    "end: 2026-05-04 24:00": "« end » vaut « 2026-05-04 24:00 », dont l’heure n’existe pas ; écrivez-la de 00:00 à 23:59.",
    "end: 2027-03-28 02:30": "« end » vaut « 2027-03-28 02:30 », heure sautée au passage à l’heure d’été ; écrivez « 2027-03-28 03:30 ».",
    "end: 0026-05-04": "« end » vaut « 0026-05-04 » ; écrivez une année entre 1900 et 2200.",
    "end: [2026-05-06]": "« end » attend un texte, pas une liste ; écrivez « end: … » sur une seule ligne.",
    "end: 2026-05-03": "« end » (2026-05-03) doit venir après « date » (2026-05-04).",
    "updated: 2026-05-03": "« updated » (2026-05-03) ne peut pas précéder « date » (2026-05-04).",
    "status: publié": "« status » vaut « publié » ; écrivez « published ».",
    "status: brouillon": "« status » vaut « brouillon » ; écrivez « draft ».",
    "status: bof": "« status » vaut « bof » ; écrivez published, draft ou withdrawn.",
    "severity: élevée": "« severity » vaut « élevée » ; écrivez « Severe ».",
    "severity: bof": "« severity » vaut « bof » ; écrivez Extreme, Severe, Moderate ou Minor.",
    "severity: sever": "« severity » vaut « sever » ; écrivez « Severe ».",
    "urgency: à venir": "« urgency » vaut « à venir » ; écrivez « Future ».",
    "certainty: probable": "« certainty » vaut « probable » ; écrivez « Likely ».",
    "lang: français": "« lang » vaut « français » ; écrivez un code de langue : fr, en, it, de…",
    "areas: lancey": "« areas » attend une liste ; écrivez « areas: [lancey] ».",
    "areas: [Lancé]": "« areas » contient « Lancé » ; écrivez « lancey ».",
    "areas: [Paris]": "« areas » contient « Paris », inconnu ; écrivez lancey ou bourg.",
    "tags: eau, été": "« tags » attend une liste ; écrivez « tags: [eau, été] ».",
    'tags: ["eau, été"]': "« tags.0 » contient une virgule (« eau, été ») ; écrivez un mot-clé par élément : [un, deux].",
    "panel: oui": "« panel » vaut « oui » ; écrivez le texte voulu, « no », ou supprimez le champ.",
    "panel: {a: b}": "« panel » attend un texte, pas des sous-champs ; écrivez « panel: … » sur une seule ligne.",
    "image: pont.jpg": "« image » attend des sous-champs ; écrivez « src: » et « alt: » en dessous, décalés de deux espaces.",
    "image: {alt: Un pont}": "« image.src » manque ; ajoutez « src: image.jpg ».",
    "image: {src: pont.gif}": "« image.src » vaut « pont.gif » ; écrivez le nom d’un fichier .jpg ou .png.",
    "image: {src: ../images/pont.jpg}": "« image.src » vaut « ../images/pont.jpg » ; écrivez « pont.jpg », le chemin depuis content/images.",
    "image: {src: 'https://b.fr/a.jpg'}": "« image.src » vaut « https://b.fr/a.jpg » ; déposez l’image dans content/images et écrivez le nom du fichier.",
    "event: {place: Ici}": "« event.start » manque ; ajoutez « start: 2026-05-04 20:30 ».",
    "event: {start: }": "« event.start » est vide ; écrivez « start: 2026-05-04 20:30 ».",
    "event: {start: 2026-06-02, end: 2026-06-01}": "« event.end » (2026-06-01) doit venir après « event.start » (2026-06-02).",
    "event: {start: 2026-06-02, end: 2026-06-02 10:00}": "« event.end » et « event.start » doivent avoir tous deux une heure, ou aucun des deux.",
    "event: {debut: 2026-06-02, start: 2026-06-02}": "« event.debut » n’existe pas ; écrivez « start ».",
    "location: {lat: 45.2}": "« location.lon » manque ; ajoutez « lon: 5.8936 ».",
    "location: {lat: '45,2', lon: 5}": "« location.lat » vaut « 45,2 » ; écrivez 45.2, avec un point.",
    "location: {lat: 91, lon: 5}": "« location.lat » vaut 91 ; écrivez des degrés entre -90 et 90, par exemple 45.2367.",
    "location: {lat: 45°, lon: 5}": "« location.lat » vaut « 45° » ; écrivez des degrés décimaux, par exemple 45.2367.",
    "location: {lat: nan, lon: 5}": "« location.lat » vaut « nan » ; écrivez des degrés décimaux, par exemple 45.2367.",
    "sources: [Mairie]": "« sources.0 » attend des sous-champs ; écrivez « - title: … » puis « url: … » en dessous.",
    "sources: [{title: A, url: b.fr}]": "« sources.0.url » vaut « b.fr » ; écrivez une adresse complète, « https://… ».",
    "sources: [{title: A, url: 'http://['}]": "« sources.0.url » vaut « http://[ » ; écrivez une adresse complète, « https://… ».",
    "sources: [{titre: A, title: B}]": "« sources.0.titre » n’existe pas ; écrivez « title ».",
    "résumé: A": "« résumé » n’existe pas ; écrivez « summary ».",
    "mots-clés: A": "« mots-clés » n’existe pas ; écrivez « tags ».",
    "début: A": "« début » n’existe pas ; écrivez « start ».",
    "fin: A": "« fin » n’existe pas ; écrivez « end ».",
    "lieu: A": "« lieu » n’existe pas ici ; écrivez « place: » sous « event: ».",
    "catégorie: A": "« catégorie » n’existe pas : la rubrique est le dossier du fichier ; supprimez cette ligne.",
    "slug: a": "« slug » n’existe pas : l’adresse est le nom du fichier ; supprimez cette ligne.",
    "sumary: A": "« sumary » n’existe pas ; écrivez « summary ».",
    "summary: <b>A</b>": "« summary » contient du HTML (<b>) ; écrivez du texte simple.",
    "summary: A&nbsp;b": "« summary » contient du HTML (&nbsp;) ; écrivez du texte simple.",
    'summary: "a\\x0bb"': "« summary » contient le caractère invisible U+000B ; effacez-le.",
    "summary: Bus : arrêt": 'La valeur doit être entre guillemets ; écrivez summary: "Bus : arrêt"',
    "summary: *gras*": 'La valeur doit être entre guillemets ; écrivez summary: "*gras*"',
    "summary: &co": 'La valeur doit être entre guillemets ; écrivez summary: "&co"',
    "summary: !ici": 'La valeur doit être entre guillemets ; écrivez summary: "!ici"',
    'summary: "A" b': 'La valeur doit être entre guillemets ; écrivez summary: "\\"A\\" b"',
    'summary: "A': 'Le guillemet ouvert par « summary: "A » n’est pas refermé ; ajoutez " à la fin.',
    "areas: [lancey": "La liste « areas: [lancey » n’est pas lisible ; écrivez « areas: [un, deux] ».",
    "summary:A": "Il manque une espace après « summary: » ; écrivez « summary: A ».",
    "texte perdu": "La ligne « texte perdu » n’est pas lisible ; écrivez « champ: valeur », un champ par ligne.",
    "\tsummary: A": "La ligne commence par une tabulation ; supprimez-la.",
    "title: A": "« title » est écrit deux fois (déjà ligne 2) ; n’en gardez qu’un.",
}  # fmt: skip


@pytest.mark.parametrize("line", SENTENCES)
def test_sentences(line: str) -> None:
    """One wrong line gives one sentence: what was found, and what to write."""
    assert f"4: {SENTENCES[line]}" == complaint(line)


def test_title_sentences() -> None:
    """A title that no channel can carry is refused."""
    long = "a" * 121
    assert [
        ["1: « title » manque ; ajoutez « title: … »."],
        ["2: « title » est vide ; écrivez « title: … »."],
        ["2: « title » fait 121 caractères ; raccourcissez à 120 au plus."],
        ["2: « title » tient sur plusieurs lignes ; écrivez-le sur une seule."],
    ] == [refused(f"{title}date: 2026-05-04") for title in ("", "title:\n", f"title: {long}\n", "title: |\n  a\n  b\n")]


def test_messages_have_french_spaces() -> None:
    """Narrow no-break space before ; and no-break space inside « »; what is to be copied is left as it was."""
    with pytest.raises(Invalid) as caught:
        read("title: A : b ; c\ndate: 2026-05-04\nfin: A")
    first, second = caught.value.faults
    assert 'La valeur doit être entre guillemets\u202f; écrivez title: "A : b ; c"' == first.message
    assert "«\u00a0fin\u00a0» n’existe pas\u202f; écrivez «\u00a0end\u00a0»." == second.message


def test_a_comment_in_a_value_is_told() -> None:
    """` #` cuts a value in YAML: that is told, without refusing the file."""
    document = read("title: Fête\ndate: 2026-05-04\npush: Venez # tous")
    assert [
        "a.md:4: attention : « # tous » est ignoré ; mettez la valeur entre guillemets si ces mots en font partie."
    ] == [plain(str(w)) for w in document.warnings]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("{start: 2026-05-30}", Event(at(2026, 5, 30), at(2026, 5, 31), True)),
        ("{start: 2026-05-30 20:00}", Event(at(2026, 5, 30, 20), at(2026, 5, 30, 23))),
        ("{start: 2026-05-30 22:30}", Event(at(2026, 5, 30, 22, 30), at(2026, 5, 31))),
        ("{start: 2026-05-30 20:00, end: 2026-05-31 02:00}", Event(at(2026, 5, 30, 20), at(2026, 5, 31, 2))),
    ],
)
def test_events(written: str, expected: Event) -> None:
    """Without hours an event lasts whole days; without an end, its day, or three hours and midnight at the latest."""
    assert expected == front(f"event: {written}").event


def test_a_correction_of_the_same_day_is_not_before_the_item() -> None:
    """A bare `updated` on the day of `date` means a later hour of that day."""
    document = read("title: A\ndate: 2026-05-04 09:30\nupdated: 2026-05-04")
    assert at(2026, 5, 4, 9, 30) == document.front.updated


@patient
@given(s.fronts())
def test_valid_front_matter_round_trips(written: dict[str, Any]) -> None:
    """Whatever a valid file says in any script, its title, summary and words come back unchanged."""
    found = parse(s.file_of(written), "a.md", SITE, page=False).front
    assert s.normal(written["title"]) == found.title
    assert s.normal(written.get("summary", "")) == found.summary
    assert written.get("status", "published") == found.status
    for channel in ("panel", "push"):
        words = written.get(channel)
        assert (False if words == "no" else words and s.normal(words)) == getattr(found, channel)


@patient
@given(st.integers(1, 12), st.integers(1, 28), st.integers(1900, 2200))
def test_every_french_date_is_understood(month: int, day: int, year: int) -> None:
    """Any French date gets the ISO text of that very day."""
    for written in (f"{day} {MONTHS[month - 1]} {year}", f"{day:02}/{month:02}/{year}"):
        with pytest.raises(ValueError, match=f"{year}-{month:02}-{day:02}"):
            moment(written, PARIS)


@patient
@given(
    st.binary()
    | st.binary().map(lambda b: b"---\ntitle: " + b + b"\n---\n")
    | st.text().map(lambda t: f"---\n{t}\n---\n".encode())
)
def test_no_bytes_bring_it_down(data: bytes) -> None:
    """Random bytes are read or refused, never anything else."""
    try:
        parse(data, "a.md", SITE, page=True)
    except Invalid as refusal:
        assert refusal.faults  # a refusal always says why


@patient
@given(s.fronts(), st.data())
def test_no_mutation_brings_it_down(written: dict[str, Any], data: st.DataObject) -> None:
    """A valid file with some bytes cut out or put in is read or refused."""
    good = s.file_of(written)
    start = data.draw(st.integers(0, len(good)))
    stop = min(len(good), start + data.draw(st.integers(0, 9)))
    put = data.draw(
        st.binary(max_size=4) | st.sampled_from([b"\t", b": ", b"[", b"{", b'"', b"- ", b"#", b"\n---\n", b"?"])
    )
    try:
        parse(good[:start] + put + good[stop:], "a.md", SITE, page=False)
    except Invalid as refusal:
        assert refusal.faults  # a refusal always says why


@pytest.mark.parametrize(
    "header", ["[" * 9000, "a: " + "[" * 9000, "{" * 3000, "- " * 3000, "? " * 3000, "a: |\n" + " x\n" * 5000]
)
def test_deep_nesting_is_refused(header: str) -> None:
    """No header is deep enough to exhaust the stack."""
    assert refused(header)
