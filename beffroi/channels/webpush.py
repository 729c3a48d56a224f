"""Phones and browsers: Web Push (RFC 8030), encrypted (RFC 8291), signed (RFC 8292), in the declarative form.

pywebpush does the encryption and the sending. It costs 0.5 to 1.1 s to import: only making a `WebPush` does so.
"""

from __future__ import annotations

import json
import os
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from beffroi.channels import FeedItem
from beffroi.errors import Gone, SendError, SettingsError
from beffroi.model import Kind, Urgency
from beffroi.settings import Service, Site
from beffroi.store.audience import Interest
from beffroi.store.entries import Message, Recipient, Wait

if TYPE_CHECKING:
    import requests
    from py_vapid import Vapid02

LARGEST = 2600
"""Bytes of plaintext: 3,993 fit (RFC 8291, section 4), but Firefox on Android goes through a road of 2,744."""

LOUD = 3
"""The severity from which quiet hours do not count (`Severity.rank`)."""

ALERT_LIFE = timedelta(weeks=4)
LIFE = timedelta(hours=72)
"""How long a push service keeps a message for a phone that is off (RFC 8030, section 5.2)."""

TOKEN_LIFE = 12 * 3600
TOKEN_RENEWAL = 6 * 3600
"""Seconds. RFC 8292, section 2, allows 24 h; half of half leaves room for clocks that are wrong."""

PAUSE = 60
"""Seconds that a vendor is left alone after a 429 that does not say how long."""

LONGEST_PAUSE = 24 * 3600


# What is said


def message(item: FeedItem, kind: Kind, *, update: bool, at: datetime) -> Message:
    """The notification of one item, the same for everybody; `kind` is its category's."""
    return Message(payload(item, update=update), urgency(item, kind), topic(item.id), expiry(item, at), wait(item))


def payload(item: FeedItem, *, update: bool = False) -> str:
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
        "tag": item.id,
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


# How it goes


class WebPush:
    """A sender for many threads: one connection pool each, one VAPID token a vendor.

    `subject` is a `mailto:` or `https:` address, `timeout` in seconds, `now` in seconds since 1970.
    """

    def __init__(self, vapid: Vapid02, subject: str, *, timeout: float, now: Callable[[], float] = time.time) -> None:
        import http_ece
        import pywebpush
        import requests

        self._pusher = pywebpush.WebPusher
        self._unreadable = (ValueError, TypeError, pywebpush.WebPushException, http_ece.ECEException)
        self._requests = requests
        self._tokens = Tokens(vapid, subject, now)
        self._tokens.header("https://push.invalid")  # a subject that py_vapid refuses is told here, not by each thread
        self._timeout = timeout
        self._now = now
        self._own = threading.local()
        self._sessions: list[requests.Session] = []

    def send(self, message: Message, recipient: Recipient) -> None:
        """Hand one message to the recipient's push service.

        Raises `Gone` where the subscription is over, else `SendError`, with `retry_after` where the service said so.
        """
        seconds = ttl(message.expires_at, self._now())
        if seconds <= 0:
            raise SendError("trop tard pour être utile", permanent=True)
        headers = {
            **self._tokens.header(recipient.origin),
            "TTL": str(seconds),
            "Topic": message.topic,
            "Urgency": message.urgency,
        }
        check_answer(recipient, self._post(message.payload, recipient, headers), self._now())

    def _post(self, payload: str, recipient: Recipient, headers: dict[str, str]) -> requests.Response:
        host = urlsplit(recipient.origin).netloc
        keys = {"p256dh": recipient.p256dh, "auth": recipient.auth}
        errors = self._requests.exceptions
        try:
            pusher = self._pusher({"endpoint": recipient.endpoint, "keys": keys}, requests_session=self._session())
            answer = pusher.send(payload, headers, timeout=self._timeout)
        except errors.Timeout as error:
            raise SendError(f"{host} ne répond pas à temps", permanent=False) from error
        except errors.ConnectionError as error:
            raise SendError(f"{host} est injoignable", permanent=False) from error
        except errors.InvalidURL as error:
            raise SendError("adresse d’abonnement illisible", permanent=True) from error
        except errors.RequestException as error:
            raise SendError(f"{host} : {type(error).__name__}", permanent=False) from error
        except self._unreadable as error:
            raise SendError("clés d’abonnement illisibles", permanent=True) from error
        return cast("requests.Response", answer)

    def _session(self) -> requests.Session:
        """This thread's own, kept open: without it TCP and TLS are 95 % of the work."""
        session: requests.Session | None = getattr(self._own, "session", None)
        if session is None:
            session = self._requests.Session()
            session.trust_env = False  # no proxy, no .netrc: citizens' addresses go to their vendor and nowhere else
            session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
            session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]  # none is followed
            self._own.session = session
            self._sessions.append(session)
        return session

    def close(self) -> None:
        """Close every connection."""
        for session in self._sessions:
            session.close()


