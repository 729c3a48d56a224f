"""The same corpus as three sites: Beffroi's, stock Pelican's, Hugo's."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.bench.corpus import CATEGORIES, KINDS, NAMES, Piece, body, images, pieces
from tests.town import REPO

COLORS = ("glacier", "sun", "fir", "gentian", "paper")
SUMMARY = "Une information de la commune, en deux lignes, pour savoir si elle vous concerne."

BEFFROI = f"""
SITENAME = "Bourg-Mesure"
SITEURL = "https://bourg-mesure.example"
TIMEZONE = "Europe/Paris"
PUBLISHER = {{"name": "Commune de Bourg-Mesure", "email": "mairie@bourg-mesure.example"}}
CATEGORIES = {{
    "alertes": {{"name": "Alertes", "kind": "alert", "color": "brick"}},
    **{{slug: {{"name": name, "kind": kind, "color": color}} for slug, name, kind, color in
       {list(zip(CATEGORIES, NAMES, KINDS, COLORS, strict=True))!r}}},
}}
FOOTER = ["contact"]
PATH = "content"
THEME = "theme"
OUTPUT_PATH = "output"
PLUGINS = ["beffroi.site"]
"""

PELICAN = """
SITENAME = "Bourg-Mesure"
SITEURL = "https://bourg-mesure.example"
TIMEZONE = "Europe/Paris"
DEFAULT_LANG = "fr"
PATH = "content"
OUTPUT_PATH = "output"
STATIC_PATHS = ["images"]
DEFAULT_PAGINATION = 24
ARTICLE_URL = "{category}/{slug}/"
ARTICLE_SAVE_AS = "{category}/{slug}/index.html"
SLUGIFY_SOURCE = "basename"
FEED_ALL_ATOM = None
FEED_ALL_RSS = "feeds/rss.xml"
CATEGORY_FEED_ATOM = None
TRANSLATION_FEED_ATOM = None
FEED_MAX_ITEMS = 50
"""

HUGO = """
baseURL = "https://bourg-mesure.example/"
languageCode = "fr"
title = "Bourg-Mesure"
disableKinds = ["term", "taxonomy"]
[pagination]
pagerSize = 24
[outputs]
home = ["HTML", "RSS", "JSON"]
section = ["HTML"]
[services.rss]
limit = 50
[markup.goldmark.renderer]
unsafe = true
"""

BASE = """<!doctype html>
<html lang="fr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ .Title }} · {{ site.Title }}</title>
<meta name="description" content="{{ .Params.summary }}">
<link rel="canonical" href="{{ .Permalink }}">
<link rel="stylesheet" href="/css/base.css">
<meta property="og:title" content="{{ .Title }}">
<meta property="og:url" content="{{ .Permalink }}">
<meta property="og:site_name" content="{{ site.Title }}">
</head>
<body>
<header><a href="/">{{ site.Title }}</a>
<nav><ul>{{ range site.Sections }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul></nav></header>
<main>{{ block "main" . }}{{ end }}</main>
<footer><p>{{ site.Title }}</p><ul>{{ range site.Sections }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul></footer>
</body>
</html>
"""

SINGLE = """{{ define "main" }}<article>
<header><p><a href="{{ .CurrentSection.RelPermalink }}">{{ .CurrentSection.Title }}</a></p><h1>{{ .Title }}</h1><p>{{ .Params.summary }}</p></header>
<div>{{ .Content }}</div>
<aside><dl><dt>Publié le</dt><dd><time datetime="{{ .Date.Format "2006-01-02T15:04:05Z07:00" }}">{{ .Date.Format "2 January 2006" }}</time></dd></dl>
<a href="mailto:?subject={{ .Title | urlquery }}">Envoyer par courriel</a></aside>
<script type="application/ld+json">{{ dict "@type" "NewsArticle" "headline" .Title "url" .Permalink "datePublished" .Date | jsonify | safeJS }}</script>

</article>{{ end }}
"""

LIST = """{{ define "main" }}<h1>{{ .Title }}</h1><ul>{{ range .Paginator.Pages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a><p>{{ .Params.summary }}</p></li>{{ end }}</ul>
{{ with .Paginator.Prev }}<a href="{{ .URL }}">Plus récent</a>{{ end }}{{ with .Paginator.Next }}<a href="{{ .URL }}">Plus ancien</a>{{ end }}{{ end }}
"""

HOME = """{{ define "main" }}<h1>{{ site.Title }}</h1>{{ range site.Sections }}<h2>{{ .Title }}</h2><ul>{{ range first 6 .Pages }}<li><a href="{{ .RelPermalink }}">{{ .Title }}</a></li>{{ end }}</ul>{{ end }}{{ end }}
"""

JSON = """{"version": "https://jsonfeed.org/version/1.1", "title": {{ site.Title | jsonify }}, "items": [{{ range $i, $p := first 50 site.RegularPages }}{{ if $i }},{{ end }}{"id": {{ $p.RelPermalink | jsonify }}, "url": {{ $p.Permalink | jsonify }}, "title": {{ $p.Title | jsonify }}, "content_html": {{ $p.Content | jsonify }}, "date_published": {{ $p.Date | jsonify }}}{{ end }}]}
"""


def beffroi(root: Path, count: int) -> None:
    """Our site: real theme, real settings."""
    _write(root, "pelicanconf.py", BEFFROI)
    for name in ("publishconf.py", "tasks.py"):
        shutil.copy(REPO / name, root)
    shutil.copytree(REPO / "theme", root / "theme")
    images(root / "content/images")
    _write(root, "content/pages/contact.md", "---\ntitle: Contact\n---\n\nÉcrire à la mairie.\n")
    for piece in pieces(count):
        _write(root, f"content/{piece.folder}/{piece.slug}.md", ours(piece))


def ours(piece: Piece) -> str:
    """One item as our editors write it."""
    event = f"event:\n  start: {piece.date:%Y-%m-%d} 18:00\n" if piece.folder == "agenda" else ""
    head = f"title: {piece.title}\ndate: {piece.date:%Y-%m-%d %H:%M}\nsummary: {SUMMARY}\n{event}tags: [{', '.join(piece.tags)}]"
    return f"---\n{head}\n---\n\n{body(piece, '../{folder}/{slug}.md', '../images/vue-{number}.jpg')}"


def pelican(root: Path, count: int) -> None:
    """Stock Pelican, its own theme."""
    _write(root, "pelicanconf.py", PELICAN)
    images(root / "content/images")
    for piece in pieces(count):
        head = f"Title: {piece.title}\nDate: {piece.date:%Y-%m-%d %H:%M}\nSummary: {SUMMARY}\nTags: {', '.join(piece.tags)}"
        text = body(piece, "{{filename}}/{folder}/{slug}.md", "{{static}}/images/vue-{number}.jpg")
        _write(root, f"content/{piece.folder}/{piece.slug}.md", f"{head}\n\n{text}")


def hugo(root: Path, count: int) -> None:
    """Hugo, a theme that shows as much."""
    _write(root, "hugo.toml", HUGO)
    for name, text in {"baseof.html": BASE, "single.html": SINGLE, "list.html": LIST}.items():
        _write(root, f"layouts/_default/{name}", text)
    _write(root, "layouts/index.html", HOME)
    _write(root, "layouts/index.json", JSON)
    shutil.copytree(REPO / "theme/static", root / "static")
    images(root / "static/images")
    for slug, name in zip(CATEGORIES, NAMES, strict=True):
        _write(root, f"content/{slug}/_index.md", f"---\ntitle: {name}\n---\n")
    for piece in pieces(count):
        head = f'title: "{piece.title}"\ndate: {piece.date:%Y-%m-%dT%H:%M:00}+01:00\nsummary: "{SUMMARY}"\ntags: [{", ".join(piece.tags)}]'
        text = body(piece, "/{folder}/{slug}/", "/images/vue-{number}.jpg")
        _write(root, f"content/{piece.folder}/{piece.slug}.md", f"---\n{head}\n---\n\n{text}")


def _write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
