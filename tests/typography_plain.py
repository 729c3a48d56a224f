"""The rules of typography said simply, each looked for in every text: what `beffroi.typography` must not differ from."""

from __future__ import annotations

import re

NBSP = "\u00a0"
NNBSP = "\u202f"
_HELD = "\ufffe"
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
_MONTHS = r"(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre)(?![\w'’])"
_QUOTED = re.compile(rf'(?<![\w"])"{_S}*([^"\n]*[^"\s]){_S}*"(?![\w"])')
_RULES = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"(?<!\.)\.{3}(?!\.)", "…"),
        (rf"(?<={_LETTER})'(?=[\w«])", "’"),
        (r"(?<=\b[ldjmntscLDJMNTSC])'\Z|(?<=[qQ]u)'\Z", "’"),
        (rf"«(?:{_S}+|(?=\S))", f"«{NNBSP}"),
        (rf"(?<=\S){_S}*»|\A{_S}+»", f"{NNBSP}»"),
        (rf"(?<!\s){_S}+(?=[;!?])", NNBSP),
        (r"(?<=[^\W_]|»)(?=[;!?][!?]*(?:[\s»)\],.…]|$))", NNBSP),
        (rf"(?<!\s){_S}+:(?=\s|$)", f"{NBSP}:"),
        (rf"(?<=[0-9]){_S}+(?={_UNITS}|{_MONTHS})", NBSP),
        (rf"\b1er{_S}+(?={_MONTHS})", f"1er{NBSP}"),
        (r"(?<=[0-9])(?=[€%‰](?!\w))", NBSP),
        (rf"(?<=[0-9]{_S}h){_S}+(?=[0-9][0-9](?![0-9]))", NBSP),
        (rf"\b([nN]°){_S}*(?=[0-9])", rf"\1{NBSP}"),
        (rf"\b(M\.|MM\.|Mme|Mmes|Mlle|Mlles|Dr|Pr|Mgr|Me){_S}+(?=[A-ZÀ-ÖØ-Þ])", rf"\1{NBSP}"),
    )
)
_THOUSANDS = re.compile(rf"(?<![0-9,.])[0-9]{{1,3}}(?:{_S}[0-9]{{3}})+(?![0-9])")


def typeset(text: str, lang: str = "fr") -> str:
    """Plain text with French typography; applying it again changes nothing.

    Only spaces, straight quotes in pairs, apostrophes and three dots change. Web and e-mail addresses, `code` between
    back-ticks and character references stay as they are, and so does a colon without a space (12:30, 1:25 000). A text
    node of HTML may begin with " !" or end with "l'": both are seen to.

    Other languages than French have other rules: their text stays as it is.
    """
    if lang.partition("-")[0] != "fr":
        return text
    held = _KEEP.findall(text)
    text = _KEEP.sub(_HELD, text)
    text = "\n".join(map(_guillemets, text.split("\n")))
    for pattern, words in _RULES:
        text = pattern.sub(words, text)
    text = _THOUSANDS.sub(lambda found: re.sub(_S, NNBSP, found[0]), text)
    words_back = iter(held)
    return re.sub(_HELD, lambda _: next(words_back), text)


def _guillemets(line: str) -> str:
    """« » for straight quotes, where all of the line make pairs around words: 24" is an inch sign."""
    paired = _QUOTED.sub(f"«{NNBSP}\\1{NNBSP}»", line)
    return line if '"' in paired else paired
