"""Every file of the site: what it depends on, and how those that are no template's are made.

Two builds whose rule for a file has the same `sum` write the same bytes there.
"""

from __future__ import annotations

import marshal
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote

from beffroi.feeds import FEEDS, jsonfeed, selection, sitemap
from beffroi.memo.stamps import digest
from beffroi.model import Item
from beffroi.moved import map_lines
from beffroi.settings import RESERVED
from beffroi.site import prepare, pwa
from beffroi.site.archives import archive_address
from beffroi.site.cards import Card, Cards
from beffroi.site.defaults import DIRECT, direct_path
from beffroi.site.words import Words
from beffroi.site.work import Work

OFFLINE = "hors-ligne/index.html"
WORKER = "service-worker.js"
MOVED, GONE = ".beffroi/moved.map", ".beffroi/gone.map"
"""For the web server, which serves no hidden file: former address → present one, address → page of explanation."""


Known = tuple[bytes, bytes, bytes, tuple[str, ...]]
"""What the memo keeps of an output: what stands for the parts of its rule, the places of its fragments, the digest of its
bytes, the keys of its fragments (one tuple for all outputs that have the same)."""


class Rule(NamedTuple):
    """How one file is made. `kind` and `args` say by what; `sum` stands for all that its bytes depend on."""

    kind: str
    args: tuple[Any, ...]
    sum: bytes

    @classmethod
    def of(cls, kind: str, args: tuple[Any, ...], *parts: Any) -> Rule:
        """The rule of a file whose bytes depend on these parts."""
        return cls(kind, args, digest(marshal.dumps(parts, 2)))  # whose bytes depend on nothing but the values

    @property
    def templated(self) -> bool:
        """Whether Pelican renders it."""
        return self.kind in {"article", "page", "direct", "category", "archive", "language"}


_rule = partial(tuple.__new__, Rule)  # a named tuple's own constructor takes three times as long


def rules(work: Work, known: Mapping[str, Known]) -> dict[str, Rule]:
    """The rule of every file but the service worker and the search index, which are made of other files. `known` are the
    outputs of the former build, the `sum` of their rule first."""
    first = plain(work)
    return first | others(work, known, first.keys())


def others(work: Work, known: Mapping[str, Known], used: Set[str]) -> dict[str, Rule]:
    """The rules of pages and of former addresses; `used` are the outputs that are no page."""
    found = dict(_pages(work, known))
    return found | dict(_former(work, found.keys() | used))


def plain(work: Work) -> dict[str, Rule]:
    """The rules of what no template has a part in and no other output either: feeds, the theme's files, images."""
    assets = sorted(prepare.assets(work.cards).items())
    made_of = {name: Rule.of("asset", (name, origin), origin) for name, origin in assets}
    return dict(_feeds(work)) | dict(_statics(work)) | made_of


def _depends(work: Work, template: str) -> bytes:
    """What stands for a template and all that it reads of the shared context."""
    closure = work.templates.closure(f"{template}.html")
    return digest(b"\0".join([closure.sum, *(work.value(name) for name in sorted(closure.names))]))


def _articles(work: Work, known: Mapping[str, Known]) -> Iterator[tuple[str, Rule]]:
    """Most of the site: the page of an item that nothing touches has the rule that it had."""
    article, cards, near, running = _depends(work, "article"), work.cards, work.related.table, work.running
    before, alerts = work.ruled or (b"", ())
    same = before == article
    touched = {*work.touched, *running.symmetric_difference(alerts)} if same else set()
    abroad = bool(work.tree.site.languages)
    for card in work.articles:
        name = card.id
        page = f"{name}/index.html"
        if same and name not in touched and page in known:
            yield page, _rule(("article", (name,), known[page][0]))
            continue
        others = [cards[other].sum for other in near[name]]
        beside = marshal.dumps(_beside(work, card), 2) if abroad else b""
        parts = [b"%d %d" % (name in running, len(others)), article, card.whole, *others, beside]
        yield page, _rule(("article", (name,), digest(b"".join(parts))))


def ruled(work: Work) -> tuple[bytes, tuple[str, ...]]:
    """What the rules of all items have in common, for the next build."""
    return _depends(work, "article"), tuple(work.running)


