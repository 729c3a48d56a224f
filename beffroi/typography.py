"""French typography of plain text, by the Lexique de l’Imprimerie nationale.

No-break spaces: narrow (U+202F) before `; ! ?`, inside « » and in thousands, full (U+00A0) before `:`, before units and
inside dates and times. Digits are 0 to 9: other scripts have theirs, and rules of their own.

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
LONG = 200
_ASCII = bytes(range(0x20, 0x7F)) + b"\n"

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
_MONTHS = r"(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)(?![\w'’])"
_QUOTED = re.compile(rf'(?<![\w"])"{_S}*([^"\n]*[^"\s]){_S}*"(?![\w"])')

_DOTS = re.compile(r"(?<!\.)\.{3}(?!\.)")
_APOSTROPHE = re.compile(rf"'(?:(?<={_LETTER}')(?=[\w«])|\Z(?:(?<=\b[ldjmntscLDJMNTSC]')|(?<=[qQ]u')))")
_OPENING = re.compile(rf"«(?:{_S}+|(?=\S))")
_CLOSING = re.compile(rf"(?<=\S){_S}*»|\A{_S}+»")
_SPACED = re.compile(rf"{_S}(?<!\s{_S}){_S}*(?=[;!?])")
_TIGHT = re.compile(r"[;!?](?<=[^\W_].|».)(?=[!?]*(?:[\s»)\],.…]|$))")
_COLON = re.compile(rf"{_S}(?<!\s{_S}){_S}*:(?=\s|$)")
_TITLE = re.compile(rf"\b(M\.|MM\.|Mme|Mmes|Mlle|Mlles|Dr|Pr|Mgr|Me){_S}+(?=[A-ZÀ-ÖØ-Þ])")

_MEASURE = re.compile(rf"{_S}(?<=[0-9]{_S}){_S}*(?={_UNITS}|{_MONTHS})")
_FIRST = re.compile(rf"\b1er{_S}+(?={_MONTHS})")
_PERCENT = re.compile(r"[€%‰](?<=[0-9].)(?!\w)")
_HOUR = re.compile(rf"{_S}(?<=[0-9]{_S}h{_S}){_S}*(?=[0-9][0-9](?![0-9]))")
_RANK = re.compile(rf"\b([nN]°){_S}*(?=[0-9])")
_THOUSANDS = re.compile(rf"[0-9](?<![0-9,.][0-9])[0-9]{{0,2}}(?:{_S}[0-9]{{3}})+(?![0-9])")


def printable(text: str) -> bool:
    """Whether Python can print all of a text, ends of line and our no-break spaces apart: then it holds no control
    character, no mark of direction, no half of a character, nothing that Unicode leaves without meaning. A pattern that
    finds these takes 10 ms to compile, and three times as long; of a long text, what is plain ASCII is taken out first,
    as bytes."""
    if len(text) < LONG:
        return text.isprintable() or text.replace("\n", "").replace(NBSP, "").replace(NNBSP, "").isprintable()
    rest = text.encode("utf-8", "surrogatepass").translate(None, _ASCII).decode("utf-8", "surrogatepass")
    return rest.replace(NBSP, "").replace(NNBSP, "").isprintable()


def typeset(text: str, lang: str = "fr") -> str:
    """Plain text with French typography; applying it again changes nothing.

    Only spaces, straight quotes in pairs, apostrophes and three dots change. Web and e-mail addresses, `code` between
    back-ticks and character references stay as they are, and so does a colon without a space (12:30, 1:25 000). A text
    node of HTML may begin with " !" or end with "l'": both are seen to.

    Other languages than French have other rules: their text stays as it is.
    """
    if text.isalpha() or text.isspace() or (lang != "fr" and lang.partition("-")[0] != "fr"):
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
    if "..." in text:
        text = _DOTS.sub("…", text)
    if "'" in text:
        text = _APOSTROPHE.sub("’", text)
    if "«" in text:
        text = _OPENING.sub(f"«{NNBSP}", text)
    if "»" in text:
        text = _CLOSING.sub(f"{NNBSP}»", text)
    if ";" in text or "!" in text or "?" in text:
        text = _TIGHT.sub(rf"{NNBSP}\g<0>", _SPACED.sub(NNBSP, text))
    if ":" in text:
        text = _COLON.sub(f"{NBSP}:", text)
    if "M" in text or "Dr" in text or "Pr" in text:
        text = _TITLE.sub(rf"\1{NBSP}", text)
    return _counted(text) if _has_digit(text) else text


def _has_digit(text: str) -> bool:
    """Whether an ASCII digit is in it: ten looks, each of which takes a hundredth of a search for any of them."""
    early = "0" in text or "1" in text or "2" in text or "3" in text or "4" in text
    return early or "5" in text or "6" in text or "7" in text or "8" in text or "9" in text


def _counted(text: str) -> str:
    """A text that holds a digit, with the rules of numbers applied."""
    text = _MEASURE.sub(NBSP, text)
    if "€" in text or "%" in text or "‰" in text:
        text = _PERCENT.sub(rf"{NBSP}\g<0>", text)
    if "1er" in text:
        text = _FIRST.sub(f"1er{NBSP}", text)
    if "h" in text:
        text = _HOUR.sub(NBSP, text)
    if "°" in text:
        text = _RANK.sub(rf"\1{NBSP}", text)
    return _THOUSANDS.sub(lambda found: re.sub(_S, NNBSP, found[0]), text)


def _guillemets(line: str) -> str:
    """« » for straight quotes, where all of the line make pairs around words: 24" is an inch sign."""
    paired = _QUOTED.sub(f"«{NNBSP}\\1{NNBSP}»", line)
    return line if '"' in paired else paired
