"""French typography of plain text, by the Lexique de l’Imprimerie nationale.

No-break spaces: narrow (U+202F) before `; ! ?`, inside « » and in thousands, full (U+00A0) before `:`, before units and
inside dates and times.

A build sets some fifty stretches of text an item, most of which hold next to nothing to set: a rule is looked for only
where a sign that it cannot do without is in the text, which costs a hundredth of the search. For the same reason the
rules begin with the sign itself and look back from it: a search that begins by looking back stops at every letter.
"""

from __future__ import annotations

import re

NBSP = "\u00a0"
NNBSP = "\u202f"
_HELD = "\ufffe"  # stands for a stretch that must not change; XML and so `text.clean` refuse it, so no text owns it
_S = "[ \t\u00a0\u202f\u2009]"  # spaces inside a line
_LETTER = r"[^\W\d_]"

_KEEP = re.compile(
    rf"{_HELD}"
    r"|`[^`\n]*`"  # code
    r"|(?:[a-z][a-z0-9+.-]*://|www\.|mailto:)[^\s<>\"«»`]*[^\s<>\"«»`.,;:!?'’)\]…]"  # web addresses
    r"|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses
    r"|&(?:\w+|\#\w+);",  # a character reference that somebody typed
    re.IGNORECASE,
)
_UNITS = (
    r"(?:km/h|m/s|kWh|kWc|kW|MW|W|kV|V|km|cm|mm|dm|m[²³23]?|ha|kg|mg|g|t|[hcmd]?[lL]|min|h|s|[KkMG]o|dB|Hz|°C|°"
    r"|k€|M€|€|%|‰)(?![\w'’])"
)
_QUOTED = re.compile(rf'(?<![\w"])"{_S}*([^"\n]*[^"\s]){_S}*"(?![\w"])')

_Rule = tuple[tuple[str, ...], re.Pattern[str], str]
"""One of these must be in the text, or there is no match; what is looked for; what stands in its place."""


def _rules(*rows: tuple[tuple[str, ...], str, str]) -> tuple[_Rule, ...]:
    return tuple((signs, re.compile(pattern), words) for signs, pattern, words in rows)


_RULES = _rules(
    (("...",), r"(?<!\.)\.{3}(?!\.)", "…"),
    (("'",), rf"'(?<={_LETTER}')(?=[\w«])", "’"),
    (("'",), r"'(?:(?<=\b[ldjmntscLDJMNTSC]')|(?<=[qQ]u'))\Z", "’"),
    (("«",), rf"«(?:{_S}+|(?=\S))", f"«{NNBSP}"),
    (("»",), rf"(?<=\S){_S}*»|\A{_S}+»", f"{NNBSP}»"),
    ((";", "!", "?"), rf"{_S}(?<!\s{_S}){_S}*(?=[;!?])", NNBSP),
    ((";", "!", "?"), r"[;!?](?<=[^\W_].|».)(?=[!?]*(?:[\s»)\],.…]|$))", rf"{NNBSP}\g<0>"),
    ((":",), rf"{_S}(?<!\s{_S}){_S}*:(?=\s|$)", f"{NBSP}:"),
    (
        ("M.", "Mm", "Ml", "Mg", "Me", "Dr", "Pr"),
        rf"\b(M\.|MM\.|Mme|Mmes|Mlle|Mlles|Dr|Pr|Mgr|Me){_S}+(?=[A-ZÀ-ÖØ-Þ])",
        rf"\1{NBSP}",
    ),
)
_NUMBERS = _rules(
    (("",), rf"{_S}(?<=\d{_S}){_S}*(?={_UNITS})", NBSP),
    (("€", "%", "‰"), r"[€%‰](?<=\d.)(?!\w)", rf"{NBSP}\g<0>"),
    (("h",), rf"{_S}(?<=\d{_S}h{_S}){_S}*(?=\d\d(?!\d))", NBSP),
    (("°",), rf"\b([nN]°){_S}*(?=\d)", rf"\1{NBSP}"),
)
"""Those that need a digit besides."""
_DIGIT = re.compile(r"\d")
_THOUSANDS = re.compile(rf"\d(?<![\d,.]\d)\d{{0,2}}(?:{_S}\d{{3}})+(?!\d)")


def printable(text: str) -> bool:
    """Whether Python can print all of a text, ends of line and our no-break spaces apart: then it holds no control
    character, no mark of direction, no half of a character, nothing that Unicode leaves without meaning. A pattern that
    finds these takes 10 ms to compile, and three times as long."""
    return text.replace("\n", "").replace(NBSP, "").replace(NNBSP, "").isprintable()


def typeset(text: str, lang: str = "fr") -> str:
    """Plain text with French typography; applying it again changes nothing.

    Only spaces, straight quotes in pairs, apostrophes and three dots change. Web and e-mail addresses, `code` between
    back-ticks and character references stay as they are, and so does a colon without a space (12:30, 1:25 000). A text
    node of HTML may begin with " !" or end with "l'": both are seen to.

    Other languages than French have other rules: their text stays as it is.
    """
    if text.isalpha() or text.isspace() or lang.partition("-")[0] != "fr":
        return text
    if not _may_keep(text):
        return _set(text)
    held = _KEEP.findall(text)
    words_back = iter(held)
    return re.sub(_HELD, lambda _: next(words_back), _set(_KEEP.sub(_HELD, text)))


def _may_keep(text: str) -> bool:
    """Whether `_KEEP` could find something: each of its ways needs one of these."""
    return (
        "`" in text
        or "@" in text
        or "&" in text
        or _HELD in text
        or "w." in text
        or "W." in text
        or (":" in text and ("://" in text or "to:" in text.lower()))
    )


def _set(text: str) -> str:
    """The text with every rule applied."""
    if '"' in text:
        text = "\n".join(map(_guillemets, text.split("\n")))
    text = _applied(_RULES, text)
    if not _DIGIT.search(text):
        return text
    text = _applied(_NUMBERS, text)
    return _THOUSANDS.sub(lambda found: re.sub(_S, NNBSP, found[0]), text)


def _applied(rules: tuple[_Rule, ...], text: str) -> str:
    for signs, pattern, words in rules:
        for sign in signs:
            if sign in text:
                text = pattern.sub(words, text)
                break
    return text


def _guillemets(line: str) -> str:
    """« » for straight quotes, where all of the line make pairs around words: 24" is an inch sign."""
    paired = _QUOTED.sub(f"«{NNBSP}\\1{NNBSP}»", line)
    return line if '"' in paired else paired
