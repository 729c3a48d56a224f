"""Words that a channel could not show whole, must not show, or that French typography writes otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from beffroi.content import Entry
from beffroi.schema.french import folded, say, shown
from beffroi.schema.longest import LONGEST
from beffroi.settings import Site

PANEL, PANEL_WORD, PUSH, SUMMARY, TITLE = LONGEST["panel"], 16, LONGEST["push"], 200, 80
"""Characters: what a street panel shows at once, its longest word, a notification, a summary, a title."""

SCREENS = ((16, 8), (20, 7))
"""The street panels in use: signs a line, lines."""

PANEL_WORDS = 10
"""Words that are read while passing: seven at best, ten at most."""

PAYLOAD = 2_600
"""Bytes of a notification that every road takes, our own frame of `FRAME` bytes besides the address included."""
FRAME = 260
LONGEST_SIGN = 6
"""Bytes that one character takes there at most: `\\u0001`."""

REFUSED = (
    *("promo", "promotion", "soldes", "remise", "offre spéciale", "vente privée"),
    *("votez", "candidat", "candidate", "meeting", "parti politique", "tract"),
    *("messe", "culte", "prière", "pèlerinage", "procession"),
)
"""What charters of municipal panels keep away: trade, politics, religion. `PANEL_REFUSED` replaces the list."""

PHONE = re.compile(r"(?<!\d)(?:\+33\s?|0)[1-9](?:[\s. \u00a0\u202f-]?\d\d){4}(?!\d)")
WEB = re.compile(r"https?://\S+|www\.\S+|\b[\w-]+\.(?:fr|com|org|net|eu)\b\S*", re.IGNORECASE)

Told = tuple[str, str, str]
"""The field, the level, the sentence."""


def faults(site: Site, entry: Entry) -> Iterator[Told]:
    """What is wrong with the words of each channel."""
    yield from _panel(site, entry)
    yield from _lengths(entry)
    front = entry.document.front
    written = {"title": front.title, "summary": front.summary, "panel": front.panel or "", "push": front.push or ""}
    for name, words in written.items():
        for _, sentence in typography(words):
            yield name, "warning", say("« {} » : ", name) + sentence[0].lower() + sentence[1:]
    letters = [c for c in front.title if c.isalpha()]
    if len(letters) > 12 and not any(c.islower() for c in letters):
        sentence = "« title » est tout en majuscules ; écrivez-le en minuscules, plus facile à lire et à entendre."
        yield "title", "warning", say(sentence)


def _lengths(entry: Entry) -> Iterator[Told]:
    front = entry.document.front
    push, summary = front.push or "", front.summary
    if len(push) > PUSH:
        yield "push", "error", say("« {} » fait {} caractères ; raccourcissez à {} au plus.", "push", len(push), PUSH)
    if len(summary) > SUMMARY:
        sentence = "« summary » fait {} caractères ; mieux vaut {} au plus."
        yield "summary", "warning", say(sentence, len(summary), SUMMARY)
    if len(front.title) > TITLE:
        sentence = "« title » fait {} caractères ; mieux vaut {} au plus, un téléphone coupe la suite."
        yield "title", "warning", say(sentence, len(front.title), TITLE)
    told = (front.title, push or summary)
    if front.push is False or FRAME + sum(2 + LONGEST_SIGN * len(words) for words in told) <= PAYLOAD:
        return
    if (size := FRAME + sum(len(json.dumps(words, ensure_ascii=False).encode()) for words in told)) > PAYLOAD:
        name = "push" if push else "summary"
        sentence = "La notification pèse {} octets sur {} admis ; raccourcissez « {} », la fin serait coupée."
        yield name, "warning", say(sentence, size, PAYLOAD, name)


def _panel(site: Site, entry: Entry) -> Iterator[Told]:
    """What the street panels would show: `panel`, else the title."""
    front, category = entry.document.front, entry.category
    if front.panel:
        yield from _own_panel(front.panel)
        yield from _refused(site, "panel", front.panel)
    elif front.panel is None and category and (category.kind != "discover" or front.severity):
        yield from _title_on_panel(front.title)
        yield from _refused(site, "title", front.title)


def _own_panel(words: str) -> Iterator[Told]:
    for word in words.split():
        if len(word) > PANEL_WORD:
            sentence = "« panel » contient « {} » ({} lettres) ; choisissez un mot de {} lettres au plus, qui y tienne."
            yield "panel", "error", say(sentence, word, len(word), PANEL_WORD)
    if len(words) > PANEL:
        sentence = "« {} » fait {} caractères ; raccourcissez à {} au plus."
        yield "panel", "error", say(sentence, "panel", len(words), PANEL)
    elif (count := len(re.findall(r"\w[\w'’-]*", words))) > PANEL_WORDS:
        sentence = "« panel » fait {} mots ; sept se lisent en passant, {} au plus."
        yield "panel", "warning", say(sentence, count, PANEL_WORDS)


def _title_on_panel(title: str) -> Iterator[Told]:
    """A title goes to the panels when there are no words for them."""
    for word in title.split():
        if len(word) > PANEL_WORD:
            sentence = (
                "Le mot « {} » ({} lettres) du titre ne tient pas sur un panneau ; ajoutez « panel: … » sans lui."
            )
            yield "title", "warning", say(sentence, word, len(word))
            return
    for columns, rows in SCREENS:
        if (used := len(lines(title, columns))) > rows:
            sentence = (
                "Le titre prendrait {} lignes de {} signes, un panneau en a {} ; ajoutez « panel: … », plus court."
            )
            yield "title", "warning", say(sentence, used, columns, rows)
            return


def _refused(site: Site, name: str, words: str) -> Iterator[Told]:
    where = "« panel »" if name == "panel" else "Le titre, qui va aux panneaux,"
    if ("." in words or "/" in words) and (found := WEB.search(words)):
        sentence = f"{where} contient une adresse (« {{}} ») ; personne ne la note en passant, retirez-la."
        yield name, "warning", say(sentence, shown(found[0]))
    elif ("0" in words or "+" in words) and (found := PHONE.search(words)):
        sentence = f"{where} contient un numéro de téléphone ({{}}) ; personne ne le note en passant, retirez-le."
        yield name, "warning", say(sentence, found[0])
    plain = re.sub(r"[^\w’]+", " ", words)
    told = f"-{folded(plain)}-"
    chosen = site.raw.get("PANEL_REFUSED")
    for word in REFUSED if chosen is None else chosen:
        form = folded(word)
        if form in told and (f"-{form}-" in told or f"-{form}s-" in told):
            sentence = (
                f"{where} contient « {{}} » ; un panneau municipal n’annonce ni commerce, ni politique, ni religion : "
                "vérifiez, ou écrivez « panel: no »."
            )
            yield name, "warning", say(sentence, word)
            return


def lines(words: str, columns: int) -> list[str]:
    """The lines that words make on a panel, no word cut."""
    made: list[str] = []
    for word in words.split():
        if made and len(made[-1]) + 1 + len(word) <= columns:
            made[-1] += f" {word}"
        else:
            made.append(word)
    return made


Sign = tuple[str, re.Pattern[str] | None]
"""Letters that must be there, then what must be found; any space may stand for any other ones."""

_HABITS: Sequence[tuple[Sequence[Sign], re.Pattern[str], str]] = tuple(
    (tuple((word, re.compile(sign) if sign else None) for word, sign in signs), re.compile(pattern), sentence)
    for signs, pattern, sentence in (
        (
            (("!", "![!?]"), ("?", r"\?[!?]"), ("…", "……"), ("....", "")),
            r"[!?]{2,}|…{2,}|\.{4,}",
            "Un seul signe suffit : écrivez « {first} » au lieu de « {found} ».",
        ),
        ((("tc", r"tc\s*[.…]"),), r"\b[Ee]tc ?(?:\.\.\.|…)", "Écrivez « etc. » au lieu de « {found} »."),
        (
            ((",", r",(?<=\s,)"), (".", r"\.(?<=\s\.)")),
            r"\S+ +[,.](?=\s|$)",
            "Pas d’espace avant une virgule ou un point : écrivez « {tight} ».",
        ),
        (
            ((",", r",[^\W\d]"),),
            r"[^\W\d]{2,},(?=[^\W\d])\w+",
            "Il manque une espace après la virgule : écrivez « {comma} ».",
        ),
        ((("Mr", ""),), r"\bMr\.? (?=[A-ZÉ])", "« Mr » est anglais : écrivez « M. »."),
        (
            (("ème", r"ème(?<=[\di]ème)"), ("eme", r"eme(?<=\deme)")),
            r"\b\d{1,2}(?:èmes?|ième|eme)\b",
            "Écrivez « {ordinal} » au lieu de « {found} ».",
        ),
        (
            (("h", r"h(?<=\dh)"), ("H", r"H(?<=\dH)")),
            r"\b\d{1,2}[hH]\d{2}\b",
            "Écrivez « {hour} » au lieu de « {found} ».",
        ),
        ((("€", ""),), r"€ ?\d+", "Le signe € vient après le nombre : écrivez « {euro} »."),
        (
            (("E", "E(?:tat|cole|glise|té|lu|lection|vénement)"), ("A", r"A\s+(?:partir|noter|vos|la|l’)")),
            r"\b(?:E(?=tat\b|cole|glise|té\b|lus?\b|lection|vénement)\w+|A(?= (?:partir|noter|vos|la|l’)\b))",
            "Les majuscules prennent leur accent : écrivez « {accent} » au lieu de « {found} ».",
        ),
    )
)
"""Signs without which there is none, what is looked for, the sentence. A sign begins with a letter of its own and is found
thirty times faster than a habit, which begins anywhere; nearly no text has any."""


def typography(text: str) -> Iterator[tuple[str, str]]:
    """What French typography writes otherwise and that the site does not mend by itself: what was found, the sentence.

    Spaces before `; : ! ?`, guillemets, apostrophes and three dots are mended when the site is built.
    """
    for signs, pattern, sentence in _HABITS if text else ():
        if _any(signs, text) and (match := pattern.search(text)):
            found = match[0]
            yield found, say(sentence, **_mended(found))


def typography_of(text: str) -> Iterator[tuple[str, str]]:
    """The same, of a text whose spaces and ends of line count as one space each: nearly none is to be made so."""
    if any(_any(signs, text) for signs, *_ in _HABITS):
        yield from typography(" ".join(text.split()))


def _any(signs: Sequence[Sign], text: str) -> bool:
    """Whether one of them is in the text."""
    for word, pattern in signs:  # noqa: SIM110  # a generator would cost more than the search
        if word in text and (pattern is None or pattern.search(text)):
            return True
    return False


def _mended(found: str) -> dict[str, str]:
    digits = re.findall(r"\d+", found)
    accents = {"A": "À", "E": "É"}
    return {
        "found": found.strip(),
        "first": "…" if found[0] in ".…" else found[0],
        "tight": re.sub(r" +(?=[,.])", "", found),
        "comma": found.replace(",", ", "),
        "ordinal": f"{digits[0] if digits else ''}e",
        "hour": f"{digits[0]} h {digits[1]}" if len(digits) > 1 else found,
        "euro": f"{digits[0] if digits else ''} €",
        "accent": accents.get(found[:1], found[:1]) + found[1:],
    }
