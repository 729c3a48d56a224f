"""What push services answer, and what that means for us: the one table of it (RFC 8030, sections 5, 7.3 and 8.4).

200 201 202 204     sent
404 410             gone: the only answers that delete a subscription
429                 closed for as long as Retry-After says, a minute where it says nothing
503                 the same where it says so, else tried again
408 425 5xx         tried again
anything else       closed until somebody looked: the next message would be refused as this one was
no answer           tried again, in doubt where the message had gone out
"""

from __future__ import annotations

import math
from datetime import UTC
from email.utils import parsedate_to_datetime

from beffroi.channels.sending import Result
from beffroi.channels.transport import Reply

PAUSE = 60
"""Seconds that a vendor is left alone after a 429 that does not say how long."""

LONGEST_PAUSE = 24 * 3600

SENT = frozenset({200, 201, 202, 204})
GONE = frozenset({404, 410})
PASSING = frozenset({408, 425})
"""Refusals that say nothing of the message: try again."""

REFUSALS = {
    400: "demande refusée",
    401: "clé VAPID refusée ; vérifiez la clé et BEFFROI_VAPID_SUBJECT",
    403: "clé VAPID refusée ; vérifiez la clé, BEFFROI_VAPID_SUBJECT et l’heure de la machine",
    413: "message trop long",
}


def result(reply: Reply, host: str, now: float) -> Result:
    """What became of a target. `host` is the vendor, for the report; `now` in seconds since 1970."""
    status = reply.status
    if status in SENT:
        return Result(reply.id, "sent")
    if not status:
        return _unanswered(reply, host)
    if status in GONE:
        return Result(reply.id, "gone", f"{host} : abonnement terminé ({status})")
    if status == 429 or (status == 503 and retry_after(reply.retry_after, now) is not None):
        pause = retry_after(reply.retry_after, now)
        until = math.ceil(now + (PAUSE if pause is None else pause))
        return Result(reply.id, "closed", f"{host} : réponse {status}, à réessayer", until)
    if status in PASSING or status >= 500:
        return Result(reply.id, "retry", f"{host} : réponse {status}, à réessayer")
    return Result(reply.id, "closed", f"{host} : {REFUSALS.get(status, 'réponse inattendue')} ({status})")


def _unanswered(reply: Reply, host: str) -> Result:
    if reply.illegible:
        return Result(reply.id, "refused", "adresse d’abonnement illisible")
    return Result(reply.id, "retry", f"{host} {reply.trouble}", doubt=reply.doubt)


def retry_after(value: str | None, now: float) -> float | None:
    """Seconds to wait, of seconds or an HTTP date (RFC 9110, section 10.2.3); None where it says nothing."""
    if not value:
        return None
    try:
        seconds: float = int(value)
    except ValueError:
        try:
            then = parsedate_to_datetime(value)
            # Two of the three forms of a date say no zone that Python knows: an HTTP date is always UTC.
            seconds = (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp() - now
        except (ValueError, OverflowError):
            return None
    return float(min(max(seconds, 0), LONGEST_PAUSE))
