"""What a template's output depends on: its own text, that of the templates it uses, and the names that all of them read.

Found by Jinja itself (`jinja2.meta`), once for each text; nothing is listed by hand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import field
from functools import cached_property
from importlib.util import find_spec
from typing import Any

from beffroi.errors import BuildError, SettingsError
from beffroi.memo import Memo
from beffroi.memo.stamps import digest
from beffroi.records import dataclass
from beffroi.shapes import SHAPES

WHOLE = frozenset({"articles", "dates", "drafts", "hidden_articles", "authors", "tags", "categories", "translations"})
"""Names that Pelican gives for all articles at once: here only what is rendered is opened, so that they would lie."""


@dataclass(frozen=True)
class Closure:
    """`sum` stands for the texts of a template and of all that it uses; `names` are what they read from the context."""

    sum: bytes
    names: frozenset[str]


@dataclass
class Templates:
    """The templates of a theme, in Pelican's order of look-up. `environment` makes the Jinja environment, where a text
    must be read for the first time."""

    folders: list[str]
    memo: Memo
    environment: Callable[[], Any]
    _closures: dict[str, Closure] = field(default_factory=dict)

    @cached_property
    def _known(self) -> dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]]:
        before = self.memo.tables.get("templates", {})
        fresh: dict[str, Any] = {}
        self.memo.tables["templates"] = fresh
        return _Fallback(fresh, before)

    def closure(self, name: str) -> Closure:
        """What one template depends on. Raises `BuildError` where the theme does not have it or Jinja cannot read it:
        Pelican's own of that name would be of another site."""
        if name not in self._closures:
            texts, names = [], set[str]()
            for each, (total, read, _) in sorted(self._reach(name).items()):
                texts += [each.encode(), total]
                names |= set(read)
            if lying := sorted(names & WHOLE):
                raise BuildError(
                    f"Gabarit {name} : « {lying[0]} » n’existe pas ici ; écrivez « items » ou « by_category »."
                )
            self._closures[name] = Closure(digest(b"\0".join(texts)), frozenset(names))
        return self._closures[name]

    def _reach(self, name: str) -> dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]]:
        found: dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]] = {}
        todo = [(name, "")]
        while todo:
            each, user = todo.pop()
            if each not in found:
                found[each] = self._read(each, user)
                todo += [(used, each) for used in found[each][2]]
        return found

    def _read(self, name: str, user: str) -> tuple[bytes, tuple[str, ...], tuple[str, ...]]:
        """Sum of the text, names that it reads, templates that it uses."""
        data = self._data(name, user)
        total = digest(data)
        known = self._known.get(name)
        if known is None or known[0] != total:
            self._known[name] = known = (total, *self._understood(name, data))
        return known

    def _data(self, name: str, user: str) -> bytes:
        places = list(self._places(name))
        for place in places:
            try:
                with open(place, "rb") as file:
                    return file.read()
            except OSError:
                continue
        asking = f", que {user} utilise," if user else ""
        raise BuildError(
            f"Gabarit introuvable : {name}{asking} n’est pas dans {os.path.dirname(places[-1])} ; rétablissez ce fichier, "
            "ou vérifiez THEME dans pelicanconf.py."
        )

    def _places(self, name: str) -> list[str]:
        if name.startswith("!"):  # "!theme/base.html", "!simple/base.html"
            where, _, name = name.partition("/")
            return [os.path.join(self.folders[-1] if where == "!theme" else simple(), name)]
        return [os.path.join(folder, name) for folder in self.folders]

    def _understood(self, name: str, data: bytes) -> tuple[tuple[str, ...], tuple[str, ...]]:
        from jinja2 import TemplateSyntaxError, meta

        try:
            tree = self.environment().parse(data.decode())
        except (TemplateSyntaxError, UnicodeDecodeError) as error:
            raise BuildError(f"Gabarit illisible : {name} ({error}).") from error
        used = list(meta.find_referenced_templates(tree))
        if None in used:
            raise BuildError(
                f"Gabarit {name} : le nom d’un gabarit utilisé est calculé ; écrivez-le en toutes lettres."
            )
        names = tuple(sorted(meta.find_undeclared_variables(tree)))
        return names, tuple(sorted(each for each in used if each))


class _Fallback(dict[str, tuple[bytes, tuple[str, ...], tuple[str, ...]]]):
    """Looks into the former table, and keeps in the new one what is used of it."""

    def __init__(self, fresh: dict[str, Any], before: dict[str, Any]) -> None:
        self._fresh, self._before = fresh, before

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self._fresh and name in self._before:
            self._fresh[name] = self._before[name]
        return self._fresh.get(name, default)

    def __setitem__(self, name: str, value: Any) -> None:
        self._fresh[name] = value


def simple() -> str:
    """The folder of Pelican's own templates, which a theme may name: "!simple/base.html"."""
    spec = find_spec("pelican")
    return os.path.join(os.path.dirname(spec.origin or ""), "themes", "simple", "templates") if spec else ""


def reading(raw: Mapping[str, Any]) -> Any:
    """Enough of Jinja to read a template, as these settings have it; Pelican makes the one that renders. Raises
    `SettingsError`."""
    from jinja2 import Environment

    own = dict(raw.get("JINJA_ENVIRONMENT") or {})
    try:
        environment = Environment(**own)  # noqa: S701  # renders nothing
    except Exception as error:
        raise SettingsError(
            f"pelicanconf.py : JINJA_ENVIRONMENT vaut {own!r}, que Jinja refuse ({error}) ; écrivez par exemple "
            f"{SHAPES['JINJA_ENVIRONMENT'][1]}."
        ) from error
    environment.filters, environment.tests = _AnyName(environment.filters), _AnyName(environment.tests)
    return environment


class _AnyName(dict[str, Any]):
    """Filters or tests of whatever name: a plugin may bring its own when the template is rendered."""

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name, str)
