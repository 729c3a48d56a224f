"""The notification on Android and on iOS, drawn from the very payload that phones are sent."""

from __future__ import annotations

import json
from datetime import timedelta
from zoneinfo import ZoneInfo

from beffroi.channels import FeedItem, webpush
from beffroi.channels.feed import item_from
from beffroi.feeds import jsonfeed
from beffroi.preview.scene import Scene
from beffroi.preview.template import fill

ICON = "/_apercu/icon.png"
"""The app's icon, which phones show beside the words."""

RINGS = {
    "high": "Urgence haute : le téléphone sonne même s’il dort.",
    "normal": "Urgence normale.",
    "low": "Urgence basse : un téléphone dont la batterie est faible attend d’être en charge.",
}


def render(scene: Scene) -> str:
    """Both phones, and what the payload decides besides words."""
    item = told(scene)
    message = webpush.message(item, scene.item.category.kind, update=False, at=scene.item.since)
    shown = json.loads(message.payload)["notification"]
    last = scene.item.since + timedelta(seconds=webpush.ttl(message.expires_at, scene.item.since.timestamp()))
    return fill(
        "phone.html",
        scene=scene,
        silent=item.push is False,
        title=shown["title"],
        body=shown["body"],
        cut=shown["body"] != item.words or shown["title"] != item.title,
        ring=RINGS[message.urgency],
        icon=ICON,
        bytes=len(message.payload.encode()),
        last=last.astimezone(scene.zone),
    )


def told(scene: Scene) -> FeedItem:
    """The item as the announcer reads it, through the feed."""
    return item_from(jsonfeed.entry(scene.item, scene.publisher, ZoneInfo(scene.publisher.timezone)))
