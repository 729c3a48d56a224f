"""The Pelican settings that the house decides: addresses from paths, no feed of Pelican's own, no public draft."""

from __future__ import annotations

from typing import Any

from beffroi.settings import Site

PAGES = ("recherche", "recevoir", "hors-ligne", "panneau", "plan-du-site", "disparu")
"""Templates with a page of their own, at the root of the site."""

DIRECT = ("index", "404", *PAGES)
"""Templates that make one page each, of nothing but the shared context."""


def direct_path(template: str) -> str:
    """Where the page of such a template is written."""
    return f"{template}/index.html" if template in PAGES else f"{template}.html"


OFF = (
    *("FEED_ATOM", "FEED_RSS", "FEED_ALL_ATOM", "FEED_ALL_RSS", "CATEGORY_FEED_ATOM", "CATEGORY_FEED_RSS"),
    *("AUTHOR_FEED_ATOM", "AUTHOR_FEED_RSS", "TAG_FEED_ATOM", "TAG_FEED_RSS"),
    *("TRANSLATION_FEED_ATOM", "TRANSLATION_FEED_RSS"),
)
"""Pelican's RSS has one fault an item; ours come from `beffroi.feeds`."""

NOT_WRITTEN = (
    *("AUTHOR_SAVE_AS", "AUTHORS_SAVE_AS", "TAG_SAVE_AS", "TAGS_SAVE_AS", "CATEGORIES_SAVE_AS", "ARCHIVES_SAVE_AS"),
    *(
        "DRAFT_SAVE_AS",
        "DRAFT_URL",
        "DRAFT_PAGE_SAVE_AS",
        "DRAFT_PAGE_URL",
        "DRAFT_LANG_SAVE_AS",
        "DRAFT_PAGE_LANG_SAVE_AS",
    ),
)
"""A draft that Pelican would write to `drafts/` is public to whoever guesses its address."""


def defaults(site: Site) -> dict[str, Any]:
    """Settings laid over the commune's own; those that it may still choose are not among them."""
    return {
        **dict.fromkeys(OFF),
        **dict.fromkeys(NOT_WRITTEN, ""),
        "ARTICLE_PATHS": list(site.categories),
        "PAGE_PATHS": ["pages"],
        "STATIC_PATHS": [],
        "THEME_STATIC_PATHS": [],
        "READERS": {"rst": None, "txt": None, "html": None, "htm": None, "markdown": None, "mkd": None, "mdown": None},
        "ARTICLE_URL": "{category}/{slug}/",
        "ARTICLE_SAVE_AS": "{category}/{slug}/index.html",
        "ARTICLE_LANG_URL": "{category}/{slug}/",
        "ARTICLE_LANG_SAVE_AS": "{category}/{slug}/index.html",
        "PAGE_URL": "{slug}/",
        "PAGE_SAVE_AS": "{slug}/index.html",
        "PAGE_LANG_URL": "{slug}/",
        "PAGE_LANG_SAVE_AS": "{slug}/index.html",
        "CATEGORY_URL": "{slug}/",
        "CATEGORY_SAVE_AS": "{slug}/index.html",
        "ARTICLE_ORDER_BY": "reversed-date",
        "ARTICLE_TRANSLATION_ID": None,
        "PAGE_TRANSLATION_ID": None,
        "DIRECT_TEMPLATES": list(DIRECT),
        **{f"{name.upper()}_SAVE_AS": direct_path(name) for name in PAGES},
        "PAGINATED_TEMPLATES": {},
        "DEFAULT_PAGINATION": False,
        "WITH_FUTURE_DATES": True,  # embargoes are kept by our reader, to the minute
        "DELETE_OUTPUT_DIRECTORY": False,
        "OUTPUT_SOURCES": False,
        "RELATIVE_URLS": False,
        "SLUGIFY_SOURCE": "basename",
        "TYPOGRIFY": False,
        "LOAD_CONTENT_CACHE": False,
        "CACHE_CONTENT": False,
        "DEFAULT_DATE_FORMAT": "%Y-%m-%d",  # no system locale: a machine without it would publish nothing
        "DATE_FORMATS": {},
    }
