"""A `Sender` made of threads around any channel that sends one message at a time."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Protocol

from beffroi.channels.sending import FREE, Leave, Outgoing, Result, Target
from beffroi.errors import Gone, SendError
from beffroi.store.entries import Message, Recipient

STOPPING = frozenset({400, 401, 403, 413})
"""Answers that are about us or our message, not about one phone: the vendor is left alone, and an alarm is raised."""


class Channel(Protocol):
    """What sends one. Raises `Gone` where the recipient no longer exists, else `SendError`."""

    def send(self, message: Message, recipient: Recipient) -> None:
        """Tell one recipient."""


class ThreadSender:
    """Keeps `threads` messages in flight; `now` is in seconds since 1970."""

    def __init__(self, channel: Channel, threads: int, now: Callable[[], float] = time.time) -> None:
        self._channel, self._threads, self._now = channel, threads, now
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="send")

    def send(
        self, message: Outgoing, targets: Iterable[Target], *, stop: Callable[[], bool], leave: Leave = FREE
    ) -> Iterator[Result]:
        """As `Sender.send`."""
        said = Message(message.payload.decode(), message.urgency, message.topic, message.expires_at)
        rest, flying = iter(targets), set[Future[Result]]()
        try:
            while True:
                while len(flying) < self._threads and not stop() and leave.take(1, hurry=True):
                    if (target := next(rest, None)) is None:
                        leave.give_back(1)
                        break
                    flying.add(self._pool.submit(self._one, said, target))
                if not flying:
                    return
                done, flying = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            wait(flying)

    def _one(self, message: Message, target: Target) -> Result:
        if message.expires_at <= self._now():
            return Result(target.id, "late")
        try:
            to = Recipient(target.endpoint, target.origin, target.p256dh, target.auth, target.key)
            self._channel.send(message, to)
        except Gone as error:
            return Result(target.id, "gone", str(error))
        except SendError as error:
            return self._failed(target, error)
        except Exception as error:  # a fault of ours must not lose the message: it stays owed, and is reported
            return Result(target.id, "retry", f"{type(error).__name__}: {error}")
        return Result(target.id, "sent")

    def _failed(self, target: Target, error: SendError) -> Result:
        if error.retry_after is not None:
            return Result(target.id, "closed", str(error), math.ceil(self._now() + error.retry_after))
        if error.permanent:
            return Result(target.id, "closed" if error.status in STOPPING else "refused", str(error))
        return Result(target.id, "retry", str(error), doubt=error.status is None)

    def close(self) -> None:
        """End the threads, and the channel's connections."""
        self._pool.shutdown()
        if close := getattr(self._channel, "close", None):
            close()
