"""The Pelican plugin: `PLUGINS = ["beffroi.site"]`.

Pelican and this package meet only here and in `beffroi.publish`.
"""

from __future__ import annotations


def register() -> None:
    """Connect to Pelican's signals (called by Pelican)."""
    from beffroi.site import plugin  # imported late: Pelican imports every plugin that it lists

    plugin.connect()
