"""The functions and filters that templates have besides Jinja's own (documented in docs/reference/theme.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from markupsafe import Markup

from beffroi import text
from beffroi.model import Event, Image, Item
from beffroi.settings import Site
from beffroi.site.html import picture
from beffroi.site.pwa import Assets
from beffroi.site.words import Languages


def names(site: Site, assets: Assets, languages: Languages) -> Mapping[str, Any]:
    """Global functions: `asset`, `href`, `absolute`, `span`, `picture`, `speak`, `once`."""
    made: dict[tuple[Callable[[Item], str], str], str] = {}

    def href(path: str) -> str:
        return f"{site.base}{path}"

    def span(event: Event) -> str:
        return text.span(event.start.astimezone(site.zone), event.end.astimezone(site.zone), event.all_day)

    def shown(image: Image, sizes: str = "100vw") -> Markup:
        return Markup(picture(image, sizes))  # noqa: S704  # every attribute is escaped by `picture`

    def once(macro: Callable[[Item], str], item: Item) -> str:
        if (macro, item.id) not in made:
            made[macro, item.id] = macro(item)
        return made[macro, item.id]

    return {
        "asset": assets,
        "href": href,
        "absolute": site.publisher.absolute,
        "span": span,
        "picture": shown,
        "speak": languages.words,
        "once": once,
    }


def filters(site: Site) -> Mapping[str, Callable[..., str]]:
    """Dates in French words, in the commune's time; `iso` for machines (RFC 3339)."""

    def local(render: Callable[[datetime], str]) -> Callable[[datetime], str]:
        return lambda moment: render(moment.astimezone(site.zone))

    def until(end: datetime, since: datetime | None = None) -> str:
        return text.until(end.astimezone(site.zone), since and since.astimezone(site.zone))

    return {
        "day": local(text.day),
        "moment": local(text.moment),
        "until": until,
        "iso": local(datetime.isoformat),
        "typeset": text.typeset,
    }
