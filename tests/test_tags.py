"""HTML is cut by one expression where that reads as `html.parser` reads it; everything else is left to the parser."""

from __future__ import annotations

from collections.abc import Iterator
from html.parser import HTMLParser

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beffroi.check.body import HEARD, Page
from beffroi.content import Link
from beffroi.convert import convert
from beffroi.site.html import Rewriter
from beffroi.tags import cut, feed
from beffroi.text import _absolute_by_parser, absolute, absolute_links
from tests.bench.corpus import body, pieces
from tests.town import REPO

BASE = "https://ville.example"
bits = st.sampled_from(
    ["<p>", "</p>", "<br>", "<hr>", "<br/>", "<br />", "<P>", "</P>", "<p >", "</p >", "</p x=\"1\">", "<", ">", "</", "<1>", "\n", "\0"]
    + ["mot", " !", "l'eau", "10 €", "\"", "'", "é", "\u202f", "&amp;", "&lt;", "&nbsp;", "&eacute;", "&notit;", "&not", "&", "&#39;", "&#x27;"]
    + ["&#0;", "&#9999999;", "&#99999999999;", "&#12a;", "&amp", "&ampx;", "&amp;lt;", "&AMP;", "&\u0660;", "&#\u0661;", "&1;"]
    + ['<a href="/x/">', '<a href="//x">', '<a href="../a.md#b" title="l\'&amp;">', "<a href='/x'>", "<a href=/x>", '<a\nhref="/x">', "</a>"]
    + ['<a  href="/x">', '<a href="/x"title="y">', '<a href="a" href="b">', '<a href="/x?a=1&amp;b">', '<a href="/x?a&b=1">', '<a href="&#47;x">']
    + ['<a href="a>b">', '<a href="a<b">', '<a href="">', "<a href>", '<p <a href="/x">', '<a HREF="/x">', '<a x:href="/x">', '<a name="n" id="i">', '<a href=" /x ">']
    + ['<img alt="vue de l\'eau !" src="../images/a.jpg">', '<img src="/images/a.jpg">', '<source srcset="/a.jpg 1x, /b.jpg 2x">', "<img>"]
    + ["<code>", "</code>", "<pre>", "</pre>", "<table>", "</table>", '<td style="text-align: right;">', '<p onclick="x()">', '<h1 id="a">', "</h1>"]
    + ["<script>", "</script>", "<style>", "</style>", "<textarea>", "</textarea>", "<title>", "</title>", "<iframe>", "</iframe>", "<xmp>"]
    + ["<!-- ", " -->", "<!---->", "<!doctype html>", "<?php ?>", "<![CDATA[", "]]>", "<!x>", "<em>", "</em>", "<zut>", "</zut>", "<details>"]
)  # fmt: skip
pages = st.lists(bits, max_size=10).map("".join)


class Told(HTMLParser):
    """Keeps what it is told; texts that meet are one."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[tuple[object, ...]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.events.append(("start", tag, attrs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.events.append(("both", tag, attrs))

    def handle_endtag(self, tag: str) -> None:
        self.events.append(("end", tag))

    def handle_comment(self, data: str) -> None:
        self.events.append(("comment", data))

    def handle_data(self, data: str) -> None:
        if self.events and self.events[-1][0] == "data":
            data = str(self.events.pop()[1]) + data
        self.events.append(("data", data))


def slowly(parser: HTMLParser, html: str) -> None:
    """The parser's own way."""
    parser.feed(html)
    parser.close()


def rewriter() -> Rewriter:
    """One whose links lead where they say."""
    return Rewriter(
        lambda href: Link("external", href),
        lambda link: link.href if "b" not in link.href else None,
        lambda link, alt: None,
    )


def check(html: str) -> None:
    """Both ways say the same of that document, to each of those who read HTML."""
    told, said = Told(), Told()
    slowly(told, html)
    feed(said, html)
    assert told.events == said.events
    page, read = Page(), Page()
    slowly(page, html)
    feed(read, html, HEARD)
    page.text, read.text = ["".join(page.text)], ["".join(read.text)]
    kept = ("links", "images", "ids", "headings", "text")
    assert [getattr(page, name) for name in kept] == [getattr(read, name) for name in kept]
    other = rewriter()
    slowly(other, html)
    assert other._ended() == rewriter().rewrite(html)
    assert _absolute_by_parser(html, BASE) == absolute(html, BASE)
    shown = rewriter().rewrite(html)
    assert _absolute_by_parser(shown, BASE) == absolute(shown, BASE) == absolute_links(shown, BASE)


@given(pages)
@example("&#38;lt;")
@example("<code>")
@example('<a href="&amp;lt;">&amp;lt;</a>')
def test_both_ways_read_the_same(html: str) -> None:
    """Whatever the document, the fast way tells what the parser tells."""
    check(html)


def written() -> Iterator[str]:
    """The bodies of the repository, of the sample sites, of the archive of the benches."""
    files = [*REPO.glob("content/**/*.md"), *REPO.glob("tests/sites/[!b]*/**/*.md")]
    yield from (path.read_bytes().decode(errors="replace").partition("\n---\n")[2] for path in files if path.is_file())
    yield from (body(piece, "../{folder}/{slug}.md", "../images/vue-{number}.jpg") for piece in pieces(20))


def test_both_ways_read_the_same_in_what_communes_write() -> None:
    """The same for real bodies, before and after the rewriting; nearly all of them go the fast way."""
    whole = [html for text in written() for html in (convert(text), rewriter().rewrite(convert(text)))]
    for html in whole:
        check(html)
    assert sum(cut(html) is not None for html in whole) > 0.9 * len(whole)


@pytest.mark.parametrize(
    "html",
    [
        "<!-- <p> -->",
        "<script>",
        "<p>a < b",
        '<a href="/x?a&b">',
        "<p/>",
        "<zut>",
        "<textarea>",
        "<P>",
        "a & b",
        "&not;",
    ],
)
def test_what_is_not_plain_is_left_to_the_parser(html: str) -> None:
    """Comments, scripts, loose signs and unknown elements are never cut."""
    assert cut(html) is None
