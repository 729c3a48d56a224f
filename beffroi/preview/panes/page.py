"""The page itself, on a phone and on a desktop: the real one, made by the site's own templates."""

from __future__ import annotations

from beffroi.preview.scene import Scene
from beffroi.preview.template import fill


def render(scene: Scene) -> str:
    """Two frames of the same page."""
    return fill("page.html", scene=scene)
