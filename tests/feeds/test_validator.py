"""The validator finds each fault that it knows, and nothing in what we write."""

from __future__ import annotations

import pytest
from hypothesis import given

from beffroi.feeds.rss import render
from beffroi.model import Item
from tests.feeds.samples import FLOOD, NOON, PUBLISHER, hours, item, lists, patient
from tests.feeds.validator import faults

ADDRESS = "https://essai.example/ville/feeds/rss.xml"
GOOD = render([item(image=FLOOD, tags=("eau",), summary="Résumé"), item("b", date=hours(-5))], PUBLISHER, NOON).decode()


def test_what_we_write_has_no_fault() -> None:
    """The example of the mutations below is whole."""
    assert faults(GOOD.encode(), ADDRESS) == []


@patient
@given(lists())
def test_whatever_the_items(shown: list[Item]) -> None:
    """Any valid items, with all that Unicode and HTML hold, give a feed without error and without warning."""
    assert faults(render(shown, PUBLISHER, NOON), ADDRESS) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<?xml version='1.0' encoding='UTF-8'?>", "<?xml version='1.0'?>", "line 1: no XML declaration with its encoding"),
        ("</item>", "</itm>", "Opening and ending tag mismatch"),
        ("Essai", "Es\x0bsai", "PCDATA invalid Char value 11"),
        ('version="2.0"', 'version="0.91"', "rss: not one channel of version 2.0"),
        ("<rss ", "<!DOCTYPE rss><rss ", "rss: a DOCTYPE"),
        ("<ttl>15</ttl>", "<ttl>soon</ttl>", "channel: ttl: soon is no number above 0"),
        ("<ttl>15</ttl>", "<ttl>0</ttl>", "channel: ttl: 0 is no number above 0"),
        ("<ttl>15</ttl>", "<pace>15</pace>", "channel: an unknown element pace"),
        ("<language>fr</language>", "<language>français</language>", "channel: language: français is no language"),
        ("<link>https://essai.example/ville/</link>", "<link>/ville/</link>", "channel: link: /ville/ is no full address"),
        ("<description>Les nouvelles d’Essai</description>", "", "channel: no description"),
        ('rel="self"', 'rel="related"', "channel: not one atom:link with rel=self"),
        ('href="https://essai.example', 'href="https://autre.example', "channel: rel=self is https://autre.example/ville"),
        (' type="application/rss+xml"', "", "channel: rel=self without its type"),
        ("<url>https://essai.example/ville/icon-512.png", "<url>https://a.fr/i.webp", "its url is no PNG, JPEG or GIF"),
        ("<image>", "<image><title>Autre</title>", "channel: image: image: a second title"),
        ("Tue, 05 May 2026", "Mon, 05 May 2026", "is another day of the week"),
        ("Tue, 05 May 2026", "Tue, 31 Feb 2026", "does not exist"),
        ("Tue, 05 May 2026", "mardi 5 mai 2026", "is no date of RFC 822"),
        ("Tue, 05 May 2026", "Tue, 05 May 26", "is no date of RFC 822"),
        ("2026 11:00:00 +0200", "2026 11:00:00", "is no date of RFC 822"),
        ("<title>Coupure d’eau", "<title>&lt;b&gt;Coupure", "item 1: title: what reads as mark-up"),
        ("<title>Coupure d’eau", "<title>R&amp;amp;D", "item 1: title: what reads as mark-up"),
        ("<title>Coupure d’eau</title>", "<title/>", "item 1: title: empty"),
        ("Résumé", "R\ufffdsum", "item 1: description: a lost character (U+FFFD)"),
        ("<description>Résumé</description>", "", "item 1: content:encoded without a description before it"),
        (">actualites/eau<", ">actualites/b<", "item 2: guid actualites/b stands twice"),
        ('<guid isPermaLink="false">actualites/eau</guid>', "", "item 1: no guid"),
        ('isPermaLink="false"', "", "item 1: guid: actualites/eau is no full address"),
        ('isPermaLink="false"', 'isPermaLink="non"', "item 1: guid: isPermaLink is non"),
        ("<category>eau</category>", "<category/>", "item 1: category: empty"),
        ('length="12345"', 'length=""', "item 1: enclosure: length is "),
        ('type="image/jpeg"', 'type="jpeg"', "item 1: enclosure: type is jpeg"),
        ("crue%20%C3%A9.jpg", "crue é.jpg", "crue é.jpg is no full address"),
        ("&lt;p&gt;De 8", "&lt;p style='a:b'&gt;De 8", "item 1: encoded: an attribute style"),
        ("&lt;p&gt;De 8", "&lt;p onclick='x()'&gt;De 8", "item 1: encoded: an attribute onclick"),
        ("&lt;p&gt;De 8", "&lt;script&gt;x&lt;/script&gt;&lt;p&gt;De 8", "item 1: encoded: a <script>"),
        ("&lt;p&gt;De 8", "&lt;iframe src='https://a.fr'&gt;&lt;/iframe&gt;&lt;p&gt;De 8", "item 1: encoded: a <iframe>"),
        ("&lt;p&gt;De 8", "&lt;a href='/ville/x'&gt;x&lt;/a&gt;&lt;p&gt;De 8", "item 1: encoded: href=/ville/x is not absolute"),
        ("&lt;p&gt;De 8", "&lt;img src='x.png'&gt;&lt;p&gt;De 8", "item 1: encoded: src=x.png is not absolute"),
        ("&lt;p&gt;De 8", "&lt;!-- a --&gt;&lt;p&gt;De 8", "item 1: encoded: a comment or an instruction"),
    ],
)  # fmt: skip
def test_each_fault_is_found(old: str, new: str, fault: str) -> None:
    """One change to a good feed, and the validator says which."""
    assert old in GOOD
    assert any(fault in found for found in faults(GOOD.replace(old, new, 1).encode(), ADDRESS))
