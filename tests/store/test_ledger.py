"""The ledger loses nothing, gives nothing to two workers, and deletes only who is gone."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, delete, select, text

from beffroi.store import ledger, shards
from beffroi.store.db import connect, transaction
from beffroi.store.entries import Announcement, Known, Later, Progress, Shard, Standing
from beffroi.store.ranges import SMALLEST, ranges
from beffroi.store.tables import retries, subscriptions
from tests.store.samples import FAR, announcement, counts, subscribe


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    """An empty database, migrated."""
    engine = connect(url)
    yield engine
    engine.dispose()


def told(
    engine: Engine, count: int, item_id: str = "actualites/a", *, urgency: str = "normal", expires_at: int = FAR
) -> list[int]:
    """`count` subscribers of that item's category, and the item owed to all of them; their ids."""
    category = item_id.split("/", maxsplit=1)[0]
    with transaction(engine) as connection:
        ids = [subscribe(connection, f"https://a.example/{item_id}/{n}", categories=(category,)) for n in range(count)]
        ledger.record(connection, [announcement(item_id, urgency=urgency, expires_at=expires_at)], 0)
    return ids


def claim(engine: Engine, owner: str, now: int = 100, lease: int = 60, origin: str | None = None) -> Shard | None:
    """One claim in a transaction of its own."""
    with transaction(engine) as connection:
        return shards.claim(connection, owner, now, lease, origin=origin)


def claimed(engine: Engine, owner: str = "w", now: int = 100, lease: int = 60) -> Shard:
    """One claim that must find something."""
    found = claim(engine, owner, now, lease)
    assert found is not None
    return found


def people(engine: Engine, shard: Shard, now: int = 100) -> list[int]:
    """Who is to be told by the holder of a shard, as `Work` reads it."""
    with transaction(engine) as connection:
        late = [person for person, _ in shards.due(connection, shard, now, 0, 999)]
        people = [*shards.again(connection, shard), *late, *shards.read(connection, shard, shard.cursor, 999)]
        return [person[0] for person in people]


def advance(
    engine: Engine, owner: str, shard: Shard, cursor: int, *, now: int = 100, **answers: object
) -> Standing | None:
    """One commit; the lists and counts of `Progress` by name."""
    progress = Progress(cursor, list(answers.pop("flying", [])))  # type: ignore[call-overload]
    for name, value in answers.items():
        setattr(progress, name, value)
    with transaction(engine) as connection:
        return shards.advance(connection, owner, shard, progress, now, 60)


def leave(engine: Engine, owner: str, shard: Shard, *, through: bool) -> None:
    """Give it back."""
    with transaction(engine) as connection:
        shards.leave(connection, owner, shard, through=through)


def seen(engine: Engine) -> dict[str, int]:
    """How many messages are in each state."""
    with transaction(engine) as connection:
        return counts(connection)


def left(engine: Engine) -> list[int]:
    """The subscriptions there are."""
    with transaction(engine) as connection:
        return list(connection.execute(select(subscriptions.c.id).order_by(subscriptions.c.id)).scalars())


def test_one_transaction_writes_item_and_shards(engine: Engine) -> None:
    """An announcement that fails half-way leaves nothing at all behind."""

    class Unplugged(Exception):
        pass

    def cut() -> None:
        with transaction(engine) as connection:
            subscribe(connection, "https://a.example/x")
            assert ledger.record(connection, [announcement("alertes/x")], 0) == 1
            raise Unplugged

    with pytest.raises(Unplugged):
        cut()
    with transaction(engine) as connection:
        assert ledger.empty(connection)
        assert ledger.owed(connection) == 0


def test_ranges_cover_everybody_once(engine: Engine) -> None:
    """Each subscription is in exactly one range, of its own vendor, and counted there."""
    count = 2 * SMALLEST + 7
    with transaction(engine) as connection:
        for n in range(count):
            vendor = "https://b.example" if n % 4 == 0 else "https://a.example"
            subscribe(connection, f"{vendor}/{n}", origin=vendor, areas=("bourg",) if n % 3 == 0 else ())
        cut = ranges(connection)
        rows = connection.execute(select(subscriptions.c.id, subscriptions.c.origin)).all()
    homes = Counter(
        one.id for one in rows for part in cut if part.origin == one.origin and part.low < one.id <= part.high
    )
    assert Counter({1: count}) == Counter(homes.values())
    assert count == sum(part.groups.total() for part in cut)
    assert max(part.groups.total() for part in cut) <= SMALLEST


