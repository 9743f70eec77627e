"""The frontier as a small SVG: what segments predict against what they hold of preferences."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.frontier import Point
from benchmarks.real import FAMILY_VARIANCE, PREDICTION_SHARE, STABILITY

WIDTH, HEIGHT, MARGIN = 640, 400, 56
RADIUS = 4
FAMILY = "preference"
STABLE, UNSTABLE, CHOSEN = "#2b6cb0", "#c9ced6", "#c05621"


def frontier_chart(points: Sequence[Point], title: str) -> str:
    """One circle for each weighting and k; blue where half samples agree, orange the default."""
    xs = [point.quality.family_variance.get(FAMILY, 0.0) for point in points]
    ys = [point.quality.prediction_share for point in points]
    left, right = 0.0, 1.05 * max(xs)
    low, high = min(0.55, *ys), max(0.95, *ys)

    def across(value: float) -> float:
        return MARGIN + (value - left) / (right - left) * (WIDTH - 1.5 * MARGIN)

    def up(value: float) -> float:
        return HEIGHT - MARGIN - (value - low) / (high - low) * (HEIGHT - 1.7 * MARGIN)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="11" fill="#333">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        _text(WIDTH / 2, 20, title, "middle"),
        _text(WIDTH / 2, HEIGHT - 14, f"variance of the {FAMILY} family explained", "middle"),
        f'<text transform="translate(14 {HEIGHT / 2}) rotate(-90)" text-anchor="middle">'
        "share of the ceiling of the next spend</text>",
    ]
    for value in _steps(left, right, 0.05):
        lines.append(_text(across(value), HEIGHT - MARGIN + 16, f"{value:.0%}", "middle"))
    for value in _steps(low, high, 0.1):
        lines.append(_text(MARGIN - 8, up(value) + 4, f"{value:.1f}", "end"))
    target = 'stroke="#888" stroke-dasharray="4 3"'
    lines.append(
        f'<path d="M{across(FAMILY_VARIANCE):.0f} {MARGIN * 0.7:.0f}V{HEIGHT - MARGIN}" {target}/>'
    )
    lines.append(
        f'<path d="M{MARGIN} {up(PREDICTION_SHARE):.0f}H{WIDTH - MARGIN / 2:.0f}" {target}/>'
    )
    order = sorted(zip(points, xs, ys, strict=True), key=lambda one: _rank(one[0]))
    for point, x, y in order:
        lines.append(
            f'<circle cx="{across(x):.0f}" cy="{up(y):.0f}" r="{RADIUS}" fill="{_colour(point)}"/>'
        )
    keys = ((STABLE, "half samples agree"), (UNSTABLE, "they do not"), (CHOSEN, "the default"))
    for number, (colour, text) in enumerate(keys):
        x = MARGIN + 10 + 150 * number
        lines.append(f'<circle cx="{x}" cy="36" r="{RADIUS}" fill="{colour}"/>')
        lines.append(_text(x + 8, 40, text, "start"))
    return "\n".join([*lines, "</svg>"]) + "\n"


def _rank(point: Point) -> int:
    """Order of drawing: what matters lies on top."""
    return [UNSTABLE, STABLE, CHOSEN].index(_colour(point))


def _colour(point: Point) -> str:
    if point.is_default:
        return CHOSEN
    return STABLE if (point.quality.stability or 0.0) >= STABILITY else UNSTABLE


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{anchor}">{text}</text>'


def _steps(low: float, high: float, step: float) -> list[float]:
    first = -(-low // step)
    count = int((high - first * step) / step) + 1
    return [(first + number) * step for number in range(count)]
