"""What several forms of charts are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import altair as alt
from altair.utils.schemapi import disable_debug_mode

from report_page.chart_style import MARK
from report_page.marts import Row
from report_page.model import Segment, Specification
from report_page.palette import segment_colour

Rows: TypeAlias = Sequence[Row]
Titles: TypeAlias = dict[str, str]
# Figures of an axis of standard deviations.
SIGNED = "datum.value == 0 ? '0' : format(datum.value, '+.1~f')"

# A specification is checked once it is whole, and not each part of it as it is made too.
disable_debug_mode()


def chart_of(rows: Rows, *, height: int) -> alt.Chart:
    """Return a chart of rows that stand in its specification."""
    return alt.Chart(alt.InlineData(values=list(rows))).properties(height=height)


def tooltips_of(titles: Titles) -> list[alt.Tooltip]:
    """Return what a tooltip shows: fields by their titles."""
    return [alt.Tooltip(f"{name}:N", title=title) for name, title in titles.items()]


def segment_scale(
    segments: Sequence[Segment], others: Sequence[str] = (), *, on: bool = False
) -> alt.Scale:
    """Return the colours of segments by their ids, those that are read on them with `on`.

    Other groups of customers are grey.
    """
    colours = [segment_colour(segment.position) for segment in segments]
    if on:
        colours = [colour.replace("--segment", "--on-segment") for colour in colours]
    return alt.Scale(
        domain=[*(str(s.segment_id) for s in segments), *others],
        range=[*colours, *(MARK for _ in others)],
    )


def segment_colours(segments: Sequence[Segment], *, on: bool = False) -> alt.Color:
    """Return the colours of segments by field `id`, or those that are read on them."""
    return alt.Color("id:N", scale=segment_scale(segments, on=on), legend=None)


def steps_of(
    field: str, name: str, title: str, thresholds: Sequence[float], steps: range
) -> alt.Color:
    """Return colours in steps of a field."""
    colours = [f"var(--{name}-{step})" for step in steps]
    scale = alt.Scale(type="threshold", domain=list(thresholds), range=colours)
    return alt.Color(f"{field}:Q", title=title, scale=scale, legend=None)


def on_top(title: str, number_format: str) -> alt.Axis:
    """Return an upward axis whose title lies above it, where it is read and takes no width."""
    return alt.Axis(
        title=title,
        format=number_format,
        tickCount=5,
        titleAngle=0,
        titleAlign="left",
        titleBaseline="bottom",
        titleX=0,
        titleY=-10,
    )


def specification(
    chart: alt.LayerChart | alt.FacetChart, *, colours: Literal["independent", "shared"] = "shared"
) -> Specification:
    """Return a checked specification, as wide as its place.

    `colours` is `independent` where layers have separate colours.
    """
    whole = chart.properties(width="container", autosize={"type": "fit-x", "contains": "padding"})
    checked: Specification = whole.resolve_scale(color=colours).to_dict()
    return checked
