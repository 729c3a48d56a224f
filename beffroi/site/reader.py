"""The Pelican reader of our Markdown: everything was prepared; this hands it over in Pelican's words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pelican.readers import BaseReader
from pelican.urlwrappers import Category as PelicanCategory
from pelican.urlwrappers import Tag

from beffroi.site.items import summary
from beffroi.site.prepare import Prepared
from beffroi.text import typeset


class FrontMatterReader(BaseReader):  # type: ignore[misc]  # pelican has no types
    """Reads `.md` files with YAML front matter. Files that citizens may not see now are skipped whole: no draft page,
    no link, no byte."""

    enabled = True
    file_extensions = ("md",)

    def read(self, source_path: str) -> tuple[str, dict[str, Any]]:
        """HTML and metadata of one file."""
        prepared: Prepared = self.settings["BEFFROI"]
        entry = prepared.entries.get(Path(source_path))
        if entry is None:
            return "", {"title": "", "status": "skip"}
        front, html = entry.document.front, prepared.html[entry.path]
        metadata: dict[str, Any] = {
            "title": typeset(front.title),
            "slug": entry.slug,
            "lang": front.lang,
            "status": "published",
            "summary": summary(entry, html),
            "entry": entry,
        }
        if front.tags:
            metadata["tags"] = [Tag(tag, self.settings) for tag in front.tags]
        if front.date:
            metadata["date"] = front.date
        if front.updated:
            metadata["modified"] = front.updated
        if entry.category:
            category = PelicanCategory(entry.category.name, self.settings)
            category.slug = entry.category.slug
            metadata["category"] = category
        return html, metadata
