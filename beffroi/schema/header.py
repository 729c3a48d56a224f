"""The lines between the two `---`: found, freed of invisible characters, composed as YAML nodes that know theirs."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import yaml
from yaml.composer import ComposerError

from beffroi.schema.french import say, shown
from beffroi.typography import printable

Report = Callable[[int, str], None]
"""Takes a line of the file, from 1, and a sentence."""

LIMIT = 20_000
FIRST = 2
"""The file's line of the header's first line."""

_FORBIDDEN = "[^\t\n\x20-\x7e\xa0-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufefe\uff00-\ufffc\U00010000-\U0010ffff]"
"""What no channel can carry: control characters, line separators, text-direction overrides, U+FEFF, U+FFFD."""


_CONFLICT = re.compile(r"^(?:<{7}|>{7})(?: |$)", re.MULTILINE)
_UNMERGED = (
    "git n’a pas su réunir deux versions du fichier ; entre les lignes « <<<<<<< » et « >>>>>>> », gardez le bon texte, "
    "et supprimez ces lignes."
)


def _usual(text: str) -> bool:
    """Whether it is plain that a text holds none of these."""
    return printable(text) and "\ufffd" not in text


def forbidden(text: str) -> list[str]:
    """The characters of a text that no channel can carry, as they come."""
    return [] if _usual(text) else re.findall(_FORBIDDEN, text)


def permitted(text: str) -> str:
    """The text, a space in the place of each of these."""
    return text if _usual(text) else re.sub(_FORBIDDEN, " ", text)


def decode(data: bytes, report: Report) -> str | None:
    """The text of a file: UTF-8, its BOM dropped, ends of line as `\\n`, NFC, forbidden characters reported and made
    spaces. `None`, after a report, where it is not UTF-8."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        report(1, say("Le fichier est en UTF-16 ; enregistrez-le en UTF-8."))
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        start = error.start + (3 if data.startswith(b"\xef\xbb\xbf") else 0)
        guess = data[start : start + 1].decode("cp1252", "replace")
        line = data.count(b"\n", 0, start) + 1
        report(line, say("Le fichier n’est pas en UTF-8 (octet 0x{:02X}, sans doute « {} ») ; enregistrez-le en UTF-8.",
                         data[start], guess))  # fmt: skip
        return None
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    if ("<<<<<<<" in text or ">>>>>>>" in text) and (mark := _CONFLICT.search(text)):
        report(text.count("\n", 0, mark.start()) + 1, say(_UNMERGED))
        return None
    if not forbidden(text):  # nearly always: no need to look at each line
        return text
    for number, line_text in enumerate(text.split("\n"), 1):
        for code in dict.fromkeys(forbidden(line_text)):
            near = shown(line_text[: line_text.index(code)][-20:]) or shown(line_text)[:20]
            report(
                number,
                say("Caractère invisible U+{:04X} après « {} » ; effacez-le et retapez le passage.", ord(code), near),
            )
    return permitted(text)


def split(text: str, report: Report) -> tuple[list[str], str, int] | None:
    """The header's lines, the body, and the body's first line in the file; `None`, after a report, without header."""
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        if not text.strip():
            report(1, say("Le fichier est vide ; écrivez une ligne « --- », les champs (title, date…), puis une autre "
                          "ligne « --- », puis le texte."))  # fmt: skip
            return None
        report(1, say("Le fichier commence par « {} » ; écrivez d’abord une ligne « --- », les champs "
                      "(title, date…), puis une autre ligne « --- ».", shown(lines[0], 40)))  # fmt: skip
        return None
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() == "---":
            if sum(map(len, lines[1:number])) > LIMIT:
                report(1, say("L’en-tête dépasse {} caractères ; le texte va après la seconde ligne « --- ».", LIMIT))
                return None
            return lines[1:number], "\n".join(lines[number + 1 :]), number + 2
    likely = next(
        (n for n, line in enumerate(lines[1:], 2) if not re.match(r"[\w-]+:|\s+\S|- |#", line)), len(lines) + 1
    )
    report(1, say("L’en-tête ouvert par « --- » n’est pas refermé ; ajoutez une ligne « --- » après le dernier champ, "
                  "sans doute à la ligne {}.", likely))  # fmt: skip
    return None


_FAST: Any = getattr(yaml, "CBaseLoader", None)
"""The loader in C: ten times as fast. PyYAML's wheels have it, other builds may not."""

_DELICATE = re.compile(
    r"(?:^|[-:,?\[{]) *[&*!|>%?@`]"  # anchors, aliases, tags, blocks: what one loader refuses, the other may read
    r"|^(?:---|\.\.\.)|- +-|#|\t|\\|^ {20}"  # other documents, many levels, comments, escapes
    r"""|[\[{](?!(?:[^\[\]{}?"'\n]|"[^"\n]*"|'[^'\n]*')*[\]}] *$)""",  # a list over several lines, or within a list
    re.MULTILINE,
)
_SIGNS = (*"{&*!|>%?@`#\t\\", "- ", "---", "...", " " * 20)
"""Where there is none of these, only a list can be delicate."""
_LISTED = re.compile(r"""\[(?!(?:[^\[\]{}?"'\n]|"[^"\n]*"|'[^'\n]*')*[\]}] *$)""", re.MULTILINE)


