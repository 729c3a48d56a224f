"""One entry being checked: its channels' words, its image, its body, its links."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from beffroi.check.body import Lines, Page
from beffroi.check.places import Places
from beffroi.content import IMAGES, Entry, Link, Tree, image_path, resolve
from beffroi.errors import Fault
from beffroi.schema import ALERT_HOURS
from beffroi.schema.french import nearest, say, shown

PANEL, PANEL_WORD, PUSH, SUMMARY = 60, 16, 120, 200
"""Characters: what a street panel shows at once, its longest word, a notification, a summary."""

SCHEMES = frozenset({"http", "https", "mailto", "tel", "sms", "geo"})
LEFTOVER = re.compile(r"\{(?:filename|static|attach)\}|\|(?:filename|static|attach)\|")

Level = Literal["error", "warning"]


class Checked:
    """One entry being checked."""

    def __init__(self, tree: Tree, places: Places, pages: Mapping[str, Page], entry: Entry) -> None:
        self.tree, self.places, self.pages, self.entry = tree, places, pages, entry
        self.front, self.page = entry.document.front, pages[entry.id]
        self.lines = Lines(entry.document.body, entry.document.body_line)
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

    def _warn(self, line: int, template: str, *values: object) -> None:
        self._add(line, template, *values, level="warning")

    def _key(self, name: str) -> int:
        return self.entry.document.lines.get(name, 1)

    def _channels(self) -> None:
        """Words that a channel could not show whole."""
        panel, push, summary = self.front.panel or "", self.front.push or "", self.front.summary
        for word in panel.split():
            if len(word) > PANEL_WORD:
                sentence = (
                    "« panel » contient « {} » ({} lettres) ; choisissez un mot de {} lettres au plus, qui y tienne."
                )
                self._add(self._key("panel"), sentence, word, len(word), PANEL_WORD)
        for name, text, limit in (("panel", panel, PANEL), ("push", push, PUSH)):
            if len(text) > limit:
                sentence = "« {} » fait {} caractères ; raccourcissez à {} au plus."
                self._add(self._key(name), sentence, name, len(text), limit)
        if len(summary) > SUMMARY:
            sentence = "« summary » fait {} caractères ; mieux vaut {} au plus."
            self._warn(self._key("summary"), sentence, len(summary), SUMMARY)

    def _kind(self) -> None:
        """What this kind of item should have."""
        category = self.entry.category
        urgent = category is not None and (category.kind == "alert" or self.front.severity is not None)
        if urgent and not self.front.end:
            sentence = (
                "« end » manque ; cette alerte s’arrêtera {} heures après son début, ajoutez « end: … » pour choisir."
            )
            self._warn(self._key("title"), sentence, ALERT_HOURS)
        if category and category.kind == "agenda" and not self.front.event:
            sentence = "« event » manque ; ajoutez « event: » et sa date « start: », sinon rien n’ira au calendrier."
            self._warn(self._key("title"), sentence)
        for name in ("severity", "urgency", "certainty"):
            if getattr(self.front, name) and not urgent:
                sentence = "« {} » est sans effet hors d’une alerte ; ajoutez « severity: » ou supprimez cette ligne."
                self._warn(self._key(name), sentence, name)

    def _front_image(self) -> None:
        image = self.front.image
        if image is None:
            return
        line = self._key("image.src")
        path = image_path(self.tree.site, image.src)
        if _is_file(path):
            self._readable(path, line, image.src)
        else:
            guess = self.places.near(image.src, self.tree.site.content / IMAGES / "_")
            hint = _write(None if guess and guess.startswith("..") else guess, "déposez-la")
            self._add(line, "L’image « {} » n’existe pas dans content/images ; {}.", image.src, hint)
        if not image.alt:
            where = "image.alt" if "image.alt" in self.entry.document.lines else "image"
            self._add(self._key(where), "L’image n’a pas de description ; ajoutez « alt: … », ce que l’on y voit.")

    def _readable(self, path: Path, line: int, name: str) -> None:
        if not self.places.is_image(path):
            self._add(line, "L’image « {} » est illisible ; enregistrez-la de nouveau en JPEG ou en PNG.", name)

    def _body(self) -> None:
        first = self.entry.document.body_line
        if self.page.broken:
            self._add(first, "Le texte n’a pas pu être mis en page ; retirez le HTML et les listes imbriquées.")
        elif not self.entry.document.body.strip():
            self._warn(first, "Le texte est vide ; écrivez-le sous la seconde ligne « --- ».")
        if self.page.headings:
            sentence = "Intertitre de niveau 1 ; commencez à « ## », le titre de la page est déjà le niveau 1."
            self._warn(self.lines.match(r"^#\s|^[^\n]+\n=+\s*$|<h1"), sentence)
        for left in sorted(set(LEFTOVER.findall("".join(self.page.text)))):
            sentence = "« {} » resterait tel quel dans la page ; écrivez un lien : [texte](../rubrique/fichier.md)."
            self._add(self.lines.words(left), sentence, left)

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
                guess = self._near(href)
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
            sentence = "Le lien « {} » mène à un brouillon ; publiez l’autre fichier, sinon le lien n’apparaîtra pas."
            self._warn(self.lines.address(href), sentence, shown(href))
        page, fragment = self.pages[target.id], unquote(link.fragment)
        if fragment and not page.broken and not {fragment, link.fragment} & page.ids:
            guess = nearest(fragment, sorted(page.ids))
            where = "cette page" if target is self.entry else f"{target.source}"
            hint = _write(guess and f"#{guess}", "vérifiez l’intertitre visé")
            self._add(
                self.lines.address(href), "Lien mort : « #{} » n’est pas dans {} ; {}.", shown(fragment), where, hint
            )

    def _near(self, href: str) -> str | None:
        try:
            return self.places.near(href, self.entry.path)
        except ValueError:  # "http://[" has no path
            return None

    def _external(self, href: str) -> None:
        try:
            parts, own = urlsplit(href), urlsplit(self.tree.site.publisher.url)
            parts.port  # noqa: B018  # raises for what is no port
        except ValueError:
            self._add(self.lines.address(href), "Lien « {} » illisible ; écrivez « https://… ».", shown(href))
            return
        if parts.scheme and parts.scheme not in SCHEMES:
            sentence = "Lien « {} » refusé ; une adresse commence par « https: », « mailto: » ou « tel: »."
            self._add(self.lines.address(href), sentence, shown(href))
        elif parts.netloc == own.netloc:
            entry = self.tree.by_url.get(f"/{parts.path.removeprefix(own.path).strip('/')}/")
            here = self.entry.path.parent
            better = Path(os.path.relpath(entry.path, here)).as_posix() if entry else parts.path or "/"
            sentence = "Lien « {} » vers ce site même ; écrivez « {} », qui sera contrôlé."
            self._warn(self.lines.address(href), sentence, shown(href), better)

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
            self._add(line, "« {} » n’est pas une image admise ; enregistrez-la en JPEG ou en PNG.", shown(src))
        else:
            guess = self._near(src)
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
