"""Words on a panel of characters."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.errors import SettingsError
from beffroi.model import Panel
from beffroi.panels import Screen, screens, wrap
from beffroi.settings import site_from

WALL = Panel("mairie", "Mairie", lines=8, columns=16)


def test_one_screen() -> None:
    """Text and detail share a screen where they fit, each line in the middle, words whole."""
    (screen,) = screens("CRUE Isère\u00a0: quittez les berges", "jusqu’au jeudi 14\u00a0mai à 20\u00a0h", WALL)
    assert [
        "",
        "  CRUE Isère :",
        "  quittez les",
        "     berges",
        " jusqu’au jeudi",
        " 14 mai à 20 h",
        "",
        "",
    ] == [line.rstrip() for line in screen.lines]


def test_the_detail_gets_a_screen_of_its_own() -> None:
    """What does not fit in one screen is told in two, the text first; nothing is left out."""
    pages = screens("un deux trois quatre cinq six sept huit", "et neuf", Panel("p", "P", lines=3, columns=12))
    assert 3 == len(pages)
    assert "un deux trois quatre cinq six sept huit et neuf" == " ".join(
        " ".join(" ".join(page.lines).split()) for page in pages
    )


def test_a_word_that_is_too_long() -> None:
    """A word longer than a line is cut, and said to be; a group held by no-break spaces falls apart first."""
    assert (["anticonstitution", "nellement"], True) == wrap("anticonstitutionnellement", 16)
    assert (["de 8 h", "à 12 h"], False) == wrap("de\u00a08\u00a0h\u00a0à\u00a012\u00a0h", 6)
    assert Screen(("aaa", " a "), cut=True) == screens("aaaa", "", Panel("p", "P", lines=2, columns=3))[0]


@given(st.text(alphabet="aé ’\u00a0\u202f0", max_size=80), st.integers(1, 24), st.integers(1, 9))
def test_every_letter_is_shown_within_the_panel(words: str, columns: int, lines: int) -> None:
    """Whatever the words and the size: each screen has exactly its lines, none is wider, no letter is lost or moved."""
    pages = screens(words, "", Panel("p", "P", lines=lines, columns=columns))
    assert {(lines, columns)} >= {(len(page.lines), len(line)) for page in pages for line in page.lines}
    letters = re.sub(r"\s", "", words)
    assert letters == re.sub(r"\s", "", "".join("".join(page.lines) for page in pages))


def test_a_screen_of_pixels_has_no_lines() -> None:
    """A screen with a browser plays the real player instead."""
    assert [] == screens("Bonjour", "", Panel("ecran", "Écran", width=1080, height=1920))


@pytest.mark.parametrize(
    "wrong", [{"lines": 8}, {"lines": 8, "columns": 0}, {"lines": "8", "columns": 16}, {}, {"w": 1}]
)
def test_a_wrong_panel_is_told(wrong: dict[str, object], tmp_path: object) -> None:
    """A panel without both sizes is refused with an example to copy."""
    raw = {
        "SITEURL": "https://bourg.example",
        "SITENAME": "Bourg",
        "CATEGORIES": {"actualites": {"kind": "news"}},
        "PANELS": {"gare": wrong},
    }
    with pytest.raises(SettingsError, match="PANELS\\['gare'\\].*écrivez par exemple"):
        site_from(raw, tmp_path)  # type: ignore[arg-type]
