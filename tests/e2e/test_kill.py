"""`kill -9` while messages go out, then `publish` again: every subscriber is told, nobody is shown two.

Real processes, real databases, a push service that stops answering at a chosen message. Seen from outside only: the
command, and what arrived on each phone.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from pathlib import Path

import pytest

from beffroi.channels.sending import DOUBT
from beffroi.store import subscriptions
from beffroi.store.db import connect
from beffroi.store.subscriptions import Subscription
from tests.e2e.commune import Commune, day
from tests.e2e.push_service import PushService
from tests.e2e.push_state import Behaviour, Message

PHONES = 200
POINTS = {
    "at the first message": Behaviour(action="hang"),
    "between two, the last ones taken without an answer": Behaviour(action="hang", accepted=True, after=47),
    "at the last message": Behaviour(action="hang", accepted=True, after=PHONES - 1),
}


def enrol(commune: Commune, service: PushService) -> list[str]:
    """So many phones, written as the service writes them; their endpoints."""
    engine = connect(commune.database)
    made = service.subscribe(PHONES)
    for one in made:
        keys = one["keys"]
        awake = Subscription(one["endpoint"], keys["p256dh"], keys["auth"], quiet="")  # whatever the hour of the test
        subscriptions.put(engine, awake, time.time())
    engine.dispose()
    return [one["endpoint"] for one in made]


def killed(commune: Commune, service: PushService, behaviour: Behaviour) -> None:
    """Start `publish`, and kill it once the push service has left one message without an answer."""
    service.behave(None, behaviour)
    before = len(service.refused)
    with commune.start("publish") as publish:
        service.wait_for(lambda: len(service.refused) > before)
        publish.send_signal(signal.SIGKILL)
        assert -signal.SIGKILL == publish.wait(30)
    service.behave()


def by_phone(messages: list[Message]) -> dict[str, list[Message]]:
    """What arrived where."""
    arrived: dict[str, list[Message]] = defaultdict(list)
    for message in messages:
        arrived[message.endpoint].append(message)
    return arrived


@pytest.mark.e2e
def test_killed_while_delivering(tmp_path: Path, url: str, service: PushService) -> None:
    """At each of these points: each phone has the item, a repeat has the same tag and Topic (so one is shown), no more
    is repeated than a kill may leave in doubt, and a third publication sends nothing."""
    with Commune(tmp_path, push_hosts=service.origin.removeprefix("http://"), database=url) as commune:
        commune.say("publish")
        phones = enrol(commune, service)
        for number, (point, behaviour) in enumerate(POINTS.items()):
            item = f"actualites/point-{number}"
            commune.commit(item, f"title: Point {number}\ndate: {day(-1)}")
            before = len(service.journal)
            killed(commune, service, behaviour)
            commune.say("publish")
            arrived = by_phone(service.journal[before:])
            assert set(phones) == set(arrived), point
            for endpoint, messages in arrived.items():
                tags = {(one.topic, one.payload["notification"]["tag"]) for one in messages}
                assert {(messages[0].topic, item)} == tags
                assert [messages[-1].version] == [one.version for one in service.collect(endpoint)]
            assert len(service.journal) - before <= PHONES + DOUBT, point
        sent = len(service.journal)
        commune.say("publish")
        assert sent == len(service.journal)
