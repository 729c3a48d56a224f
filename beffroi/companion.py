"""The second process of a large delivery: python -m beffroi.companion, with its `Orders` on the standard input.

It says how many messages it has settled, then what it did (`Delivered`), or why it could not (a sentence). Where the
first process dies it lets nothing more go out, and writes the answers to what is in flight before it ends.
"""

from __future__ import annotations

import gc
import pickle
import signal
import sys
from contextlib import suppress

from beffroi import forks
from beffroi.announce import Clock, dispatch
from beffroi.channels.companion import Orders
from beffroi.errors import BeffroiError
from beffroi.store.db import connect


def main() -> None:
    """Send what is due, as far as it goes."""
    gc.set_threshold(100_000, 20, 20)  # as tasks.py does
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the first one's to hear, who then says SIGTERM
    orders: Orders = pickle.load(sys.stdin.buffer)  # noqa: S301  # the parent's
    with suppress(BrokenPipeError):
        try:
            _work(orders)
        except BeffroiError as error:
            _say(str(error))


def _work(orders: Orders) -> None:
    engine = connect(orders.service.database)
    run = dispatch(orders.site, orders.service, engine, orders.owner, Clock(), lambda settled, _: _say(settled))
    run.patience = 0
    signal.signal(signal.SIGTERM, lambda _number, _frame: run.stop())
    if forks.mortal(orders.parent, signal.SIGTERM):
        _say(run.run())


def _say(said: object) -> None:
    sys.stdout.buffer.write(pickle.dumps(said, protocol=5))
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
