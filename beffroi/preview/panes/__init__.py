"""The panes: name → what a channel makes of an item, as HTML.

A new channel adds one module here and one line to `PANES`::

    def render(scene: Scene) -> str: ...    # scene.item, scene.publisher, scene.at

Panes that have nothing to show return "" and are left out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from beffroi.preview.panes import calendar, feeds, page, panels, phone
from beffroi.preview.scene import Scene
from beffroi.records import dataclass

Render: TypeAlias = Callable[[Scene], str]


@dataclass(frozen=True, slots=True)
class Pane:
    """One channel's place on the preview: its French title, and what fills it."""

    title: str
    render: Render


PANES: dict[str, Pane] = {
    "page": Pane("La page", page.render),
    "phone": Pane("La notification", phone.render),
    "panels": Pane("Les panneaux", panels.render),
    "calendar": Pane("Le calendrier", calendar.render),
    "feeds": Pane("Les flux", feeds.render),
}
