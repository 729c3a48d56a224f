"""Threads that write all the time all get their turn, in their order."""

from __future__ import annotations

import threading

from beffroi.store.turns import Turns


def test_first_come_first_served() -> None:
    """Who asks first is let in first; who leaves and asks again stands at the end."""
    turns, order, asked = Turns(), list[int](), [threading.Event() for _ in range(4)]

    def ask(number: int) -> None:
        asked[number].set()
        with turns:
            order.append(number)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    with turns:
        for number, thread in enumerate(threads):
            thread.start()
            assert asked[number].wait(60)
            while len(turns._waiting) <= number:
                threading.Event().wait(0.001)
    with turns:
        order.append(9)
    for thread in threads:
        thread.join(60)
    assert [0, 1, 2, 3, 9] == order


def test_never_two_at_once() -> None:
    """Many threads, many turns: the sum is right without any other lock."""
    turns, count = Turns(), [0]

    def work() -> None:
        for _ in range(500):
            with turns:
                before = count[0]
                count[0] = before + 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [4000] == count
