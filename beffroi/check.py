"""Everything wrong with all content, at once: what the schema refused, dead links, images, words too long.

`check` never raises for bad content, whatever the bytes. A link is what Markdown makes a link, so that the same
characters in a block of code are none.
"""

from __future__ import annotations

import os
import re
import warnings
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from PIL import Image as Pillow

from beffroi.content import IMAGES, RASTER, Entry, Link, Tree, image_path, resolve
from beffroi.convert import convert
from beffroi.errors import Fault
from beffroi.schema import ALERT_HOURS
from beffroi.schema.french import folded, nearest, say, shown

PANEL, PANEL_WORD, PUSH, SUMMARY = 60, 16, 120, 200
"""Characters: what a street panel shows at once, its longest word, a notification, a summary."""

SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "geo"})
LEFTOVER = re.compile(r"\{(?:filename|static|attach)\}|\|(?:filename|static|attach)\|")
OTHER_TEXT = frozenset(
    {".markdown", ".mdown", ".mkd", ".txt", ".rst", ".html", ".htm", ".docx", ".doc", ".odt", ".rtf"}
)
"""What an editor may take for a content file, and that is not published."""

_CODE = re.compile(
    r"^ {0,3}(```+|~~~+)[^\n]*\n.*?(?:^ {0,3}\1|\Z)|(?<!`)(`+)(?!`)[^`].*?(?<!`)\2(?!`)", re.MULTILINE | re.DOTALL
)

Level = Literal["error", "warning"]


def check(tree: Tree) -> list[Fault]:
    """All faults and warnings of all files, sorted by file, line and sentence."""
    pages = {entry.id: Page.of(entry) for entry in tree.entries.values()}
    found = [*tree.faults, *_strays(tree)]
    places = _Places(tree)
    for entry in tree.entries.values():
        found += entry.document.warnings
        found += _Checked(tree, places, pages, entry).faults()
    return sorted(set(found))


def report(faults: Sequence[Fault], files: int) -> str:
    """One line a fault, then how many there are in how many files."""
    levels = Counter(fault.level for fault in faults)
    counts = _count(levels["error"], "faute") if levels["error"] else "Aucune faute"
    if levels["warning"]:
        counts += f", {_count(levels['warning'], 'avertissement')}"
    lines = [*map(str, faults), f"{counts} dans {_count(files, 'fichier')}."]
    return "\n".join(lines).encode("utf-8", "replace").decode()  # a file name may be no Unicode


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number > 1 else ''}"


class Page(HTMLParser):
    """What Markdown made of one body: its links, images, anchors and headings. `broken` where it made nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.images: list[tuple[str, str]] = []
        self.ids: set[str] = set()
        self.headings = 0
        self.text: list[str] = []
        self.broken = False
        self._verbatim = 0

    @classmethod
    def of(cls, entry: Entry) -> Page:
        """The page of one entry."""
        page = cls()
        body = entry.document.body
        try:
            page.feed(convert(body))
            page.close()
        except Exception:  # noqa: BLE001  # Markdown and its extensions fail in many ways on odd bytes; one fault tells all
            page.broken = True
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what the tag says."""
        values = {name: value or "" for name, value in attrs}
        self._verbatim += tag in {"code", "pre"}
        self.headings += tag == "h1"
        self.ids |= {values[name] for name in ("id", "name") if name in values}
        if tag == "img":
            self.images.append((values.get("src", ""), values.get("alt", "")))
        else:
            self.links += [values[name] for name in ("href", "src") if name in values]

    def handle_endtag(self, tag: str) -> None:
        """Note the end of code."""
        self._verbatim -= tag in {"code", "pre"} and self._verbatim > 0

    def handle_data(self, data: str) -> None:
        """Keep the text that is not code."""
        if not self._verbatim:
            self.text.append(data)