def test_each_shard_is_claimed_once_by_many_workers(engine: Engine) -> None:
    """Workers that claim at the same moment share the shards: each goes to exactly one of them."""
    with transaction(engine) as connection:
        for n in range(12):
            subscribe(connection, f"https://v{n}.example/a", origin=f"https://v{n}.example")
        ledger.record(connection, [announcement(f"actualites/{name}") for name in "abcde"], 0)
    taken: list[int] = []

    def work(owner: str) -> None:
        while shard := claim(engine, owner):
            taken.append(shard.id)
            assert advance(engine, owner, shard, shard.high, sent=1)
            leave(engine, owner, shard, through=True)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Counter({1: 60}) == Counter(Counter(taken).values())
    assert {"sent": 60} == seen(engine)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_claims_do_not_wait_for_one_another(engine: Engine) -> None:
    """On PostgreSQL, a claim passes over the shard that another one is claiming at this moment."""
    told(engine, 1, "actualites/a")
    told(engine, 1, "agenda/b")
    with transaction(engine) as one, transaction(engine) as other:
        other.execute(text("SET LOCAL lock_timeout = '2s'"))
        first, second = shards.claim(one, "a", 100, 60), shards.claim(other, "b", 100, 60)
    assert first
    assert second
    assert first.id != second.id


def test_alerts_go_first(engine: Engine) -> None:
    """An alert recorded after a thousand news messages is claimed before them."""
    told(engine, 20, "actualites/a")
    told(engine, 3, "tourisme/b", urgency="low")
    told(engine, 3, "alertes/crue", urgency="high")
    assert ["high", "normal", "low"] == [claimed(engine).message.urgency for _ in range(3)]


def test_news_make_way_for_an_alert(engine: Engine) -> None:
    """Who is sending the week's news learns at the next commit that an alert waits for the same vendor."""
    told(engine, 20, "actualites/a")
    shard = claimed(engine)
    assert advance(engine, "w", shard, shard.cursor) == Standing(interrupted=False)
    told(engine, 3, "alertes/crue", urgency="high")
    assert advance(engine, "w", shard, shard.cursor) == Standing(interrupted=True)


def test_claim_carries_message_and_people(engine: Engine) -> None:
    """What is claimed has all that a channel needs, and a retry counts its tries."""
    (subscriber,) = told(engine, 1)
    shard = claimed(engine)
    assert "actualites/a#1" in shard.message.payload
    assert [subscriber] == people(engine, shard)
    assert advance(engine, "w", shard, subscriber, later=[Later(subscriber, "retry", 150, "panne", 1)])
    leave(engine, "w", shard, through=True)
    assert claim(engine, "w", now=149) is None
    again = claimed(engine, now=150)
    with transaction(engine) as connection:
        ((person, attempts),) = shards.due(connection, again, 150, 0, 9)
    assert (subscriber, 1, "https://a.example/actualites/a/0") == (person[0], attempts, person[1])
    assert [subscriber] == people(engine, again, 150)


def test_dead_workers_lease_runs_out(engine: Engine) -> None:
    """A dead worker's shard is taken over at the end of its lease, not before, from its last commit on: whoever was
    answered is told no more, whoever was handed over without an answer is told again."""
    ids = told(engine, 9)
    dead = claimed(engine, "dead", now=100, lease=60)
    assert advance(engine, "dead", dead, ids[5], flying=[ids[1], ids[4]], sent=4, now=110)
    assert claim(engine, "heir", now=169) is None
    heir = claimed(engine, "heir", now=170)
    assert [ids[1], ids[4], *ids[6:]] == people(engine, heir)


