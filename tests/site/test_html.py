"""One pass over a body: where its links lead, what its images become, what is left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.content import Link
from beffroi.convert import convert
from beffroi.model import Image, Picture
from beffroi.site.html import Rewriter, picture
from beffroi.tags import cut

SCROLL = '<div class="table-scroll" role="region" aria-label="Tableau" tabindex="0">'
PICTURES = (
    Picture("/images/a-480.webp", 480, 300, "image/webp", 10),
    Picture("/images/a-960.webp", 960, 600, "image/webp", 20),
    Picture("/images/a-480.jpg", 480, 300, "image/jpeg", 30),
    Picture("/images/a-960.jpg", 960, 600, "image/jpeg", 40),
)


def rewritten(html: str) -> str:
    """Links to `ouvert.md` lead somewhere, to `secret.md` nowhere; `a.jpg` is an image of ours."""

    def resolve(href: str) -> Link:
        path = Path(href) if href.endswith(".mp3") else None
        return Link("image" if href.endswith(".jpg") else "file" if path else "entry", href, path=path)

    def address(link: Link) -> str | None:
        return None if "secret" in link.href else f"/ici/{link.href}"

    def image(link: Link, alt: str) -> Image | None:
        return Image(alt, pictures=PICTURES) if link.href == "a.jpg" else None

    return Rewriter(resolve, address, image).rewrite(html)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="ouvert.md">là</a>', '<a href="/ici/ouvert.md">là</a>'),
        ('<a href="secret.md">là <b>bas</b></a> !', "là <b>bas</b>\u202f!"),
        ("<p>C'est dit : oui !</p>", "<p>C’est dit\u00a0: oui\u202f!</p>"),
        ("<code>a !</code> b !", "<code>a !</code> b\u202f!"),
        ("<pre><code>x &lt; y !</code></pre>", "<pre><code>x &lt; y !</code></pre>"),
        ("a &amp; b &eacute; &#233;", "a &amp; b é é"),
        ("<script>alert(1)</script>avant<style>p{}</style>", "avant"),
        ("<iframe src='//x.example'><p>dedans</p></iframe>après", "après"),
        ('<p onclick="x()" style="color:red" class="c">t</p>', '<p class="c">t</p>'),
        ('<link rel="stylesheet" href="//x.example/a.css">t', "t"),
        ('<img src="//autre.example/x.png" alt="Une & vue">', "Une &amp; vue"),
        ("<br><hr>", "<br><hr>"),
        ("<!-- rien --><p>t</p>", "<p>t</p>"),
        ("</p></a></div></main>t", "t"),
        ("<div><b>gras<p>p", "<div><b>gras<p>p</b></div>"),
        (
            "<table><tr><td>a",
            '<div class="table-scroll" role="region" aria-label="Tableau" tabindex="0"><table><tr><td>a</table></div>',
        ),
        ('<video src="https://x.example/a.mp4" poster="https://x.example/a.jpg"></video>', "<video></video>"),
        (
            '<audio><source src="ouvert.mp3"><track src="//x.example/a.vtt"></audio>',
            '<audio><source src="/ici/ouvert.mp3"><track></audio>',
        ),
        (
            '<table background="//x.example/a.png"></table>',
            '<div class="table-scroll" role="region" aria-label="Tableau" tabindex="0"><table></table></div>',
        ),
        (
            '<svg><image href="//x.example/a.png"/><a xlink:href="javascript:x()">t</a></svg>',
            "<svg><image></image><a>t</a></svg>",
        ),
        ('<input type="image" src="//x.example/a.png"><button formaction="javascript:x()">b</button>t', "t"),
    ],
)
def test_what_becomes_of_a_body(html: str, expected: str) -> None:
    """Links are resolved or unwrapped, text is typeset outside code, foreign and active content is left out."""
    assert expected == rewritten(html)


pieces = st.sampled_from(
    ["mot", "l'eau !", "a : b", "&amp;", "&lt;b", "&nbsp;", '"mot"', "\n", " ", "7 000 €", "<p>", "</p>", "<b>", "</b>", "<br>", "<hr>", "<li>"]
    + ['<a href="ouvert.md">', '<a href="secret.md">', "<a>", "</a>", "<code>", "</code>", "<pre>", "</pre>", "<table>", "</table>", "<td>", "</td>"]
    + ['<img alt="Vue !" src="a.jpg">', '<img alt="x" src="b.png">', '<h2 id="a">', "</h2>", '<p class="c" style="d">', '<source src="a.mp3">']
)  # fmt: skip


@given(st.lists(pieces, max_size=14).map("".join))
def test_what_markdown_writes_is_read_without_the_parser(html: str) -> None:
    """The short way and the parser make the same of a body."""
    assert cut(html) is not None
    assert rewritten(f"{html}<!-- -->") == rewritten(html)


def test_a_table_can_be_scrolled_by_keyboard() -> None:
    """A wide table scrolls within its own named region, on a phone too."""
    html = rewritten("<table><tr><td>1</td></tr></table>")
    assert html.startswith('<div class="table-scroll" role="region" aria-label="Tableau" tabindex="0"><table>')
    assert html.endswith("</table></div>")


def test_an_image_becomes_its_pictures() -> None:
    """Modern formats first, a fallback that every browser knows, its size told, its text escaped."""
    html = picture(Image('Une "vue"', pictures=PICTURES))
    assert '<source type="image/webp" srcset="/images/a-480.webp 480w, /images/a-960.webp 960w"' in html
    assert 'src="/images/a-960.jpg" srcset="/images/a-480.jpg 480w, /images/a-960.jpg 960w"' in html
    assert 'alt="Une &quot;vue&quot;" width="960" height="600" loading="lazy"' in html


@given(st.text(alphabet="<>/abp ='\"!&;#x1scrite-\n", max_size=80))
def test_no_active_content_whatever_is_written(html: str) -> None:
    """Whatever an editor pastes, no script, frame or handler comes out, and rewriting never fails."""
    out = rewritten(html).lower()
    assert "<script" not in out
    assert "<iframe" not in out


@pytest.mark.parametrize(
    ("lang", "table", "note"),
    [
        ("fr", "Tableau", "Revenir au texte, note 1"),
        ("en", "Table", "Back to the text, note 1"),
        ("de-CH", "Tabelle", "Zurück zum Text, Anmerkung 1"),
        ("pt", "Table", "↩ 1"),
    ],
)
def test_what_markdown_adds_is_in_the_language_of_the_text(lang: str, table: str, note: str) -> None:
    """A table's name and the title of the way back from a note: Markdown's own are English."""
    html = convert("Oui[^a].\n\n| a |\n|---|\n| 1 |\n\n[^a]: La note.")
    shown = Rewriter(lambda href: Link("anchor", href), lambda link: link.href, lambda _link, _alt: None, lang).rewrite(
        html
    )
    assert f'aria-label="{table}"' in shown
    assert f'title="{note}"' in shown
    assert "Jump" not in shown
