"""The ledger loses nothing, gives nothing to two workers, and deletes only who is gone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Literal

import pytest
from sqlalchemy import Engine, delete, select, text

from beffroi.store import ledger
from beffroi.store.db import connect, transaction
from beffroi.store.entries import Announcement, Answer, Known, Owed
from beffroi.store.tables import deliveries, subscriptions
from tests.store.samples import FAR, announcement, states, subscribe


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An empty database, migrated."""
    engine = connect(url)
    yield engine
    engine.dispose()


def told(
    engine: Engine, count: int, item_id: str = "actualites/a", *, urgency: str = "normal", expires_at: int = FAR
) -> list[int]:
    """`count` subscribers, one item owed to all of them; their ids."""
    with transaction(engine) as connection:
        ids = [subscribe(connection, f"https://a.example/{item_id}/{n}") for n in range(count)]
        ledger.record(connection, [announcement(item_id, tuple(ids), urgency=urgency, expires_at=expires_at)], 0)
    return ids


def claim(engine: Engine, owner: str, limit: int, now: int = 100, lease: int = 60) -> list[Owed]:
    """One claim in a transaction of its own."""
    with transaction(engine) as connection:
        return ledger.claim(connection, owner, now, lease, limit)


def settle(
    engine: Engine,
    owner: str,
    owed: list[Owed],
    state: Literal["sent", "gone", "failed", "retry", "defer"],
    at: int = 0,
) -> None:
    """The same answer for all."""
    with transaction(engine) as connection:
        ledger.settle(connection, owner, [Answer(one, state, state, at) for one in owed])


def seen(engine: Engine) -> dict[str, int]:
    """How many deliveries are in each state."""
    with transaction(engine) as connection:
        return states(connection)


def test_one_transaction_writes_item_and_deliveries(engine: Engine) -> None:
    """An announcement that fails half-way leaves nothing at all behind."""

    class Unplugged(Exception):
        pass

    def cut() -> None:
        with transaction(engine) as connection:
            ledger.record(connection, [announcement("alertes/x", (subscribe(connection, "https://a.example/x"),))], 0)
            raise Unplugged

    with pytest.raises(Unplugged):
        cut()
    with transaction(engine) as connection:
        assert ledger.empty(connection)
        assert ledger.owed(connection) == 0


def test_each_delivery_is_claimed_once_by_many_workers(engine: Engine) -> None:
    """Workers that claim at the same moment share the deliveries: each goes to exactly one of them."""
    told(engine, 120)
    taken: list[tuple[str, Owed]] = []

    def work(owner: str) -> None:
        while batch := claim(engine, owner, 7):
            taken.extend((owner, one) for one in batch)
            settle(engine, owner, batch, "sent")

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter({1: 120}) == Counter(Counter(one.id for _, one in taken).values())
    assert seen(engine) == {"sent": 120}


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_claims_do_not_wait_for_one_another(engine: Engine) -> None:
    """On PostgreSQL, a claim passes over the rows that another one holds at this moment."""
    told(engine, 5)
    with transaction(engine) as one, transaction(engine) as other:
        other.execute(text("SET LOCAL lock_timeout = '2s'"))
        assert [len(ledger.claim(one, "a", 100, 60, 2)), len(ledger.claim(other, "b", 100, 60, 9))] == [2, 3]


def test_claim_never_takes_more_than_asked(engine: Engine) -> None:
    """A claim's limit holds over all urgencies together."""
    told(engine, 5, "alertes/a", urgency="high")
    told(engine, 5, "actualites/b")
    assert Counter(one.message.urgency for one in claim(engine, "w", 7)) == {"high": 5, "normal": 2}


def test_alerts_go_first(engine: Engine) -> None:
    """An alert recorded after a thousand news deliveries is claimed before them."""
    told(engine, 20, "actualites/a")
    told(engine, 3, "tourisme/b", urgency="low")
    told(engine, 3, "alertes/crue", urgency="high")
    order = [one.message.urgency for _ in range(13) for one in claim(engine, "w", 2)]
    assert order == ["high"] * 3 + ["normal"] * 20 + ["low"] * 3


