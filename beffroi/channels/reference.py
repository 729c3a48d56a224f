"""The reference: pywebpush's `WebPusher` encrypts and sends, one message at a time and thread.

`pushing.py` does the same for a fortieth of the CPU. `BEFFROI_PUSH_REFERENCE` comes back to this one, should a push
service ever refuse what ours sends. It costs 0.5 to 1.1 s to import: only making a `Reference` does so.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

from beffroi.channels.vapid import Tokens
from beffroi.channels.vendors import GONE, PASSING, PAUSE, REFUSALS, SENT, retry_after
from beffroi.channels.webpush import ttl
from beffroi.errors import Gone, SendError
from beffroi.store.entries import Message, Recipient

if TYPE_CHECKING:
    import requests


class Reference:
    """For many threads: one connection pool each. `timeout` in seconds, `now` in seconds since 1970."""

    def __init__(self, tokens: Tokens, *, timeout: float, now: Callable[[], float] = time.time) -> None:
        import http_ece
        import pywebpush
        import requests

        self._pusher = pywebpush.WebPusher
        self._unreadable = (ValueError, TypeError, pywebpush.WebPushException, http_ece.ECEException)
        self._requests = requests
        self._tokens = tokens
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
            "Authorization": self._tokens.authorization(recipient.origin, recipient.key),
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


def check_answer(recipient: Recipient, answer: requests.Response, now: float) -> None:
    """Nothing for an accepted message (2xx), else `Gone` or `SendError`: RFC 8030, sections 5, 7.3 and 8.4."""
    status = answer.status_code
    if status in SENT:
        return
    host = urlsplit(recipient.origin).netloc
    if status in GONE:
        raise Gone(f"{host} : abonnement terminé ({status})")
    if status in {*PASSING, 429} or status >= 500:
        pause = retry_after(answer.headers.get("Retry-After"), now) if status in {429, 503} else None
        if status == 429 and pause is None:
            pause = PAUSE
        raise SendError(f"{host} : réponse {status}, à réessayer", permanent=False, retry_after=pause, status=status)
    reason = REFUSALS.get(status, "réponse inattendue")
    raise SendError(f"{host} : {reason} ({status})", permanent=True, status=status)
