"""Pelican's writer, for a site of which only a part is rendered: files go to a staging folder, fragments in place."""

from __future__ import annotations

import os
from typing import Any

from pelican import signals
from pelican.writers import Writer

from beffroi import folders
from beffroi.memo.stamps import digest
from beffroi.site.shared import Hole
from beffroi.site.work import Work


class StagingWriter(Writer):  # type: ignore[misc]  # pelican has no types
    """Writes what the build asked for below `output_path`. `written` maps each output to the places of its fragments."""

    def __init__(self, output_path: str, settings: Any) -> None:
        super().__init__(output_path, settings)
        self.written: dict[str, tuple[tuple[Hole, ...], bytes]] = {}
        self._work: Work = settings["BEFFROI"]
        self._shared = self._work.shared

    def write_file(
        self, name: str, template: Any, context: dict[str, Any], relative_urls: bool = False, **kwargs: Any
    ) -> None:
        """Render one file."""
        if not name:
            return
        for option in ("paginated", "template_name", "override_output", "url"):
            kwargs.pop(option, None)
        local = {**context, "localsiteurl": context.get("localsiteurl"), "output_file": name, **kwargs}
        data, holes = self._shared.filled(template.render(local))
        self.written[name] = holes, digest(data)
        path = os.path.join(self.output_path, self._work.staged(name))
        folders.made(os.path.dirname(path))
        with open(path, "wb") as file:
            file.write(data)
        signals.content_written.send(path, context=local)
