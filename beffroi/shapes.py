"""What the settings of `pelicanconf.py` must be, those of Pelican among them, before anything is made of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from beffroi.errors import SettingsError

TEXT, TEXTS = (str, os.PathLike), (list, tuple)
NAMED = '{"nom": ma_fonction}'

SHAPES: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "SITENAME": (TEXT, '"Ma commune"'),
    "SITEURL": (TEXT, '"https://www.ma-commune.fr"'),
    "TIMEZONE": (TEXT, '"Europe/Paris"'),
    "DEFAULT_LANG": (TEXT, '"fr"'),
    "NOTICE": (TEXT, '"Site de démonstration"'),
    "PATH": (TEXT, '"content"'),
    "THEME": (TEXT, '"theme"'),
    "OUTPUT_PATH": (TEXT, '"output"'),
    "SPELLING": (TEXT, '"fr"'),
    "HOUSEHOLDS": (int, "3100"),
    "PUBLISHER": (Mapping, '{"name": "Commune de …", "email": "mairie@…"}'),
    "CATEGORIES": (Mapping, '{"actualites": {"name": "Actualités", "kind": "news"}}'),
    "AREAS": (Mapping, '{"bourg": "Le Bourg"}'),
    "LANGUAGES": (Mapping, '{"en": "English"}'),
    "PANELS": (Mapping, '{"mairie": {"name": "Place de la Mairie", "lines": 8, "columns": 16}}'),
    "WORDS": (Mapping, '{"en": {"Patrimoine": "Heritage"}}'),
    "APP_COLORS": (Mapping, '{"theme": "#0b4a6f", "background": "#f4fafc"}'),
    "FOOTER": (TEXTS, '["contact", "mentions-legales"]'),
    "PANEL_REFUSED": (TEXTS, '["soldes", "candidat"]'),
    "PLUGINS": (TEXTS, '["beffroi.site"]'),
    "PLUGIN_PATHS": (TEXTS, '["extensions"]'),
    "THEME_TEMPLATES_OVERRIDES": (TEXTS, '["gabarits"]'),
    "JINJA_ENVIRONMENT": (Mapping, '{"extensions": ["jinja2.ext.do"]}'),
    "JINJA_FILTERS": (Mapping, NAMED),
    "JINJA_TESTS": (Mapping, NAMED),
    "JINJA_GLOBALS": (Mapping, '{"nom": "valeur"}'),
    "MARKDOWN": (Mapping, "{}"),
}
"""What a setting must be, where it is not empty, and an example of it."""


def examine(raw: Mapping[str, Any]) -> None:
    """Refuse a setting of another form than its own: a text, say, where a list is read letter by letter. Raises
    `SettingsError` with the setting, what was found and an example."""
    for name, (kind, example) in SHAPES.items():
        value = raw.get(name)
        if value and not (isinstance(value, kind) and _filled(name, value)):
            raise SettingsError(f"pelicanconf.py : {name} vaut {value!r} ; écrivez par exemple {example}.")


def _filled(name: str, value: Any) -> bool:
    """Whether what it holds is of its form, too."""
    if name == "APP_COLORS":
        return set(value) == {"theme", "background"} and all(isinstance(color, str) for color in value.values())
    if name in {"JINJA_FILTERS", "JINJA_TESTS"}:
        return all(map(callable, value.values()))
    return name == "PLUGINS" or not isinstance(value, TEXTS) or all(isinstance(one, TEXT) for one in value)


def given(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The settings without those that are left empty by `None`, for which Pelican would not take its default."""
    return {name: value for name, value in raw.items() if value is not None or name not in SHAPES}
