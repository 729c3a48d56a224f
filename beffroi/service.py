"""What the machine decides: environment variables `BEFFROI_*`, or the same names in one file, `beffroi.env`."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from beffroi import forks
from beffroi.errors import SettingsError
from beffroi.records import dataclass

PREFIX = "BEFFROI_"
"""Begins the name of each of the machine's settings."""

ENVIRONMENT = "beffroi.env"
"""The file of these settings, for those that the environment does not give."""

PUSH_HOSTS = "fcm.googleapis.com,*.google.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com"
"""The push services of the four browser vendors: the only places a subscription may point to."""

YES, NO = frozenset(("1", "on", "t", "true", "y", "yes")), frozenset(("0", "off", "f", "false", "n", "no"))

Read = Callable[[str], Any]
"""Reads the words of a setting. Raises `ValueError`, which says what to write."""


def _within(value: float, least: float, most: float) -> None:
    if not value <= most:
        raise ValueError(f"écrivez {most:g} au plus")
    if value < least:
        raise ValueError(f"écrivez {least:g} au moins")


def _whole(least: int, most: float = math.inf) -> Read:
    """A whole number."""

    def read(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ValueError("écrivez un nombre entier") from None
        _within(value, least, most)
        return value

    return read


def _number(above: float, most: float) -> Read:
    """A number."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError("écrivez un nombre") from None
        _within(value, -math.inf, most)
        if value <= above:
            raise ValueError(f"écrivez un nombre plus grand que {above:g}")
        return value

    return read


def _switch(text: str) -> bool:
    word = text.lower()
    if word not in YES | NO:
        raise ValueError("écrivez yes ou no")
    return word in YES


def _subject(text: str) -> str:
    if text and not re.fullmatch(r"mailto:[^@\s]+@[^@\s]+|https://\S+", text):
        raise ValueError("écrivez mailto: et une adresse de courriel, ou une adresse https://…")
    return text


@dataclass(frozen=True)
class Service:
    """What the machine decides: `BEFFROI_*` in the environment, else in `beffroi.env`, else these defaults.

    docs/reference/settings.md says what each is.
    """

    var: Path = Path("var")
    database_url: str = ""
    push_hosts: str = PUSH_HOSTS
    vapid_key_file: Path | None = None
    vapid_subject: str = ""
    live: Path | None = None
    keep_releases: int = 5
    index_at_once: int = 500
    announce_max_age_days: float = 7.0
    push_timeout: float = 10.0
    push_prearm: bool = True
    push_reference: bool = False
    push_workers: int = 8
    keep_months: int = 12
    pushes_a_week: int = 5
    workers: int = 0
    rate_limit: str = "120/minute"
    trusted_proxies: str = "127.0.0.1,::1"

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


READ: Mapping[str, Read] = {
    **dict.fromkeys(("var", "vapid_key_file", "live"), Path),
    "vapid_subject": _subject,
    "keep_releases": _whole(1),
    "index_at_once": _whole(0),
    "announce_max_age_days": _number(0, 36500),
    "push_timeout": _number(0, 3600),
    "push_prearm": _switch,
    "push_reference": _switch,
    "push_workers": _whole(1, 64),
    "keep_months": _whole(1, 1200),
    "pushes_a_week": _whole(1),
    "workers": _whole(0),
}
"""How each setting is read that is more than words."""


def read_service(root: Path = Path(), **overrides: Any) -> Service:
    """The `Service` of this machine; relative paths are taken from `root`. From then on work is spread over as many
    processes as it says. Raises `SettingsError`."""
    found, faults = dict(overrides), []
    for name, text in given(root / ENVIRONMENT).items():
        try:
            found.setdefault(name, READ.get(name, str)(text))
        except ValueError as error:
            faults.append(f"{PREFIX}{name.upper()} vaut {text!r} ; {error}.")
    if faults:
        raise SettingsError("\n".join(faults))
    service = Service(**found)
    forks.asked = service.workers
    places = {name: root / path for name in ("var", "live", "vapid_key_file") if (path := getattr(service, name))}
    return replace(service, **places)


def given(path: Path) -> dict[str, str]:
    """What the environment says, else the file, by the names of the fields; what is no setting is passed over."""
    said: dict[str, str | None] = {}
    if path.is_file():
        from dotenv import dotenv_values  # late: most machines say it in their environment

        try:
            said.update(dotenv_values(path, encoding="utf-8"))
        except UnicodeDecodeError as error:
            raise SettingsError(f"{path.name} n’est pas en UTF-8 ; enregistrez-le en UTF-8.") from error
    said.update(os.environ)
    known = variables()
    return {known[name.upper()]: value for name, value in said.items() if name.upper() in known and value is not None}


def variables() -> dict[str, str]:
    """The fields of `Service` by the names of their variables."""
    return {f"{PREFIX}{one.name.upper()}": one.name for one in fields(Service)}