class Tokens:
    """The Authorization header of each vendor, signed anew every six hours (RFC 8292, section 2)."""

    def __init__(self, vapid: Vapid02, subject: str, now: Callable[[], float]) -> None:
        self._vapid = vapid
        self._subject = subject
        self._now = now
        self._lock = threading.Lock()
        self._kept: dict[str, Token] = {}

    def header(self, origin: str) -> dict[str, str]:
        """{"Authorization": ...} for one vendor. Raises `SettingsError` where py_vapid refuses the subject."""
        now = self._now()
        with self._lock:
            token = self._kept.get(origin)
            if token is None or not 0 <= now - token.signed_at < TOKEN_RENEWAL:
                token = self._kept[origin] = Token(now, self._signed(origin, now))
            return {"Authorization": token.authorization}

    def _signed(self, origin: str, now: float) -> str:
        from py_vapid import VapidException

        # Always a new dict: a shared one carries the first vendor's `aud` to all others, who answer 403.
        claims = {"aud": origin, "exp": int(now) + TOKEN_LIFE, "sub": self._subject}
        try:
            return str(self._vapid.sign(claims)["Authorization"])
        except VapidException as error:
            raise SettingsError(
                f"Contact {self._subject!r} refusé pour les services de notification ; dans BEFFROI_VAPID_SUBJECT, "
                "écrivez mailto: et une adresse, ou https:// et un nom de domaine seul."
            ) from error


@dataclass(frozen=True, slots=True)
class Token:
    """A signed header and the instant of its signature, in seconds since 1970."""

    signed_at: float
    authorization: str


# What came back

REFUSALS = {
    400: "demande refusée",
    401: "clé VAPID refusée ; vérifiez la clé et BEFFROI_VAPID_SUBJECT",
    403: "clé VAPID refusée ; vérifiez la clé, BEFFROI_VAPID_SUBJECT et l’heure de la machine",
    413: "message trop long",
}


def check_answer(recipient: Recipient, answer: requests.Response, now: float) -> None:
    """Nothing for an accepted message (2xx), else `Gone` or `SendError`: RFC 8030, sections 5, 7.3 and 8.4."""
    status = answer.status_code
    if status in {200, 201, 202, 204}:
        return
    host = urlsplit(recipient.origin).netloc
    if status in {404, 410}:
        raise Gone(f"{host} : abonnement terminé ({status})")
    if status in {408, 425, 429} or status >= 500:
        pause = retry_after(answer.headers.get("Retry-After"), now) if status in {429, 503} else None
        if status == 429 and pause is None:
            pause = PAUSE
        raise SendError(f"{host} : réponse {status}, à réessayer", permanent=False, retry_after=pause, status=status)
    reason = REFUSALS.get(status, "réponse inattendue")
    raise SendError(f"{host} : {reason} ({status})", permanent=True, status=status)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait, of seconds or an HTTP date (RFC 9110, section 10.2.3); None where it says nothing."""
    if not value:
        return None
    try:
        seconds = float(int(value))
    except ValueError:
        try:
            seconds = parsedate_to_datetime(value).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return min(max(seconds, 0.0), LONGEST_PAUSE)
