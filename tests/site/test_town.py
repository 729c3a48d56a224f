"""Pelican's own answers, found in a shorter way."""

from __future__ import annotations

import pytest
from pelican.contents import Article

from beffroi.site.town import LazyArticle


@pytest.mark.parametrize(
    "root", ["/srv/ville/content", "/srv/ville/content/", "/srv/ville/../ville/content", "content"]
)
@pytest.mark.parametrize(
    "path", ["/agenda/bal.md", "/agenda/2026/l’été.md", "/../bal.md", "//agenda/bal.md", "-2/a.md"]
)
def test_place_of_a_file(root: str, path: str) -> None:
    """Where a file lies below `content/`, or beside it, whatever is asked."""
    article = LazyArticle.__new__(LazyArticle)
    article.settings = {"PATH": root}
    for source in (f"/srv/ville/content{path}", f"content{path}", None):
        article.source_path = source
        assert Article.get_relative_source_path(article) == article.get_relative_source_path()
        assert Article.get_relative_source_path(article, "/a/b.md") == article.get_relative_source_path("/a/b.md")