def test_clock_set_back_holds_nothing_up(engine: Engine) -> None:
    """A lease or a closed vendor of a clock that ran a day ahead does not outlive the clock's correction."""
    told(engine, 2)
    day = 86400
    assert claimed(engine, "ahead", now=2 * day, lease=60)
    assert claimed(engine, "heir", now=day)
    with transaction(engine) as connection:
        shards.close(connection, "https://a.example", 9 * day)
        shards.bury(connection, "heir")
    assert claimed(engine, "heir", now=day)


def test_predecessors_shards_are_given_back_at_once(engine: Engine) -> None:
    """Shards of the same place are given back without waiting; those of another machine are not."""
    for name in ("actualites/a", "agenda/b", "tourisme/c"):
        told(engine, 1, name)
    for owner in ("host_1/a/7", "hostX1/a/7", "other/a/7"):  # an underscore is no wildcard
        claimed(engine, owner)
    with transaction(engine) as connection:
        assert shards.bury(connection, "host_1/") == 1
    assert claim(engine, "host_1/a/8") is not None
    assert claim(engine, "host_1/a/8") is None


def test_late_commit_of_a_replaced_worker_changes_nothing(engine: Engine) -> None:
    """Once another worker has a shard, the first one's commit is refused, but for the deletion of who is gone."""
    ids = told(engine, 3)
    slow = claimed(engine, "slow", now=100, lease=10)
    heir = claimed(engine, "heir", now=110)
    assert not advance(engine, "slow", slow, ids[2], sent=2, gone=[ids[0]])
    assert {"owed": 3} == seen(engine)
    assert ids[1:] == people(engine, heir)
    assert advance(engine, "heir", heir, ids[2], sent=2)


@pytest.mark.parametrize("answer", ["sent", "refused", "late"])
def test_only_gone_deletes_a_subscription(engine: Engine, answer: str) -> None:
    """No answer but "gone" costs a citizen the subscription."""
    ids = told(engine, 2)
    assert advance(engine, "w", claimed(engine), ids[1], settled=ids, **{answer: 2})
    assert ids == left(engine)
    assert {answer: 2} == seen(engine)


def test_gone_deletes_the_subscription_and_what_it_was_owed(engine: Engine) -> None:
    """A subscription that is over is deleted with its answer; what else it was owed is never sent."""
    ids = told(engine, 2)
    with transaction(engine) as connection:
        ledger.record(connection, [announcement("actualites/b")], 0)
    first = claimed(engine)
    assert advance(engine, "w", first, ids[1], sent=1, gone=[ids[0]], settled=ids)
    leave(engine, "w", first, through=True)
    assert ids[1:] == left(engine)
    second = claimed(engine)
    assert ids[1:] == people(engine, second)
    assert advance(engine, "w", second, ids[1], sent=1, settled=ids[1:])
    leave(engine, "w", second, through=True)
    assert {"sent": 2, "gone": 1} == seen(engine)


def test_new_words_replace_what_is_still_owed(engine: Engine) -> None:
    """Whoever has not had the old words gets the new ones only; whoever had them gets the new ones too, even where the
    new ones are for other areas."""
    with transaction(engine) as connection:
        ids = [subscribe(connection, f"https://a.example/{n}", areas=("bourg",) if n == 3 else ()) for n in range(4)]
        ledger.record(connection, [announcement("actualites/a", areas=("bourg",))], 0)
    done = claimed(engine)
    assert advance(engine, "w", done, ids[0], sent=1)
    leave(engine, "w", done, through=False)
    with transaction(engine) as connection:
        assert ledger.record(connection, [announcement("actualites/a", number=2, areas=("lancey",))], 50) == 4
    assert {"sent": 1, "dropped": 3, "owed": 4} == seen(engine)
    new = claimed(engine)
    assert "actualites/a#2" in new.message.payload
    assert claim(engine, "w") is None


def test_new_words_wait_for_a_live_worker_with_the_old_ones(engine: Engine) -> None:
    """Another machine may be sending the old words now: the new ones to the same vendor wait until it has noticed, or
    for its lease."""
    ids = told(engine, 2)
    busy = claimed(engine, "elsewhere", now=100, lease=60)
    with transaction(engine) as connection:
        ledger.record(connection, [announcement("actualites/a", number=2)], 100)
    assert claim(engine, "w", now=100) is None
    assert claim(engine, "w", now=160) is not None
    with transaction(engine) as connection:
        shards.bury(connection, "w")
    assert claim(engine, "w", now=100) is None
    assert not advance(engine, "elsewhere", busy, ids[0], sent=1)
    assert claim(engine, "w", now=100) is not None


