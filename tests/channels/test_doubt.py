"""One process, whatever it sends at once, leaves `DOUBT` messages in doubt at most, and a slow vendor takes no other's."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import replace
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from beffroi.announce import Clock, dispatch
from beffroi.channels.doubt import Doubt, Share
from beffroi.channels.sending import DOUBT
from beffroi.store.db import transaction
from tests.channels.faulty import Fault, Sink
from tests.channels.test_kill import KEYS
from tests.channels.town import Town, alert
from tests.e2e.push_rules import b64url
from tests.e2e.tls import Authority
from tests.store.samples import subscribe

acts = st.lists(
    st.one_of(
        st.tuples(st.just("come"), st.integers(1, 100_000)),
        st.tuples(st.sampled_from(["take", "give", "leave"]), st.integers(0, 200)),
    ),
    max_size=60,
)


@given(acts, st.integers(0, 1))
def test_never_more_in_doubt_than_allowed(acts: list[tuple[str, int]], spare: int) -> None:
    """Whoever comes, takes, gives back and goes: all together never have more than the bound, and nobody more than its
    share once what it had before is answered."""
    doubt, shares, held = Doubt(spare=spare), list[Share](), dict[Share, int]()
    for act, number in acts:
        if act == "come":
            shares.append(doubt.share(number))
            held[shares[-1]] = 0
        elif shares:
            one = shares[number % len(shares)]
            if act == "take":
                before = held[one]
                held[one] += one.take(number)
                assert held[one] <= max(before, one.limit)
            elif act == "give":
                count = min(number, held[one])
                one.give(count)
                held[one] -= count
            else:
                doubt.leave(one)
                shares.remove(one)
                del held[one]
        assert sum(held.values()) == doubt.used <= DOUBT
        assert all(one.limit >= 1 for one in shares)
    assert sum(one.limit for one in shares) <= max(DOUBT, len(shares))


def test_shares_follow_what_there_is_to_send() -> None:
    """Who has most to send has the largest share, the smallest a few all the same; who is left has everything."""
    doubt = Doubt()
    large, small = doubt.share(65_000), doubt.share(200)
    assert small.limit >= 10
    assert large.limit > 100
    with small:
        assert large.limit + small.limit <= DOUBT
    assert large.limit == DOUBT


def test_waits_for_answers_of_others() -> None:
    """Where others have everything, who comes later gets room as soon as they give it back."""
    doubt = Doubt()
    first = doubt.share()
    assert first.take(500) == DOUBT
    second, got = doubt.share(), list[int]()
    waiting = Thread(target=lambda: got.append(second.take(10, patience=60)))
    waiting.start()
    first.give(100)
    waiting.join(60)
    assert [10] == got


def test_two_vendors_together_keep_the_bound(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two vendors that never answer: one process has no more than the bound in flight to both of them."""
    town.open()
    with closing(Authority()) as authority, ExitStack() as stack:
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.ca_file))
        one, two = (
            stack.enter_context(Sink(lambda path, attempt: Fault("hang"), authority=authority, http2=True))
            for _ in range(2)
        )
        with transaction(town.engine) as connection:
            for n in range(2 * DOUBT):
                origin = (one, two)[n % 2].origin
                subscribe(connection, f"{origin}/p/{n}", origin=origin, keys=(KEYS.p256dh, b64url(KEYS.auth)))
        town.service = replace(town.service, push_timeout=3)
        town.announce(alert(town.time.at(), town.time.at(10)))
        run = dispatch(town.site, town.service, town.engine, "w", Clock())
        run.patience = 0
        sending = Thread(target=run.run)
        sending.start()
        assert one.reached(DOUBT // 2, 60)
        assert two.reached(DOUBT // 2, 60)
        run.stop()
        sending.join(60)
        assert len(one.posts) + len(two.posts) == DOUBT
