"""JSON Feed 1.1 as a JSON Schema, written from the specification (https://www.jsonfeed.org/version/1.1/).

Stricter than it in two things: what it calls "should be considered required" is required, and a name that it does not
define must be an extension.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator

# The characters of RFC 3986, so that an address needs no repair.
URL: dict[str, Any] = {
    "type": "string",
    "pattern": r"^https?://[A-Za-z0-9._~:\[\]-]+(/[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*)?$",
}
TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
DATE: dict[str, Any] = {
    "type": "string",
    "pattern": r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$",
}
LANGUAGE: dict[str, Any] = {"type": "string", "pattern": r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$"}
COUNT: dict[str, Any] = {"type": "number", "minimum": 0}
# "Extensions": `_` and a letter, no dot; `about` tells who made it.
EXTENSION: dict[str, Any] = {
    "^_[a-zA-Z][^.]*$": {
        "type": "object",
        "properties": {"about": URL},
        "propertyNames": {"pattern": "^[a-zA-Z0-9]+$"},
    }
}


def _object(required: list[str], **properties: Any) -> dict[str, Any]:
    """An object of these names and of extensions, nothing else."""
    return {
        "type": "object",
        "required": required,
        "properties": properties,
        "patternProperties": EXTENSION,
        "additionalProperties": False,
    }


AUTHOR = {
    **_object([], name=TEXT, url=URL, avatar=URL),
    "anyOf": [{"required": [one]} for one in ("name", "url", "avatar")],
}
ATTACHMENT = _object(
    ["url", "mime_type"],
    url=URL,
    mime_type={"type": "string", "pattern": r"^[a-z]+/[a-z0-9.+-]+$"},
    title=TEXT,
    size_in_bytes=COUNT,
    duration_in_seconds=COUNT,
)
ITEM = {
    **_object(
        ["id", "url", "title", "date_published", "date_modified", "language"],
        id=TEXT,
        url=URL,
        external_url=URL,
        title=TEXT,
        content_html={"type": "string"},
        content_text={"type": "string"},
        summary=TEXT,
        image=URL,
        banner_image=URL,
        date_published=DATE,
        date_modified=DATE,
        authors={"type": "array", "items": AUTHOR, "minItems": 1},
        tags={"type": "array", "items": TEXT, "uniqueItems": True, "minItems": 1},
        language=LANGUAGE,
        attachments={"type": "array", "items": ATTACHMENT, "minItems": 1},
    ),
    "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
}
SCHEMA = _object(
    ["version", "title", "home_page_url", "feed_url", "language", "items"],
    version={"const": "https://jsonfeed.org/version/1.1"},
    title=TEXT,
    home_page_url=URL,
    feed_url=URL,
    description=TEXT,
    user_comment=TEXT,
    next_url=URL,
    icon=URL,
    favicon=URL,
    authors={"type": "array", "items": AUTHOR, "minItems": 1},
    language=LANGUAGE,
    expired={"type": "boolean"},
    hubs={"type": "array", "items": _object(["type", "url"], type=TEXT, url=URL)},
    items={"type": "array", "items": ITEM},
)
_VALIDATOR = Draft202012Validator(SCHEMA)


def faults(data: bytes) -> list[str]:
    """Everything wrong with one page of a feed: "place: sentence"."""
    feed = json.loads(data)
    found = [f"{error.json_path}: {error.message}" for error in _VALIDATOR.iter_errors(feed)]
    return found or list(_beyond(feed))


def _beyond(feed: dict[str, Any]) -> Iterator[str]:
    """What a schema cannot say."""
    ids = [item["id"] for item in feed["items"]]
    if len(ids) != len(set(ids)):
        yield "$.items: an id stands twice"
    if feed.get("next_url") == feed["feed_url"]:
        yield "$.next_url: the feed itself"
    for item in feed["items"]:
        if (
            item["date_modified"][:19] < item["date_published"][:19]
            and item["date_modified"][19:] == item["date_published"][19:]
        ):
            yield f"{item['id']}: modified before it was published"
