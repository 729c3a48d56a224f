"""Two kinds of settings, read and checked in one place.

`Site` is the commune's identity: capital names in `pelicanconf.py` (and `publishconf.py` on top). `Service` is what
the machine decides: environment variables `BEFFROI_*`, or the same names in one file, `beffroi.env`.
"""

from __future__ import annotations

import os
import re
import runpy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, Field, ValidationError, field_validator

from beffroi import forks, shapes
from beffroi.errors import SettingsError
from beffroi.model import Area, Category, Panel, Publisher

SETTINGS = "publishconf.py"
"""The file that every task reads."""

PUSH_HOSTS = "fcm.googleapis.com,*.google.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com"
"""The push services of the four browser vendors: the only places a subscription may point to."""

PREFIX = "BEFFROI_"
"""Begins the name of each of the machine's settings."""

ENVIRONMENT = "beffroi.env"
"""The file of these settings, for those that the environment does not give."""

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
    given = _given(root / ENVIRONMENT).get("var", "var")
    var, taken = (root / given).resolve(), [root / str(raw.get("THEME") or "theme"), root / ".git"]
    taken += [content, root / str(raw.get("OUTPUT_PATH") or "output")]
    if var == root.resolve() or any(var.is_relative_to(folder.resolve()) for folder in taken):
        raise SettingsError(
            f"{PREFIX}VAR vaut {given!r}, un dossier où il y a autre chose que la base, les clés et les publications ; "
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


class Service(BaseModel, frozen=True):
    """What the machine decides: `BEFFROI_*` in the environment, else in `beffroi.env`, else these defaults."""

    var: Path = Field(Path("var"), description="Dossier de la base, des clés et des publications.")
    database_url: str = Field("", description="Base de données ; SQLite dans `var/beffroi.sqlite3` par défaut.")
    push_hosts: str = Field(
        PUSH_HOSTS, description="Services de notification admis, séparés par des virgules, `*` admis."
    )
    vapid_key_file: Path | None = Field(None, description="Clé VAPID ; `var/vapid.pem` par défaut.")
    vapid_subject: str = Field("", description="Contact pour les services de notification (`mailto:` ou `https:`).")
    live: Path | None = Field(None, description="Lien vers la version en ligne ; `var/www/current` par défaut.")
    keep_releases: int = Field(5, ge=1, description="Nombre de publications conservées.")
    index_at_once: int = Field(500, ge=0, description="Contenus et pages jusqu’où `publish` attend l’index.")
    announce_max_age_days: float = Field(
        7, gt=0, le=36500, description="Au-delà de cet âge (jours), un contenu n’est pas annoncé."
    )
    push_timeout: float = Field(
        10, gt=0, le=3600, description="Délai de réponse d’un service de notification (secondes)."
    )
    push_prearm: bool = Field(
        True, description="Préparer à l’avance les clés des alertes, pour les envoyer quatre fois plus vite."
    )
    push_reference: bool = Field(False, description="Envoyer avec pywebpush, bien plus lent, en cas d’ennui.")
    push_workers: int = Field(8, ge=1, le=64, description="Envois simultanés de pywebpush.")
    keep_months: int = Field(
        12, ge=1, le=1200, description="Mois après lesquels un abonnement que son navigateur ne montre plus est oublié."
    )
    pushes_a_week: int = Field(
        5, ge=1, description="Notifications par habitant et par semaine au-delà desquelles la publication prévient."
    )
    workers: int = Field(0, ge=0, description="Processus de construction ou d’envoi à la fois ; 0 : un par cœur.")
    rate_limit: str = Field("120/minute", description="Demandes d’abonnement admises par adresse.")
    trusted_proxies: str = Field("127.0.0.1,::1", description="Relais dont l’en-tête X-Forwarded-For est cru.")

    @field_validator("vapid_subject")
    @classmethod
    def _subject(cls, value: str) -> str:
        if value and not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://\S+", value):
            raise ValueError("écrivez mailto: et une adresse de courriel, ou une adresse https://…")
        return value

    @property
    def database(self) -> str:
        """The SQLAlchemy URL of the database; plain `postgresql://` addresses get the psycopg driver."""
        url = self.database_url or f"sqlite:///{self.var / 'beffroi.sqlite3'}"
        scheme, _, rest = url.partition("://")
        return f"postgresql+psycopg://{rest}" if scheme in {"postgres", "postgresql"} else url

    @property
    def vapid_key(self) -> Path:
        """The private VAPID key (RFC 8292), PEM, mode 600."""
        return self.vapid_key_file or self.var / "vapid.pem"

    @property
    def current(self) -> Path:
        """The symbolic link to the live release."""
        return self.live or self.var / "www" / "current"

    @property
    def max_age(self) -> timedelta:
        """How old an item may be and still be announced."""
        return timedelta(days=self.announce_max_age_days)


MEANT = {
    "int_parsing": "écrivez un nombre entier",
    "float_parsing": "écrivez un nombre",
    "bool_parsing": "écrivez yes ou no",
    "greater_than": "écrivez un nombre plus grand que {gt:g}",
    "greater_than_equal": "écrivez {ge} au moins",
    "less_than_equal": "écrivez {le:g} au plus",
}
"""What to write, by what pydantic found."""


def _refused(error: Any) -> str:
    """The sentence of a value that is not admitted."""
    context = error.get("ctx", {})
    meant = MEANT.get(error["type"], str(context.get("error", error["msg"]))).format(**context)
    return f"{PREFIX}{str(error['loc'][0]).upper()} vaut {error['input']!r} ; {meant}."


def read_service(root: Path = Path(), **overrides: Any) -> Service:
    """The `Service` of this machine; relative paths are taken from `root`. From then on work is spread over as many
    processes as it says. Raises `SettingsError`."""
    try:
        service = Service(**{**_given(root / ENVIRONMENT), **overrides})
    except ValidationError as error:
        raise SettingsError("\n".join(map(_refused, error.errors()))) from error
    forks.asked = service.workers
    places = {name: root / path for name in ("var", "live", "vapid_key_file") if (path := getattr(service, name))}
    return service.model_copy(update=places)


def _given(path: Path) -> dict[str, str]:
    """What the environment says, else the file, by the names of the fields; what is no setting is passed over.

    pydantic-settings does as much, and takes a fifth of a second of every start.
    """
    from dotenv import dotenv_values

    try:
        said = {**(dotenv_values(path, encoding="utf-8") if path.is_file() else {}), **os.environ}
    except UnicodeDecodeError as error:
        raise SettingsError(f"{path.name} n’est pas en UTF-8 ; enregistrez-le en UTF-8.") from error
    known = variables()
    return {known[name.upper()]: value for name, value in said.items() if name.upper() in known and value is not None}


def variables() -> dict[str, str]:
    """The fields of `Service` by the names of their variables."""
    return {f"{PREFIX}{name.upper()}": name for name in Service.model_fields}


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
