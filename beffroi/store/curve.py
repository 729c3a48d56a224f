"""Twelve months of subscriptions as one SVG: no script, no font, no address, so that it opens anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, TOP, BOTTOM = 720, 300, 56, 34, 34
STYLE = (
    "text{font:13px sans-serif;fill:#10242f}.line{fill:none;stroke:#0b4f7d;stroke-width:3}"
    ".goal{stroke:#8a2b1f;stroke-dasharray:6 5}.axis{stroke:#8aa0ac}"
)


def svg(curve: Sequence[tuple[str, int]], title: str, goal: int = 0) -> str:
    """The picture. `curve` is (ISO day, count), in order; `goal` draws a line where it is not 0."""
    days = [date.fromisoformat(day).toordinal() for day, _ in curve] or [0]
    highest = max([goal, *(count for _, count in curve)], default=0) or 1
    span = max(days[-1] - days[0], 1)

    def x(day: int) -> float:
        return LEFT + (day - days[0]) / span * (WIDTH - LEFT - 16)

    def y(count: int) -> float:
        return HEIGHT - BOTTOM - count / highest * (HEIGHT - TOP - BOTTOM)

    points = " ".join(f"{x(day):.1f},{y(count):.1f}" for day, (_, count) in zip(days, curve, strict=False))
    ends = f"{curve[0][0]} – {curve[-1][0]}" if curve else "aucun relevé"
    parts = [
        f'<line class="axis" x1="{LEFT}" y1="{y(0):.1f}" x2="{WIDTH - 16}" y2="{y(0):.1f}"/>',
        f'<polyline class="line" points="{points}"/>',
        f'<text x="{LEFT}" y="20">{escape(title)}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 10}">{escape(ends)}</text>',
        f'<text x="4" y="{y(highest) + 5:.1f}">{highest}</text><text x="4" y="{y(0):.1f}">0</text>',
    ]
    if goal:
        parts.append(f'<line class="goal" x1="{LEFT}" y1="{y(goal):.1f}" x2="{WIDTH - 16}" y2="{y(goal):.1f}"/>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">'
        f"<title>{escape(title)}</title><style>{STYLE}</style>{''.join(parts)}</svg>\n"
    )
