"""What a push service remembers: subscriptions, accepted messages, refusals, browsers' answers. Thread-safe.

The server's thread writes, tests read and wait; one condition guards all of it.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TextIO, TypeVar

from tests.e2e.paper import PaperKeys
from tests.e2e.push_rules import Refused, b64url, unb64url

T = TypeVar("T")


@dataclass(slots=True)
class Message:
    """One accepted message. `number` counts acceptances from 1, over all endpoints."""

    number: int
    endpoint: str
    version: str
    received: float
    ttl: int
    headers: dict[str, str]
    body: bytes
    keys: PaperKeys | None = None

    @property
    def topic(self) -> str | None:
        """RFC 8030 5.4: replaces the undelivered message of the same topic."""
        return self.headers.get("topic")

    @property
    def plaintext(self) -> bytes:
        """Decrypted here and not on acceptance, so that a sink under load spends nothing on it."""
        if self.keys is None:
            raise LookupError("only the browser that subscribed can decrypt this message")
        return self.keys.decrypt(self.body)

    @property
    def payload(self) -> Any:
        """The plaintext, read as JSON."""
        return json.loads(self.plaintext)

    def dump(self) -> dict[str, Any]:
        """One line of the journal file."""
        plain = {name: getattr(self, name) for name in ("number", "endpoint", "version", "received", "ttl", "headers")}
        return {**plain, "body": b64url(self.body)}

    @classmethod
    def load(cls, data: dict[str, Any], keys: PaperKeys | None = None) -> Message:
        """The reverse of `dump`."""
        return cls(**{**data, "body": unb64url(data["body"])}, keys=keys)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One request that was not accepted, for whatever reason."""

    endpoint: str
    status: int
    reason: str


@dataclass(frozen=True, slots=True)
class Ack:
    """A browser's answer: 100 delivered, 101 not decrypted, 102 not delivered, 301-303 the worker's handler threw."""

    endpoint: str
    version: str
    code: int


@dataclass(slots=True)
class Behaviour:
    """What an endpoint does instead of a right answer.

    `status` answers it (with `retry_after` if given); without a status, `action` hangs or resets the connection.
    `accepted` says whether the message is taken all the same, which leaves the sender in doubt.
    The first `after` requests are treated well, then `times` of them badly (None: all).
    """

    status: int | None = None
    retry_after: str | None = None
    action: Literal["answer", "hang", "reset"] = "answer"
    accepted: bool = False
    after: int = 0
    times: int | None = None
    seen: int = 0

    def due(self) -> bool:
        """Count one request, and say whether it is one to treat badly."""
        self.seen += 1
        over = self.times is not None and self.seen > self.after + self.times
        return self.seen > self.after and not over


@dataclass(slots=True)
class Subscription:
    """One endpoint: whose key may write to it, who reads it, what waits for it."""

    endpoint: str
    vapid_key: str | None
    channel: str | None = None
    uaid: str | None = None
    keys: PaperKeys | None = None
    gone: bool = False
    pending: dict[str, Message] = field(default_factory=dict)


