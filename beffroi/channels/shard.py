"""One worker on one vendor's shards: hand them to a sender, and write what comes back, `COMMIT` answers or so together.

What is killed here leaves in doubt what was in flight and what was answered since the last commit: its share of
`DOUBT` messages at most. These are told again by whoever goes on, and the phone shows one notification.

While the last answers of a shard are awaited, the next shard of the same announcement is begun: without that the road
to the vendor would stand empty for one latency at the end of each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from beffroi.channels.hand import Hand, Means, Tally
from beffroi.channels.sending import COMMIT, DOUBT, Outgoing, Result, Sender, Target
from beffroi.store.entries import Shard

TICK = 0.1
"""Seconds for which others' answers are waited for, at once, where all that may be in doubt is theirs."""


class Work:
    """The shards in hand, and the `Leave` of their sender. `more` claims another one of the same announcement."""

    def __init__(
        self,
        means: Means,
        sender: Sender,
        shard: Shard,
        tally: Tally,
        more: Callable[[Shard], Shard | None] = lambda shard: None,
    ) -> None:
        self._means, self._sender, self._tally, self._more = means, sender, tally, more
        self._hands = [self._hand(shard)]
        self._handed = 0  # launched without an answer
        self._taken = 0  # answers not committed
        self._idle = 0  # decisions, without a launch, not committed
        self._over = False  # nothing more goes out

    def _hand(self, shard: Shard) -> Hand:
        return Hand(self._means, shard, self._tally, self._stop, self._commit)

    def run(self) -> None:
        """Go through the shards as far as they go. However this ends, the answers that came are written."""
        said = self._hands[0].shard.message
        message = Outgoing(said.payload.encode(), said.urgency, said.topic, said.expires_at)
        results = self._sender.send(message, self._targets(), stop=self._stop, leave=self)
        fault = self._means.fault
        try:
            for result in results:
                fault("answered")
                self._take(result)
        finally:
            close = getattr(results, "close", None)
            if close:
                close()
            self.give_back(self._handed)  # without an answer for ever
            self._commit()
            self._leave()

    def _stop(self) -> bool:
        return self._over or self._means.stopped()

    def _targets(self) -> Iterator[Target]:
        """Those of the first shard, then of the next one."""
        hand = self._hands[0]
        yield from hand.targets()
        while hand.through and not self._stop() and (shard := self._more(hand.shard)):
            hand = self._hand(shard)
            self._hands.append(hand)
            yield from hand.targets()

    # what may go out

    def take(self, wanted: int, *, hurry: bool = False) -> int:
        """See `Leave`: commit where so many more would leave too many in doubt."""
        share = self._means.share
        while not self._stop():
            free = share.limit - self._handed
            if self._handed and not hurry and free < min(wanted, share.limit * COMMIT // DOUBT):
                break  # let answers gather
            if self._taken and wanted > free - self._taken:
                self._commit()
                continue
            granted = share.take(min(wanted, free), patience=0 if self._handed else TICK)
            self._handed += granted
            if granted or self._handed:
                return granted
        return 0

    def give_back(self, count: int) -> None:
        """See `Leave`."""
        self._handed -= count
        self._means.share.give(count)

    # what comes back

    def _take(self, result: Result) -> None:
        """Note one answer."""
        number, outcome, _, _, _, launched = result
        hand = self._hands[0]
        if len(self._hands) > 1:
            hand = next((one for one in self._hands if one.owns(number)), hand)
        if launched:
            self._handed -= 1
            self._taken += 1
        else:
            self._idle += 1
        if outcome == "sent":
            tally = self._tally
            tally.sent += 1
            tally.failures = tally.refusals = 0
            hand.sent(number)
            return
        hand.unsent(result)
        if self._idle >= COMMIT or (hand.closed and not self._over):
            self._over = self._over or hand.closed
            self._commit()

    # what is written

    def _commit(self) -> None:
        taken, self._taken, self._idle = self._taken, 0, 0
        means = self._means
        means.fault("commit")
        with means.store.transaction() as connection:
            standings = [hand.write(connection) for hand in self._hands]
            done = [hand for hand in self._hands[:-1] if hand.done and not hand.lost]
            for hand in done:
                hand.leave(connection)
            means.fault("written")
        means.fault("committed")
        means.share.give(taken)
        self._over = self._over or any(one is None or one.interrupted for one in standings)
        self._hands = [hand for hand in self._hands if hand not in done]

    def _leave(self) -> None:
        hands = [hand for hand in self._hands if not hand.lost]
        if not hands:
            return
        with self._means.store.transaction() as connection:
            for hand in hands:
                hand.leave(connection)
            self._means.fault("leaving")
        self._means.fault("left")
