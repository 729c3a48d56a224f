"""Fragments that many pages share: the banner of alerts, the header, the footer.

A template writes `{{ shared("bandeau.html", here=here) }}`. The fragment is rendered once for each set of arguments,
from the shared names alone, and the place of each in a page's file is remembered: when an alert begins, ten thousand
pages get its bytes without one of them being rendered again, and need no script to show it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import field
from struct import Struct

from beffroi.memo.stamps import digest
from beffroi.records import dataclass
from beffroi.site.templates import Templates

Hole = tuple[int, int, str]
"""Where a fragment begins in the file, its length in bytes, its key."""

Table = dict[str, tuple[bytes, bytes]]
"""Key of a fragment → what it depends on, its text."""

HOLE = Struct("<II")

MARKS = 1024
"""Marks that are kept."""
_SIMPLE = frozenset({str, bool, int, type(None)})
_marks: dict[tuple[object, ...], str] = {}
_MARK = re.compile("\0([^\0]*)\0")


def key(name: str, arguments: dict[str, object]) -> str:
    """The key of a fragment: its template and what it was given."""
    return json.dumps([name, arguments], sort_keys=True, ensure_ascii=False)


def packed(holes: Iterable[Hole]) -> tuple[bytes, tuple[str, ...]]:
    """The places of fragments, and their keys: thousands of pages have the same ones."""
    holes = tuple(holes)
    return b"".join(HOLE.pack(start, length) for start, length, _ in holes), tuple(key for *_, key in holes)


def unpacked(places: bytes, keys: Iterable[str]) -> tuple[Hole, ...]:
    """What was packed."""
    return tuple((start, length, key) for (start, length), key in zip(HOLE.iter_unpack(places), keys, strict=True))


def mark(name: str, **arguments: object) -> str:
    """What `shared(…)` leaves in a page while it is rendered. Nearly all pages say the same."""
    asked = (name, *arguments.items(), *map(type, arguments.values()))  # True is 1 to a dictionary, and not to JSON
    if not _SIMPLE.issuperset(asked[len(arguments) + 1 :]):
        return f"\0{key(name, arguments)}\0"
    if (made := _marks.get(asked)) is None:
        if len(_marks) >= MARKS:
            _marks.clear()
        made = _marks[asked] = f"\0{key(name, arguments)}\0"
    return made


@dataclass
class Shared:
    """The fragments of one build. `known` is the table of the former one, key → (what it depends on, its text);
    `render` makes a fragment, `value` stands for what a name of the context holds."""

    templates: Templates
    value: Callable[[str], bytes]
    render: Callable[[str, dict[str, object]], str]
    known: Table
    table: Table = field(default_factory=dict)

    def _total(self, name: str) -> bytes:
        closure = self.templates.closure(name)
        return digest(b"\0".join([closure.sum, *(self.value(each) for each in sorted(closure.names))]))

    def outdated(self, fragment: str) -> bool:
        """Whether a fragment must be rendered: what it depends on is not what it was."""
        known = self.known.get(fragment)
        return known is None or known[0] != self._total(json.loads(fragment)[0])

    def text(self, fragment: str) -> bytes:
        """The bytes of a fragment."""
        if fragment not in self.table:
            name, arguments = json.loads(fragment)
            known = None if self.outdated(fragment) else self.known[fragment]
            self.table[fragment] = known or (self._total(name), self.render(name, arguments).encode())
        return self.table[fragment][1]

    def changed(self, fragments: Iterable[str]) -> set[str]:
        """Those whose bytes are not what the former build wrote."""
        return {each for each in fragments if self.text(each) != self.known.get(each, (b"", None))[1]}

    def filled(self, page: str) -> tuple[bytes, tuple[Hole, ...]]:
        """A rendered page with its fragments in place, and where they are."""
        parts: list[bytes] = []
        holes: list[Hole] = []
        at = 0
        cut = page.split("\0")
        if not len(cut) % 2:  # a lone sign of the template's own: marks are found one by one
            cut = _MARK.split(page)
        for number, part in enumerate(cut):
            data = self.text(part) if number % 2 else part.encode()
            if number % 2:
                holes.append((at, len(data), part))
            parts.append(data)
            at += len(data)
        return b"".join(parts), tuple(holes)

    def refilled(self, data: bytes, holes: Iterable[Hole]) -> tuple[bytes, tuple[Hole, ...]]:
        """A page as it was written, with its fragments as they are now."""
        parts: list[bytes] = []
        moved: list[Hole] = []
        last = at = 0
        for start, length, fragment in holes:
            text = self.text(fragment)
            parts += [data[last:start], text]
            at += start - last
            moved.append((at, len(text), fragment))
            at += len(text)
            last = start + length
        return b"".join([*parts, data[last:]]), tuple(moved)
