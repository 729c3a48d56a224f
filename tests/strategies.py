"""Hypothesis strategies: valid front matter as an editor writes it, and the items that come of it."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

import yaml
from hypothesis import strategies as st

from beffroi.model import (
    Alert,
    Area,
    Category,
    Certainty,
    Event,
    Item,
    Location,
    Publisher,
    Severity,
    Source,
    Urgency,
)
from beffroi.schema.header import forbidden
from beffroi.schema.reader import ENTITY, HTML, seen

PARIS = ZoneInfo("Europe/Paris")
CATEGORIES = {
    "alertes": Category("alertes", "Alertes", "alert", "brick"),
    "actualites": Category("actualites", "Actualités", "news", "glacier"),
    "agenda": Category("agenda", "Agenda", "agenda", "sun"),
    "patrimoine": Category("patrimoine", "Patrimoine", "discover", "fir"),
}
AREAS = {"lancey": Area("lancey", "Lancey"), "bourg": Area("bourg", "Le Bourg")}

FRENCH = (
    "Crue de l’Isère : évitez les berges !", "Coupure d'eau à Lancey", "Où ? Ici ; « là »", "Cœur de ville, 7 000 €",
    "1er mai", "L’ÉTÉ – n° 2", "Fermé # travaux", "- tiret", "no", "18:30", "0476123456", "{accolade}", "[crochet",
    "100 % d'eau", "e\u0301te\u0301", "A & B < C", "🎉 Fête 👨‍👩‍👧", "@mairie", "‘‘", '"guillemets"',
)  # fmt: skip
"""Texts on which YAML, HTML or typography may stumble."""


def normal(text: str) -> str:
    """A text as the schema gives it back: NFC, spaces collapsed."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _is_plain(text: str) -> bool:
    said = normal(text)
    return seen(said) and not any(bad.search(said) for bad in (HTML, ENTITY)) and not forbidden(said)


def texts(limit: int) -> st.SearchStrategy[str]:
    """Plain text in any script, valid in a field of at most `limit` characters."""
    letters = st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"])
    anything = st.text(letters, min_size=1, max_size=min(limit, 60))
    french = st.lists(st.sampled_from(FRENCH), min_size=1, max_size=3).map(" ".join)
    return (anything | french).filter(lambda t: _is_plain(t) and len(normal(t)) <= limit)


def words(limit: int) -> st.SearchStrategy[str]:
    """A channel's own words: no word that means "keep away" or nothing."""
    return texts(limit).filter(lambda t: not re.fullmatch(r"\W*(no|non|false|aucun|yes|oui|true)\W*", t.casefold()))


def channel(limit: int) -> st.SearchStrategy[str | Literal[False] | None]:
    """What an item says to one channel: nothing of its own, to keep away, or its own words."""
    kept_away: st.SearchStrategy[Literal[False] | None] = st.sampled_from((None, False))
    return kept_away | words(limit).map(normal)


def days() -> st.SearchStrategy[datetime]:
    """Naive whole minutes that exist in Paris."""
    exact = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda d: d.replace(second=0, microsecond=0))
    return exact.filter(lambda d: d.replace(tzinfo=PARIS).astimezone(UTC).astimezone(PARIS).replace(tzinfo=None) == d)


def written(moment: datetime) -> st.SearchStrategy[str]:
    """The ways to write one local date-time."""
    return st.sampled_from(("%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")).map(moment.strftime)


def insensitive(word: str) -> st.SearchStrategy[str]:
    """A word in any case."""
    return st.sampled_from((word, word.lower(), word.upper()))


@st.composite
def fronts(draw: st.DrawFn) -> dict[str, Any]:
    """Valid front matter: text, lists and mappings of text, as `yaml.BaseLoader` would give them."""
    date = draw(days())
    front: dict[str, Any] = {"title": draw(texts(120)), "date": draw(written(date))}
    later = st.timedeltas(timedelta(days=2), timedelta(days=400)).map(lambda step: (date + step).strftime("%Y-%m-%d"))
    optional: dict[str, st.SearchStrategy[Any]] = {
        "updated": later,
        "summary": texts(200),
        "tags": st.lists(texts(30).map(lambda t: t.replace(",", ".")), max_size=3),
        "lang": st.sampled_from(("fr", "en", "pt-BR")),
        "status": st.sampled_from(("published", "draft")),
        "end": later,
        "severity": st.sampled_from([s.value for s in Severity]).flatmap(insensitive),
        "urgency": st.sampled_from([u.value for u in Urgency]).flatmap(insensitive),
        "certainty": st.sampled_from([c.value for c in Certainty]).flatmap(insensitive),
        "areas": st.lists(st.sampled_from([*AREAS, *(a.name for a in AREAS.values())]), max_size=3),
        "panel": words(60) | st.just("no"),
        "push": words(120) | st.just("no"),
        "event": st.fixed_dictionaries({"start": later}, optional={"place": texts(200), "price": texts(100)}),
        "location": st.fixed_dictionaries({"lat": degrees(90), "lon": degrees(180)}, optional={"address": texts(200)}),
        "sources": st.lists(st.fixed_dictionaries({"title": texts(200)}, optional={"url": urls()}), max_size=2),
    }
    for key in draw(st.sets(st.sampled_from(list(optional)))):
        front[key] = draw(optional[key])
    return front