def _delicate(text: str) -> bool:
    """Whether `_DELICATE` finds something, which begins anywhere and takes ten times as long as a look for each sign."""
    for sign in _SIGNS:
        if sign in text:
            return _DELICATE.search(text) is not None
    return "[" in text and _LISTED.search(text) is not None


def _fast(text: str, loads: Any = _FAST) -> yaml.Node | None:
    """The nodes of an ordinary header, the same as those that `_Loader` makes but for marks within a line; `None` where
    there is anything out of the ordinary: then the slow loader says what."""
    if loads is None or _delicate(text):
        return None
    loader = loads(text)
    try:
        node: yaml.Node | None = loader.get_single_node()
    except yaml.YAMLError:
        return None
    finally:
        loader.dispose()
    return node


class _Loader(yaml.BaseLoader):
    """YAML without what silently swallows an editor's words: `&anchors`, `*aliases`, `!tags`."""

    def compose_node(self, parent: Any, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "anchor", None) or (getattr(event, "tag", None) not in {None, "!"}):
            raise ComposerError(None, None, "sign", event.start_mark)
        return super().compose_node(parent, index)


def compose(lines: list[str], report: Report) -> yaml.MappingNode | None:
    """The header as a mapping node, or `None`. Faults are mended in memory where the meaning is plain, so that those
    that follow are reported too."""
    lines, seen = list(lines), set[int]()
    while True:
        try:
            text = "\n".join(lines)
            node = _fast(text) or yaml.compose(text, Loader=_Loader)
            break
        except RecursionError:
            report(
                FIRST, say("L’en-tête contient trop de crochets ou d’accolades imbriqués ; écrivez un champ par ligne.")
            )
            return None
        except yaml.YAMLError as error:
            at = _place(error, len(lines))
            message, mended = explain(lines, at, getattr(error, "problem", None) or "")
            report(at + FIRST, message)
            if mended is None or at in seen:
                return None
            seen.add(at)
            lines[at] = mended
    if isinstance(node, yaml.MappingNode):
        return node
    if node is not None:
        report(
            FIRST, say("L’en-tête n’est pas une suite de champs ; écrivez « title: … » puis « date: … », un par ligne.")
        )
        return None
    mark = yaml.Mark("", 0, 0, 0, "", 0)
    return yaml.MappingNode("", [], mark, mark)


def _place(error: yaml.YAMLError, count: int) -> int:
    """The header's line, from 0, on which the editor went wrong."""
    context = getattr(error, "context", None) or ""
    opened = context.startswith(("while scanning a simple key", "while scanning a quoted", "while scanning a double"))
    mark = (opened and getattr(error, "context_mark", None)) or getattr(error, "problem_mark", None)
    return min(mark.line if mark else 0, count - 1)


def explain(lines: Sequence[str], at: int, problem: str) -> tuple[str, str | None]:
    """The sentence for one unreadable line, and that line mended where what was meant is plain."""
    line = lines[at]
    if "\t" in line[: len(line) - len(line.lstrip())]:
        if at and (lines[at - 1][:1] == " " or lines[at - 1].rstrip().endswith(":")):
            mended = f"  {line.lstrip()}"
            return say("La ligne commence par une tabulation ; remplacez-la par deux espaces."), mended
        return say("La ligne commence par une tabulation ; supprimez-la."), line.lstrip()
    if "\t" in line and "'\\t'" in problem:
        return say("La ligne « {} » contient une tabulation ; remplacez-la par une espace.", shown(line)), line.replace(
            "\t", " "
        )
    match = re.fullmatch(r"(\s*(?:- )?\s*[^\W\d][\w-]*):(\s*)(.*)", line)
    if match is None:
        return say(
            "La ligne « {} » n’est pas lisible ; écrivez « champ: valeur », un champ par ligne.", shown(line)
        ), None
    key, space, value = match[1], match[2], match[3].strip()
    if not space and value:
        return say("Il manque une espace après « {}: » ; écrivez « {}: {} ».", key.strip(), key.strip(), value), None
    if problem == "found unexpected end of stream" and value[:1] in {'"', "'"}:
        return say(
            "Le guillemet ouvert par « {} » n’est pas refermé ; ajoutez {} à la fin.", shown(line), value[0]
        ), None
    if value[:1] in {"[", "{"}:
        return say("La liste « {} » n’est pas lisible ; écrivez « {}: [un, deux] ».", shown(line), key.strip()), None
    if ": " not in value and not value.endswith(":") and value[:1].isalnum():
        return say("La ligne « {} » n’est pas lisible là où elle est ; vérifiez ses espaces de début, et la ligne "
                   "d’avant.", shown(line)), None  # fmt: skip
    quoted = f'{key}: "{_bare(value)}"'
    return say("La valeur doit être entre guillemets ; écrivez {}", quoted.strip()), quoted


def _bare(value: str) -> str:
    """A value ready for double quotes."""
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value.replace("\\", "\\\\").replace('"', '\\"')
