"""The feeds of the real content, as strangers read them: validators, a feed parser, a feed reader, panels."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import feedparser
import pytest

from tests.e2e.site import Site
from tests.feeds import jsonfeed11, validator

HOME = "http://localhost:8000"


@pytest.fixture(scope="module")
def feeds(real: Path) -> Path:
    """Where they are."""
    return real / "feeds"


def strings(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every string of a JSON value, with the name that it stands under."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from strings(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from strings(inner, key)
    elif isinstance(value, str):
        yield key, value


def test_rss_has_no_error_and_no_warning(feeds: Path) -> None:
    """By the rules of the W3C's validator and of the best practices profile; a parser finds nothing odd either."""
    data = (feeds / "rss.xml").read_bytes()
    assert [] == validator.faults(data, f"{HOME}/feeds/rss.xml")
    parsed = feedparser.parse(data)
    assert (0, "rss20") == (parsed.bozo, parsed.version)
    assert len(parsed.entries) >= 50
    assert all(entry.published_parsed and entry.content[0].value for entry in parsed.entries)


def test_json_feed_fits_its_schema(feeds: Path) -> None:
    """Each page of it; the archive is met by following `next_url`, every item once or because it still runs."""
    pages = sorted(feeds.glob("feed*.json"))
    assert {} == {page.name: found for page in pages if (found := jsonfeed11.faults(page.read_bytes()))}
    url, met = f"{HOME}/feeds/feed.json", []
    while url:
        met.append(json.loads((feeds / url.rpartition("/")[2]).read_bytes()))
        url = met[-1].get("next_url", "")
    assert len(pages) == len(met)
    assert len({item["id"] for page in met for item in page["items"]}) >= 60


def test_every_address_is_absolute_and_leads_somewhere(feeds: Path, real: Path) -> None:
    """In JSON fields and in HTML; what is ours exists."""
    told = [pair for file in feeds.glob("*.json") for pair in strings(json.loads(file.read_bytes()))]
    named = [
        text for key, text in told if key in {"url", "image", "icon", "favicon", "feed_url", "home_page_url", "about"}
    ]
    html = [text for key, text in told if key == "content_html"]
    linked = [href for text in html for href in re.findall(r'(?:href|src)="([^"]*)"', text)]
    sets = [
        one.split()[0] for text in html for found in re.findall(r'srcset="([^"]*)"', text) for one in found.split(",")
    ]
    assert [] == [url for url in named + linked + sets if not re.match(r"(https?://[^/]+|mailto:|tel:|geo:)", url)]
    own = {urlsplit(url).path for url in named + linked + sets if url.startswith(f"{HOME}/")}
    assert [] == [
        path for path in own if not ((real / path.lstrip("/")) / ("index.html" if path.endswith("/") else "")).is_file()
    ]


def test_words_of_feeds_are_plain(feeds: Path) -> None:
    """Titles, summaries and panel lines hold no mark-up and no entity: readers and panels show them as they are."""
    told = [pair for file in feeds.glob("*.json") for pair in strings(json.loads(file.read_bytes()))]
    words = [
        text for key, text in told if key in {"title", "summary", "text", "detail", "push", "panel", "description"}
    ]
    assert [] == [text for text in words if re.search(r"</?[a-z]+[ >/]|&[a-z]+;|&#", text)]


def test_a_feed_reader_reads_it(real: Path, tmp_path: Path) -> None:
    """newsboat, as a citizen may have it: every item of the first page is there, unread."""
    count = (real / "feeds" / "rss.xml").read_text("utf-8").count("<item>")
    with Site(real) as site:
        (tmp_path / "urls").write_text(f"{site.url}/feeds/rss.xml\n", encoding="utf-8")
        command = [
            "newsboat",
            "-u",
            tmp_path / "urls",
            "-c",
            tmp_path / "cache.db",
            "-C",
            "/dev/null",
            "-x",
            "reload",
            "print-unread",
        ]
        done = subprocess.run(
            command,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
    assert (0, f"{count} unread articles") == (done.returncode, done.stdout.strip())
