"""What one build is made of: the cards of the tree at one instant, the lists that templates read, the fragments."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from beffroi.content import Tree
from beffroi.feeds import FEEDS, jsonfeed
from beffroi.git import Repository
from beffroi.memo.stamps import Files, digest
from beffroi.model import Publisher
from beffroi.moved import Moved, Went, history, moved
from beffroi.records import dataclass
from beffroi.site import archives, deleted, prepare, pwa, search
from beffroi.site import cards as listing
from beffroi.site.archives import FIRST, Archive
from beffroi.site.cards import Card, Cards, Shelf
from beffroi.site.images import Images
from beffroi.site.related import Related
from beffroi.site.shared import Shared
from beffroi.site.templates import Templates, reading
from beffroi.site.words import Languages


@dataclass
class Work:
    """One build. `render` is given by Pelican once it runs; `wanted` are the outputs that it is asked for; `apart` where
    these wait apart from where they belong."""

    tree: Tree
    at: datetime
    images: Images
    theme: Path
    wanted: frozenset[str] | None = None
    render: Callable[[str, dict[str, object]], str] | None = None
    apart: bool = True

    @cached_property
    def now(self) -> float:
        """The instant, in seconds since 1970."""
        return self.at.timestamp()

    def want(self, names: Iterable[str]) -> None:
        """Be asked for these outputs from now on."""
        self.wanted = frozenset(names)
        self.__dict__.pop("by_path", None)

    def wants(self, name: str) -> bool:
        """Whether this output is to be rendered."""
        return self.wanted is None or name in self.wanted

    @cached_property
    def alone(self) -> bool:
        """Whether no plugin but the house's own has a part in it."""
        return set(self.tree.site.raw.get("PLUGINS") or ("beffroi.site",)) == {"beffroi.site"}

    def staged(self, name: str) -> str:
        """Where an output is written first. Those of a build wait side by side, since a folder of its own for each page
        would cost as much as its bytes; under their names in a first build, which becomes the site as it stands, and
        where plugins are told of what is written."""
        if self.wanted is None or not (self.apart and self.alone) or search.owns(name):
            return name
        return f"{digest(name.encode()).hex()}{os.path.splitext(name)[1]}"

    def file(self, card: Card) -> str:
        """The output of an entry's page."""
        return f"{card.path.removeprefix(self.tree.site.base)[1:]}index.html"

    @cached_property
    def by_path(self) -> Mapping[str, Card]:
        """Cards by the absolute path of their file, as Pelican asks for them."""
        return {self.path(card): card for card in (*self.asked, *self.asked_pages)}

    @property
    def asked(self) -> list[Card]:
        """The items whose page is to be rendered, newest first; translations after them."""
        return self._asked(self._by_file)

    @property
    def asked_pages(self) -> list[Card]:
        """The lasting pages that are to be rendered, by title."""
        own = enumerate([*self.pages, *self.withdrawn_pages])
        return self._asked({self.file(card): (rank, card) for rank, card in own})

    def _asked(self, cards: Mapping[str, tuple[int, Card]]) -> list[Card]:
        found = cards.values() if self.wanted is None else filter(None, map(cards.get, self.wanted))
        return [card for _, card in sorted(found, key=lambda ranked: ranked[0])]

    @cached_property
    def _by_file(self) -> Mapping[str, tuple[int, Card]]:
        """Items by their output, and their rank: a build asks for a few of them many times."""
        abroad = (card for own in self.translated.values() for card in own)
        return {self.file(card): (n, card) for n, card in enumerate([*self.known, *abroad, *self.withdrawn_abroad])}

    def nearby(self, names: Iterable[str]) -> list[str]:
        """These outputs, items of one time together: their pages show the same other ones. All else comes last."""
        ranks, last = self._by_file, (len(self._by_file), None)
        return sorted(names, key=lambda name: (ranks.get(name, last)[0], name))

    def path(self, card: Card) -> str:
        """Where its file lies, or lay."""
        return os.path.abspath(f"{self.tree.site.root}/{card.source}")

    @cached_property
    def cards(self) -> dict[str, Card]:
        """Every visible entry, by id, and what was deleted since it was one."""
        gone = deleted.cards(self.tree, self.went, self._repository, self.at, self.images)
        return {**self.standing, **gone}

    @property
    def standing(self) -> dict[str, Card]:
        """Every visible entry, by id."""
        return self.prepared.cards

    @cached_property
    def prepared(self) -> prepare.Prepared:
        """Every visible entry, and what the former build had of those that changed."""
        _ = self.ruled  # gone before the first table is another one
        return prepare.cards(self.tree, self.at, self.images)

    @cached_property
    def ruled(self) -> tuple[bytes, tuple[str, ...]] | None:
        """What all rules of the former build had in common (`outputs.ruled`), where its tables are of that build alone: a
        build that begins takes it away, and one that comes to its end puts its own there."""
        found: tuple[bytes, tuple[str, ...]] | None = self.tree.memo.tables.pop("ruled", None)
        return found

    @cached_property
    def _repository(self) -> Repository | None:
        return Repository.of(self.tree.site.root)

    @cached_property
    def articles(self) -> list[Card]:
        """The items that stand, newest first."""
        return [card for card in self.known if not card.withdrawn]

    @cached_property
    def withdrawn(self) -> list[Card]:
        """Those in whose place an explanation stands, newest first."""
        return [card for card in self.known if card.withdrawn]

    @cached_property
    def withdrawn_abroad(self) -> list[Card]:
        """Translations in whose place an explanation stands."""
        return [card for card in self.cards.values() if card.withdrawn and card.category and card.language]

    def known_abroad(self, language: str) -> list[Card]:
        """The translations to that language that stand, and those that were withdrawn, newest first."""
        gone = [card for card in self.withdrawn_abroad if card.language == language]
        return listing.newest_first([*self.translated[language], *gone])

    @cached_property
    def known(self) -> list[Card]:
        """Those that stand and those that were withdrawn, newest first."""
        return listing.newest_first([card for card in self.cards.values() if card.category and "." not in card.id])

    @cached_property
    def translated(self) -> Mapping[str, list[Card]]:
        """The translations of each language, newest first; those that were withdrawn are not among them."""
        found: dict[str, list[Card]] = {language: [] for language in self.tree.site.languages}
        if not found:
            return found
        shown = (card for card in self.cards.values() if card.category and card.language and not card.withdrawn)
        for card in listing.newest_first(shown):
            found[card.language].append(card)
        return found

    @cached_property
    def _versions(self) -> Mapping[str, list[Card]]:
        found: dict[str, list[Card]] = {}
        lasting = sorted(self.pages, key=lambda card: card.language)
        for card in [*self.articles, *(card for own in self.translated.values() for card in own), *lasting]:
            found.setdefault(card.original, []).append(card)
        return found

    def versions(self, card: Card) -> list[Card]:
        """The other languages of the same item, the original first; none where it is alone."""
        if not self.tree.site.languages:
            return []
        return [other for other in self._versions.get(card.original, []) if other.id != card.id]

    def guide(self, language: str) -> list[tuple[str, list[tuple[Card, bool]]]]:
        """What a visitor can read: of each category of lasting things, each item in that language, else the original;
        whether it is translated."""
        kinds = self.tree.site.categories
        found = []
        for slug, own in self.by_category.items():
            if kinds[slug].kind == "discover" and own:
                rows = [next(((o, True) for o in self.versions(c) if o.language == language), (c, False)) for c in own]
                found.append((slug, sorted(rows, key=lambda row: (not row[1], row[0].title, row[0].id))))
        return found

    @cached_property
    def went(self) -> tuple[Went, ...]:
        """What was renamed or deleted, the newest first. Git's history is read as far as it was not before."""
        memo = self.tree.memo
        commit, went = memo.tables.get("went", ("", ()))
        before = commit, tuple(Went._make(row) for row in went)
        commit, known = history(self.tree.site, self._repository, before)
        memo.tables["went"] = commit, tuple(tuple(one) for one in known)
        return known

    @cached_property
    def moved(self) -> Moved:
        """What former addresses have become; what stands wins over what was deleted."""
        if not self.went and not any(card.aliases for card in self.cards.values()):
            return Moved()
        base = self.tree.site.base
        cards = [*(card for card in self.cards.values() if card.id not in self.standing), *self.standing.values()]
        present = {card.source: card.path.removeprefix(base) for card in cards}
        aliases = {old: present[card.source] for card in cards for old in card.aliases}
        return moved(self.went, present, aliases)

    @cached_property
    def pages(self) -> list[Card]:
        """The lasting pages, by title."""
        own = (card for card in self.cards.values() if not (card.category or card.withdrawn))
        return sorted(own, key=lambda card: (card.title, card.id))

    @cached_property
    def withdrawn_pages(self) -> list[Card]:
        """Lasting pages in whose place an explanation stands."""
        return [card for card in self.cards.values() if card.withdrawn and not card.category]

    @cached_property
    def shelf(self) -> Shelf:
        """Where items and texts are fetched."""
        return Shelf(self.tree.memo, self.tree.site.origin)

    @cached_property
    def by_category(self) -> Mapping[str, list[Card]]:
        """The cards of each category, newest first."""
        return listing.by_category(self.articles, self.tree.site.categories)

    @cached_property
    def archives(self) -> Mapping[str, list[list[Card]]]:
        """The pages of each category's archive, the oldest first; each page newest first."""
        return {slug: archives.split(own) for slug, own in self.by_category.items()}

    @cached_property
    def related(self) -> Related:
        """What each page recommends."""
        before = self.tree.memo.tables.get("related", {}) if self.ruled else {}
        related = Related(self.articles, before, self.prepared.former)
        self.tree.memo.tables["related"] = related.table
        return related

    @cached_property
    def touched(self) -> set[str]:
        """Ids of the articles whose page may show something else than in the former build, as far as items are
        concerned: what changed or went, other languages of it, and all that recommend it or now recommend others."""
        changed = self.prepared.former.keys()
        own = {each.partition(".")[0] for each in changed}
        near = {i for i, ids in self.related.table.items() if not changed.isdisjoint(ids)}
        return {*own, *changed, *near, *self.related.reached}

    @cached_property
    def json_pages(self) -> Mapping[str, list[Card]]:
        """Which items stand in which file of the JSON Feed: the withdrawn ones too, so that every reader learns of it."""
        return jsonfeed.split([card for card in self.known if card.since <= self.now], self.now)

    @cached_property
    def static(self) -> dict[str, bytes]:
        """The theme's static files: path below `static/` → digest."""
        files = Files.below(str(self.theme / "static"))
        known, kept = self.tree.memo.tables.get("static", {}), {}
        for name in files.stamps:
            stamp, total = known.get(name, (None, b""))
            if stamp is None or stamp != files.stamps[name]:
                total = digest((self.theme / "static" / name).read_bytes())
            kept[name] = files.lasting(name), total
        self.tree.memo.tables["static"] = kept
        return {name: total for name, (_, total) in kept.items()}

    @cached_property
    def assets(self) -> pwa.Assets:
        """The addresses of the theme's static files."""
        return pwa.Assets(self.theme / "static", self.tree.site.base)

    @cached_property
    def languages(self) -> Languages:
        """What pages say in other languages."""
        return Languages(self.tree.site, self.theme / "languages")

    @cached_property
    def publisher(self) -> Publisher:
        """The commune, with the addresses of its feeds."""
        return replace(self.tree.site.publisher, feeds=pwa.feed_names(self.tree.site, list(FEEDS)))

    @cached_property
    def templates(self) -> Templates:
        """The templates of the theme."""
        overrides = self.tree.site.raw.get("THEME_TEMPLATES_OVERRIDES") or ()
        folders = [*(str(self.tree.site.root / str(folder)) for folder in overrides), str(self.theme / "templates")]
        return Templates(folders, self.tree.memo, partial(reading, self.tree.site.raw))

    @cached_property
    def shared(self) -> Shared:
        """The fragments."""
        shared = Shared(self.templates, self.value, self._render, self.tree.memo.tables.get("shared", {}))
        self.tree.memo.tables["shared"] = shared.table
        return shared

    def _render(self, name: str, arguments: dict[str, object]) -> str:
        if self.render is None:
            raise RuntimeError("no templates")
        return self.render(name, arguments)

    def pages_in(self, language: str) -> list[Card]:
        """The lasting pages of a language, by title; empty for the originals."""
        return [card for card in self.pages if card.language == language]

    @cached_property
    def footer(self) -> list[Card]:
        """The pages of FOOTER that exist, in its order."""
        by_slug = {card.id.partition("/")[2]: card for card in self.pages}
        return [by_slug[slug] for slug in self.tree.site.raw.get("FOOTER") or () if slug in by_slug]

    @cached_property
    def _lists(self) -> dict[str, Sequence[Card]]:
        kinds = {slug: category.kind for slug, category in self.tree.site.categories.items()}
        return {
            "items": self.articles,
            "alerts": listing.running_alerts(self.articles, self.now),
            "news": [card for card in self.articles if kinds[card.category] == "news" and card.runs(self.now)],
            "upcoming": listing.upcoming(self.articles, self.now),
            "footer_pages": self.footer,
            "all_pages": self.pages_in(""),
        }

    @cached_property
    def running(self) -> frozenset[str]:
        """Ids of the alerts that run."""
        return frozenset(card.id for card in self._lists["alerts"])

    def runs(self, card: Card) -> bool:
        """Whether it is an alert that runs, or the translation of one."""
        return card.id in self.running or (bool(card.language) and card.alert and card.runs(self.now))

    @cached_property
    def context(self) -> dict[str, Any]:
        """What every template has besides Pelican's own names."""
        site = self.tree.site
        slugs = {card.id.partition("/")[2] for card in self.pages}
        return {
            "site": site,
            "publisher": site.publisher,
            **{name: Cards(self.shelf, cards) for name, cards in self._lists.items()},
            "by_category": {slug: Cards(self.shelf, self.shown(slug)) for slug in site.categories},
            "archives": {slug: self.archive_pages(slug) for slug in site.categories},
            "has_page": slugs.__contains__,
            "feeds": self.publisher.feeds,
        }

    def value(self, name: str) -> bytes:
        """What stands for the value of a name: while it is the same, so is all that templates read of it."""
        if name not in self._values:
            self._values[name] = self._value(name)
        return self._values[name]

    @cached_property
    def _values(self) -> dict[str, bytes]:
        return {}

    def _value(self, name: str) -> bytes:
        if name in self._lists:
            return digest(b"".join(card.sum for card in self._lists[name]))
        if name == "by_category":
            return self.value("items") + self.value("alerts") + self.value("upcoming")
        if name == "archives":
            return digest(
                b"".join(one.sum for own in self.archives.values() for page in own for one in (page[0], page[-1]))
            )
        if name == "speak":
            return self.languages.sum
        if name == "has_page":
            return digest("\n".join(card.id for card in self.pages).encode())
        if name in {"asset", "theme"}:
            return digest(b"\0".join(name.encode() + total for name, total in sorted(self.static.items())))
        return b""

    def shown(self, slug: str) -> list[Card]:
        """What the page of a category shows, in its order: all that runs or is to come, then its newest."""
        return listing.shown_first(self.by_category[slug], self.now, FIRST)

    def archive_pages(self, slug: str) -> list[Archive]:
        """The pages of a category's archive, the newest first."""
        return archives.listed(self.shelf, self.tree.site.base, slug, self.archives[slug])
