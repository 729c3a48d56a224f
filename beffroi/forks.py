"""Work spread over the cores: forked processes that know all that this one knows, and send back what they make of it.

Whoever is free takes the next tasks, of which a few at a time are on offer: who is faster than the parent waits for it, so
that results never pile up in memory. The kernel kills a child whose parent is dead: it must not write into the folders
that the next build prepares. The pools of the standard library promise neither.
"""

from __future__ import annotations

import ctypes
import fcntl
import gc
import os
import pickle
import select
import signal
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from struct import Struct
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
OFFERED = 8
"""Chunks a process that are on offer at once, or made and not yet asked for."""
PIPE = 1 << 20
"""Bytes that wait in a pipe, where the kernel lets them: a child goes on while its parent is busy."""

NUMBER, HEAD = Struct("<I"), Struct("<IQ")
"""The number of a chunk; before what is said of it, its number and how many bytes follow."""

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
    taking, offering = os.pipe()
    gc.freeze()  # a collection in a child would copy every page of memory that it shares with this process
    try:
        for first in range(count):
            pipes = [pipe for _, pipe in children]
            children.append(_fork(partial(_take, work, chunks, first, taking), pipes))
        for number, results in enumerate(_in_order([pipe for _, pipe in children], len(chunks), offering)):
            yield from results
            if told:
                told(min((number + 1) * chunk, len(tasks)), len(tasks))
    finally:
        for end in (taking, offering):
            os.close(end)
        for child, pipe in children:
            _ended(child, pipe)


def _in_order(pipes: Sequence[IO[bytes]], total: int, offering: int) -> Iterator[list[Any]]:
    """The results of each chunk. Each child has taken one already; another one is on offer for each that was received."""
    said: dict[int, tuple[bool, Any]] = {}
    polled, by_number = select.poll(), {pipe.fileno(): pipe for pipe in pipes}
    for pipe in pipes:
        polled.register(pipe, select.POLLIN)
    last = min(total, len(pipes) * (OFFERED + 1))
    os.write(offering, b"".join(map(NUMBER.pack, range(len(pipes), last))))
    for number in range(total):
        while number not in said:
            for ready, _ in polled.poll():
                found, words = _received(by_number[ready])
                said[found] = words
        if last < total:
            os.write(offering, NUMBER.pack(last))
            last += 1
        yield list(_good(said.pop(number)))


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
    child, pipe = _fork(lambda pipe: _say(pipe, 0, work), ())
    try:
        yield lambda: cast("Result", _good(_received(pipe)[1]))
    finally:
        _ended(child, pipe)


def _ended(child: int, pipe: IO[bytes]) -> None:
    """Have a child gone: after its last word, or because nobody listens any more."""
    pipe.close()
    with suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _fork(work: Callable[[IO[bytes]], None], others: Iterable[IO[bytes]]) -> tuple[int, IO[bytes]]:
    """A child at work, which leaves without what the parent would do at its end; and what it says."""
    reading, writing = os.pipe()
    with suppress(OSError):  # who has too many of them keeps the usual size
        fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, PIPE)
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
        _leave(work, writing)
    os.close(writing)
    return child, os.fdopen(reading, "rb", 0)  # what is read in advance, nobody would wait for


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

    def again(_number: int, _frame: object) -> None:
        if dropped:  # else the alarm is somebody else's
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


def _leave(work: Callable[[IO[bytes]], None], writing: int) -> NoReturn:
    try:
        with os.fdopen(writing, "wb") as pipe:
            work(pipe)
    except BaseException:  # the parent is gone, or wants no more
        os._exit(1)
    os._exit(0)


def _take(
    work: Callable[[Any], Any], chunks: Sequence[Sequence[Any]], first: int, taking: int, pipe: IO[bytes]
) -> None:
    """In a child: do the first chunk, then whichever is on offer, until the parent ends it."""
    number = first
    while True:
        chunk = chunks[number]
        _say(pipe, number, lambda: [work(task) for task in chunk])  # noqa: B023  # called at once
        (number,) = NUMBER.unpack(os.read(taking, NUMBER.size))


def _say(pipe: IO[bytes], number: int, work: Callable[[], object]) -> None:
    """Send the result of some work, or its error."""
    try:
        said = pickle.dumps((True, work()), protocol=5)
    except Exception as error:
        said = _failure(error)
    pipe.write(HEAD.pack(number, len(said)))
    pipe.write(said)
    pipe.flush()


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


def _received(pipe: IO[bytes]) -> tuple[int, tuple[bool, Any]]:
    """The number of a chunk, and what is said of it."""
    try:
        number, size = HEAD.unpack(_read(pipe, HEAD.size))
        return number, pickle.loads(_read(pipe, size))  # noqa: S301  # our own child
    except (EOFError, pickle.UnpicklingError) as error:
        raise BeffroiError(
            "Un des processus de la construction a été arrêté, sans doute faute de mémoire ; relancez la commande, "
            "avec BEFFROI_WORKERS=1 si cela se répète."
        ) from error


def _read(pipe: IO[bytes], size: int) -> bytearray:
    data = bytearray(size)
    left = memoryview(data)
    while left:
        if not (read := pipe.readinto(left)):  # type: ignore[attr-defined]  # a file without a buffer of its own
            raise EOFError
        left = left[read:]
    return data


def _good(said: tuple[bool, Any]) -> Any:
    """The result; the error where there was one."""
    good, value = said
    if not good:
        raise value
    return value
