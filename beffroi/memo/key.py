"""The key of a memo: the program, its libraries, the settings. Under another one, nothing that was kept is used."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import PathFinder
from types import FunctionType
from typing import Any

LIBRARIES = frozenset(("feedgen", "jinja2", "lxml", "markdown", "markupsafe", "pagefind", "pelican", "pillow", "pyyaml",
                       "tzdata", "unidecode"))  # fmt: skip
INSTALLED = (".dist-info", ".egg-info")
"""Ends the name of what an installer leaves beside a library: `pelican-4.12.0.dist-info`."""
HOUSE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def key_of(raw: Mapping[str, Any], plugins: Sequence[str], folder: str) -> str:
    """The key for these settings; `plugins` are Pelican's, their code counts. `folder` is the site's."""
    total = hashlib.sha256()
    for part in (sys.version, sys.platform, *_versions()):
        total.update(part.encode() + b"\0")
    for root in (HOUSE, *_homes(plugins, folder)):
        for path in sources(root):
            with open(path, "rb") as file:
                data = file.read()
            total.update(f"{path[len(root) :]}\0{len(data)}\0".encode() + data)
    total.update(said({name: value for name, value in raw.items() if name != "BEFFROI"}).encode())
    return total.hexdigest()


def _versions() -> Iterator[str]:
    """Name and version of each library, without reading what `importlib.metadata` reads of each: a hundred times as
    much."""
    for folder in sys.path:
        with suppress(OSError):
            names = [name for name in os.listdir(folder or ".") if name.endswith(INSTALLED)]
            yield from sorted(name for name in names if name.partition("-")[0].lower() in LIBRARIES)


def _homes(plugins: Sequence[str], folder: str) -> Iterator[str]:
    """Where the code of other plugins lies."""
    for name in plugins:
        if name != "beffroi.site":
            spec = PathFinder.find_spec(name.partition(".")[0], [folder, *sys.path])
            if spec and spec.origin:
                yield os.path.dirname(spec.origin) if spec.submodule_search_locations else spec.origin


def sources(root: str) -> Iterator[str]:
    """Every Python file of a package, in one order; the file itself where it is one."""
    if not os.path.isdir(root):
        yield root
    for base, names, files in os.walk(root):
        names.sort()
        yield from (os.path.join(base, name) for name in sorted(files) if name.endswith(".py"))


def said(value: Any) -> str:
    """The value in words that are the same for the same value in every process."""
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{said(k)}:{said(v)}" for k, v in value.items()) + "}"
    if isinstance(value, set | frozenset):
        return "<" + ",".join(sorted(map(said, value))) + ">"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(said, value)) + "]"
    if isinstance(value, FunctionType):
        code = hashlib.sha256(marshal.dumps(value.__code__)).hexdigest()
        return f"{value.__module__}.{value.__qualname__} {code} {said(value.__defaults__)}"
    return repr(value)
