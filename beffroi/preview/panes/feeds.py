"""The item's entry in RSS and in JSON Feed, as other programs read it."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

from lxml import etree

from beffroi.feeds import jsonfeed, rss
from beffroi.preview.scene import Scene
from beffroi.preview.template import fill


def render(scene: Scene) -> str:
    """Both entries, indented."""
    entry = jsonfeed.entry(scene.item, scene.publisher, ZoneInfo(scene.publisher.timezone))
    return fill("feeds.html", json=json.dumps(entry, ensure_ascii=False, indent=2), rss=_rss(scene))


def _rss(scene: Scene) -> str:
    """The `<item>` element alone."""
    root = etree.fromstring(rss.render([scene.item], scene.publisher, max(scene.at, scene.item.since)))
    found = root.find("channel/item")
    if found is None:
        return ""
    etree.indent(found)
    return etree.tostring(found, encoding="unicode").strip()
