"""Two kinds of settings, read and checked in one place.

`Site` is the commune's identity: capital names in `pelicanconf.py` (and `publishconf.py` on top). `Service` is what
the machine decides: see `beffroi.service`.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from collections.abc import Mapping
from dataclasses import field
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from beffroi import shapes
from beffroi.errors import SettingsError
from beffroi.model import Area, Category, Panel, Publisher
from beffroi.records import dataclass
from beffroi.service import ENVIRONMENT, PREFIX, Service, given, read_service

__all__ = ["PUBLISHER_KEYS", "RESERVED", "SETTINGS", "Service", "Site", "instant", "read_python", "read_service", "read_site",
           "site_from"]  # fmt: skip

SETTINGS = "publishconf.py"
"""The file that every task reads."""

RESERVED = frozenset(
    ("api", "feeds", "images", "fichiers", "theme", "pagefind", "recherche", "recevoir", "hors-ligne", "panneau")
    + ("plan-du-site", "disparu", "index", "404")
)
"""Addresses that the theme and the service use: neither a page nor a category may take them."""

PUBLISHER_KEYS = frozenset({"description", "insee", "email", "phone", "address", "icon"})


@dataclass(frozen=True, slots=True)
class Site:
    """The commune as its `pelicanconf.py` describes it. `root` is the folder of that file, `content` the one of the
    Markdown files."""

    root: Path
    content: Path
    publisher: Publisher
    categories: Mapping[str, Category]
    areas: Mapping[str, Area]
    zone: ZoneInfo
    panels: Mapping[str, Panel] = field(default_factory=dict)
    languages: Mapping[str, str] = field(default_factory=dict)
    """Code and own name of each language that files are translated to."""
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Code of a language → the commune's own words in French → in that language."""
    notice: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def base(self) -> str:
        """The path under which the site lives, no slash at its end: "" at the root of a host."""
        return urlsplit(self.publisher.url).path.rstrip("/")

    @property
    def origin(self) -> str:
        """Scheme, host and port, as browsers send them in `Origin`."""
        parts = urlsplit(self.publisher.url)
        return f"{parts.scheme}://{parts.netloc}"


def site_from(raw: Mapping[str, Any], root: Path) -> Site:
    """Make a `Site` of Pelican settings. Raises `SettingsError` naming the setting and what to write."""
    shapes.examine(raw)
    url = str(_required(raw, "SITEURL", 'par exemple SITEURL = "https://www.ma-commune.fr"')).rstrip("/")
    if not _address(url):
        raise SettingsError(f"pelicanconf.py : SITEURL vaut {url!r} ; écrivez une adresse complète (https://…).")
    zone = str(raw.get("TIMEZONE") or "Europe/Paris")
    try:
        tz = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(
            f"pelicanconf.py : TIMEZONE vaut {zone!r} ; écrivez par exemple « Europe/Paris »."
        ) from error
    identity = dict(raw.get("PUBLISHER") or {})
    if unknown := sorted(set(identity) - PUBLISHER_KEYS - {"name"}):
        known = ", ".join(sorted(PUBLISHER_KEYS | {"name"}))
        raise SettingsError(f"pelicanconf.py : PUBLISHER contient {unknown[0]!r}, inconnu ; les clés sont : {known}.")
    title = str(_required(raw, "SITENAME", 'par exemple SITENAME = "Ma commune"'))
    texts: dict[str, str] = {"description": "", "name": title} | {key: str(value) for key, value in identity.items()}
    lang = str(raw.get("DEFAULT_LANG") or "fr")
    publisher = Publisher(url=url, title=title, lang=lang, timezone=zone, **texts)  # type: ignore[arg-type]  # texts all
    content = root / str(raw.get("PATH") or "content")
    _apart(raw, root, content)
    _roomy(raw, root, content)
    languages = _languages(dict(raw.get("LANGUAGES") or {}))
    return Site(
        root=root,
        content=content,
        publisher=publisher,
        categories=_categories(_required(raw, "CATEGORIES", "au moins une rubrique"), languages),
        areas={slug: Area(slug, str(name)) for slug, name in dict(raw.get("AREAS") or {}).items()},
        zone=tz,
        languages=languages,
        words=_words(raw.get("WORDS") or {}),
        panels=_panels(dict(raw.get("PANELS") or {})),
        notice=str(raw.get("NOTICE") or ""),
        raw=raw,
    )