def degrees(limit: int) -> st.SearchStrategy[str]:
    """Decimal degrees, as text."""
    return st.decimals(-limit, limit, places=4).map(str)


def urls() -> st.SearchStrategy[str]:
    """Absolute addresses."""
    return st.from_regex(r"https?://[a-z]{1,9}\.example/[a-z0-9/?=&#-]{0,20}", fullmatch=True)


def file_of(front: dict[str, Any], body: str = "Texte.\n") -> bytes:
    """The bytes of a content file."""
    header = yaml.dump(front, allow_unicode=True, default_style='"', width=10_000, sort_keys=False)
    return f"---\n{header}---\n{body}".encode()


def events() -> st.SearchStrategy[Event]:
    """What takes place, all day or for some hours."""

    def made(day: datetime, hours: int, all_day: bool, place: str) -> Event:
        start = day.replace(tzinfo=PARIS)
        if all_day:
            start = start.replace(hour=0, minute=0)
            return Event(start, (start + timedelta(days=1 + hours // 24)).replace(hour=0), True, place)
        return Event(start, (start.astimezone(UTC) + timedelta(hours=hours)).astimezone(PARIS), False, place)

    return st.builds(made, days(), st.integers(1, 100), st.booleans(), st.just("") | texts(60).map(normal))


@st.composite
def items(draw: st.DrawFn) -> Item:
    """A published item of any category, with or without window, alert, event, place, sources."""
    category = draw(st.sampled_from(list(CATEGORIES.values())))
    name = draw(st.from_regex(r"[a-z0-9]+(-[a-z0-9]+){0,3}", fullmatch=True))
    date = draw(days()).replace(tzinfo=PARIS)
    alert = st.builds(Alert, st.sampled_from(Severity), st.sampled_from(Urgency), st.sampled_from(Certainty))
    path = f"/{category.slug}/{name}/"
    return Item(
        id=f"{category.slug}/{name}",
        category=category,
        title=normal(draw(texts(120))),
        url=f"https://ville.example{path}",
        path=path,
        date=date,
        updated=date + draw(st.timedeltas(timedelta(0), timedelta(days=30))),
        summary=normal(draw(st.just("x") | texts(200))),
        html=draw(
            st.sampled_from(
                ("", "<p>Été &amp; <b>eau</b></p>", '<p><a href="https://b.example/?a=1&amp;b=2">là</a></p>')
            )
        ),
        tags=draw(st.lists(texts(20).map(normal), max_size=2, unique=True).map(tuple)),
        start=draw(st.none() | st.just(date + timedelta(days=1))),
        end=draw(st.none() | st.just(date + timedelta(days=9))),
        areas=draw(
            st.sets(st.sampled_from(list(AREAS))).map(lambda slugs: tuple(AREAS[slug] for slug in sorted(slugs)))
        ),
        alert=draw(alert) if category.kind == "alert" else None,
        event=draw(events()) if category.kind == "agenda" else draw(st.none() | events()),
        location=draw(st.none() | st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), st.just("Mairie"))),
        panel=draw(channel(60)),
        push=draw(channel(120)),
        sources=draw(st.lists(st.builds(Source, texts(60).map(normal), st.just("") | urls()), max_size=2).map(tuple)),
    )


def publishers() -> st.SearchStrategy[Publisher]:
    """A commune at the root of a host or below it."""
    return st.builds(
        Publisher,
        name=texts(60).map(normal),
        url=st.sampled_from(("https://ville.example", "https://hote.example/ville", "http://localhost:8000")),
        title=texts(60).map(normal),
        description=texts(120).map(normal),
        insee=st.sampled_from(("", "38547", "2A004")),
        email=st.sampled_from(("", "mairie@ville.example")),
    )
