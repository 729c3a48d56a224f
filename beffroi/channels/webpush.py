"""Phones and browsers: Web Push (RFC 8030) in the declarative form. What is said, how urgent, until when, to whom.

How it goes there is in `pushing.py`.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from beffroi.channels import FeedItem
from beffroi.errors import SettingsError
from beffroi.model import Kind, Urgency
from beffroi.settings import Service, Site
from beffroi.store.audience import Interest
from beffroi.store.entries import Message, Wait

LARGEST = 2600
"""Bytes of plaintext: 3,993 fit (RFC 8291, section 4), but Firefox on Android goes through a road of 2,744."""

LOUD = 3
"""The severity from which quiet hours do not count (`Severity.rank`)."""

ALERT_LIFE = timedelta(weeks=4)
LIFE = timedelta(hours=72)
"""How long a push service keeps a message for a phone that is off (RFC 8030, section 5.2)."""


# What is said


def message(item: FeedItem, kind: Kind, *, update: bool, at: datetime, tag: str = "") -> Message:
    """The notification of one item, the same for everybody; `kind` is its category's. `tag` is the id under which
    phones have it already, where its file was renamed since."""
    tag = tag or item.id
    said = payload(item, update=update, tag=tag)
    return Message(said, urgency(item, kind), topic(tag), expiry(item, at), wait(item))


def payload(item: FeedItem, *, update: bool = False, tag: str = "") -> str:
    """Declarative Web Push JSON (shown by iOS 18.4 without our code, by our service worker elsewhere), ≤ 2,600 bytes.

    `beffroi` is for our service worker: {"category", "severity" (CAP word or null), "id"}. What is too long loses the
    end of its body, then of its title, at a word.
    """
    fields: dict[str, Any] = {
        "title": item.title,
        "navigate": item.url,
        "body": item.words,
        "lang": item.lang,
        "dir": "ltr",
        "tag": tag or item.id,
        "silent": False,
    }
    if update and item.alert:
        fields["renotify"] = True  # same tag, yet the phone rings again: an alert's new words matter
    severity = item.alert.severity.value if item.alert else None
    whole = {
        "web_push": 8030,
        "notification": fields,
        "beffroi": {"category": item.category, "severity": severity, "id": item.id},
    }
    return fitted(whole)


def fitted(whole: dict[str, Any]) -> str:
    """The JSON of a message, in 2,600 bytes: the notification's body, then its title, lose their ends."""
    for name in ("body", "title"):
        _fit(whole, whole["notification"], name)
    return _dumped(whole)


def _dumped(value: object) -> str:
    """Compact JSON; a lone surrogate, which UTF-8 cannot say, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode("utf-8")


def _fit(whole: object, fields: dict[str, Any], name: str) -> None:
    """Shorten one field until the whole fits, or the field is empty: by bisection, as JSON escapes vary in length."""
    words = str(fields[name])
    if _size(whole) <= LARGEST:
        return
    low, high = 0, len(words)  # `low` characters fit, or nothing does; `high` do not
    while high - low > 1:
        middle = (low + high) // 2
        fields[name] = shorten(words, middle)
        low, high = (middle, high) if _size(whole) <= LARGEST else (low, middle)
    fields[name] = shorten(words, low)


def _size(value: object) -> int:
    return len(_dumped(value).encode("utf-8"))


def shorten(words: str, length: int) -> str:
    """At most `length` characters, cut after a word and ended with "…"; a first word that is longer is cut itself."""
    if len(words) <= length:
        return words
    if length < 1:
        return ""
    head = words[: length - 1]
    if not words[length - 1].isspace() and (space := max(head.rfind(" "), head.rfind("\n"))) > 0:
        head = head[:space]
    return head.rstrip(" \t\n\u00a0\u202f,;:.…") + "…"


def topic(item_id: str) -> str:
    """The collapse key: 32 base64url characters (RFC 8030, section 5.4), a length that Apple can decode."""
    return urlsafe_b64encode(sha256(item_id.encode("utf-8", "replace")).digest())[:32].decode("ascii")


def urgency(item: FeedItem, kind: Kind) -> str:
    """Whether a phone on low battery is woken (RFC 8030, section 5.3): alerts yes, discoveries when it is charged."""
    if item.alert:
        return "high" if item.alert.severity.rank >= 2 else "normal"
    return "normal" if kind in {"news", "alert"} else "low"


def wait(item: FeedItem) -> Wait:
    """Whether it rings in the night: an alert does that is severe (3 of 4), or that asks to act at once."""
    if item.alert and (item.alert.severity.rank >= LOUD or item.alert.urgency is Urgency.IMMEDIATE):
        return "loud"
    return "later" if item.push_later else "quiet"


def expiry(item: FeedItem, at: datetime) -> int:
    """Seconds since 1970 from which nothing is sent: an alert's end (4 weeks at most), else 72 h or the item's end."""
    latest = at + (ALERT_LIFE if item.alert and item.end else LIFE)
    return int(min(latest, item.end).timestamp() if item.end else latest.timestamp())


def ttl(expires_at: int, now: float) -> int:
    """Seconds that the push service may keep a message; 0 or less means that it is too late to send it."""
    return int(expires_at - now)


# Who gets it


def interest(item: FeedItem) -> Interest:
    """What one must have asked for to be told of it."""
    return Interest(item.category, tuple(item.areas), item.alert is not None)


def subject(site: Site, service: Service) -> str:
    """Whom push services write to when something goes wrong (RFC 8292, section 2.1). Raises `SettingsError`."""
    if service.vapid_subject:
        return service.vapid_subject
    if site.publisher.email:
        return f"mailto:{site.publisher.email}"
    if site.origin.startswith("https://"):
        return site.origin
    raise SettingsError(
        "Aucun contact pour les services de notification ; donnez « email » dans PUBLISHER (pelicanconf.py) "
        "ou BEFFROI_VAPID_SUBJECT (mailto:… ou https://…)."
    )
