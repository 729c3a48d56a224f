"""The Pelican reader of our Markdown: everything was prepared; this hands it over in Pelican's words."""

from __future__ import annotations

from typing import Any

from pelican.readers import BaseReader
from pelican.urlwrappers import Category as PelicanCategory
from pelican.urlwrappers import Tag

from beffroi.site.cards import Card
from beffroi.site.work import Work


class FrontMatterReader(BaseReader):  # type: ignore[misc]  # pelican has no types
    """Reads `.md` files with YAML front matter. Files that citizens may not see now are skipped whole: no draft page,
    no link, no byte."""

    enabled = True
    file_extensions = ("md",)

    def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
        """HTML and metadata of one file."""
        work: Work = self.settings["BEFFROI"]
        card = work.by_path.get(source_path)
        if card is None:
            return "", {"title": "", "status": "skip"}
        brief = work.shelf.brief(card)
        metadata: dict[str, Any] = {
            "title": brief.title,
            "slug": card.id.rpartition("/")[2],
            "url": brief.path.removeprefix(work.tree.site.base)[1:],
            "save_as": work.file(card),  # Pelican's own way to both costs a tenth of the page
            "lang": brief.lang,
            "status": "published",
            "summary": brief.summary,
        }
        if card.tags:
            metadata["tags"] = [Tag(tag, self.settings) for tag in card.tags]
        if card.withdrawn:
            metadata["template"] = "retire"
        if brief.date:
            metadata["date"] = brief.date
        if brief.updated and brief.updated != brief.date:
            metadata["modified"] = brief.updated
        if card.category:
            metadata["category"] = self._category(card)
        return work.shelf.html(card), metadata

    def _category(self, card: Card) -> PelicanCategory:
        work: Work = self.settings["BEFFROI"]
        category = PelicanCategory(work.tree.site.categories[card.category].name, self.settings)
        category.slug = card.category
        return category