def test_claim_carries_message_and_recipient(engine: Engine) -> None:
    """What is claimed has all that a channel needs, and how often it was tried."""
    (subscriber,) = told(engine, 1)
    (one,) = claim(engine, "w", 5)
    assert (subscriber, 0, "actualites/a#1") == (one.subscription_id, one.attempts, one.message.payload)
    assert one.recipient.endpoint == "https://a.example/actualites/a/0"
    settle(engine, "w", [one], "retry", at=150)
    assert claim(engine, "w", 5, now=149) == []
    (again,) = claim(engine, "w", 5, now=150)
    assert (one.id, 1) == (again.id, again.attempts)


def test_dead_workers_lease_runs_out(engine: Engine) -> None:
    """What a dead worker had claimed is taken over at the end of its lease, not before."""
    told(engine, 3)
    claim(engine, "dead", 2, now=100, lease=60)
    assert len(claim(engine, "heir", 9, now=159)) == 1
    with transaction(engine) as connection:
        assert ledger.release(connection, 159) == 0
        assert ledger.release(connection, 160) == 2
    assert len(claim(engine, "heir", 9, now=160)) == 2


def test_predecessors_claims_are_released_at_once(engine: Engine) -> None:
    """Claims of the same place are given back without waiting; those of another machine are not."""
    told(engine, 3)
    claim(engine, "host_1/a/7", 1)
    claim(engine, "hostX1/a/7", 1)  # an underscore is no wildcard
    claim(engine, "other/a/7", 1)
    with transaction(engine) as connection:
        assert ledger.release(connection, 100, "host_1/") == 1
    assert len(claim(engine, "host_1/a/8", 9)) == 1


def test_late_answer_of_a_replaced_worker_changes_nothing(engine: Engine) -> None:
    """Once another worker has a delivery, the first one's answer is no longer written."""
    told(engine, 1)
    slow = claim(engine, "slow", 1, now=100, lease=10)
    with transaction(engine) as connection:
        ledger.release(connection, 110)
    claim(engine, "heir", 1, now=110)
    settle(engine, "slow", slow, "failed")
    assert seen(engine) == {"claimed": 1}


@pytest.mark.parametrize("state", ["sent", "failed", "retry", "defer"])
def test_only_gone_deletes_a_subscription(engine: Engine, state: Literal["sent", "failed", "retry", "defer"]) -> None:
    """No answer but "gone" costs a citizen the subscription."""
    told(engine, 2)
    settle(engine, "w", claim(engine, "w", 2), state)
    with transaction(engine) as connection:
        assert len(connection.execute(select(subscriptions.c.id)).all()) == 2


def test_gone_deletes_the_subscription_and_what_it_was_owed(engine: Engine) -> None:
    """A subscription that is over is deleted with its answer; what else it was owed is never sent."""
    ids = told(engine, 2)
    with transaction(engine) as connection:
        ledger.record(connection, [announcement("actualites/b", tuple(ids))], 0)
    first = claim(engine, "w", 1)
    settle(engine, "w", first, "gone")
    with transaction(engine) as connection:
        left = connection.execute(select(subscriptions.c.id)).scalars().all()
    assert [one for one in ids if one != first[0].subscription_id] == left
    assert {one.subscription_id for one in claim(engine, "w", 9)} == set(left)
    assert seen(engine) == {"gone": 2, "claimed": 2}


def test_deferred_delivery_counts_no_attempt(engine: Engine) -> None:
    """A delivery that waited for its vendor was not tried."""
    told(engine, 1)
    settle(engine, "w", claim(engine, "w", 1), "defer", at=200)
    assert [one.attempts for one in claim(engine, "w", 1, now=200)] == [0]


def test_new_words_replace_what_is_still_owed(engine: Engine) -> None:
    """Whoever has not had the old words gets the new ones only; whoever had them gets the new ones too."""
    ids = told(engine, 4)
    done = claim(engine, "w", 1)
    settle(engine, "w", done, "sent")
    with transaction(engine) as connection:
        others = tuple(one for one in ids if one != ids[3])  # the fourth no longer matches, yet is owed the old words
        assert ledger.record(connection, [announcement("actualites/a", others, number=2)], 50) == 4
    assert seen(engine) == {"sent": 1, "dropped": 3, "owed": 4}
    assert {"actualites/a#2"} == {one.message.payload for one in claim(engine, "w", 9)}


