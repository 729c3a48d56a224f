"""Habits of typing are looked for only where a sign of theirs is: as many are found as if all always were."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from beffroi.check import words
from tests.bench.corpus import body, pieces
from tests.test_text import prose
from tests.town import REPO

typed = st.lists(
    st.sampled_from(
        ["!", "?", "…", ".", "etc", "Etc ", " ", ",", "a", "ab", "É", "Mr", "Mr. ", "12", "1", "\u0661", "ème", "èmes", "ième", "eme"]
        + ["h", "H", "30", "€", "Etat", "Ecole", "Eglise", "Eté", "Elus", "Election", "Evénement", "A partir", "A la", "A l’", "\n", "\t", "\u202f", "\u00a0", "A", "partir"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


def every(text: str) -> list[str]:
    """What each habit finds, whatever signs the text has."""
    return [match[0] for _, pattern, _ in words._HABITS if (match := pattern.search(text))]


@given(typed | prose)
def test_no_habit_is_missed(text: str) -> None:
    """A habit that was not looked for is not there."""
    assert every(text) == [found for found, _ in words.typography(text)]
    assert every(" ".join(text.split())) == [found for found, _ in words.typography_of(text)]


def test_no_habit_is_missed_in_what_communes_write() -> None:
    """The same for the content of the repository, the sample sites and the archive of the benches, by paragraph."""
    written = [p.read_bytes().decode(errors="replace") for p in sorted(REPO.glob("content/**/*.md"))]
    written += [
        p.read_bytes().decode(errors="replace") for p in sorted(REPO.glob("tests/sites/**/*.md")) if p.is_file()
    ]
    written += [body(piece, "../{folder}/{slug}.md", "../images/vue-{number}.jpg") for piece in pieces(20)]
    found = [
        (every(part), [one for one, _ in words.typography(part)]) for text in written for part in re.split("\n\n", text)
    ]
    assert [] == [pair for pair in found if pair[0] != pair[1]]
    assert any(pair[0] for pair in found)