def test_adopted_words_drop_what_is_owed(engine: Engine) -> None:
    """An item that is silenced after its announcement reaches nobody else."""
    told(engine, 2)
    with transaction(engine) as connection:
        ledger.record(connection, [Announcement("actualites/a", 2, "r2", None)], 50)
        assert ledger.owed(connection) == 0
        assert ledger.known(connection, ["actualites/a"])["actualites/a"] == Known("r2", 2, told=True)


def test_second_announcer_of_the_same_revision_is_harmless(engine: Engine) -> None:
    """The same revision recorded twice is owed once."""
    told(engine, 3)
    with transaction(engine) as connection:
        assert ledger.record(connection, [announcement("actualites/a")], 0) == 0
        assert ledger.owed(connection) == 3


def test_withdrawn_and_expired_items_are_dropped(engine: Engine) -> None:
    """What citizens can no longer read, or no longer need, is not sent, not even by who was about to try again."""
    ids = told(engine, 2, "actualites/a")
    shard = claimed(engine)
    assert advance(engine, "w", shard, ids[1], later=[Later(one, "retry", 150) for one in ids])
    told(engine, 2, "agenda/b", expires_at=100)
    with transaction(engine) as connection:
        assert {"actualites/a", "agenda/b"} == ledger.items_owed(connection)
        assert ledger.withdraw(connection, ["actualites/a"]) == 2
        assert ledger.expire(connection, 99) == 0
        assert ledger.expire(connection, 100) == 2
        assert [] == connection.execute(select(retries)).all()
    assert {"dropped": 4} == seen(engine)


def test_vendor_left_in_peace(engine: Engine) -> None:
    """A pause holds back one vendor's messages and no other's, for every worker, and is never cut short by another."""
    with transaction(engine) as connection:
        subscribe(connection, "https://a.example/1")
        subscribe(connection, "https://b.example/1", origin="https://b.example")
        ledger.record(connection, [announcement("actualites/a")], 0)
        shards.close(connection, "https://a.example", 500)
        shards.close(connection, "https://a.example", 300)
        assert ledger.next_due(connection) == 0
        assert ledger.next_due(connection, "https://a.example") == 500
    assert claimed(engine, now=499).origin == "https://b.example"
    assert claim(engine, "w", now=499) is None
    assert claimed(engine, now=500).origin == "https://a.example"


def test_refused_messages_are_taken_up_again(engine: Engine) -> None:
    """After a mended key, what was refused is owed again at once, and its vendor open."""
    ids = told(engine, 1)
    shard = claimed(engine)
    refused = [Later(ids[0], "refused", 1000, "clé refusée", 1)]
    assert advance(engine, "w", shard, ids[0], later=refused, closed_until=1000, alarm="clé refusée")
    leave(engine, "w", shard, through=True)
    with transaction(engine) as connection:
        assert {"https://a.example": "clé refusée"} == shards.alarms(connection)
        assert ledger.reopen(connection, 300) == 1
        assert {} == shards.alarms(connection)
    assert ids == people(engine, claimed(engine, now=300), 300)


def test_subscription_deleted_meanwhile_is_forgotten(engine: Engine) -> None:
    """A citizen who leaves while owed something is not sent to, and keeps no shard open."""
    ids = told(engine, 2)
    shard = claimed(engine)
    assert advance(engine, "w", shard, ids[1], flying=[ids[0]], later=[Later(ids[1], "retry", 100)])
    with transaction(engine) as connection:
        connection.execute(delete(subscriptions))
        shards.bury(connection, "w")
    again = claimed(engine)
    assert [] == people(engine, again)
    assert advance(engine, "w", again, ids[1])
    leave(engine, "w", again, through=True)
    with transaction(engine) as connection:
        assert ledger.owed(connection) == 0
