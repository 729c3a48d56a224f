"""Data classes that cost next to nothing to define.

The standard library writes six methods for a frozen data class and compiles each while the module that defines it is
being imported: a millisecond a class, for a hundred classes of which a task uses a third. Here a method is written when
it is called first, or is the same for all. Everything else is the library's own: `fields`, `replace`, `asdict` and slots
are asked there.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable, Iterable
from functools import partial
from reprlib import recursive_repr
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # the same to whoever reads types
    from dataclasses import dataclass

__all__ = ["dataclass"]

Method = Callable[..., Any]

_put = object.__setattr__


def _dataclass(
    cls: type | None = None, /, *, frozen: bool = False, eq: bool = True, order: bool = False, slots: bool = False
) -> Any:
    """As `dataclasses.dataclass`, with those of its options that are used here."""
    if cls is None:
        return partial(_dataclass, frozen=frozen, eq=eq, order=order, slots=slots)
    own = dict(cls.__dict__)
    done: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(cls)
    done.__frozen__ = frozen
    given: dict[str, Any] = {"__repr__": _repr, "__init__": _late(done, "__init__", _init)}
    if eq:
        given["__eq__"] = _late(done, "__eq__", _eq)
    given |= (_ORDER if order else {}) | (_PICKLED if frozen and slots else {})
    given = {name: method for name, method in given.items() if name not in own}
    given |= _FROZEN if frozen else {}
    if eq and own.get("__hash__") is None:  # Python puts None there where `__eq__` is written by hand
        given["__hash__"] = _late(done, "__hash__", _hash) if frozen else None
    for name, method in given.items():
        setattr(done, name, method)
    return done


if not TYPE_CHECKING:
    dataclass = _dataclass


def _late(cls: Any, name: str, write: Callable[[Any], Method]) -> Method:
    """A method that is written when it is called first."""

    def late(*values: Any, **named: Any) -> Any:
        method = write(cls)
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(*values, **named)

    return late


def _written(lines: Iterable[str], known: dict[str, Any]) -> Method:
    """The method of that text; the names in it are those of fields."""
    exec("\n ".join(lines), known)  # noqa: S102  # our own text
    method: Method = known.popitem()[1]
    return method


def _init(cls: Any) -> Method:
    # no field is in capitals
    known: dict[str, Any] = {"PUT": _put, "MISSING": dataclasses.MISSING}
    head, body = ["self"], []
    for name, one in cls.__dataclass_fields__.items():
        value, given = name, name
        if one.default is not dataclasses.MISSING:
            known[f"DEFAULT_{name}"] = one.default
            given = f"{name}=DEFAULT_{name}"
        elif one.default_factory is not dataclasses.MISSING:
            known[f"MAKE_{name}"] = one.default_factory
            given, value = f"{name}=MISSING", f"MAKE_{name}() if {name} is MISSING else {name}"
        head.append(given)
        body.append(f"PUT(self, {name!r}, {value})" if cls.__frozen__ else f"self.{name} = {value}")
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    return _written([f"def __init__({', '.join(head)}):", *(body or ["pass"])], known)


def _values(of: str, names: Iterable[str]) -> str:
    return f"({' '.join(f'{of}.{name},' for name in names)})"


def _eq(cls: Any) -> Method:
    names = [name for name, one in cls.__dataclass_fields__.items() if one.compare]
    same = f"return {_values('self', names)} == {_values('other', names)}"
    lines = ["def __eq__(self, other):", f"if other.__class__ is self.__class__: {same}", "return NotImplemented"]
    return _written(lines, {})


def _hash(cls: Any) -> Method:
    fields = cls.__dataclass_fields__.items()
    names = [name for name, one in fields if (one.compare if one.hash is None else one.hash)]
    return _written(["def __hash__(self):", f"return hash({_values('self', names)})"], {})


@recursive_repr()
def _repr(self: Any) -> str:
    shown = (f"{name}={getattr(self, name)!r}" for name, one in self.__dataclass_fields__.items() if one.repr)
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _ordered(compare: Callable[[Any, Any], bool]) -> Method:
    def compared(self: Any) -> list[object]:
        return [getattr(self, name) for name, one in self.__dataclass_fields__.items() if one.compare]

    def ordered(self: Any, other: object) -> bool:
        return compare(compared(self), compared(other)) if other.__class__ is self.__class__ else NotImplemented

    return ordered


_ORDER = {f"__{one.__name__}__": _ordered(one) for one in (operator.lt, operator.le, operator.gt, operator.ge)}


def _guarded(self: Any, name: str) -> bool:
    """Whether that is not to be touched: anything of a frozen class; of one that inherits from it, what it has from it."""
    return "__frozen__" in type(self).__dict__ or name in self.__dataclass_fields__


def _set(self: Any, name: str, value: object) -> None:
    if _guarded(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")
    _put(self, name, value)


def _delete(self: Any, name: str) -> None:
    if _guarded(self, name):
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
    object.__delattr__(self, name)


_FROZEN = {"__setattr__": _set, "__delattr__": _delete}


def _state(self: Any) -> list[object]:
    return [getattr(self, name) for name in self.__dataclass_fields__]


def _restore(self: Any, state: list[object]) -> None:
    for name, value in zip(self.__dataclass_fields__, state, strict=True):
        _put(self, name, value)


_PICKLED = {"__getstate__": _state, "__setstate__": _restore}
"""Of frozen slots, which nobody may put back one by one."""
