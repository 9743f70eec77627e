"""Colours of the page, light and dark.

Segments can be distinguished under normal vision and the three kinds of colour blindness (the least
distance of two of them is tested), and stand out from the background by 3 to 1 or more; text
does by 4.5 to 1 (WCAG AA).
"""

from __future__ import annotations

# In order of segment_id; more segments than colours repeat them, and their number tells them apart.
SEGMENTS_LIGHT = (
    "#0072b2",
    "#d55e00",
    "#29a385",
    "#ac3986",
    "#6c5613",
    "#1b0f57",
    "#454c54",
    "#521424",
)
SEGMENTS_DARK = (
    "#56b4e9",
    "#eb8b47",
    "#b3e6d9",
    "#bf4095",
    "#f2cc0d",
    "#765eed",
    "#94999e",
    "#e6194c",
)
# From far below the average to far above it; the middle is near it.
DIVERGING_LIGHT = ("#b35806", "#f1a340", "#fee0b6", "#f1f2f4", "#d1e5f0", "#7fb3d9", "#1f5f9e")
DIVERGING_DARK = ("#f0a24b", "#96591a", "#4f371c", "#262c34", "#213d56", "#2b6198", "#7fbcf0")
# From none to all.
SEQUENTIAL_LIGHT = ("#f1f2f4", "#d9e6f2", "#aecbe4", "#6f9fce", "#1f5f9e")
SEQUENTIAL_DARK = ("#262c34", "#22384d", "#25507a", "#2f6aa6", "#7fbcf0")

LIGHT = {
    "page": "#f6f7f9",
    "card": "#ffffff",
    "ink": "#1b2026",
    "muted": "#57606a",
    "line": "#d5dae0",
    "grid": "#e6e9ed",
    "link": "#0b5cad",
    "code": "#f1f2f4",
    "good": "#116329",
    "warn": "#8a4600",
    "mark": "#57606a",
}
DARK = {
    "page": "#0f1319",
    "card": "#161b22",
    "ink": "#e8ecf1",
    "muted": "#a5afba",
    "line": "#3a424c",
    "grid": "#2b323a",
    "link": "#7fbcf0",
    "code": "#10151b",
    "good": "#6fdd8b",
    "warn": "#f5b262",
    "mark": "#a5afba",
}
BLACK, WHITE = "#000000", "#ffffff"


def segment_colour(position: int) -> str:
    """Return the CSS variable of the segment in this place, counted from 0."""
    return f"var(--segment-{position % len(SEGMENTS_LIGHT) + 1})"


def luminance(colour: str) -> float:
    """Return the relative luminance of `#rrggbb`, 0 to 1 (WCAG 2)."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def readable_on(colour: str) -> str:
    """Return black or white, whichever is read better on this colour."""
    return max((WHITE, BLACK), key=lambda text: contrast(text, colour))


def variables(is_dark: bool) -> dict[str, str]:
    """Return all colours as CSS variables."""
    named = dict(DARK if is_dark else LIGHT)
    scales = {
        "segment": SEGMENTS_DARK if is_dark else SEGMENTS_LIGHT,
        "diverging": DIVERGING_DARK if is_dark else DIVERGING_LIGHT,
        "sequential": SEQUENTIAL_DARK if is_dark else SEQUENTIAL_LIGHT,
    }
    for name, colours in scales.items():
        for number, colour in enumerate(colours, 1):
            named[f"{name}-{number}"] = colour
            named[f"on-{name}-{number}"] = readable_on(colour)
    return {f"--{name}": colour for name, colour in named.items()}


def css() -> str:
    """Return the rules that set the variables: light, dark where asked for, light on paper."""

    def rule(is_dark: bool) -> str:
        body = "".join(f"{name}:{value};" for name, value in variables(is_dark).items())
        return f":root{{color-scheme:{'dark' if is_dark else 'light'};{body}}}"

    numbers = range(1, len(SEGMENTS_LIGHT) + 1)
    scales = {
        "segment": numbers,
        "diverging": range(1, len(DIVERGING_LIGHT) + 1),
        "sequential": range(1, len(SEQUENTIAL_LIGHT) + 1),
    }
    classes = "".join(
        f".{name}-{n}{{--colour:var(--{name}-{n});--on-colour:var(--on-{name}-{n})}}\n"
        for name, all_numbers in scales.items()
        for n in all_numbers
    )
    dark = f"@media screen and (prefers-color-scheme:dark){{{rule(True)}}}"
    return f"{rule(False)}\n{dark}\n{classes}"
