"""The town crier: a process that gets ready to tell phones while this one builds the site.

::

    publish ──┬── check ── build ── verify ── deploy ──> "this release" ─┐              ┌──> closing table
              └── crier: imports, database, connections ─── waits ───────┴─ tell ───────┘

Where nobody has subscribed it makes nothing ready, and imports no ledger unless there is something to write in it.
It says nothing before it is given a release, which is online by then. It dies with its parent, by the kernel's hand, and
whoever goes on finds in the ledger what is owed, as after any other death.
"""

from __future__ import annotations

import os
import pickle
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NoReturn

from beffroi import forks
from beffroi.errors import BeffroiError
from beffroi.records import dataclass
from beffroi.settings import SETTINGS, Service, Site, read_service, read_site

if TYPE_CHECKING:  # a quarter of a second of imports, which the crier does beside
    from beffroi.telling import Tell
    from beffroi.told import Outlook, Said

DEAD = (
    "Le processus qui prévient les téléphones a été arrêté ; ce qui reste dû partira à la prochaine publication, "
    "ou avec : invoke deliver"
)


@contextmanager
def crier(root: Path, *, wanted: bool = True) -> Iterator[Crier | None]:
    """A crier for that commune, gone at the end; None where there is no second core for it, or it is not wanted.

    Raises `SettingsError`.
    """
    read_service(root)  # how many processes may work
    if not wanted or forks.workers() < 2:
        yield None
        return
    child, asking, hearing = _born(root)
    try:
        yield Crier(asking, hearing)
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGTERM)
        os.waitpid(child, 0)  # which writes the answers that came
        for pipe in (asking, hearing):
            with suppress(BrokenPipeError):
                pipe.close()


@dataclass(frozen=True)
class Crier:
    """The parent's side: see `Tell`."""

    asking: IO[bytes]
    hearing: IO[bytes]

    def __call__(
        self,
        site: Site,
        service: Service,
        release: Path,
        at: datetime,
        adopt: bool,
        confirm: Callable[[Outlook], bool],
        progress: Callable[[int, int], None],
        *,
        meanwhile: Callable[[], object],
    ) -> Said:
        """Have that release told; the crier has read the settings itself."""
        try:
            self._say((release, at, adopt))
            import beffroi.told  # noqa: F401  # what it answers is made of this

            meanwhile()
            while True:
                kind, value = pickle.load(self.hearing)  # noqa: S301  # our own child
                if kind == "done":
                    said: Said = value
                    return said
                if kind == "progress":
                    progress(*value)
                elif kind == "foreseen":
                    self._say(confirm(value))
                else:
                    raise value
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            raise BeffroiError(DEAD) from error

    def _say(self, words: object) -> None:
        _write(self.asking, words)


def _write(pipe: IO[bytes], words: object) -> None:
    pipe.write(pickle.dumps(words, protocol=5))
    pipe.flush()


def _born(root: Path) -> tuple[int, IO[bytes], IO[bytes]]:
    """A crier's number, the pipe to it and the one from it."""
    orders, asking = os.pipe()
    hearing, answers = os.pipe()
    parent = os.getpid()
    with forks.unheard():
        if not (child := os.fork()):
            if forks.mortal(parent):
                os.close(asking)
                os.close(hearing)
                _live(root, os.fdopen(orders, "rb"), os.fdopen(answers, "wb"))
            os._exit(1)
    os.close(orders)
    os.close(answers)
    return child, os.fdopen(asking, "wb"), os.fdopen(hearing, "rb")


def _end(_number: int, _frame: object) -> NoReturn:
    """Said once more, by whoever ends the whole group, it must not cut short what is in flight."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _live(root: Path, orders: IO[bytes], answers: IO[bytes]) -> NoReturn:
    """The crier's side. Ctrl-C is the parent's to hear, who says SIGTERM: what is in flight is then waited for."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _end)
    try:
        with forks.insisting():
            signal.pthread_sigmask(signal.SIG_UNBLOCK, forks.ENDING)
            _serve(root, orders, answers)
    except BaseException:  # nobody asks, nobody listens any more, or it is told to end
        os._exit(1)
    os._exit(0)


def _serve(root: Path, orders: IO[bytes], answers: IO[bytes]) -> None:
    try:
        site, service = read_site(root / SETTINGS), read_service(root)
        from beffroi import unchanged

        tell: Tell = unchanged.tell
        if unchanged.expected(service):
            from beffroi import telling

            tell = partial(telling.tell, made=telling.ready(site, service))
        release, at, adopt = pickle.load(orders)  # noqa: S301  # the parent's

        def confirm(outlook: Outlook) -> bool:
            _write(answers, ("foreseen", outlook))
            return bool(pickle.load(orders))  # noqa: S301  # the parent's

        def progress(done: int, total: int) -> None:
            _write(answers, ("progress", (done, total)))

        said: Any = ("done", tell(site, service, release, at, adopt, confirm, progress, meanwhile=lambda: None))
    except EOFError:
        return
    except Exception as error:
        said = ("error", forks.portable(error))
    _write(answers, said)