def test_new_words_wait_for_a_live_worker_with_the_old_ones(engine: Engine) -> None:
    """Another machine may be sending the old words now: the new ones to the same phone wait for its lease."""
    ids = told(engine, 2)
    (busy,) = claim(engine, "elsewhere", 1, now=100, lease=60)
    with transaction(engine) as connection:
        ledger.record(connection, [announcement("actualites/a", tuple(ids), number=2)], 100)
    assert [one for one in ids if one != busy.subscription_id] == [
        one.subscription_id for one in claim(engine, "w", 9, now=100)
    ]
    assert [busy.subscription_id] == [one.subscription_id for one in claim(engine, "w", 9, now=160)]


def test_adopted_words_drop_what_is_owed(engine: Engine) -> None:
    """An item that is silenced after its announcement reaches nobody else."""
    told(engine, 2)
    with transaction(engine) as connection:
        ledger.record(connection, [Announcement("actualites/a", 2, "r2", None)], 50)
        assert ledger.owed(connection) == 0
        assert ledger.known(connection, ["actualites/a"])["actualites/a"] == Known("r2", 2, told=True)


def test_second_announcer_of_the_same_revision_is_harmless(engine: Engine) -> None:
    """The same revision recorded twice is owed once."""
    ids = told(engine, 3)
    with transaction(engine) as connection:
        assert ledger.record(connection, [announcement("actualites/a", tuple(ids))], 0) == 0
        assert ledger.owed(connection) == 3


def test_withdrawn_and_expired_items_are_dropped(engine: Engine) -> None:
    """What citizens can no longer read, or no longer need, is not sent."""
    told(engine, 2, "actualites/a")
    told(engine, 2, "actualites/b", expires_at=100)
    with transaction(engine) as connection:
        assert {"actualites/a", "actualites/b"} == ledger.items_owed(connection)
        assert ledger.withdraw(connection, ["actualites/a"]) == 2
        assert ledger.expire(connection, 99) == 0
        assert ledger.expire(connection, 100) == 2
    assert seen(engine) == {"dropped": 4}


def test_vendor_left_in_peace(engine: Engine) -> None:
    """A pause holds back one vendor's deliveries and no other's."""
    with transaction(engine) as connection:
        a = subscribe(connection, "https://a.example/1")
        b = subscribe(connection, "https://b.example/1", origin="https://b.example")
        ledger.record(connection, [announcement("actualites/a", (a, b))], 0)
        ledger.postpone(connection, "https://a.example", 500)
        assert ledger.next_due(connection) == 0
    assert [b] == [one.subscription_id for one in claim(engine, "w", 9, now=499)]
    assert [a] == [one.subscription_id for one in claim(engine, "w", 9, now=500)]


def test_refused_deliveries_are_taken_up_again(engine: Engine) -> None:
    """After a mended key, what was refused is owed again, unless newer words were announced or it is too late."""
    told(engine, 1, "actualites/a")
    told(engine, 1, "actualites/b", expires_at=300)
    ids = told(engine, 1, "actualites/c")
    settle(engine, "w", claim(engine, "w", 9), "failed")
    with transaction(engine) as connection:
        ledger.record(connection, [announcement("actualites/c", tuple(ids), number=2)], 0)
        assert ledger.reopen(connection, 300) == 1
    assert {"actualites/a#1", "actualites/c#2"} == {one.message.payload for one in claim(engine, "w", 9)}


def test_subscription_deleted_between_claims_is_gone(engine: Engine) -> None:
    """A citizen who leaves while owed something is settled, not sent to."""
    told(engine, 2)
    with transaction(engine) as connection:
        connection.execute(delete(subscriptions))
    assert claim(engine, "w", 9) == []
    with transaction(engine) as connection:
        assert {"abonnement supprimé"} == set(connection.execute(select(deliveries.c.error)).scalars())
