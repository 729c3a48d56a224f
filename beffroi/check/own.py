"""What one file says that is wrong whatever the other files say."""

from __future__ import annotations

import re
from typing import Literal
from urllib.parse import urlsplit

from beffroi.check import spelling, words
from beffroi.check.body import Lines, Page
from beffroi.check.card import Aim, Card, aim
from beffroi.content import IMAGES, SCHEMES, Entry, image_path
from beffroi.schema import ALERT_HOURS
from beffroi.schema.french import say, shown
from beffroi.settings import Site

LEFTOVER = re.compile(r"\{(?:filename|static|attach)\}|\|(?:filename|static|attach)\|")

Level = Literal["error", "warning"]


class Own:
    """One entry being checked by itself."""

    def __init__(self, site: Site, name: str, entry: Entry) -> None:
        self.site, self.name, self.entry = site, name, entry
        self.front, self.page = entry.document.front, Page.of(entry.document.body)
        self.lines = Lines(entry.document.body, entry.document.body_line)
        self.found: list[tuple[int, str, str]] = [(f.line, f.message, f.level) for f in entry.document.warnings]
        self.aims: list[Aim] = []
        self.bearable: set[str] = set()

    def card(self) -> Card:
        """All that is wrong in it, and where it leads."""
        self._channels()
        self._kind()
        if self.front.status != "withdrawn":  # else nothing of it is shown: a dead link must not keep it online
            self._shown()
        errors = {message for _, message, level in self.found if level == "error"}
        ids = None if self.page.broken else frozenset(self.page.ids)
        draft = self.front.status == "draft"
        faults = tuple(dict.fromkeys(self.found))
        said = self._words() if self.site.raw.get("SPELLING") and self.front.lang.startswith("fr") else frozenset[str]()
        return Card(self.name, self.entry.source, self.entry.url_path, not errors, draft, faults, tuple(self.aims), ids, said,
                    errors <= self.bearable)  # fmt: skip

    def _shown(self) -> None:
        """What its page would show, and where that leads."""
        self._front_image()
        self._body()
        for href in self.page.links:
            self._link(href)
        for src, alt in self.page.images:
            self._image(src, alt)

    def _words(self) -> frozenset[str]:
        told = (
            self.front.title,
            self.front.summary,
            self.front.panel or "",
            self.front.push or "",
            "".join(self.page.text),
        )
        return spelling.words("\n".join(told))

    def _add(self, line: int, template: str, *values: object, level: Level = "error") -> None:
        self.found.append((line, say(template, *values), level))

    def _bear(self, line: int, template: str, *values: object) -> None:
        """A fault without which a page can be shown all the same."""
        self._add(line, template, *values)
        self.bearable.add(self.found[-1][1])

    def _warn(self, line: int, template: str, *values: object) -> None:
        self._add(line, template, *values, level="warning")

    def _key(self, name: str) -> int:
        return self.entry.document.lines.get(name, 1)

    def _channels(self) -> None:
        """Words that a channel could not show whole, or that it must not show."""
        for name, level, sentence in words.faults(self.site, self.entry):
            self.found.append((self._key(name), sentence, level))
        for found, sentence in words.typography_of("".join(self.page.text)):
            self.found.append((self.lines.words(found), sentence, "warning"))

    def _kind(self) -> None:
        """What this kind of item should have."""
        category, front = self.entry.category, self.front
        ending = re.search(r"[^.]\.([A-Za-z]{2})$", self.entry.path.stem)
        if ending and not self.entry.language:
            sentence = (
                "Le nom finit par « .{} », qui n’est pas dans LANGUAGES : ce n’est pas une traduction ; ajoutez cette "
                "langue, ou renommez le fichier."
            )
            self._warn(1, sentence, ending[1])
        urgent = category is not None and (category.kind == "alert" or front.severity is not None)
        if urgent and not front.end:
            sentence = (
                "« end » manque ; cette alerte s’arrêtera {} heures après son début, ajoutez « end: … » pour choisir."
            )
            self._warn(self._key("title"), sentence, ALERT_HOURS)
        if category and category.kind == "agenda" and not front.event:
            sentence = "« event » manque ; ajoutez « event: » et sa date « start: », sinon rien n’ira au calendrier."
            self._warn(self._key("title"), sentence)
        for name in ("severity", "urgency", "certainty"):
            if getattr(front, name) and not urgent:
                sentence = "« {} » est sans effet hors d’une alerte ; ajoutez « severity: » ou supprimez cette ligne."
                self._warn(self._key(name), sentence, name)
        if front.event and front.start and front.start >= front.event.end:
            self._warn(self._key("start"), "« start » vient après l’événement ; l’annonce ne paraîtrait qu’ensuite.")
        if front.event and front.end and front.end <= front.event.start:
            self._warn(self._key("end"), "« end » vient avant l’événement ; l’annonce disparaîtrait avant lui.")

    def _front_image(self) -> None:
        image = self.front.image
        if image is None:
            return
        name = image_path(self.site, image.src).relative_to(self.site.content).as_posix()
        self.aims.append(Aim(image.src, self._key("image.src"), "inner", "", name, "", image=True, front=True))
        if not image.alt:
            where = "image.alt" if "image.alt" in self.entry.document.lines else "image"
            self._bear(self._key(where), "L’image n’a pas de description ; ajoutez « alt: … », ce que l’on y voit.")

    def _body(self) -> None:
        first = self.entry.document.body_line
        if self.page.broken:
            self._add(first, "Le texte n’a pas pu être mis en page ; retirez le HTML et les listes imbriquées.")
        elif not self.entry.document.body.strip():
            self._warn(first, "Le texte est vide ; écrivez-le sous la seconde ligne « --- ».")
        if self.page.headings:
            sentence = "Intertitre de niveau 1 ; commencez à « ## », le titre de la page est déjà le niveau 1."
            self._warn(self.lines.match(r"^#\s|^[^\n]+\n=+\s*$|<h1"), sentence)
        for tag in self.page.dropped:
            sentence = "« <{}> » sera retiré de la page, avec ce qu’il contient ; écrivez un lien : [texte](https://…)."
            self._warn(self.lines.match(rf"(?i)<{tag}\b"), sentence, tag)
        text = "".join(self.page.text)
        for left in sorted(set(LEFTOVER.findall(text))) if "{" in text or "|" in text else ():
            sentence = "« {} » resterait tel quel dans la page ; écrivez un lien : [texte](../rubrique/fichier.md)."
            self._bear(self.lines.words(left), sentence, left)

    def _link(self, href: str) -> None:
        line = self.lines.address(href) if href else self.lines.match(r"""\]\(\s*\)|href=(""|'')""")
        found = aim(self.name, href, line)
        if found.kind == "external" and href in self.page.media:
            sentence = "« {} » vient d’un autre site et sera retiré de la page ; écrivez un lien : [texte]({})."
            self._warn(found.line, sentence, shown(href), shown(href))
        if found.kind != "external" or self._external(href, found.line):
            self.aims.append(found)

    def _external(self, href: str, line: int) -> bool:
        """Check an address of the outside; whether it is one of this very site, which other files know more of."""
        try:
            parts, own = urlsplit(href), urlsplit(self.site.publisher.url)
            parts.port  # noqa: B018  # raises for what is no port
        except ValueError:
            self._bear(line, "Lien « {} » illisible ; écrivez « https://… ».", shown(href))
            return False
        if parts.scheme and parts.scheme not in SCHEMES:
            sentence = "Lien « {} » refusé ; une adresse commence par « https: », « mailto: » ou « tel: »."
            self._bear(line, sentence, shown(href))
            return False
        return parts.netloc == own.netloc

    def _image(self, src: str, alt: str) -> None:
        found = aim(self.name, src, self.lines.address(src), image=True)
        if not alt.strip():
            sentence = "L’image n’a pas de description ; écrivez ce que l’on y voit : ![description]({})."
            self._bear(found.line, sentence, shown(src))
        if found.kind == "external":
            sentence = "L’image « {} » vient d’un autre site ; déposez-la dans {}."
            self._bear(found.line, sentence, shown(src), f"content/{IMAGES}")
        else:
            self.aims.append(found)
