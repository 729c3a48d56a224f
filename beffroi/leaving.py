"""The end of a process whose work is done: Python would let go of each of its objects, one by one, while somebody waits.

Of a publication among 10,000 items that is a twentieth. Standard library only: it costs a list of tasks nothing.
"""

from __future__ import annotations

import atexit
import os
import sys
from contextlib import suppress

_through = False


def through() -> None:
    """Nothing is left to do: once threads and what was registered since for the end are through, so is the process, with
    exit status 0."""
    global _through  # noqa: PLW0603  # a fact of the process
    _through = True


@atexit.register  # at the start of a task: the first that is registered is the last to be called
def _leave() -> None:
    if _through:
        with suppress(OSError):  # nobody reads any more: Python says so in its own way
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(0)