def _address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def _apart(raw: Mapping[str, Any], root: Path, content: Path) -> None:
    """Refuse content that holds the site, and to build where something else lies: what was there is removed."""
    out = (root / str(raw.get("OUTPUT_PATH") or "output")).resolve()
    kept = [content, root / str(raw.get("THEME") or "theme"), root / "var", root / ".git"]
    if root.resolve().is_relative_to(content.resolve()):
        raise SettingsError(f"pelicanconf.py : PATH vaut {str(raw.get('PATH'))!r} ; écrivez par exemple « content ».")
    room = (root / "var" / "output").resolve()  # of its own, where `var` is a disk of its own
    inside = out != room and any(out.is_relative_to(folder.resolve()) for folder in kept)
    if inside or _other(out) or any(folder.resolve().is_relative_to(out) for folder in [root, *kept]):
        raise SettingsError(
            f"pelicanconf.py : OUTPUT_PATH vaut {str(raw.get('OUTPUT_PATH'))!r}, un dossier où il y a autre chose que le "
            'site ; écrivez par exemple "output".'
        )


def _roomy(raw: Mapping[str, Any], root: Path, content: Path) -> None:
    """Refuse that what the machine keeps be among what citizens read, editors write or git holds."""
    said = given(root / ENVIRONMENT).get("var", "var")
    var, taken = (root / said).resolve(), [root / str(raw.get("THEME") or "theme"), root / ".git"]
    taken += [content, root / str(raw.get("OUTPUT_PATH") or "output")]
    if var == root.resolve() or any(var.is_relative_to(folder.resolve()) for folder in taken):
        raise SettingsError(
            f"{PREFIX}VAR vaut {said!r}, un dossier où il y a autre chose que la base, les clés et les publications ; "
            "écrivez par exemple « var »."
        )


def _other(place: Path) -> bool:
    """Whether something else than a site lies there."""
    if any((place / name).exists() for name in ("index.html", ".beffroi")) or not place.exists():
        return False
    return place.is_file() or any(not name.startswith(".") and name != "lost+found" for name in os.listdir(place))


def _required(raw: Mapping[str, Any], key: str, example: str) -> Any:
    if not raw.get(key):
        raise SettingsError(f"pelicanconf.py : {key} manque ; ajoutez-le, {example}.")
    return raw[key]


def _categories(raw: Mapping[str, Any], languages: Mapping[str, str]) -> dict[str, Category]:
    kinds, taken = ("news", "alert", "agenda", "discover"), RESERVED | {"pages", *languages}
    categories = {}
    for slug, entry in raw.items():
        if not isinstance(entry, Mapping):
            raise SettingsError(
                f"pelicanconf.py : CATEGORIES[{slug!r}] vaut {entry!r} ; écrivez par exemple "
                '{"name": "Actualités", "kind": "news"}.'
            )
        if not re.fullmatch(r"[A-Za-z0-9_-]+", str(slug)) or slug in taken:
            raise SettingsError(
                f"pelicanconf.py : CATEGORIES contient {slug!r} ; écrivez le nom d’un dossier, en lettres sans accent, "
                f"qui ne soit pas l’un de : {', '.join(sorted(taken))}."
            )
        if entry.get("kind") not in kinds:
            raise SettingsError(
                f"pelicanconf.py : CATEGORIES[{slug!r}] a pour kind {entry.get('kind')!r} ; "
                f"écrivez l’un de : {', '.join(kinds)}."
            )
        categories[slug] = Category(
            slug=slug,
            name=str(entry.get("name") or slug.capitalize()),
            kind=entry["kind"],
            color=str(entry.get("color") or "glacier"),
            description=str(entry.get("description") or ""),
        )
    return categories


