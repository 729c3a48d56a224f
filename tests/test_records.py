"""Data classes of the house's own are those of the standard library, to whoever uses them."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from beffroi import records

Kind = Callable[..., Any]


def _three(kind: Kind) -> list[type]:
    """A plain class, a frozen one and one of frozen slots, made by that decorator."""

    class Plain:
        one: int
        two: list[int] = dataclasses.field(default_factory=list, compare=False)

    class Frozen:
        one: int
        two: str = "2"
        three: dict[str, int] = dataclasses.field(default_factory=dict, hash=False, repr=False)

    class Slots:
        one: int
        two: float | None = None

        def __post_init__(self) -> None:
            if self.one < 0:
                raise ValueError("less than nothing")

    return [kind(Plain), kind(frozen=True)(Frozen), kind(frozen=True, slots=True, order=True)(Slots)]


THEIRS, OURS = _three(dataclasses.dataclass), _three(records.dataclass)
EACH = pytest.mark.parametrize(("theirs", "ours"), list(zip(THEIRS, OURS, strict=True)), ids=lambda one: one.__name__)


def _said(work: Callable[[], object]) -> object:
    """What comes of some work, or its error in words."""
    try:
        return work()
    except Exception as error:
        return type(error), str(error).replace("_three.<locals>.", "")


def _same(theirs: type, ours: type, work: Callable[..., object], *more: object) -> None:
    for _ in range(2):  # what is written at the first call, and what was written
        assert _said(lambda: work(theirs, *more)) == _said(lambda: work(ours, *more))


@EACH
def test_made_shown_and_compared(theirs: type, ours: type) -> None:
    """Values, defaults, words, equality, hash, order and errors are the library's."""
    for work in (
        lambda cls: repr(cls(1)),
        lambda cls: repr(cls(one=1, two=None)),
        lambda cls: cls(),
        lambda cls: cls(1, 2, 3, 4),
        lambda cls: cls(1, other=2),
        lambda cls: cls(-1).one,
        lambda cls: (cls(1) == cls(1), cls(1) == cls(2), cls(1) != cls(1), cls(1) == 1),
        lambda cls: cls(1, two=[3]) == cls(1, two=[4]),
        lambda cls: hash(cls(1)),
        lambda cls: {cls(1): 2}[cls(1)],
        lambda cls: [one.one for one in sorted([cls(2), cls(1)])],
        lambda cls: (cls(1) < cls(2), cls(1) <= cls(1), cls(1) > cls(2), cls(1) >= cls(2)),
        lambda cls: cls(1).two is cls(1).two,
        lambda cls: cls.__match_args__,
    ):
        _same(theirs, ours, work)


@EACH
def test_frozen(theirs: type, ours: type) -> None:
    """What is frozen cannot be changed, nor what a class has from it; what that class adds can."""

    def changed(cls: type, name: str, deleted: bool) -> object:
        one: Any = cls(1)
        if deleted:
            delattr(one, name)
        else:
            setattr(one, name, 5)
        return getattr(one, name, "gone")

    for deleted in (False, True):
        _same(theirs, ours, changed, "one", deleted)
        if not hasattr(theirs, "__slots__"):  # there the library says it by an error of super()
            _same(theirs, ours, changed, "other", deleted)
            for name in ("one", "other"):
                _same(theirs, ours, lambda cls, *so: changed(type("Heir", (cls,), {}), *so), name, deleted)


@EACH
def test_library(theirs: type, ours: type) -> None:
    """`fields`, `replace`, `asdict` and copies are the library's."""
    for work in (
        lambda cls: [(one.name, one.type) for one in dataclasses.fields(cls)],
        lambda cls: repr(dataclasses.replace(cls(1), one=7)),
        lambda cls: dataclasses.replace(cls(1), other=7),
        lambda cls: dataclasses.asdict(cls(1)),
        lambda cls: repr(copy.deepcopy(cls(1))),
    ):
        _same(theirs, ours, work)


@records.dataclass(frozen=True, slots=True)
class Sent:
    """What goes to another process."""

    one: int
    two: str = ""


def test_pickled() -> None:
    """Frozen slots go through pickle, and come out as they were, before any was made where they arrive."""
    assert Sent(1, "a") == pickle.loads(pickle.dumps(Sent(1, "a"), protocol=5))
    said = pickle.dumps(Sent(1, "a"), protocol=5)
    program = f"import pickle; one = pickle.loads({said!r}); print(one, one == one, hash(one) == hash((1, 'a')))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ("Sent(one=1, two='a') True True\n", "") == (done.stdout, done.stderr)


def test_own_methods() -> None:
    """What a class writes itself is left alone."""

    @records.dataclass
    class Own:  # noqa: PLW1641  # Python's own rule for it is what is tested
        one: int

        def __eq__(self, other: object) -> bool:
            return True

        def __repr__(self) -> str:
            return "mine"

    assert (True, "mine", None) == (Own(1) == Own(2), repr(Own(1)), Own.__hash__)
