"""`sitemap.xml` (https://www.sitemaps.org/protocol.html) and `robots.txt` (RFC 9309)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from xml.sax.saxutils import escape

from beffroi.feeds import uri
from beffroi.model import Publisher

LIMIT = 50_000
"""Addresses that one sitemap may hold."""


def render(pages: Iterable[tuple[str, datetime | None]]) -> bytes:
    """The sitemap of absolute addresses with the instant of their last change, where known; sorted by address.

    Raises `ValueError` beyond 50,000 addresses.
    """
    known = dict(sorted(pages, key=lambda page: page[0]))
    if len(known) > LIMIT:
        raise ValueError(f"a sitemap holds {LIMIT} addresses, not {len(known)}")
    lines = (_entry(url, changed) for url, changed in known.items())
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    return (head + "".join(lines) + "</urlset>\n").encode()


def index(parts: Iterable[str]) -> bytes:
    """The sitemap of a site that one file does not hold: the absolute addresses of those that do, in their order."""
    lines = (f"<sitemap><loc>{escape(uri(part))}</loc></sitemap>\n" for part in parts)
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    )
    return (head + "".join(lines) + "</sitemapindex>\n").encode()


def _entry(url: str, changed: datetime | None) -> str:
    address = escape(uri(url), {"'": "&apos;"})
    date = f"<lastmod>{changed.astimezone(UTC).isoformat(timespec='seconds')}</lastmod>" if changed else ""
    return f"<url><loc>{address}</loc>{date}</url>\n"


def robots(publisher: Publisher) -> bytes:
    """Everything may be read: it is public information. Names the sitemap."""
    return f"User-agent: *\nDisallow:\n\nSitemap: {publisher.url}/sitemap.xml\n".encode()
