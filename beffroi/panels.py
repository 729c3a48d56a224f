"""How a message stands on a street panel of so many lines and columns: words whole, centred, in as few screens as it
takes."""

from __future__ import annotations

from beffroi.model import Panel
from beffroi.records import dataclass
from beffroi.text import NBSP, NNBSP


@dataclass(frozen=True, slots=True)
class Screen:
    """One screen: exactly `lines` lines. `cut` says that a word had to be cut."""

    lines: tuple[str, ...]
    cut: bool = False


def wrap(words: str, columns: int) -> tuple[list[str], bool]:
    """The lines of a text, and whether a word longer than a line was cut.

    No-break spaces hold words together as long as they fit on a line.
    """
    lines: list[str] = []
    cut = False
    for word in _pieces(words, columns):
        if lines and len(lines[-1]) + 1 + len(word) <= columns:
            lines[-1] += f" {word}"
            continue
        cut = cut or len(word) > columns
        lines += [word[at : at + columns] for at in range(0, len(word), columns)]
    return lines, cut


def _pieces(words: str, columns: int) -> list[str]:
    """What a line may not break; a group held by no-break spaces falls apart where it is longer than a line."""
    pieces: list[str] = []
    for word in words.split():
        plain = word.replace(NBSP, " ").replace(NNBSP, " ")
        pieces += [plain] if len(plain) <= columns else plain.split()
    return pieces


def screens(text: str, detail: str, panel: Panel) -> list[Screen]:
    """The screens of one message: the text, then the detail, which goes to a screen of its own rather than being cut.

    None for a panel of pixels, which has a browser of its own.
    """
    if not panel.lines:
        return []
    main, cut = wrap(text, panel.columns)
    more, cut_too = wrap(detail, panel.columns)
    blocks = [main + more] if len(main) + len(more) <= panel.lines else [main, more]
    pages = [block[at : at + panel.lines] for block in blocks for at in range(0, len(block), panel.lines)]
    return [Screen(_centred(page, panel), cut or cut_too) for page in pages]


def _centred(page: list[str], panel: Panel) -> tuple[str, ...]:
    """The page in the middle of the panel, each line in the middle of its own."""
    above = (panel.lines - len(page)) // 2
    below = panel.lines - len(page) - above
    return tuple(line.center(panel.columns) for line in [""] * above + page + [""] * below)
