"""What one file asks of the others: links that lead somewhere, images that can be read, addresses taken once."""

from __future__ import annotations

import posixpath
import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from beffroi.check.card import Aim, Card
from beffroi.check.files import MOST, Files, beyond
from beffroi.check.film import FILMS, located
from beffroi.content import IMAGES, RASTER, RAW, made_by_the_build
from beffroi.errors import Fault
from beffroi.schema.french import THIN, nearest, say, shown
from beffroi.settings import Site

MAIL = re.compile(r"[^\s@/:]+@[\w-]+(\.[\w-]+)+")
DOMAIN = re.compile(r"(www\.)?[\w-]+(\.[\w-]+)*\.(fr|com|org|net|eu|info|gouv)(/|$)")

MILLION = 1_000_000

Level = Literal["error", "warning"]


class Found(NamedTuple):
    """A fault that another file has a part in: `name` is that one's path below `content/`, empty where unknown."""

    fault: Fault
    name: str


class World:
    """All files and the cards of those that are published."""

    def __init__(self, site: Site, files: Files, cards: Mapping[str, Card]) -> None:
        self.site, self.files, self.cards = site, files, cards
        self._stems: dict[str, dict[str, str]] | None = None

    @cached_property
    def by_name(self) -> Mapping[str, str]:
        """The names of the cards by the same in NFC."""
        return {_nfc(name): name for name in self.cards}

    @cached_property
    def by_url(self) -> Mapping[str, Card]:
        """The first card of each address."""
        found: dict[str, Card] = {}
        for card in self.cards.values():
            found.setdefault(card.url, card)
        return found

    def target(self, aim: Aim) -> Card | str | None:
        """The card that an address leads to, else the file's name, else "" for a page of the build; `None`: dead."""
        if aim.address.strip("/") and (card := self.by_url.get(f"{aim.address}/")):
            return card
        if aim.address and made_by_the_build(self.site, aim.address):
            return ""
        if aim.name.lower().endswith(".md"):
            name = self.by_name.get(_nfc(aim.name))
            return self.cards[name] if name else None
        return aim.name if aim.name and self.files.exists(aim.name) else None

    def near(self, href: str, name: str) -> str | None:
        """The existing file that `href` probably meant, as a link from the file `name`."""
        try:
            meant = unquote(urlsplit(href).path).rstrip("/").rpartition("/")[2]
        except ValueError:  # "http://[" has no path
            return None
        stem, suffix = posixpath.splitext(meant)
        known = {s: path for s, path in self.stems.get(suffix.lower() or ".md", {}).items() if path != name}
        if suffix.lower() in RASTER:
            known = {s: path for kind in sorted(RASTER) for s, path in self.stems.get(kind, {}).items()}
        guess = nearest(stem, sorted(known), 0.7)
        return posixpath.relpath(known[guess], posixpath.dirname(name) or ".") if guess else None

    @property
    def stems(self) -> Mapping[str, Mapping[str, str]]:
        """Every file, by its suffix, then by its name without it."""
        if self._stems is None:
            self._stems = {}
            for path in filter(self.files.exists, self.files.names):
                stem, suffix = posixpath.splitext(posixpath.basename(path))
                self._stems.setdefault(suffix.lower(), {}).setdefault(stem, path)
        return self._stems


def clashes(cards: Mapping[str, Card]) -> Iterator[tuple[Card, Card]]:
    """Each file whose address another one has taken, and that other one."""
    taken: dict[str, Card] = {}
    for card in cards.values():
        if card.ok and (first := taken.setdefault(card.url, card)) is not card:
            yield card, first


def faults(world: World, card: Card) -> Iterator[Found]:
    """What is wrong with the links and images of one file."""
    for aim in card.aims:
        one = Cross(world, card, aim)
        for level, sentence, name in one.image() if aim.image else one.link():
            yield Found(Fault(card.source, aim.line, sentence, level), name)


