"""Our JSON Feed fits the 1.1 schema, and the schema refuses what the specification forbids."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from beffroi.feeds.jsonfeed import pages
from beffroi.model import Item
from tests.feeds.jsonfeed11 import SCHEMA, faults
from tests.feeds.samples import FLOOD, NOON, PUBLISHER, item, lists, many, patient

GOOD = pages([item(image=FLOOD, tags=("eau",), summary="Résumé"), *many(110)], PUBLISHER, NOON)


def test_the_schema_is_one() -> None:
    """JSON Schema, draft 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


def test_each_page_fits() -> None:
    """The first page and the archive."""
    assert 3 == len(GOOD)
    assert [] == [fault for data in GOOD.values() for fault in faults(data)]


@patient
@given(lists())
def test_whatever_the_items(shown: list[Item]) -> None:
    """Any valid items."""
    assert [] == [fault for data in pages(shown, PUBLISHER, NOON).values() for fault in faults(data)]


ITEM = ("items", 0)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("version",), "https://jsonfeed.org/version/1"),
        (("title",), ""),
        (("title",), None),
        (("home_page_url",), "/"),
        (("feed_url",), "http://exemple.fr/é"),
        (("next_url",), "https://essai.example/ville/feeds/feed.json"),
        (("language",), "français"),
        (("author",), {"name": "a"}),
        (("authors",), [{}]),
        (("icon",), "icon.png"),
        (("expired",), "yes"),
        (("hubs",), [{"type": "WebSub"}]),
        (("beffroi",), {}),
        (("_beffroi.fr",), {}),
        ((*ITEM, "id"), 1),
        ((*ITEM, "id"), None),
        ((*ITEM, "url"), "/actualites/eau/"),
        ((*ITEM, "content_html"), None),
        ((*ITEM, "title"), ""),
        ((*ITEM, "image"), "eau.jpg"),
        ((*ITEM, "date_published"), "2026-05-05 11:00:00"),
        ((*ITEM, "date_published"), "2026-05-05T11:00:00"),
        ((*ITEM, "date_published"), "2026-13-05T11:00:00Z"),
        ((*ITEM, "date_modified"), "2026-05-05T10:00:00+02:00"),
        ((*ITEM, "tags"), "eau"),
        ((*ITEM, "tags"), ["eau", "eau"]),
        ((*ITEM, "attachments"), [{"url": "https://a.fr/a"}]),
        ((*ITEM, "_beffroi"), {"all-day": True}),
        ((*ITEM, "_beffroi"), []),
        ((*ITEM, "category"), "actualites"),
    ],
)
def test_each_fault_is_found(path: tuple[Any, ...], value: Any) -> None:
    """One change to a good feed (None takes the field away)."""
    feed = json.loads(GOOD["feed.json"])
    place = feed
    for step in path[:-1]:
        place = place[step]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    assert [] != faults(json.dumps(feed).encode())


def test_an_id_stands_once() -> None:
    """Two items of one id on one page are one too many."""
    feed = json.loads(GOOD["feed.json"])
    feed["items"].append(feed["items"][0])
    assert ["$.items: an id stands twice"] == faults(json.dumps(feed).encode())


def test_following_next_url_ends() -> None:
    """Each page names the next one, none the feed itself nor a page met before."""
    told = [json.loads(data) for data in GOOD.values()]
    met = [page.get("next_url") for page in told]
    assert [*(PUBLISHER.absolute(f"/feeds/{name}") for name in list(GOOD)[1:]), None] == met
    assert {PUBLISHER.absolute("/feeds/feed.json")} == {page["feed_url"] for page in told}
