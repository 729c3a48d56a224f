"""The event as a calendar shows it."""

from __future__ import annotations

from beffroi.preview.scene import Scene
from beffroi.preview.template import fill
from beffroi.text import MONTHS, span


def render(scene: Scene) -> str:
    """A leaf of the calendar; nothing for what is no event."""
    event = scene.item.event
    if event is None:
        return ""
    start, end = event.start.astimezone(scene.zone), event.end.astimezone(scene.zone)
    when = span(start, end, event.all_day)
    return fill("calendar.html", scene=scene, event=event, start=start, month=MONTHS[start.month - 1], when=when)