class Cross:
    """One address of one file, looked at among the others."""

    def __init__(self, world: World, card: Card, aim: Aim) -> None:
        self.world, self.card, self.aim = world, card, aim

    def link(self) -> Iterator[tuple[Level, str, str]]:
        """A link to an entry, to a file, or to a place of this very page."""
        aim = self.aim
        if aim.kind == "external":
            yield "warning", self._own_site(), ""
            return
        found = self.card if aim.kind == "anchor" else self.world.target(aim)
        if found is None or not aim.href:
            yield "error", self._dead(), aim.name
        elif isinstance(found, Card):
            yield from self._place(found)
        elif posixpath.splitext(found)[1].lower() in RAW:
            yield "error", self._refused(), aim.name
        elif posixpath.splitext(found)[1].lower() in FILMS and self._located(found):
            sentence = (
                "« {} » dit, à qui l’ouvre, où l’enregistrement a été fait ; partagez-le de nouveau sans sa position, ou "
                "retirez-la avec ffmpeg (-map_metadata -1 -c copy)."
            )
            yield "warning", say(sentence, shown(aim.href)), aim.name

    def _located(self, name: str) -> bool:
        try:
            with self.world.files.opened(name) as film:
                return located(film)
        except OSError:
            return False

    def _dead(self) -> str:
        href = self.aim.href
        if not href:
            return say("Un lien n’a pas d’adresse ; écrivez-la entre les parenthèses : [texte](adresse).")
        if MAIL.fullmatch(href):
            return say("Lien « {} » incomplet ; écrivez « mailto:{} ».", shown(href), href)
        if DOMAIN.match(href):
            return say("Lien « {} » incomplet ; écrivez « https://{} ».", shown(href), href)
        hint = _write(self.world.near(href, self.card.name), "corrigez l’adresse")
        return say("Lien mort : « {} » n’existe pas ; {}.", shown(href), hint)

    def _place(self, target: Card) -> Iterator[tuple[Level, str, str]]:
        aim = self.aim
        if target.draft and not self.card.draft:
            sentence = "Le lien « {} » mène à un brouillon ; publiez l’autre fichier, sinon le lien n’apparaîtra pas."
            yield "warning", say(sentence, shown(aim.href)), target.name
        fragment = unquote(aim.fragment)
        if fragment and target.ids is not None and not {fragment, aim.fragment} & target.ids:
            guess = nearest(fragment, sorted(target.ids))
            where = "cette page" if target is self.card else target.source
            hint = _write(guess and f"#{guess}", "vérifiez l’intertitre visé")
            yield "error", say("Lien mort : « #{} » n’est pas dans {} ; {}.", shown(fragment), where, hint), target.name

    def _own_site(self) -> str:
        parts, own = urlsplit(self.aim.href), urlsplit(self.world.site.publisher.url)
        there = self.world.by_url.get(f"/{parts.path.removeprefix(own.path).strip('/')}/")
        here = posixpath.dirname(self.card.name)
        better = posixpath.relpath(there.name, here) if there else parts.path or "/"
        sentence = "Lien « {} » vers ce site même ; écrivez « {} », qui sera contrôlé."
        return say(sentence, shown(self.aim.href), better)

    def image(self) -> Iterator[tuple[Level, str, str]]:
        """An image of the front matter or of the body."""
        aim, src = self.aim, shown(self.aim.href)
        if not aim.name or not self.world.files.exists(aim.name):
            yield "error", self._missing_image(), aim.name
        elif posixpath.splitext(aim.name)[1].lower() not in RASTER:
            yield "error", self._refused(), aim.name
        elif not self.world.files.is_image(aim.name):
            yield "error", self._unread(aim.href if aim.front else src), aim.name

    def _unread(self, href: str) -> str:
        size = beyond(self.world.files.data(self.aim.name))
        if size is None:
            return say("L’image « {} » est illisible ; enregistrez-la de nouveau en JPEG ou en PNG.", href)
        sentence = (
            "L’image « {} » est trop grande : {} × {} pixels, soit {} millions, et {} millions au plus ; réduisez-la, par "
            "exemple à {} pixels de large."
        )
        width, height, wise = (f"{number:,}".replace(",", THIN) for number in (*size, 4000))
        return say(sentence, href, width, height, size[0] * size[1] // MILLION, MOST // MILLION, wise)

    def _refused(self) -> str:
        sentence = "« {} » n’est pas une image admise ; enregistrez-la en JPEG ou en PNG."
        return say(sentence, shown(self.aim.href))

    def _missing_image(self) -> str:
        href = self.aim.href
        if not self.aim.front:
            hint = _write(self.world.near(href, self.card.name), "déposez-la dans content/images")
            return say("L’image « {} » n’existe pas ; {}.", shown(href), hint)
        guess = self.world.near(href, f"{IMAGES}/_")
        hint = _write(None if guess and guess.startswith("..") else guess, "déposez-la")
        return say("L’image « {} » n’existe pas dans content/images ; {}.", href, hint)


def _write(guess: str | None, otherwise: str) -> str:
    """The end of a sentence: the nearest thing that exists, else what else to do."""
    return say("écrivez « {} »", guess) if guess else otherwise


def _nfc(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
