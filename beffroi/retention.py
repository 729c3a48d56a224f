"""What need not be kept is forgotten, once a day: by whoever publishes, delivers or works that day first."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Engine

from beffroi.errors import StoreError
from beffroi.settings import Service
from beffroi.store import figures
from beffroi.store.db import transaction

DAY = 24 * 3600
MONTH = 30 * DAY
COUNTS = 400 * DAY
"""Seconds for which the counts of an announcement are kept: a year and a month."""


def retain(service: Service, engine: Engine, now: float) -> int:
    """Forget the subscriptions that no browser has presented for `BEFFROI_KEEP_MONTHS`, and old counts; return how
    many subscriptions that was. Raises `StoreError`.

    Nothing where that was done today. A clock that is years ahead forgets nobody: time goes on for a month at most after
    the last visit of any browser.
    """
    second = int(now)
    with transaction(engine) as connection:
        if figures.retained(connection) == second // DAY:
            return 0
        figures.retained(connection, second // DAY)
        figures.count(connection, datetime.fromtimestamp(now, UTC).date().isoformat())
        second = min(second, figures.last_seen(connection) + MONTH)
        figures.forget_told(connection, second - COUNTS)
        return figures.forget_unseen(connection, second - service.keep_months * MONTH)


def spared(service: Service, engine: Engine, now: float) -> tuple[str, ...]:
    """`retain`, where messages have left: what fails undoes none of them. The sentence of what failed, if anything did;
    whoever comes next that day forgets instead."""
    try:
        retain(service, engine, now)
    except StoreError as error:
        said = (
            "Tous ceux qui devaient l’être sont prévenus ; seul l’oubli des anciens abonnements reste à faire, à la "
            "prochaine publication."
        )
        return (f"{error} {said}",)
    return ()