@dataclass
class _Places:
    """What a dead link may have meant, and which images can be read: looked up once for all entries."""

    tree: Tree
    readable: dict[Path, bool] = field(default_factory=dict)

    @cached_property
    def files(self) -> Mapping[str, list[Path]]:
        """Every file below `content/` by its name, folded."""
        found: dict[str, list[Path]] = {}
        for path in _walk(self.tree.site.content):
            found.setdefault(folded(path.name), []).append(path)
        return found

    def near(self, href: str, folder: Path) -> str | None:
        """The existing file that `href` probably meant, as a link from `folder`."""
        name = unquote(urlsplit(href).path).rstrip("/").rpartition("/")[2]
        stem, suffix = os.path.splitext(name)
        known = [n for n in self.files if n.endswith(suffix.lower() or ".md")] or list(self.files)
        wanted = name if suffix else f"{stem}.md"
        guess = folded(wanted) if folded(wanted) in self.files else nearest(wanted, known)
        return Path(os.path.relpath(self.files[guess][0], folder)).as_posix() if guess and stem else None

    def is_image(self, path: Path) -> bool:
        """Whether Pillow can read it to its last pixel."""
        if path not in self.readable:
            self.readable[path] = _decodes(path)
        return self.readable[path]


def _walk(folder: Path) -> Iterator[Path]:
    for place, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not n.startswith("."))
        yield from (Path(place, name) for name in sorted(files) if not name.startswith("."))


def _decodes(path: Path) -> bool:
    try:
        with warnings.catch_warnings(), Pillow.open(path, formats=("JPEG", "PNG", "WEBP", "AVIF")) as image:
            warnings.simplefilter("ignore")
            image.draft("RGB", (64, 64))  # a JPEG is read whole but decoded small: ten times faster
            image.load()
    except Exception:  # noqa: BLE001  # Pillow's decoders raise OSError, SyntaxError, struct.error and more
        return False
    return True


def _strays(tree: Tree) -> Iterator[Fault]:
    """Files that look like content and will not be published."""
    for path in _walk(tree.site.content):
        if path.suffix.lower() in OTHER_TEXT and path.relative_to(tree.site.content).parts[0] in tree.site.categories:
            message = say("Le fichier n’est pas publié ; seuls ceux dont le nom finit par « .md » le sont.")
            yield Fault(_source(tree, path), 1, message, "warning")


def _source(tree: Tree, path: Path) -> str:
    root = tree.site.root
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


class _Lines:
    """Where in the file something of the body stands: the k-th search for the same thing finds the k-th place."""

    def __init__(self, body: str, first: int) -> None:
        self._body = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), body)
        self._first = first
        self._seen: Counter[str] = Counter()

    def address(self, href: str) -> int:
        """The line of a link's or an image's address."""
        for form in dict.fromkeys((href, escape(href), unquote(href))):
            if form and (
                places := list(re.finditer(rf"(?<![^\s(<\"'\]=:]){re.escape(form)}(?=[\s)>\"']|$)", self._body))
            ):
                self._seen[href] += 1
                return self._line(places[min(self._seen[href], len(places)) - 1].start())
        return self.words(href)

    def words(self, text: str) -> int:
        """The line of the first such words, else the body's first."""
        return self._line(max(self._body.find(text), 0))

    def match(self, pattern: str) -> int:
        """The line of the first match, else the body's first."""
        found = re.search(pattern, self._body, re.MULTILINE)
        return self._line(found.start() if found else 0)

    def _line(self, at: int) -> int:
        return self._first + self._body.count("\n", 0, at)


