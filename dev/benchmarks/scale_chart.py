"""Time and memory against the number of lines, as a small SVG with both axes logarithmic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT, MARGIN, GAP = 760, 340, 56, 70
COLOURS = ("#2b6cb0", "#c05621", "#6b7280", "#2f855a")
RADIUS = 3.5

Series = Mapping[str, Sequence[tuple[float, float]]]


def scale_chart(seconds: Series, gigabytes: Series) -> str:
    """Two panels side by side: seconds and gigabytes of each program by lines.

    Each series is a list of (lines, value); a program keeps its colour in both panels.
    """
    names = list(dict.fromkeys([*seconds, *gigabytes]))
    colours = {name: COLOURS[at % len(COLOURS)] for at, name in enumerate(names)}
    half = (WIDTH - GAP) / 2
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_panel(seconds, "seconds", colours, MARGIN, half + GAP / 2 - 10),
        *_panel(gigabytes, "peak of memory, GB", colours, half + GAP + 20, WIDTH - 16),
    ]
    for number, name in enumerate(names):
        x = MARGIN + 170 * number
        lines.append(f'<circle cx="{x}" cy="14" r="{RADIUS}" fill="{colours[name]}"/>')
        lines.append(_text(x + 8, 18, name, "start"))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _panel(
    series: Series, title: str, colours: Mapping[str, str], left: float, right: float
) -> list[str]:
    points = [point for line in series.values() for point in line if point[1] > 0]
    top, bottom = 48.0, HEIGHT - MARGIN
    if not points:
        return [_text((left + right) / 2, 36, f"{title}: not measured", "middle")]
    xs, ys = _bounds([x for x, _ in points]), _bounds([y for _, y in points])

    def across(value: float) -> float:
        return left + _place(value, xs) * (right - left)

    def up(value: float) -> float:
        return bottom - _place(value, ys) * (bottom - top)

    out = [
        _text((left + right) / 2, 36, title, "middle"),
        _text((left + right) / 2, HEIGHT - 14, "order lines, millions", "middle"),
    ]
    for value in _decades(xs):
        out.append(_line(across(value), top, across(value), bottom))
        out.append(_text(across(value), bottom + 16, f"{value / 1e6:g}", "middle"))
    for value in _decades(ys):
        out.append(_line(left, up(value), right, up(value)))
        out.append(_text(left - 6, up(value) + 4, f"{value:g}", "end"))
    for name, line in series.items():
        places = [(across(x), up(y)) for x, y in sorted(line) if y > 0]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        out.append(
            f'<polyline points="{path}" fill="none" stroke="{colours[name]}" stroke-width="1.5"/>'
        )
        out.extend(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{RADIUS}" fill="{colours[name]}"/>'
            for x, y in places
        )
    return out


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    """Powers of ten around the values, as exponents; at least one decade."""
    low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
    return (low, high) if high > low else (low, low + 1)


def _place(value: float, bounds: tuple[float, float]) -> float:
    return (math.log10(value) - bounds[0]) / (bounds[1] - bounds[0])


def _decades(bounds: tuple[float, float]) -> list[float]:
    return [10.0**power for power in range(int(bounds[0]), int(bounds[1]) + 1)]


def _line(x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<path d="M{x1:.0f} {y1:.0f}L{x2:.0f} {y2:.0f}" stroke="#e2e5ea"/>'


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{escape(text)}</text>'
