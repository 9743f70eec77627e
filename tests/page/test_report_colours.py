"""Colours of the page: contrast on every ground, and segments told apart by every vision."""

from __future__ import annotations

import itertools
import math

import pytest

from report_page import palette

# --- accessible


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_is_read_and_marks_are_seen_on_every_ground(is_dark: bool):
    colours = palette.DARK if is_dark else palette.LIGHT
    for ground in ("page", "card", "code"):
        for text in ("ink", "muted", "link"):
            assert palette.contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    variables = palette.variables(is_dark)
    for name, colour in variables.items():
        if name.startswith("--on-"):
            assert palette.contrast(colour, variables[name.replace("--on-", "--")]) >= 4.5, name
    for colour in palette.SEGMENTS_DARK if is_dark else palette.SEGMENTS_LIGHT:
        assert palette.contrast(colour, colours["card"]) >= 3


def test_contrast_is_that_of_the_standard():
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISIONS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# In OKLab, where 0.02 is about the least difference that is seen.
LEAST_DISTANCE = 0.08


def seen(colour: str, vision: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Return a colour in OKLab as this vision sees it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    r, g, b = (
        min(1, max(0, sum(x * y for x, y in zip(row, linear, strict=True)))) for row in vision
    )
    cones = (
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    )
    long, medium, short = (math.cbrt(c) for c in cones)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colours", [palette.SEGMENTS_LIGHT, palette.SEGMENTS_DARK])
def test_segments_are_told_apart_by_every_vision(vision: str, colours: tuple[str, ...]):
    for one, other in itertools.combinations(colours, 2):
        distance = math.dist(seen(one, VISIONS[vision]), seen(other, VISIONS[vision]))
        assert distance >= LEAST_DISTANCE, (one, other)