class _Checked:
    """One entry being checked."""

    def __init__(self, tree: Tree, places: _Places, pages: Mapping[str, Page], entry: Entry) -> None:
        self.tree, self.places, self.pages, self.entry = tree, places, pages, entry
        self.front, self.page = entry.document.front, pages[entry.id]
        self.lines = _Lines(entry.document.body, entry.document.body_line)
        self.found: list[Fault] = []

    def faults(self) -> list[Fault]:
        """All that is wrong in it."""
        self._channels()
        self._kind()
        self._front_image()
        self._body()
        for href in self.page.links:
            self._link(href)
        for src, alt in self.page.images:
            self._image(src, alt)
        return self.found

    def _add(self, line: int, template: str, *values: object, level: Level = "error") -> None:
        self.found.append(Fault(self.entry.source, line, say(template, *values), level))

    def _key(self, name: str) -> int:
        return self.entry.document.lines.get(name, 1)

    def _channels(self) -> None:
        """Words that a channel could not show whole."""
        panel, push, summary = self.front.panel or "", self.front.push or "", self.front.summary
        for word in panel.split():
            if len(word) > PANEL_WORD:
                self._add(self._key("panel"), "« panel » contient « {} » ({} lettres) ; un panneau coupe au-delà de {}, "
                          "choisissez un mot plus court.", word, len(word), PANEL_WORD)  # fmt: skip
        for name, text, limit in (("panel", panel, PANEL), ("push", push, PUSH)):
            if len(text) > limit:
                self._add(
                    self._key(name), "« {} » fait {} caractères ; raccourcissez à {} au plus.", name, len(text), limit
                )
        if len(summary) > SUMMARY:
            self._add(self._key("summary"), "« summary » fait {} caractères ; mieux vaut {} au plus.", len(summary), SUMMARY,
                      level="warning")  # fmt: skip

    def _kind(self) -> None:
        """What this kind of item should have."""
        kind = self.entry.category.kind if self.entry.category else None
        urgent = kind == "alert" or self.front.severity is not None
        if urgent and self.entry.category and not self.front.end:
            self._add(self._key("title"), "« end » manque ; cette alerte s’arrêtera {} heures après son début, ajoutez "
                      "« end: … » pour choisir.", ALERT_HOURS, level="warning")  # fmt: skip
        if kind == "agenda" and not self.front.event:
            self._add(self._key("title"), "« event » manque ; ajoutez « event: » et sa date « start: », sinon ce "
                      "rendez-vous n’est pas au calendrier.", level="warning")  # fmt: skip
        for name in ("urgency", "certainty"):
            if getattr(self.front, name) and not urgent:
                self._add(self._key(name), "« {} » est sans effet hors d’une alerte ; ajoutez « severity: » ou supprimez "
                          "cette ligne.", name, level="warning")  # fmt: skip

    def _front_image(self) -> None:
        image = self.front.image
        if image is None:
            return
        line = self._key("image.src")
        path = image_path(self.tree.site, image.src)
        if not _is_file(path):
            guess = self.places.near(image.src, self.tree.site.content / IMAGES)
            self._add(
                line, "L’image « {} » n’existe pas dans content/images ; {}.", image.src, _write(guess, "déposez-la")
            )
        else:
            self._readable(path, line, image.src)
        if not image.alt:
            self._add(self._key("image.alt" if "image.alt" in self.entry.document.lines else "image"),
                      "L’image n’a pas de description ; ajoutez « alt: … », ce que l’on y voit.")  # fmt: skip

    def _readable(self, path: Path, line: int, name: str) -> None:
        if not self.places.is_image(path):
            self._add(line, "L’image « {} » est illisible ; enregistrez-la de nouveau en JPEG ou en PNG.", name)

    def _body(self) -> None:
        first = self.entry.document.body_line
        if self.page.broken:
            self._add(first, "Le texte n’a pas pu être mis en page ; retirez-en le HTML et les signes inhabituels.")
        elif not self.entry.document.body.strip():
            self._add(first, "Le texte est vide ; écrivez-le sous la seconde ligne « --- ».", level="warning")
        if self.page.headings:
            self._add(self.lines.match(r"^#\s|^[^\n]+\n=+\s*$|<h1"), "Intertitre de niveau 1 ; commencez à « ## », le titre "
                      "de la page est déjà le niveau 1.", level="warning")  # fmt: skip
        for left in sorted(set(LEFTOVER.findall("".join(self.page.text)))):
            self._add(self.lines.words(left), "« {} » resterait tel quel dans la page ; écrivez un lien : "
                      "[texte](../rubrique/fichier.md).", left)  # fmt: skip

    def _resolved(self, href: str) -> Link:
        try:
            return resolve(self.tree, self.entry, href)
        except (OSError, ValueError):  # no address at all, or a path that no file system takes
            return Link("missing", href)

    def _link(self, href: str) -> None:
        link = self._resolved(href)
        if link.kind == "external":
            self._external(href)
        elif link.kind == "missing" or not href:
            line = self.lines.address(href)
            if re.match(r"(www\.)?[\w-]+(\.[\w-]+)*\.(fr|com|org|net|eu|info|gouv)(/|$)", href):
                self._add(line, "Lien « {} » incomplet ; écrivez « https://{} ».", shown(href), href)
            else:
                guess = self.places.near(href, self.entry.path.parent) if href else None
                self._add(
                    line, "Lien mort : « {} » n’existe pas ; {}.", shown(href), _write(guess, "corrigez l’adresse")
                )
        else:
            self._inner(href, link)

    def _inner(self, href: str, link: Link) -> None:
        """A link to an entry, to a file, or to a place of this very page."""
        target = self.entry if link.kind == "anchor" else link.entry
        if target is None:
            return
        if target.document.front.status == "draft" and self.front.status != "draft":
            self._add(self.lines.address(href), "Le lien « {} » mène à un brouillon ; il n’apparaîtra pas tant que l’autre "
                      "n’est pas publié.", shown(href), level="warning")  # fmt: skip
        page, fragment = self.pages[target.id], unquote(link.fragment)
        if fragment and not page.broken and not {fragment, link.fragment} & page.ids:
            guess = nearest(fragment, sorted(page.ids))
            where = "cette page" if target is self.entry else f"{target.source}"
            hint = _write(guess and f"#{guess}", "vérifiez l’intertitre visé")
            self._add(
                self.lines.address(href), "Lien mort : « #{} » n’est pas dans {} ; {}.", shown(fragment), where, hint
            )

    def _external(self, href: str) -> None:
        try:
            parts, own = urlsplit(href), urlsplit(self.tree.site.publisher.url)
            parts.port  # noqa: B018  # raises for what is no port
        except ValueError:
            self._add(self.lines.address(href), "Lien « {} » illisible ; écrivez « https://… ».", shown(href))
            return
        if parts.scheme and parts.scheme not in SCHEMES:
            self._add(self.lines.address(href), "Lien « {} » refusé ; une adresse commence par https:, mailto: ou tel:.",
                      shown(href))  # fmt: skip
        elif parts.netloc == own.netloc:
            entry = self.tree.by_url.get(f"/{parts.path.removeprefix(own.path).strip('/')}/")
            better = (
                Path(os.path.relpath(entry.path, self.entry.path.parent)).as_posix() if entry else parts.path or "/"
            )
            self._add(self.lines.address(href), "Lien « {} » vers ce site même ; écrivez « {} », contrôlé à chaque "
                      "publication.", shown(href), better, level="warning")  # fmt: skip

    def _image(self, src: str, alt: str) -> None:
        link, line = self._resolved(src), self.lines.address(src)
        if not alt.strip():
            self._add(
                line, "L’image n’a pas de description ; écrivez ce que l’on y voit : ![description]({}).", shown(src)
            )
        if link.kind == "external":
            self._add(line, "L’image « {} » vient d’un autre site ; déposez-la dans content/images.", shown(src))
        elif link.kind == "image" and link.path:
            self._readable(link.path, line, src)
        elif link.kind == "file":
            kinds = ", ".join(sorted(RASTER))
            self._add(
                line,
                "« {} » n’est pas une image admise ; enregistrez-la dans l’un de ces formats : {}.",
                shown(src),
                kinds,
            )
        else:
            guess = self.places.near(src, self.entry.path.parent) if src else None
            self._add(
                line, "L’image « {} » n’existe pas ; {}.", shown(src), _write(guess, "déposez-la dans content/images")
            )


def _write(guess: str | None, otherwise: str) -> str:
    """The end of a sentence: the nearest thing that exists, else what else to do."""
    return say("écrivez « {} »", guess) if guess else otherwise


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