def _languages(raw: Mapping[str, str]) -> dict[str, str]:
    """The languages of translations: `{"en": "English"}`."""
    for code in raw:
        if not re.fullmatch(r"[a-z]{2,3}", str(code)):
            raise SettingsError(
                f"pelicanconf.py : LANGUAGES contient {code!r} ; écrivez un code de langue, par exemple "
                '{"en": "English"}.'
            )
    return {str(code): str(name) for code, name in raw.items()}


def _words(raw: Any) -> dict[str, dict[str, str]]:
    """The commune's own words in other languages: `{"en": {"Patrimoine": "Heritage"}}`."""
    if not isinstance(raw, Mapping) or not all(isinstance(words, Mapping) for words in raw.values()):
        raise SettingsError(
            f'pelicanconf.py : WORDS vaut {raw!r} ; écrivez par exemple {{"en": {{"Patrimoine": "Heritage"}}}}.'
        )
    return {str(code): {str(french): str(said) for french, said in words.items()} for code, words in raw.items()}


def _panels(raw: Mapping[str, Any]) -> dict[str, Panel]:
    """The declared panels: `lines` and `columns` of characters, or `width` and `height` in pixels."""
    panels = {}
    for slug, declared in raw.items():
        entry = declared if isinstance(declared, Mapping) else {"name": declared}
        sizes = {key: value for key, value in entry.items() if key != "name"}
        good = set(sizes) in ({"lines", "columns"}, {"width", "height"})
        if not good or not all(isinstance(value, int) and 0 < value <= 10_000 for value in sizes.values()):
            raise SettingsError(
                f"pelicanconf.py : PANELS[{slug!r}] vaut {dict(entry)!r} ; écrivez par exemple "
                '{"name": "Place de la Mairie", "lines": 8, "columns": 16}, ou "width" et "height" en pixels.'
            )
        panels[slug] = Panel(slug=slug, name=str(entry.get("name") or slug.capitalize()), **sizes)
    return panels


def read_python(path: Path) -> dict[str, Any]:
    """Run a settings file and return its capital names, without Pelican.

    Its own folder is importable meanwhile, so that `publishconf.py` finds `pelicanconf`. Raises `SettingsError`.
    """
    if not path.is_file():
        raise SettingsError(
            f"Le fichier de réglages {path.name} est introuvable ; lancez la commande depuis son dossier."
        )
    folder = str(path.parent.resolve())
    sys.path.insert(0, folder)
    sys.modules.pop("pelicanconf", None)
    try:
        names = runpy.run_path(str(path))
    except (Exception, SystemExit) as error:
        raise SettingsError(
            f"{path.name} ne peut être lu ({type(error).__name__}: {error}) ; corrigez-le, ou revenez à sa dernière version."
        ) from error
    finally:
        sys.path.remove(folder)
        sys.modules.pop("pelicanconf", None)
    return {name: value for name, value in names.items() if name.isupper()}


def read_site(path: Path) -> Site:
    """The `Site` of one settings file. Raises `SettingsError`."""
    return site_from(read_python(path), path.resolve().parent)


def instant(text: str | None = None, zone: tzinfo = UTC) -> datetime:
    """The instant of a build, aware and whole seconds: ISO text, else `SOURCE_DATE_EPOCH`, else now.

    Raises `SettingsError` for text that is not an ISO 8601 date-time. A text without offset is in `zone`.
    """
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    try:
        if text:
            moment = datetime.fromisoformat(text)
            return moment if moment.tzinfo else moment.replace(tzinfo=zone)
        if epoch:
            return datetime.fromtimestamp(int(epoch), UTC)
    except (ValueError, OverflowError, OSError) as error:
        found = text or f"SOURCE_DATE_EPOCH={epoch}"
        raise SettingsError(f"Instant illisible : {found!r} ; écrivez par exemple 2026-05-04T09:30+02:00.") from error
    return datetime.now(UTC).replace(microsecond=0)
