"""Markdown's processors, each asked only of a text that holds a sign without which it finds nothing.

Markdown asks its twenty block processors of every block, and tries fifteen patterns on every stretch of text: two thirds
of the cost of a conversion, and most texts are words alone. Order, positions and results are Markdown's own.
"""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.blockprocessors import BlockProcessor
from markdown.extensions.toc import TocExtension, TocTreeprocessor
from markdown.preprocessors import Preprocessor
from markdown.treeprocessors import InlineProcessor, Treeprocessor
from markdown.util import AtomicString

Signs = tuple[str, ...]

INLINE: dict[str, Signs] = {
    "backtick": ("`",),
    "escape": ("\\",),
    "footnote": ("[^",),
    "reference": ("[",),
    "link": ("[",),
    "image_link": ("![",),
    "image_reference": ("![",),
    "short_reference": ("[",),
    "short_image_ref": ("![",),
    "autolink": ("<",),
    "automail": ("<",),
    "linebreak": ("\n",),
    "html": ("<",),
    "entity": ("&",),
    "em_strong": ("*", "_"),
}
"""By the name of an inline pattern, what it begins with. One that is not here is always tried."""

BLOCKS: dict[str, tuple[int, Signs]] = {
    "hashheader": (70, ("#",)),
    "setextheader": (60, ("\n=", "\n-")),
    "hr": (50, ("-", "_", "*")),
    "deflist": (25, (":",)),
    "quote": (20, (">",)),
}
"""By the name of a block processor, its rank and what it needs: those whose own test reads the whole block."""

BEFORE: dict[str, tuple[int, Signs]] = {"fenced_code_block": (25, ("```", "~~~")), "html_block": (20, ("<", "&"))}
"""The same of preprocessors, which look at the whole body."""


def gated(md: Markdown) -> Markdown:
    """The same converter, gates before its processors. All its extensions must be registered."""
    md.preprocessors.register(_Source(md), "source", 100)
    for name, (rank, signs) in BEFORE.items():
        md.preprocessors.register(_Before(md.preprocessors[name], signs), name, rank)
    for name, (rank, signs) in BLOCKS.items():
        md.parser.blockprocessors.register(_Block(md.parser.blockprocessors[name], signs), name, rank)
    md.treeprocessors.register(_Attributes(md.treeprocessors["attr_list"]), "attr_list", 8)
    md.treeprocessors.register(_Inline(md), "inline", 20)
    return md


def _holds(text: str, signs: Signs) -> bool:
    """Whether one of them is in the text."""
    for sign in signs:  # noqa: SIM110  # a generator would cost more than the search
        if sign in text:
            return True
    return False


class _Source(Preprocessor):
    """Keeps the body as it was given: what HTML holds is taken out of it before it is made a tree."""

    def run(self, lines: list[str]) -> list[str]:
        self.text = "\n".join(lines)
        return lines


def _source(md: Markdown) -> str:
    """The body that is being converted."""
    kept = md.preprocessors["source"]
    return kept.text if isinstance(kept, _Source) else ""


class _Before(Preprocessor):
    def __init__(self, inner: Preprocessor, signs: Signs) -> None:
        super().__init__(inner.md)
        self._inner, self._signs = inner, signs

    def run(self, lines: list[str]) -> list[str]:
        return self._inner.run(lines) if _holds("\n".join(lines), self._signs) else lines


class _Block(BlockProcessor):
    def __init__(self, inner: BlockProcessor, signs: Signs) -> None:
        super().__init__(inner.parser)
        self._inner, self._signs = inner, signs

    def test(self, parent: Element, block: str) -> bool:
        return _holds(block, self._signs) and self._inner.test(parent, block)

    def run(self, parent: Element, blocks: list[str]) -> bool | None:
        return self._inner.run(parent, blocks)


class _Attributes(Treeprocessor):
    """`{: …}` needs a brace."""

    def __init__(self, inner: Treeprocessor) -> None:
        super().__init__(inner.md)
        self._inner = inner

    def run(self, root: Element) -> Element | None:
        return self._inner.run(root) if "{" in _source(self.md) else None


class _Inline(InlineProcessor):
    def __init__(self, md: Markdown) -> None:
        super().__init__(md)
        self._patterns = list(md.inlinePatterns)
        self._signs: list[Signs] = [("",)] * len(self._patterns)
        for name, signs in INLINE.items():
            self._signs[md.inlinePatterns.get_index_for_name(name)] = signs

    def _InlineProcessor__handleInline(self, data: str, patternIndex: int = 0) -> str:  # noqa: N802, N803
        """Markdown's own method, overridden under the name that Python gives it there."""
        if isinstance(data, AtomicString):
            return data
        apply = self._InlineProcessor__applyPattern  # type: ignore[attr-defined]
        for index in range(patternIndex, len(self._signs)):
            start, matched = 0, True
            while matched and _holds(data, self._signs[index]):
                data, matched, start = apply(self._patterns[index], data, index, start)
        return data


class Anchors(TocExtension):
    """An id on each heading; a table of contents only where `[TOC]` asks for it."""

    class TreeProcessorClass(TocTreeprocessor):
        """What gives the ids."""

        def _asked(self) -> bool:
            return "TOC" in _source(self.md)

        def build_toc_div(self, toc_list: Any) -> Element:
            """The table of contents."""
            return super().build_toc_div(toc_list) if self._asked() else Element("div")

        def replace_marker(self, root: Element, elem: Element) -> None:
            """Put it where it was asked for."""
            if self._asked():
                super().replace_marker(root, elem)
