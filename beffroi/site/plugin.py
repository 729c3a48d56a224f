"""Pelican's signals, in the order in which they fire: prepare, read, fill the templates' context, write the feeds."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from pelican import signals
from pelican.generators import ArticlesGenerator, PagesGenerator
from pelican.urlwrappers import Category as PelicanCategory

from beffroi import content
from beffroi.feeds import FEEDS, sitemap
from beffroi.feeds.jsonfeed import pages as json_pages
from beffroi.model import Item
from beffroi.settings import instant, site_from
from beffroi.site import defaults, pwa
from beffroi.site import items as listing
from beffroi.site.prepare import Prepared, prepare
from beffroi.site.reader import FrontMatterReader
from beffroi.site.templating import filters, names


def connect() -> None:
    """Join Pelican's road. Pelican keeps only weak references: all receivers are functions of this module."""
    signals.initialized.connect(start)
    signals.readers_init.connect(add_reader)
    signals.article_generator_finalized.connect(add_empty_categories)
    signals.all_generators_finalized.connect(fill_context)
    signals.finalized.connect(finish)


def start(pelican: Any) -> None:
    """Lay the house's settings over the commune's, and prepare the content unless `beffroi.site.build` did."""
    settings = pelican.settings
    if "BEFFROI" not in settings:  # the `pelican` command, run by hand
        site = site_from(settings, Path(settings["PATH"]).parent)
        settings["BEFFROI"] = prepare(content.read(site), instant(), site.root / "var" / "cache" / "images")
    prepared: Prepared = settings["BEFFROI"]
    settings.update(defaults.defaults(prepared.site))
    assets = pwa.Assets(Path(settings["THEME"]) / "static", prepared.site.base)
    settings["JINJA_GLOBALS"] = {**settings["JINJA_GLOBALS"], **names(prepared.site, assets)}
    settings["JINJA_FILTERS"] = {**settings["JINJA_FILTERS"], **filters(prepared.site)}


def add_reader(readers: Any) -> None:
    """Our reader instead of Pelican's Markdown one."""
    readers.reader_classes["md"] = FrontMatterReader


def add_empty_categories(generator: Any) -> None:
    """Pelican writes no page for a category without articles; citizens expect one that says so."""
    present = {category.slug for category, _ in generator.categories}
    prepared: Prepared = generator.settings["BEFFROI"]
    for category in prepared.site.categories.values():
        if category.slug not in present:
            empty = PelicanCategory(category.name, generator.settings)
            empty.slug = category.slug
            generator.categories.append((empty, []))


def fill_context(generators: Sequence[Any]) -> None:
    """Give every template the same words: `items`, `alerts`, `news`, `upcoming`, `by_category`…"""
    articles = next(g for g in generators if isinstance(g, ArticlesGenerator))
    pages = next(g for g in generators if isinstance(g, PagesGenerator))
    prepared: Prepared = articles.settings["BEFFROI"]
    for article in [*articles.articles, *articles.translations]:
        article.item = listing.item(prepared, article.entry)
    items = listing.newest_first([a.item for a in [*articles.articles, *articles.translations]])
    for article in [*articles.articles, *articles.translations]:
        article.related = listing.related(article.item, items)
    for page in pages.pages:
        _dress(prepared, page)
    prepared.items = items
    prepared.pages = sorted(pages.pages, key=lambda page: str(page.title))
    articles.context.update(_context(prepared, items))


def _dress(prepared: Prepared, page: Any) -> None:
    """A lasting page gets what its template shows besides its text."""
    page.path = f"{prepared.site.base}{page.entry.url_path}"
    page.image = prepared.front_image(page.entry)
    page.sources = listing.sources(page.entry)


def _context(prepared: Prepared, items: list[Item]) -> dict[str, Any]:
    site, at = prepared.site, prepared.at
    by_slug = {page.slug: page for page in prepared.pages}
    footer = [by_slug[slug] for slug in site.raw.get("FOOTER") or () if slug in by_slug]
    return {
        "site": site,
        "publisher": site.publisher,
        "items": items,
        "alerts": listing.running_alerts(items, at),
        "news": [i for i in items if i.category.kind == "news" and i.runs(at)],
        "upcoming": listing.upcoming(items, at),
        "by_category": listing.by_category(items, list(site.categories), at),
        "footer_pages": footer,
        "all_pages": prepared.pages,
        "has_page": by_slug.__contains__,
        "feeds": pwa.feed_names(site, list(FEEDS)),
    }


def finish(pelican: Any) -> None:
    """Write what Pelican does not: feeds, images, linked files, the app's files. `pelican.output_path` is the folder."""
    prepared: Prepared = pelican.settings["BEFFROI"]
    out, site = Path(pelican.output_path), prepared.site
    assets = pwa.Assets(Path(pelican.settings["THEME"]) / "static", site.base)
    publisher = replace(site.publisher, feeds=pwa.feed_names(site, list(FEEDS)))
    for name, render in FEEDS.items():
        write(out / "feeds" / name, render(prepared.items, publisher, prepared.at))
    for name, data in json_pages(prepared.items, publisher, prepared.at).items():
        write(out / "feeds" / name, data)
    write(out / "sitemap.xml", sitemap.render(_addresses(prepared)))
    write(out / "robots.txt", sitemap.robots(publisher))
    write(out / "manifest.webmanifest", pwa.manifest(site, assets))
    write(out / "service-worker.js", pwa.worker(site, assets, out))
    (out / "theme" / pwa.WORKER).unlink(missing_ok=True)
    for name, path in {**prepared.images.used, **prepared.files}.items():
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, out / name)


def write(path: Path, data: bytes) -> None:
    """Write one file, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _addresses(prepared: Prepared) -> list[tuple[str, Any]]:
    """Every address that search engines may list, with its last change where it has one."""
    site = prepared.site
    lasting = ["/", *(f"/{slug}/" for slug in site.categories), *(p.entry.url_path for p in prepared.pages)]
    lasting += [f"/{name}/" for name in ("recevoir", "plan-du-site")]
    return [
        *((site.publisher.absolute(path), None) for path in lasting),
        *((item.url, item.updated) for item in sorted(prepared.items, key=lambda i: i.id)),
    ]
