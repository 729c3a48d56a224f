"""Markdown as most bodies are written, made HTML without Markdown.

Paragraphs, intertitles, flat lists, plain tables, links, images, bold and italics are what town halls write. Markdown
makes a tree of them, searches it a dozen times and costs ten times as much. Whatever else a body holds, or may be taken
for, is left to Markdown: `plainly` then gives nothing. What it gives is Markdown's own HTML, byte for byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from beffroi.text import slugify
from beffroi.typography import printable

_ODD = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\\`<>&{~]")
"""Code, HTML, references to characters, attributes: nothing of the kind."""

_SPECIAL = re.compile(r"(?:\s|[#=+:|-]|\*(?!\*?[^\W_])|\d+\.|$)", re.MULTILINE)
"""What a line begins with that may be no text."""

_HEADING = re.compile(r"(#{1,6}) ([^#*_\[\n]*[^#*_\[\s])")
_ITEM = re.compile(r"[*+-] (\S.*)")
_NUMBERED = re.compile(r"\d+\. (\S.*)")
_RULE = re.compile(r"\|(?: *-+ *\|){2,}")

_LINK = re.compile(r"(!?)\[([^\[\]*_\n]+)\]\(([^\s()\"'\[\]*]+)\)")
_BOLD = re.compile(r"\*\*([^\s*](?:[^*\n]*[^\s*])?)\*\*")
_ITALIC = re.compile(r"\*([^\s*](?:[^*\n]*[^\s*])?)\*")


class _Other(Exception):
    """There is more to it."""


def plainly(body: str) -> str | None:
    """The HTML that Markdown makes of a body; `None` of one that is not written plainly."""
    if "\n " in body or "  \n" in body or _odd(body):  # an indent, a forced end of line
        return None
    try:
        return "\n".join(_html(body.split("\n\n")))
    except _Other:
        return None


def _odd(body: str) -> bool:
    """Whether `_ODD` finds something: nearly always nothing, and to see that signs are not there takes a tenth of it."""
    signs = "<" in body or "&" in body or "`" in body or "\\" in body or "~" in body or ">" in body or "{" in body
    return signs or not (printable(body) or _ODD.search(body) is None)


def _html(blocks: list[str]) -> Iterator[str]:
    used: set[str] = set()
    before = ""
    for block in (block.strip("\n") for block in blocks):
        first = block[:1]
        if not block:
            continue
        if first == "#":
            yield _heading(block, used)
        elif first == "|":
            yield _table(block)
        elif items := _items(block):
            if before == items[0]:  # one list with blank lines in it
                raise _Other
            yield _list(*items)
        else:
            yield f"<p>{_paragraph(block)}</p>"
        before = items[0] if first not in "#|" and items else ""


def _heading(block: str, used: set[str]) -> str:
    if not (found := _HEADING.fullmatch(block)):
        raise _Other
    level, words = len(found[1]), found[2].strip()
    slug = slugify(words) or "partie"
    anchor = next(one for one in (slug, *(f"{slug}_{n}" for n in range(1, len(used) + 1))) if one not in used)
    used.add(anchor)
    return f'<h{level} id="{anchor}">{words}</h{level}>'


def _items(block: str) -> list[str]:
    """The name of a list's element and the texts of its items; nothing where it is no list."""
    for name, pattern in (("ul", _ITEM), ("ol", _NUMBERED)):
        if pattern.match(block):
            found = [pattern.fullmatch(line) for line in block.split("\n")]
            if not all(found) or (name == "ol" and not block.startswith("1.")):
                raise _Other
            return [name, *(one[1] for one in found if one)]
    return []


def _list(tag: str, *items: str) -> str:
    return "\n".join([f"<{tag}>", *(f"<li>{_paragraph(item)}</li>" for item in items), f"</{tag}>"])


def _table(block: str) -> str:
    head, *rest = block.split("\n")
    if len(rest) < 2 or not _RULE.fullmatch(rest[0]) or not all(row[0] == row[-1] == "|" for row in (head, *rest)):
        raise _Other
    names, count = _cells(head), rest[0].count("|") - 1
    if len(names) != count:
        raise _Other
    parts = ["<table>\n<thead>", _row("th", names, count), "</thead>\n<tbody>"]
    parts += [_row("td", _cells(row), count) for row in rest[1:]]
    return "\n".join([*parts, "</tbody>\n</table>"])


def _cells(row: str) -> list[str]:
    return [_inline(cell.strip(" ")) for cell in row[1:-1].split("|")]


def _row(tag: str, cells: list[str], count: int) -> str:
    whole = [*cells, *[""] * (count - len(cells))][:count]
    return "\n".join(["<tr>", *(f"<{tag}>{cell}</{tag}>" for cell in whole), "</tr>"])


def _paragraph(text: str) -> str:
    """The text of a block of which no line begins like something else."""
    if "|" in text or _SPECIAL.match(text) or ("\n" in text and any(map(_SPECIAL.match, text.split("\n")))):
        raise _Other
    return _inline(text)


def _inline(text: str) -> str:
    """The text with its links, images, bold and italics."""
    if "[" in text:
        text = _LINK.sub(_linked, text)
        if "[" in text:
            raise _Other
        bare = re.sub("<[^>]*>", "", text)
    else:
        bare = text
    if "]" in bare or "_" in bare:
        raise _Other
    if "*" in text:
        text = _BOLD.sub(r"<strong>\1</strong>", text) if "**" in text else _ITALIC.sub(r"<em>\1</em>", text)
        if "*" in text:
            raise _Other
    return text


def _linked(found: re.Match[str]) -> str:
    image, words, address = found.groups()
    if not image:
        return f'<a href="{address}">{words}</a>'
    if '"' in words:
        raise _Other
    return f'<img alt="{words}" src="{address}">'
