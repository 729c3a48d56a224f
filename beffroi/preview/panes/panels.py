"""Each declared street panel: lines of characters as it would break them, screens by the real player."""

from __future__ import annotations

import json
from typing import Any

from beffroi.feeds import panel
from beffroi.model import Panel
from beffroi.moments import goes, window
from beffroi.panels import screens
from beffroi.preview.scene import Scene
from beffroi.preview.template import fill

USUAL = (Panel("type", "Panneau type", lines=8, columns=16), Panel("ecran", "Écran type", width=1080, height=1920))
"""Shown where the commune has declared none."""


def render(scene: Scene) -> str:
    """Every panel, with what it shows of this item and its place in the round."""
    around = json.loads(panel.render(scene.items, scene.publisher, scene.at))["items"]
    places = [entry["id"] for entry in around]
    own = _own(scene)
    declared = tuple(scene.site.panels.values())
    start, end = window(scene.item)
    return fill(
        "panels.html",
        scene=scene,
        goes=goes(scene.item),
        place=places.index(scene.item.id) + 1 if scene.item.id in places else 0,
        count=len(places),
        start=start.astimezone(scene.zone),
        end=end.astimezone(scene.zone),
        declared=bool(declared),
        walls=[(one, screens(own["text"], own["detail"], one)) for one in declared or USUAL] if own else [],
    )


def _own(scene: Scene) -> dict[str, Any]:
    """This item's entry of panel.json, in the first instant of its window; empty where panels never show it."""
    first, _ = window(scene.item)
    entries = json.loads(panel.render([scene.item], scene.publisher, first))["items"]
    return entries[0] if entries else {}
