"""The colours, two by two: what is written on a ground can be read on it, light and dark (WCAG 1.4.3 and 1.4.6)."""

from __future__ import annotations

import re

import pytest

from tests.town import REPO

FAMILIES = ("glacier", "brick", "sun", "fir", "gentian", "paper")
SEVERITIES = ("extreme", "severe", "moderate", "minor")
CSS = (REPO / "theme" / "static" / "css" / "tokens.css").read_text("utf-8")


def colors(css: str) -> dict[str, str]:
    """Name → #rrggbb."""
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css))


LIGHT = colors(CSS.partition("prefers-color-scheme: dark")[0])
SCHEMES = {"light": LIGHT, "dark": {**LIGHT, **colors(CSS.partition("prefers-color-scheme: dark")[2])}}


def luminance(color: str) -> float:
    """Relative luminance, as WCAG 2 defines it."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """From 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_families(scheme: str) -> None:
    """Each family: on its strong and its soft ground, and its ink on the page and on cards, at least 4.5."""
    named = SCHEMES[scheme]
    pairs = [(f"{name}-on", f"{name}-strong") for name in FAMILIES]
    pairs += [(f"{name}-ink", ground) for name in FAMILIES for ground in (f"{name}-soft", "page", "surface")]
    pairs += [(text, ground) for text in ("text", "muted", "link") for ground in ("page", "surface", "sunken")]
    pairs += [("on-night", "night"), ("night-soft", "night"), ("sky-ink", "sky"), ("text", "sky")]
    assert {} == {pair: round(found, 2) for pair in pairs if (found := contrast(*(named[n] for n in pair))) < 4.5}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_severities(scheme: str) -> None:
    """What is written on an alert reaches 7; its shape and its word 4.5."""
    named = SCHEMES[scheme]
    wanted = {"on": 7, "mark": 4.5}
    found = {
        f"{name}-{role}": round(contrast(named[f"{name}-{role}"], named[f"{name}-strong"]), 2)
        for name in SEVERITIES
        for role in wanted
    }
    assert {} == {name: ratio for name, ratio in found.items() if ratio < wanted[name.rpartition("-")[2]]}
