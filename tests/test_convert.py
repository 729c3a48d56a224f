"""Markdown’s processors are not asked of texts in which they would find nothing: the HTML is Markdown’s own."""

from __future__ import annotations

import random
from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown import Markdown

from beffroi.convert import OWN, convert, restart
from beffroi.plainly import plainly
from beffroi.text import slugify
from tests.bench.corpus import body, pieces
from tests.town import REPO

bits = st.sampled_from(
    ["mot", " ", "l'eau", "\n", "\n\n", "  \n", "    ", "\t", "*", "**", "_", "__", "***", "---", "- - -", "===", "\n---\n", "\n===\n"]
    + ["# ", "## a", "#", " #\n", "> ", ">", ": ", "\n:   a", "- ", "* ", "1. ", "2) ", "`", "``", "```", "~~~", "\n```\n", "\n~~~ py\n"]
    + ["[", "]", "[a](b)", "[a]: b\n", "[a]", "![a](b)", "![", "(", ")", "[^1]", "\n[^1]: note\n", "*[AB]: Abrégé\n", "AB", "[TOC]", "TOC"]
    + ["\\", "\\*", "\\[", "<", ">", "<b>", "</b>", "<div>", "</div>", '<div markdown="1">', "<!-- a -->", "<br/>", "<https://a.fr>"]
    + ["&#123;: #x }", "&#91;TOC]", "[T&#79;C]", "&lbrace;", "<p markdown=\"span\">", "<a@b.fr>", "&", "&amp;", "&#35;", "|", "a | b\n--- | ---\nc | d", "{", "}", "{: #x .y }", "{#x}", "é", "\u00a0", "\x02", "\x03", "<?php ?>"]
)  # fmt: skip


@cache
def _plain() -> Markdown:
    anchors = {"slugify": lambda text, _separator: slugify(text) or "partie"}
    own = {"toc": anchors, **OWN}
    return Markdown(extensions=["extra", "sane_lists", "toc"], extension_configs=own, output_format="html")


def check(text: str) -> None:
    """Both converters say the same of that body, or fail on it alike."""
    try:
        expected = _plain().reset().convert(text)
    except Exception as error:
        _plain.cache_clear()
        expected = type(error).__name__
    try:
        made = convert(text)
    except Exception as error:
        restart()
        made = type(error).__name__
    assert expected == made


@settings(deadline=None)
@given(st.lists(bits, max_size=14).map("".join))
@example("## Un [lien](a.md) & `code`\n\n[TOC]\n\n## Un")
@example("a | b\n--- | ---\n*c* | `d|e`")
@example("* un\n\n    > deux\n    ## trois\n\n[^1]\n\n[^1]: ## quatre")
def test_no_processor_is_missed(text: str) -> None:
    """Whatever the body, what was not asked would have found nothing."""
    check(text)


def test_no_processor_is_missed_in_what_communes_write() -> None:
    """The same for the bodies of the repository, whole and with a sign too many, and for the archive of the benches."""
    written = [
        path.read_text(encoding="utf-8").partition("\n---\n")[2] for path in sorted((REPO / "content").rglob("*.md"))
    ]
    written += [body(piece, "../{folder}/{slug}.md", "../images/vue-{number}.jpg") for piece in pieces(20)]
    chance = random.Random(5)
    for text in written:
        check(text)
        at = chance.randrange(len(text) + 1)
        check(f"{text[:at]}{chance.choice(bits.elements)}{text[at:]}")


plain_bits = st.sampled_from(
    ["mot", "Un", "été", "2026. ", "M. ", " ", " ", "\n", "\n\n", "\n\n", "\n\n\n", "**", "**gras**", "*", "*ital*", "_a_", "!", "…", "«"]
    + ["## a", "\n\n## b\n\n", "# ", "\n#", "- ", "\n- ", "* ", "+ ", "1. ", "\n2. ", "\n\n- a\n- b\n\n", "\n\n1. a\n2. *b*\n\n", ": ", "="]
    + ["[a](b)", "[é à](../x_y.md#z)", "![i](c.jpg)", "[", "]", "](", "(", ")", "[a]: b", '"', "'", "\u00a0", "\u3000", "  ", "---", "***"]
    + ["| a | b |\n| --- | - |\n| c | d |", "\n\n| a | b |\n| --- | - |\n| **c** |\n\n", "|", "\n| e |\n"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(plain_bits, max_size=14).map("".join))
@example("## Un\n\n## Un\n\n## Un_1\n\n## Un")
@example("- a\n\n- b")
@example("*a **b** c*")
@example("**a****b** ***c***")
@example("- 1. a\n- # b")
def test_what_is_written_plainly_is_what_markdown_makes_of_it(text: str) -> None:
    """The short way gives Markdown's own HTML, or nothing."""
    if (made := plainly(text)) is not None:
        assert _plain().reset().convert(text) == made


def test_most_bodies_are_written_plainly() -> None:
    """What communes write takes the short way: nothing would tell if it no longer did."""
    written = [
        path.read_text(encoding="utf-8").partition("\n---\n")[2] for path in sorted((REPO / "content").rglob("*.md"))
    ]
    archive = [body(piece, "../{folder}/{slug}.md", "../images/vue-{number}.jpg") for piece in pieces(20)]
    assert [False] * 20 == [plainly(text) is None for text in archive]
    assert 0.9 * len(written) <= sum(plainly(text) is not None for text in written)