class PushState:
    """Everything of one service. `origin` is set when its port is known."""

    def __init__(self, min_ttl: int = 1, journal_file: TextIO | None = None) -> None:
        self.origin = ""
        self.min_ttl = min_ttl
        self.journal: list[Message] = []
        self.refused: list[Refusal] = []
        self.acks: list[Ack] = []
        self.subscriptions: dict[str, Subscription] = {}
        self.changed = threading.Condition(threading.RLock())
        self._behaviours: dict[str | None, Behaviour] = {}
        self._shift = 0.0
        self._file = journal_file

    def now(self) -> float:
        """The service's clock, which `advance` moves."""
        return time.time() + self._shift

    def advance(self, seconds: float) -> None:
        """Let time pass for TTL and VAPID `exp`, without waiting for it."""
        with self.changed:
            self._shift += seconds
            self.changed.notify_all()

    def wait_for(self, predicate: Callable[[], T], timeout: float = 60) -> T:
        """Wait until `predicate()` is true, asked again at each change; its value, or a failure with what is there."""
        with self.changed:
            if self.changed.wait_for(lambda: bool(predicate()), timeout):
                return predicate()
            refused = "".join(f"\n  refused {one.status} {one.reason}" for one in self.refused[-5:])
            raise AssertionError(
                f"push service: not seen within {timeout} s; {len(self.subscriptions)} subscriptions, "
                f"{len(self.journal)} messages accepted, {len(self.refused)} refused, {len(self.acks)} answers{refused}"
            )

    def new_endpoint(self) -> str:
        """A capability URL that nobody guesses."""
        return f"{self.origin}/wpush/v2/{secrets.token_urlsafe(24)}"

    def add(self, subscription: Subscription) -> None:
        """Know this endpoint from now on."""
        with self.changed:
            self.subscriptions[subscription.endpoint] = subscription
            self.changed.notify_all()

    def behave(self, endpoint: str | None, behaviour: Behaviour | None) -> None:
        """Treat an endpoint badly (None: every endpoint that has no behaviour of its own), or well again."""
        with self.changed:
            if behaviour is None:
                self._behaviours.pop(endpoint, None)
            else:
                self._behaviours[endpoint] = behaviour

    def behaviour(self, endpoint: str) -> Behaviour | None:
        """The bad treatment due to this very request, if any."""
        with self.changed:
            found = self._behaviours.get(endpoint) or self._behaviours.get(None)
            return found if found is not None and found.due() else None

    def find(self, endpoint: str) -> Subscription:
        """The subscription, or the refusal that makes a sender forget it."""
        with self.changed:
            subscription = self.subscriptions.get(endpoint)
            if subscription is None:
                raise Refused(404, "no such subscription")
            if subscription.gone:
                raise Refused(410, "subscription expired or withdrawn")
            return subscription

    def accept(self, subscription: Subscription, headers: Mapping[str, str], body: bytes, ttl: int) -> Message:
        """Take a message: journal first, so that whoever saw a 201 finds it there."""
        with self.changed:
            number = len(self.journal) + 1
            version = f"{number}-{secrets.token_hex(6)}"
            endpoint = subscription.endpoint
            message = Message(number, endpoint, version, self.now(), ttl, dict(headers), body, subscription.keys)
            if self._file is not None:
                self._file.write(json.dumps(message.dump()) + "\n")
                self._file.flush()
            self.journal.append(message)
            if message.topic is not None:
                waiting = subscription.pending.items()
                subscription.pending = {key: other for key, other in waiting if other.topic != message.topic}
            subscription.pending[version] = message
            self.changed.notify_all()
            return message

    def refuse(self, endpoint: str, status: int, reason: str) -> None:
        """Journal what was not accepted."""
        with self.changed:
            self.refused.append(Refusal(endpoint, status, reason))
            self.changed.notify_all()

    def waiting(self, endpoint: str) -> list[Message]:
        """What this endpoint would get now: not yet delivered, within its TTL, the newest of each Topic."""
        with self.changed:
            now, subscription = self.now(), self.subscriptions[endpoint]
            live = {key: one for key, one in subscription.pending.items() if one.received + one.ttl > now}
            subscription.pending = live
            return list(live.values())

    def collect(self, endpoint: str) -> list[Message]:
        """A paper phone is switched on: it gets what waits, once."""
        with self.changed:
            found = self.waiting(endpoint)
            self.subscriptions[endpoint].pending = {}
            return found

    def delivered(self, uaid: str, channel: str | None, version: str, code: int) -> None:
        """A browser answered. A nack names no channel: the version alone finds the message."""
        with self.changed:
            for one in self.subscriptions.values():
                if one.uaid == uaid and version in one.pending and channel in {None, one.channel}:
                    del one.pending[version]
                    self.acks.append(Ack(one.endpoint, version, code))
            self.changed.notify_all()
