"""RSS 2.0 as the W3C feed validator wants it."""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from hypothesis import given
from lxml import etree, html

from beffroi.feeds import FEEDS, current
from beffroi.feeds.rss import render
from beffroi.model import Item
from tests.feeds.samples import AGENDA, FLOOD, NOON, PUBLISHER, hours, item, lists, patient

ATOM = "{http://www.w3.org/2005/Atom}"
ENCODED = "{http://purl.org/rss/1.0/modules/content/}encoded"


def channel(*shown: Item) -> etree._Element:
    """The channel of a feed of these items."""
    found = etree.fromstring(render(shown, PUBLISHER, NOON)).find("channel")
    assert found is not None
    return found


def test_the_channel_names_the_site_and_itself() -> None:
    """`link` is the site, the Atom link is the served address, and the rest is what the commune is."""
    told = channel(item())
    assert told.findtext("title") == "Essai"
    assert told.findtext("link") == "https://essai.example/ville/"
    assert told.findtext("description") == "Les nouvelles d’Essai"
    assert told.findtext("language") == "fr"
    assert told.findtext("generator") == "Beffroi"
    assert told.findtext("ttl") == "15"
    assert told.findtext("image/url") == "https://essai.example/ville/icon-512.png"
    links = [dict(link.items()) for link in told.findall(f"{ATOM}link")]
    assert links == [
        {"href": "https://essai.example/ville/feeds/rss.xml", "rel": "self", "type": "application/rss+xml"}
    ]


def test_the_feed_is_as_old_as_its_newest_change() -> None:
    """lastBuildDate is the newest `updated`, not the wall clock; a feed without items has none."""
    told = channel(item("a", updated=hours(-2)), item("b", date=hours(-50), updated=hours(-1)))
    assert told.findtext("lastBuildDate") == "Tue, 05 May 2026 11:00:00 +0200"
    assert channel().find("lastBuildDate") is None


def test_an_item_says_everything_a_reader_needs() -> None:
    """The guid is the id, the date is RFC 822 on the commune's clock, the enclosure has its real length and type."""
    [told] = channel(item(summary="Résumé & co", tags=("eau",), image=FLOOD)).findall("item")
    guid, enclosure = told.find("guid"), told.find("enclosure")
    assert guid is not None
    assert enclosure is not None
    assert (guid.text, guid.get("isPermaLink")) == ("actualites/eau", "false")
    assert told.findtext("title") == "Coupure d’eau"
    assert told.findtext("link") == "https://essai.example/ville/actualites/eau/"
    assert told.findtext("pubDate") == "Tue, 05 May 2026 11:00:00 +0200"
    assert told.findtext("description") == "Résumé &amp; co"
    assert told.findtext(ENCODED) == "<p>De 8 h à 12 h.</p>"
    assert [name.text for name in told.findall("category")] == ["Actualités", "eau"]
    assert dict(enclosure.items()) == {
        "url": "https://essai.example/ville/images/crue%20%C3%A9.jpg",
        "length": "12345",
        "type": "image/jpeg",
    }


def encoded(content: str) -> str | None:
    """What stands in content:encoded for that HTML."""
    return channel(item(html=content)).findtext(f"item/{ENCODED}")


def test_content_is_harmless() -> None:
    """No script, frame, form, style or handler; the words around them stay."""
    assert encoded("<p style='a:b' onclick='x' class='c'>a<script>b</script>c</p>d") == "<p>ac</p>d"
    assert encoded("<iframe src='//x'>i</iframe><form><input></form><p>a<!-- b --></p>") == "<p>a</p>"
    assert encoded('<a href="javascript:x()">x</a>') == "<a>x</a>"


def test_content_has_absolute_addresses_only() -> None:
    """Root-relative ones get the site, fragments and relative ones the page."""
    page = "https://essai.example/ville/actualites/eau/"
    assert encoded('<a href="/ville/x">a</a>') == '<a href="https://essai.example/ville/x">a</a>'
    assert encoded('<a href="#n">a</a>') == f'<a href="{page}#n">a</a>'
    assert encoded('<img src="plan.png" alt="">') == f'<img src="{page}plan.png" alt="">'


def test_pictures_become_their_fallback() -> None:
    """Old readers know <img> alone."""
    source = '<picture><source srcset="/ville/a.avif"><img src="/ville/a.jpg" alt="a"></picture>b'
    assert encoded(source) == '<img src="https://essai.example/ville/a.jpg" alt="a">b'


def test_titles_cannot_be_taken_for_markup() -> None:
    """Readers that treat titles as HTML would lose words or show other ones."""
    assert (
        channel(item(title="a <b>c</b> &amp; R&D, 1 < 2 & 3")).findtext("item/title")
        == "a ‹b>c‹/b> ＆amp; R&D, 1 < 2 & 3"
    )


def test_without_a_summary_the_text_begins() -> None:
    """The description is never missing before content:encoded."""
    text = channel(item(html="<p>" + "mot " * 200 + "</p>")).findtext("item/description") or ""
    assert text.endswith("mot…")
    assert len(text) <= 280


def test_control_characters_break_nothing() -> None:
    """One 0x0b in a title once stopped a whole publication."""
    broken = item(title="a\x0bb\ud800", summary="\x00c", html="<p>\x1fd\ufffe</p>", tags=("e\x08",))
    [told] = channel(broken).findall("item")
    assert told.findtext("title") == "ab"
    assert told.findtext("description") == "c"
    assert told.findtext(ENCODED) == "<p>d</p>"


@patient
@given(lists())
def test_every_item_renders_in_order(shown: list[Item]) -> None:
    """Any valid items give a well-formed feed with each in its place, its date aware and its content parsable."""
    told = channel(*shown).findall("item")
    expected = current(shown, NOON)
    assert [one.id for one in expected] == [one.findtext("guid") for one in told]
    for one, made in zip(expected, told, strict=True):
        date = parsedate_to_datetime(made.findtext("pubDate") or "")
        assert timedelta(0) <= one.date - date < timedelta(seconds=1)
        assert (made.findtext("title") or "").strip()
        content = html.fragment_fromstring(made.findtext(ENCODED) or "", create_parent="div")
        assert not content.xpath("//script|//iframe|//@style|//@onclick|//@href[not(starts-with(., 'http'))]")


def test_dates_stay_in_their_year() -> None:
    """Four-digit years, English names, whatever the locale."""
    told = channel(item("a", AGENDA, date=datetime(2025, 12, 31, 23, 30, tzinfo=NOON.tzinfo)))
    assert told.findtext("item/pubDate") == "Wed, 31 Dec 2025 23:30:00 +0100"


def test_the_registry_serves_it() -> None:
    """`rss.xml` of the registry is this module's."""
    assert render([item()], PUBLISHER, NOON) == FEEDS["rss.xml"]([item()], PUBLISHER, NOON)
