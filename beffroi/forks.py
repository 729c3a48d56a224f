"""Work spread over the cores: forked processes that know all that this one knows, and send back what they make of it.

Each child has tasks and a pipe of its own, with nothing to ask for: one that is faster than the parent waits for it, so
that results never pile up in memory. The kernel kills a child whose parent is dead: it must not write into the folders
that the next build prepares. The pools of the standard library promise neither.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NoReturn, TypeVar, cast

from beffroi.errors import BeffroiError

Task = TypeVar("Task")
Result = TypeVar("Result")

PRCTL: Callable[[int, int], int] | None = getattr(ctypes.CDLL(None), "prctl", None)
"""prctl(2), where the kernel is Linux."""
PR_SET_PDEATHSIG = 1

LEAST = 64
"""Tasks below which a fork costs more than it saves."""
CHUNK = 16
"""Tasks whose results travel together."""


ENDING = (signal.SIGINT, signal.SIGTERM)
"""Signals that are the parent's to hear, though they may be said to all of a group: it ends its children."""

SOON = 0.01
"""Seconds until what was dropped is raised again."""

asked = 0
"""How many processes may work at once: `BEFFROI_WORKERS`; 0 is one for each core that this process may use."""

told: Callable[[int, int], None] | None = None
"""Hears how many of how many tasks are done."""


def alone() -> None:
    """From here on all work is done in this process: where threads serve, a child would inherit their locks."""
    global asked  # noqa: PLW0603  # a fact of the process
    asked = 1


def workers() -> int:
    """How many processes work at once; one where the kernel would not end the others with it."""
    return (asked or len(os.sched_getaffinity(0))) if PRCTL else 1


def spread(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, least: int | None = None, chunk: int | None = None
) -> Iterator[Result]:
    """What `work` makes of each task, in their order; here where there are fewer than `least` of them.

    Results are pickled; so is an error, which is raised here in place of its result. Whatever else `work` changes is
    lost with its process. Raises `BeffroiError` where a process was killed.
    """
    least, chunk = least or LEAST, chunk or CHUNK
    chunks = [tasks[start : start + chunk] for start in range(0, len(tasks), chunk)]
    count = min(workers(), len(chunks))
    if count < 2 or len(tasks) < least:
        for done, task in enumerate(tasks, 1):
            yield work(task)
            if told and done % CHUNK == 0:
                told(done, len(tasks))
        return
    children: list[tuple[int, IO[bytes]]] = []
    gc.freeze()  # a collection in a child would copy every page of memory that it shares with this process
    try:
        for number in range(count):
            children.append(_fork(work, chunks[number::count], [pipe for _, pipe in children]))
        for number in range(len(chunks)):
            yield from _received(children[number % count][1])
            if told:
                told(min((number + 1) * chunk, len(tasks)), len(tasks))
    finally:
        for child, pipe in children:
            _ended(child, pipe)


@contextmanager
def beside(work: Callable[[], Result]) -> Iterator[Callable[[], Result]]:
    """A process that does `work` meanwhile, gone at the end; what is given waits for its result, once. Where there is no
    second core for it, the work is done here, when its result is asked for.

    The result is pickled; whatever else `work` changes in memory is lost. Raises what `work` raised, and `BeffroiError`
    where the process was killed.
    """
    if workers() < 2:
        yield work
        return
    gc.freeze()
    child, pipe = _fork(lambda _: work(), [[None]], ())
    try:
        yield lambda: cast("Result", _received(pipe)[0])
    finally:
        _ended(child, pipe)


def _ended(child: int, pipe: IO[bytes]) -> None:
    """Have a child gone: after its last word, or because nobody listens any more."""
    pipe.close()
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _fork(
    work: Callable[[Any], Any], chunks: Sequence[Sequence[Any]], others: Iterable[IO[bytes]]
) -> tuple[int, IO[bytes]]:
    """A child at work on these chunks, and what it says."""
    reading, writing = os.pipe()
    parent = os.getpid()
    with unheard():
        if not (child := os.fork()):
            for number in ENDING:
                signal.signal(number, signal.SIG_IGN)
    if not child:
        if not mortal(parent):
            os._exit(1)
        global told  # noqa: PLW0603  # a fact of the process: one of them speaks at a time
        told = None
        os.close(reading)
        for other in others:  # where a child kept it, its brother would not hear that the parent is gone
            other.close()
        _work(work, chunks, writing)
    os.close(writing)
    return child, os.fdopen(reading, "rb")


@contextmanager
def unheard() -> Iterator[None]:
    """What ends a process waits meanwhile: a child that has just been born must not take its parent's end for its own."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def insisting() -> Iterator[None]:
    """What ends a process is raised again where it was dropped: Python drops whatever is raised while something is being
    let go, and pycurl what is raised while it calls back. Of the main thread alone."""
    dropped: list[type[BaseException]] = []

    def again(_number: int, _frame: object) -> NoReturn:
        raise dropped[-1]

    def kept(kind: type[BaseException]) -> bool:
        if found := issubclass(kind, KeyboardInterrupt):
            dropped.append(kind)
            signal.setitimer(signal.ITIMER_REAL, SOON)
        return found

    hooks, handler = (sys.unraisablehook, sys.excepthook), signal.signal(signal.SIGALRM, again)
    sys.unraisablehook = lambda what: None if kept(what.exc_type) else hooks[0](what)
    sys.excepthook = lambda kind, *rest: None if kept(kind) else hooks[1](kind, *rest)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        sys.unraisablehook, sys.excepthook = hooks


def mortal(parent: int, by: signal.Signals = signal.SIGKILL) -> bool:
    """In a child just born: die with the parent from now on, or hear that signal. Whether that is so; not where it died
    just before."""
    return PRCTL is not None and not PRCTL(PR_SET_PDEATHSIG, by) and os.getppid() == parent


def environment() -> dict[str, str]:
    """That of this process, in which a new Python finds this very package."""
    package = str(Path(__file__).resolve().parent.parent)
    paths = [package, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _work(work: Callable[[Any], Any], chunks: Sequence[Sequence[Any]], writing: int) -> NoReturn:
    """Send the results of each chunk, or the first error; then leave without what the parent would do at its end."""
    try:
        with os.fdopen(writing, "wb") as pipe:
            for chunk in chunks:
                try:
                    said = pickle.dumps((True, [work(task) for task in chunk]), protocol=5)
                except Exception as error:
                    said = _failure(error)
                pipe.write(said)
                pipe.flush()
    except BaseException:  # the parent is gone, or wants no more
        os._exit(1)
    os._exit(0)


def _failure(error: Exception) -> bytes:
    return pickle.dumps((False, portable(error)), protocol=5)


def portable(error: Exception) -> Exception:
    """The error as another process can read it."""
    try:
        if str(pickle.loads(pickle.dumps(error, protocol=5))) == str(error):  # noqa: S301  # our own
            return error
    except Exception:  # noqa: S110  # whose arguments are not its own: its class and its words remain
        pass
    return RuntimeError(f"{type(error).__name__} : {error}")


def _received(pipe: IO[bytes]) -> list[Any]:
    try:
        good, value = pickle.load(pipe)  # noqa: S301  # our own child
    except (EOFError, pickle.UnpicklingError) as error:
        raise BeffroiError(
            "Un des processus de la construction a été arrêté, sans doute faute de mémoire ; relancez la commande, "
            "avec BEFFROI_WORKERS=1 si cela se répète."
        ) from error
    if not good:
        raise value
    return list(value)
