"""Pelican, for a site of which only a part is rendered.

`Town` is the class that `PELICAN_CLASS` names; the plugin makes one of any other `Pelican`. Its generators open only the
articles whose pages are wanted, without Pelican's loops over tags, authors and periods.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from pelican import Pelican, signals
from pelican.contents import Article, Page, SkipStub
from pelican.generators import ArticlesGenerator, PagesGenerator
from pelican.urlwrappers import Category as PelicanCategory

from beffroi.site.archives import archive_address
from beffroi.site.cards import Card
from beffroi.site.defaults import DIRECT, direct_path
from beffroi.site.work import Work
from beffroi.site.writer import StagingWriter


class Town(Pelican):  # type: ignore[misc]  # pelican has no types
    """One run of Pelican over what `settings["BEFFROI"].wanted` names; over everything where it names nothing."""

    def _get_generator_classes(self) -> list[type]:
        ours = {ArticlesGenerator: ItemsGenerator, PagesGenerator: LastingGenerator}
        return [ours.get(cls, cls) for cls in super()._get_generator_classes()]

    def _get_writer(self) -> StagingWriter:
        self.writer = StagingWriter(self.output_path, self.settings)
        return self.writer


class Placed:
    """Content whose place below `content/` is asked for twice: Pelican finds it by four absolute paths each time."""

    settings: Any
    source_path: Any

    def get_relative_source_path(self, source_path: str | None = None) -> str | None:
        """The path below `content/`."""
        before, own = f"{self.settings['PATH']}/", self.source_path
        if not source_path and own and own.startswith(before) and own == os.path.abspath(own):
            return str(own.removeprefix(before))
        found: str | None = super().get_relative_source_path(source_path)  # type: ignore[misc]
        return found


class LazyArticle(Placed, Article):  # type: ignore[misc]
    """An article whose HTML needs none of Pelican's replacements: `prepare` made them."""

    @property
    def content(self) -> str:
        """The HTML."""
        return str(self._content)


class LazyPage(Placed, Page):  # type: ignore[misc]
    """A lasting page, likewise."""

    def _expand_settings(self, key: str, klass: str | None = None) -> str:
        return str(super(Page, self)._expand_settings(key, klass or "page"))

    @property
    def content(self) -> str:
        """The HTML."""
        return str(self._content)


class Themed:
    """A generator whose templates are the theme's own: Pelican falls back on those of another theme without a word."""

    def get_template(self, name: str) -> Any:
        """The template. Raises `BuildError` where the theme lacks it, or one that it uses."""
        self.settings["BEFFROI"].templates.closure(f"{name}.html")  # type: ignore[attr-defined]
        return super().get_template(name)  # type: ignore[misc]


class ItemsGenerator(Themed, ArticlesGenerator):  # type: ignore[misc]
    """The pages of the items, of their categories, and those of one template each."""

    @property
    def work(self) -> Work:
        """The build."""
        work: Work = self.settings["BEFFROI"]
        return work

    def generate_context(self) -> None:
        """Open what is wanted, and give every template the same words."""
        work = self.work
        work.render = self._fragment
        self.context.update(work.context)
        wanted = work.asked
        self.articles = list(read(self, wanted, LazyArticle, signals.article_generator_preread,
                                  signals.article_generator_context))  # fmt: skip
        for article, card in zip(self.articles, wanted, strict=True):
            article.item = work.shelf.shown(card)
            article.running = work.runs(card)
            article.language = card.language
            article.versions = versions(work, card)
            near = () if card.withdrawn or card.language else work.related.of(card.id)
            article.related = [work.shelf.brief(work.cards[other]) for other in near]
        self.dates = self.articles
        self.save_cache()
        self.readers.save_cache()
        signals.article_generator_finalized.send(self)

    def check_disabled_readers(self) -> None:
        """Nothing to do: `check` tells of files that are not published."""

    def _fragment(self, name: str, arguments: dict[str, object]) -> str:
        rendered: str = self.env.get_template(name).render({**self.context, **arguments})
        return rendered

    def generate_output(self, writer: StagingWriter) -> None:
        """Render what is wanted."""
        write = partial(writer.write_file, relative_urls=False)
        for article in self.articles:
            signals.article_generator_write_article.send(self, content=article)
            write(article.save_as, self.get_template(article.template), self.context,
                  article=article, category=article.category)  # fmt: skip
        for template in DIRECT:
            if self.work.wants(direct_path(template)):
                write(direct_path(template), self.get_template(template), self.context, page_name=template)
        for slug in self.work.tree.site.categories:
            self._category(write, slug)
        for language, name in self.work.tree.site.languages.items():
            if self.work.wants(f"{language}/index.html"):
                groups = [
                    (self.work.tree.site.categories[slug], [(self.work.shelf.brief(card), done) for card, done in rows])
                    for slug, rows in self.work.guide(language)
                ]
                pages = [self.work.shelf.brief(card) for card in self.work.pages_in(language)]
                write(f"{language}/index.html", self.get_template("langue"), self.context, language=language,
                      language_name=name, groups=groups, pages_in=pages)  # fmt: skip
        signals.article_writer_finalized.send(self, writer=writer)

    def _category(self, write: Any, slug: str) -> None:
        category = PelicanCategory(self.work.tree.site.categories[slug].name, self.settings)
        category.slug = slug
        if self.work.wants(f"{slug}/index.html"):
            write(f"{slug}/index.html", self.get_template("category"), self.context, category=category)
        for page in self.work.context["archives"][slug]:
            name = f"{archive_address(slug, page.number)}index.html"
            if self.work.wants(name):
                write(name, self.get_template("archive"), self.context, category=category, archive=page)

    def refresh_metadata_intersite_links(self) -> None:
        """Nothing to do: links were resolved before."""


class LastingGenerator(Themed, PagesGenerator):  # type: ignore[misc]
    """The lasting pages."""

    def generate_context(self) -> None:
        """Open what is wanted."""
        work: Work = self.settings["BEFFROI"]
        wanted = work.asked_pages
        self.pages = list(read(self, wanted, LazyPage, signals.page_generator_preread, signals.page_generator_context))
        for page, card in zip(self.pages, wanted, strict=True):
            page.brief = work.shelf.brief(card)
            page.language, page.versions = card.language, versions(work, card)
            page.path, page.image, page.sources = page.brief.path, page.brief.image, page.brief.sources
        self.save_cache()
        self.readers.save_cache()
        signals.page_generator_finalized.send(self)

    def check_disabled_readers(self) -> None:
        """Nothing to do."""

    def refresh_metadata_intersite_links(self) -> None:
        """Nothing to do."""


def versions(work: Work, card: Card) -> list[tuple[str, str]]:
    """Language and address of its other versions."""
    return [(other.language or work.tree.site.publisher.lang, other.path) for other in work.versions(card)]


def read(generator: Any, wanted: Iterable[Card], content: type, preread: Any, context: Any) -> Iterator[Any]:
    """Pelican's object of each card. An error is logged by Pelican's name for it, and fatal in our builds."""
    work: Work = generator.settings["BEFFROI"]
    for card in wanted:
        made = generator.readers.read_file(
            base_path=generator.path,
            path=work.path(card),
            content_class=content,
            fmt="md",  # whatever the case of the file's suffix
            context=generator.context,
            preread_signal=preread,
            preread_sender=generator,
            context_signal=context,
            context_sender=generator,
        )
        if isinstance(made, SkipStub) or not made.is_valid():
            raise ValueError(f"{card.source} : Pelican refuse ce fichier")
        generator.add_source_path(made)
        yield made
