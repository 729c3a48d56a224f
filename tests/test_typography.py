"""The rules of typography that are looked for only where a sign of theirs is: the same text as if all always were."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from beffroi.typography import printable, typeset
from tests import typography_plain
from tests.bench.corpus import body, pieces
from tests.test_text import TYPOGRAPHY, prose
from tests.town import REPO

signs = st.text(st.sampled_from("a1 ~^\u2009\t\n'’\"«»:;!?.…%€°hMmDr@`&w/_\u0660\u0131_"), max_size=12)
kept = st.lists(
    st.sampled_from(["mailto:", "MAILTO:", "ma\u0131lto:", "www.", "WWW.", "://", "ſ", "x", "@", ".", "&l;", "`", " !", "'l"]),
    max_size=8,
).map("".join)  # fmt: skip


@given(prose | signs | kept)
@example("٠€")
@example("1 ٠km")
def test_no_rule_is_left_out(text: str) -> None:
    """A rule that was not looked for would have found nothing; one that begins with its sign finds the same."""
    assert typography_plain.typeset(text) == typeset(text)


def test_no_rule_is_left_out_of_what_communes_write() -> None:
    """The same for the content of the repository and for the archive of the benches, whole and in small pieces."""
    written = [path.read_text(encoding="utf-8") for path in sorted((REPO / "content").rglob("*.md"))]
    written += [body(piece, "../{folder}/{slug}.md", "../images/vue-{number}.jpg") for piece in pieces(60)]
    assert len(written) > 100
    for text in [part for whole in written for part in (whole, *re.split(r"[*\[\]()<>\n]", whole))]:
        assert typography_plain.typeset(text) == typeset(text)


@pytest.mark.parametrize("sign", sorted({sign for _, typed in TYPOGRAPHY for sign in typed}))
def test_no_rule_is_left_out_beside_any_sign(sign: str) -> None:
    """Each sign of the tables of rules, alone and between words, spaces and digits."""
    for before in ("", "a", "l", "qu", "5", "5 h", " ", "a ", "5 ", "»", "M", "n", "«"):
        for after in ("", "a", "A", "5", "000", " ", " 30", "!", "\n", "h", "»", "%"):
            text = f"{before}{sign}{after}"
            assert typography_plain.typeset(text) == typeset(text)


@given(st.text(st.characters(codec=None) | st.sampled_from("\n\t\u00a0\u202f\u2028\x7f\x85\ud800\u200b é")))
def test_printable(text: str) -> None:
    """Taking ASCII out first changes nothing of what is said of the rest."""
    rest = text.replace("\n", "").replace("\u00a0", "").replace("\u202f", "")
    assert rest.isprintable() == printable(text)