def _pages(work: Work, known: Mapping[str, Known]) -> Iterator[tuple[str, Rule]]:
    page, category = _depends(work, "page"), _depends(work, "category")
    yield from _articles(work, known)
    article = _depends(work, "article")
    for own in work.translated.values():
        for card in own:
            said = article, card.whole, work.runs(card), _beside(work, card)
            yield f"{card.id}/index.html", Rule.of("article", (card.id,), *said)
    for language in work.tree.site.languages:
        shown = tuple((slug, tuple((card.sum, done) for card, done in rows)) for slug, rows in work.guide(language))
        lasting = _sum(work.pages_in(language))
        yield f"{language}/index.html", Rule.of("language", (language,), _depends(work, "langue"), shown, lasting)
    for card in [*work.withdrawn, *work.withdrawn_abroad]:
        yield f"{card.id}/index.html", Rule.of("article", (card.id,), _depends(work, "retire"), card.whole)
    for card in work.pages:
        yield work.file(card), Rule.of("page", (card.id,), page, card.whole, _beside(work, card))
    for card in work.withdrawn_pages:
        yield work.file(card), Rule.of("page", (card.id,), _depends(work, "retire"), card.whole)
    for template in DIRECT:
        yield direct_path(template), Rule.of("direct", (template,), _depends(work, template))
    for slug in work.tree.site.categories:
        yield (
            f"{slug}/index.html",
            Rule.of("category", (slug,), category, _sum(work.shown(slug)), len(work.archives[slug])),
        )
        yield from _archives(work, slug)


def _beside(work: Work, card: Card) -> tuple[tuple[str, str], ...]:
    """What a page says of its other languages."""
    if not work.tree.site.languages:
        return ()
    return tuple((other.language, other.path) for other in work.versions(card))


def _archives(work: Work, slug: str) -> Iterator[tuple[str, Rule]]:
    pages = work.archives[slug]
    depends = _depends(work, "archive") if pages else b""
    for number, own in enumerate(pages, 1):
        rule = Rule.of("archive", (slug, number), depends, _sum(own), number == len(pages))
        yield f"{archive_address(slug, number)}index.html", rule


def _sum(cards: Sequence[Card], *, whole: bool = False) -> bytes:
    return digest(b"".join(card.whole if whole else card.sum for card in cards))


