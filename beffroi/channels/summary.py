"""Several notifications of one night as one, in the morning."""

from __future__ import annotations

import json
from collections.abc import Sequence

from beffroi.channels import webpush
from beffroi.settings import Site
from beffroi.store.entries import Message

ID = "resume"
"""The tag of all of them: this morning's takes the place of yesterday's."""


def summary(site: Site, messages: Sequence[Message]) -> Message:
    """One message that names each of them and leads to the front page. It lasts as long as the longest."""
    notes = [json.loads(message.payload)["notification"] for message in messages]
    titles = [str(note["title"]) for note in notes]
    fields = {
        "title": f"{site.publisher.title} : {len(titles)} informations",
        "navigate": f"{site.publisher.url}/",
        "body": "\n".join(f"• {title}" for title in titles),
        "lang": site.publisher.lang,
        "dir": "ltr",
        "tag": ID,
        "silent": False,
    }
    whole = {"web_push": 8030, "notification": fields, "beffroi": {"category": "", "severity": None, "id": ID}}
    last = max(message.expires_at for message in messages)
    return Message(webpush.fitted(whole), "normal", webpush.topic(ID), last)
