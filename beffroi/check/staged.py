"""The files of git's index: what the next commit would hold, whatever the working tree has become since."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import BinaryIO

from beffroi.check.files import decodes, in_order, source_of
from beffroi.git import Repository
from beffroi.settings import Site


class Staged:
    """`Files` of the index. A context: it keeps one git process to read bytes with."""

    def __init__(self, site: Site, repository: Repository) -> None:
        self._site, self._repository, self._open = site, repository, ExitStack()
        folder = source_of(site, "")
        index = repository.index(folder.rstrip("/"))
        shown = {name.removeprefix(folder): blob for name, blob in index.items() if name.startswith(folder)}
        self._keys = {name: blob for name, blob in shown.items() if not any(p[:1] == "." for p in name.split("/"))}
        self.names: Sequence[str] = in_order(self._keys)

    def __enter__(self) -> Staged:
        self._blobs = self._open.enter_context(self._repository.blobs())
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def key(self, name: str) -> str:
        """The id of the bytes, which the index knows."""
        return self._keys[name]

    def data(self, name: str) -> bytes:
        """The bytes as they were staged."""
        found = self._blobs.data(self._keys[self._named(name)])
        if found is None:  # a link to another repository
            raise OSError(0, "absent de git", name)
        return found

    def opened(self, name: str) -> BinaryIO:
        """The bytes as they were staged."""
        return io.BytesIO(self.data(name))

    def exists(self, name: str) -> bool:
        """Whether the next commit holds it."""
        return self._named(name) in self._keys

    def is_image(self, name: str) -> bool:
        """Whether the staged bytes can be read."""
        return decodes(self.data(name))

    def _named(self, name: str) -> str:
        return name if name in self._keys else self._forms.get(unicodedata.normalize("NFC", name), name)

    @cached_property
    def _forms(self) -> dict[str, str]:
        return {unicodedata.normalize("NFC", name): name for name in self._keys if not name.isascii()}


def below(site: Site, sources: Sequence[str] | frozenset[str]) -> frozenset[str]:
    """Of these paths from the site's root, those of the content, as paths below it."""
    folder = source_of(site, "")
    return frozenset(source.removeprefix(folder) for source in sources if source.startswith(folder))