def _feeds(work: Work) -> Iterator[tuple[str, Rule]]:
    for name in FEEDS:
        if name != jsonfeed.FIRST:
            chosen, timely = selection(name, work.articles, work.now)
            yield f"feeds/{name}", Rule.of("feed", (name,), _sum(chosen, whole=True), work.now if timely else None)
    following = [*list(work.json_pages)[1:], None]
    for (name, own), after in zip(work.json_pages.items(), following, strict=True):
        yield f"feeds/{name}", Rule.of("json", (name, after), _sum(own, whole=True), after)
    said = work.value("speak")
    for language, own in work.translated.items():
        total = _sum(work.known_abroad(language), whole=True)
        yield (
            f"feeds/{language}/rss.xml",
            Rule.of("abroad", (language, "rss"), _sum(selection("rss.xml", own, work.now)[0], whole=True), said),
        )
        yield f"feeds/{language}/feed.json", Rule.of("abroad", (language, "jsonfeed"), total, said)
    abroad = tuple(_sum(own) for own in work.translated.values())
    lasting, dated = _listed(work)
    parts = -(-(len(lasting) + len(dated)) // sitemap.LIMIT)
    for part in range(parts + 1 if parts > 1 else 1):
        shown = _sum(work.articles), work.value("has_page"), abroad
        yield _sitemap_name(part), Rule.of("sitemap", (part, parts), *shown)
    yield "robots.txt", Rule.of("robots", ())
    yield "manifest.webmanifest", Rule.of("manifest", (), work.value("asset"))


def _former(work: Work, used: Set[str]) -> Iterator[tuple[str, Rule]]:
    """Pages that lead from a former address to the present one, and the maps that a web server reads. An address that
    answers by itself (`used`) is not former."""
    moved = {old: new for old, new in work.moved.to.items() if page_of(old) not in used}
    explained = [*work.withdrawn, *work.withdrawn_abroad, *work.withdrawn_pages]
    gone = {card.path.removeprefix(work.tree.site.base): f"/{work.file(card)}" for card in explained}
    gone |= dict.fromkeys(work.moved.gone, f"/{direct_path('disparu')}")
    for name, pairs in ((MOVED, moved), (GONE, gone)):
        base = work.tree.site.base
        lines = map_lines((f"{base}{old}", f"{base}{new}") for old, new in sorted(pairs.items()))
        yield name, Rule.of("map", (lines,), lines)
    for old, new in moved.items():
        if name := page_of(old):
            yield name, Rule.of("redirect", (new,), new)


def page_of(address: str) -> str:
    """The output that answers at a former address; empty for one that no file can answer (`/?p=12`)."""
    name = unquote(address).strip("/")
    parts = name.split("/")
    if not name or "?" in address or any(part.startswith(".") or not part for part in parts) or "\0" in name:
        return ""
    if parts[0] in RESERVED or any(len(part.encode()) > 200 for part in parts):
        return ""
    return name if parts[-1].endswith((".html", ".htm")) else f"{name}/index.html"


def _redirect(work: Work, new: str) -> bytes:
    """A page that leads on at once, with or without scripts; search engines take the new address for the old one's."""
    path, url = f"{work.tree.site.base}{new}", work.tree.site.publisher.absolute(new)
    return (
        f'<!doctype html>\n<html lang="{work.tree.site.publisher.lang}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="robots" content="noindex">\n<meta http-equiv="refresh" content="0; url={escape(path)}">\n'
        f'<link rel="canonical" href="{escape(url)}">\n<title>Cette page a changé d’adresse</title>\n</head>\n'
        f'<body>\n<p>Cette page a changé d’adresse\N{NO-BREAK SPACE}: <a href="{escape(path)}">{escape(url)}</a></p>\n'
        "</body>\n</html>\n"
    ).encode()


def _statics(work: Work) -> Iterator[tuple[str, Rule]]:
    for name, total in work.static.items():
        if name != pwa.WORKER:
            yield f"theme/{name}", Rule.of("static", (name,), total)


def make(work: Work, rule: Rule, target: Path) -> None:
    """Write the file of a rule that is no template's. Raises `OSError`, `BuildError`."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if rule.kind == "static":
        shutil.copyfile(work.theme / "static" / rule.args[0], target)
    elif rule.kind == "asset":
        shutil.copyfile(_asset(work, *rule.args), target)
    else:
        target.write_bytes(_MADE[rule.kind](work, *rule.args))


def _asset(work: Work, name: str, origin: str) -> Path:
    original = work.tree.site.content / origin
    if not name.startswith("images/"):
        return original
    encoded = work.images.cache / name.removeprefix("images/")
    if not encoded.exists():  # the folder of encoded images may be emptied at any time
        work.images.pictures(original)
    return encoded


def _feed(work: Work, name: str) -> bytes:
    chosen, _ = selection(name, work.articles, work.now)
    return FEEDS[name](list(Cards(work.shelf, chosen, whole=True)), work.publisher, work.at)


def _json(work: Work, name: str, following: str | None) -> bytes:
    items = list(Cards(work.shelf, work.json_pages[name], whole=True))
    return jsonfeed.page(items, work.publisher, following)


def _abroad(work: Work, language: str, module: str) -> bytes:
    """The feed of one language: what is translated to it; in the JSON Feed, what was withdrawn of it too."""
    chosen, say = work.known_abroad(language), work.languages.words(language)
    publisher = replace(work.publisher, lang=language, description=say.plain(work.publisher.description))
    if module == "rss":
        chosen = list(selection("rss.xml", work.translated[language], work.now)[0])
    items = [
        replace(_explained(item, say), category=replace(item.category, name=say.plain(item.category.name)))
        for item in Cards(work.shelf, chosen, whole=True)
    ]
    if module == "rss":
        from beffroi.feeds import rss  # imported late: feedgen costs 0.2 s

        return rss.render(items, publisher, work.at, f"{language}/rss.xml")
    return jsonfeed.page(items, publisher, None, f"{language}/feed.json")


def _explained(item: Item, say: Words) -> Item:
    """An item as its language tells that it was withdrawn."""
    if item.withdrawn is None:
        return item
    why = item.summary or say.plain("Cette information n’est plus valable.")
    word = say.plain("Annulé" if item.cancelled else "Retiré")
    return replace(
        item, title=f"{word}{say.colon}{item.title}", summary=why, withdrawn=why, html=f"<p>{escape(why)}</p>"
    )


def _sitemap_name(part: int) -> str:
    return f"sitemap-{part}.xml" if part else "sitemap.xml"


def _sitemap(work: Work, part: int, parts: int) -> bytes:
    """All addresses; where they are too many, a part of them, or the list of the parts (0)."""
    if parts > 1 and not part:
        return sitemap.index(work.publisher.absolute(f"/{_sitemap_name(one)}") for one in range(1, parts + 1))
    lasting, dated = _listed(work)
    absolute, base = work.publisher.absolute, work.tree.site.base
    known: list[tuple[str, datetime | None]] = [(absolute(path), None) for path in lasting]
    known += [(absolute(c.path.removeprefix(base)), datetime.fromtimestamp(c.updated, UTC)) for c in dated]
    start = (part or 1) - 1
    return sitemap.render(known[start * sitemap.LIMIT : (start + 1) * sitemap.LIMIT])


def _listed(work: Work) -> tuple[list[str], list[Card]]:
    """What search engines may list: addresses, and the items that have a last change, the newest of them last, so that
    it leaves full parts alone."""
    site = work.tree.site
    lasting = ["/", *(f"/{slug}/" for slug in site.categories), "/recevoir/", "/plan-du-site/"]
    lasting += [*(card.path.removeprefix(site.base) for card in work.pages), *(f"/{one}/" for one in site.languages)]
    return lasting, [*(card for own in work.translated.values() for card in own), *reversed(work.articles)]


_MADE: dict[str, Callable[..., bytes]] = {
    "feed": _feed,
    "json": _json,
    "abroad": _abroad,
    "sitemap": _sitemap,
    "map": lambda _, lines: lines,
    "redirect": _redirect,
    "robots": lambda work: sitemap.robots(work.publisher),
    "manifest": lambda work: pwa.manifest(work.tree.site, work.assets),
}
