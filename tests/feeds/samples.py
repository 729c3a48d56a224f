"""Items and a publisher to render, fixed ones for examples and a strategy for promises that hold for all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import settings
from hypothesis import strategies as st

from beffroi.model import (
    Alert,
    Area,
    Category,
    Certainty,
    Event,
    Image,
    Item,
    Location,
    Picture,
    Publisher,
    Severity,
    Urgency,
)

patient = settings(deadline=None)  # the first call imports feedgen; machines are shared
PARIS = ZoneInfo("Europe/Paris")
NOON = datetime(2026, 5, 5, 12, tzinfo=PARIS)
NEWS = Category("actualites", "Actualités", "news", "glacier")
ALERTS = Category("alertes", "Alertes", "alert", "brick")
AGENDA = Category("agenda", "Agenda", "agenda", "sun")
HERITAGE = Category("patrimoine", "Patrimoine", "discover", "fir")
LANCEY = Area("lancey", "Lancey")
PUBLISHER = Publisher(
    name="Commune d’Essai",
    url="https://essai.example/ville",
    title="Essai",
    description="Les nouvelles d’Essai",
    icon="/icon-512.png",
)
FLOOD = Image("Crue", pictures=(Picture("/ville/images/crue é.jpg", 800, 600, "image/jpeg", 12_345),))


def item(name: str = "eau", category: Category = NEWS, **fields: Any) -> Item:
    """A plain item, out for an hour at `NOON`; any field can be given."""
    path = f"/{category.slug}/{name}/"
    date = fields.pop("date", NOON - timedelta(hours=1))
    told: dict[str, Any] = {"title": "Coupure d’eau", "html": "<p>De 8 h à 12 h.</p>", "updated": date, **fields}
    return Item(f"{category.slug}/{name}", category, url=PUBLISHER.absolute(path), path=path, date=date, **told)


def hours(count: float) -> datetime:
    """So many hours after `NOON`."""
    return NOON + timedelta(hours=count)


words = st.text(max_size=30) | st.sampled_from(
    ("Été & <b>gras</b>", "a\x0bb", "Q&A2 &amp; R&D", "]]>", "« Fête » !", "\ufffd")
)
title = words.map(lambda text: f"T{text}")
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.sampled_from((UTC, PARIS)))
fragments = st.lists(
    st.sampled_from(
        (
            "<p>Été &amp; <b>eau</b></p>",
            '<p style="color:red" onclick="x()"><a href="/a?b=1&amp;copy=2">l’eau</a> <a href="#n">1</a></p>',
            '<p><img src="/é.jpg" alt="" loading="lazy" srcset="/a.jpg 1x, /b.jpg 2x"></p>',
            '<script>alert("</p>")</script><iframe src="//b.fr"></iframe>',
            '<a href="javascript:x()">x</a>',
            "<ul><li>un</li><li>deux</li></ul><table><tr><td>1</td></tr></table>",
            '<picture><source srcset="/a.avif" type="image/avif"><img src="/a.jpg" alt="a"></picture>après',
            "1 &lt; 2<br>3 \x0c\x00 \ufffd<!-- non -->",
            "<h2>Titre</h2>",
            "texte & < >",
            "<wbr>",
        )
    ),
    max_size=5,
).map("".join)
alerts = st.builds(Alert, st.sampled_from(Severity), st.sampled_from(Urgency), st.sampled_from(Certainty))
told = st.none() | st.just(False) | title


@st.composite
def events(draw: st.DrawFn) -> Event:
    """An event of up to ten days."""
    start = draw(moments)
    length = draw(st.timedeltas(timedelta(minutes=1), timedelta(days=10)))
    return Event(start, start + length, draw(st.booleans()), draw(words), draw(words))


@st.composite
def items(draw: st.DrawFn, name: str = "a") -> Item:
    """Any valid item, titles and texts with all that Unicode holds."""
    date, start = draw(moments), draw(st.none() | moments)
    category = draw(st.sampled_from((NEWS, ALERTS, AGENDA, HERITAGE)))
    since = max(date, start) if start else date
    return item(
        name,
        category,
        title=draw(title),
        summary=draw(words),
        html=draw(fragments),
        date=date,
        updated=date + draw(st.timedeltas(timedelta(0), timedelta(days=100))),
        tags=tuple(draw(st.lists(title, max_size=3))),
        start=start,
        end=draw(st.none() | st.timedeltas(timedelta(minutes=1), timedelta(days=60)).map(lambda gap: since + gap)),
        areas=draw(st.sampled_from(((), (LANCEY,)))),
        image=draw(st.sampled_from((None, FLOOD))),
        alert=draw(alerts) if category is ALERTS else None,
        event=draw(events()) if category is AGENDA else None,
        location=draw(st.none() | st.builds(Location, st.floats(-90, 90), st.floats(-180, 180), words)),
        panel=draw(told),
        push=draw(told),
    )


@st.composite
def lists(draw: st.DrawFn, most: int = 8) -> list[Item]:
    """Some items, each with an id of its own, in any order."""
    return [draw(items(f"i{number}")) for number in range(draw(st.integers(0, most)))]


def many(count: int) -> list[Item]:
    """So many news items, an hour apart, newest first."""
    return [item(f"n{count - number:04}", date=hours(-1 - number)) for number in range(count)]
