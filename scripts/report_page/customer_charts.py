"""Charts of customers as Vega-Lite: where they lie, what they spend, how they move.

As in `charts`: one function for each form, texts from data as values of fields only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from report_page.chart_parts import (
    SIGNED,
    Rows,
    Titles,
    chart_of,
    on_top,
    segment_colours,
    segment_scale,
    specification,
    tooltips_of,
)
from report_page.chart_style import CARD, INK, MARK
from report_page.marts import Row
from report_page.model import Segment, Specification

# Steps of a band of movement from left to right: enough for a smooth curve.
CURVE_STEPS = 12
FLOW_HEIGHT = 420
# Of the height of a flow, the gap between two groups.
FLOW_GAP = 0.025
# Of the title of an axis, in characters: a phone has room for no more.
LONGEST_TITLE = 40
# In pixels: discs at the edge of a scatter stay clear of the figures of its axes.
EDGE = 14
# What stands beside customers who are in no segment.
NOWHERE = "none"
SCALES = {"log1p": "symlog", "sqrt": "sqrt"}


@dataclass(frozen=True)
class Axis:
    """An axis of the scatter: its title, and how its feature is scaled for the learning."""

    title: str
    transform: str
    value_format: str

    @property
    def short_title(self) -> str:
        """The title where it fits a phone; the text above the chart has it whole."""
        return self.title if len(self.title) <= LONGEST_TITLE else ""

    @property
    def scale(self) -> alt.Scale:
        """The scale on which the feature was compared."""
        kind = SCALES.get(self.transform, "linear")
        return alt.Scale(type=kind, zero=False, nice=True, padding=EDGE)


def scatter(
    rows: Rows, centres: Rows, segments: Sequence[Segment], *, across: Axis, upward: Axis
) -> Specification:
    """Return dots at `x`, `y` in the colour of their segment, and the numbered centres."""
    x = alt.X(
        "x:Q",
        scale=across.scale,
        axis=alt.Axis(
            title=across.short_title or "across",
            format=across.value_format,
            tickCount=5,
            grid=False,
        ),
    )
    y = alt.Y(
        "y:Q", scale=upward.scale, axis=on_top(upward.short_title or "upward", upward.value_format)
    )
    titles = {"segment": "Segment", "shown_x": across.title, "shown_y": upward.title}
    dots = (
        chart_of(rows, height=420)
        .mark_circle(size=48, opacity=0.6)
        .encode(
            x=x,
            y=y,
            color=segment_colours(segments),
            tooltip=tooltips_of(titles | {"customers": "Customers"}),
        )
    )
    middle = alt.Chart(alt.InlineData(values=list(centres))).encode(
        x="x:Q", y="y:Q", tooltip=tooltips_of(titles)
    )
    discs = middle.mark_circle(size=460, opacity=1, stroke=CARD, strokeWidth=2).encode(
        color=segment_colours(segments)
    )
    numbers = middle.mark_text(fontSize=13, fontWeight="bold").encode(
        text="id:N", color=segment_colours(segments, on=True)
    )
    return specification(dots + discs + numbers, colours="independent")


def pareto(rows: Rows, mark: Row) -> Specification:
    """Return the share of spend (`y`) of the share of customers (`x`) who spend most.

    `mark` is the point that the finding speaks of, with its `label`.
    """
    base = chart_of([{"x": 0, "y": 0, "shown_x": "0%", "shown_y": "0%"}, *rows], height=280)
    axis = alt.Axis(title="share of customers, by spend", format=".0%", tickCount=5, grid=False)
    curve = base.encode(
        x=alt.X("x:Q", scale=alt.Scale(domain=[0, 1]), axis=axis),
        y=alt.Y("y:Q", scale=alt.Scale(domainMin=0), axis=on_top("share of spend", ".0%")),
        tooltip=tooltips_of({"shown_x": "Customers who spend most", "shown_y": "Share of spend"}),
    )
    even = (
        alt.Chart(alt.InlineData(values=[{"x": 0, "y": 0}, {"x": 1, "y": 1}]))
        .mark_line(strokeDash=[4, 4], color=MARK)
        .encode(x="x:Q", y="y:Q")
    )
    point = alt.Chart(alt.InlineData(values=[mark])).encode(x="x:Q", y="y:Q")
    return specification(
        even
        + curve.mark_line(strokeWidth=2.5, color="var(--link)")
        + curve.mark_circle(size=40, opacity=1, color="var(--link)")
        + point.mark_circle(size=140, opacity=1, color="var(--link)", stroke=CARD, strokeWidth=2)
        + point.mark_text(align="left", dx=10, dy=10, fontWeight="bold").encode(text="label:N")
    )


def shares(rows: Rows, segments: Sequence[Segment]) -> Specification:
    """Return two dots for each segment: its share of `customers` and of `spend`."""
    title = "share of all"
    scale = alt.Scale(zero=True, nice=True)
    axis = alt.Axis(format=".0%", tickCount=5)
    y = alt.Y(
        "id:O",
        sort=[str(s.segment_id) for s in segments],
        axis=alt.Axis(title=None, labelColor=INK),
    )
    titles = {
        "segment": "Segment",
        "shown_customers": "Share of customers",
        "shown_spend": "Share of spend",
    }
    base = chart_of(rows, height=34 * len(rows)).encode(y=y, tooltip=tooltips_of(titles))
    between = base.mark_rule(strokeWidth=3, opacity=0.5).encode(
        x=alt.X("customers:Q", title=title), x2="spend:Q", color=segment_colours(segments)
    )
    hollow = base.mark_point(size=110, filled=True, fill=CARD, strokeWidth=2, opacity=1).encode(
        x=alt.X("customers:Q", axis=axis, scale=scale, title=title),
        stroke=alt.Stroke("id:N", scale=segment_scale(segments), legend=None),
    )
    full = base.mark_circle(size=150, opacity=1).encode(
        x=alt.X("spend:Q", title=title), color=segment_colours(segments)
    )
    return specification(between + hollow + full)


def flow(rows: Rows, order: Sequence[str], segments: Sequence[Segment]) -> Specification:
    """Return bands from where customers were to where they are, as wide as they are many.

    `rows` have `from`, `to` and `customers`; `order` has the groups from top to bottom.
    """
    largest = sum(row["customers"] for row in rows)
    gap = largest * FLOW_GAP
    before, after = _stack(rows, "from", order, gap), _stack(rows, "to", order, gap)
    points = []
    places = {"from": dict(before), "to": dict(after)}
    for row in sorted(rows, key=lambda r: (order.index(r["from"]), order.index(r["to"]))):
        left, right = places["from"][row["from"]], places["to"][row["to"]]
        places["from"][row["from"]] += row["customers"]
        places["to"][row["to"]] += row["customers"]
        points += _band(row, left, right)
    nodes = [
        {
            "id": name,
            "group": name,
            "label": name if name.isdigit() else NOWHERE,
            "x": x,
            "x2": x + width,
            "y": start,
            "y2": places[side][name],
            "middle": (start + places[side][name]) / 2,
            "customers": f"{places[side][name] - start:,}",
            "side": side,
        }
        for side, starts, x, width in (("from", before, -0.02, 0.02), ("to", after, 1, 0.02))
        for name, start in starts.items()
        if places[side][name] > start
    ]
    return _flow_chart(points, nodes, segments, order)


def _stack(rows: Rows, side: str, order: Sequence[str], gap: float) -> dict[str, float]:
    """Return where each group of a side begins, counted from the top in customers."""
    starts: dict[str, float] = {}
    place = 0.0
    for name in order:
        count = sum(row["customers"] for row in rows if row[side] == name)
        starts[name] = place
        place += count + (gap if count else 0)
    return starts


def _band(row: Row, left: float, right: float) -> list[Row]:
    """Return the points of one band, which leaves and arrives level."""
    steps = [step / CURVE_STEPS for step in range(CURVE_STEPS + 1)]
    curve = [(t, t * t * (3 - 2 * t)) for t in steps]
    return [
        {
            **{name: row[name] for name in ("from", "to", "from_name", "to_name", "shown")},
            "id": row["from"],
            "band": f"{row['from']} {row['to']}",
            "x": round(t, 4),
            "y": round(left + (right - left) * bend, 3),
            "y2": round(left + (right - left) * bend + row["customers"], 3),
        }
        for t, bend in curve
    ]


def _flow_chart(
    points: Rows, nodes: Rows, segments: Sequence[Segment], order: Sequence[str]
) -> Specification:
    """Return bands under the bars of their groups, with the groups' names beside them."""
    others = [name for name in order if name not in {str(s.segment_id) for s in segments}]
    colour = alt.Color("id:N", scale=segment_scale(segments, others), legend=None)
    x = alt.X("x:Q", scale=alt.Scale(domain=[-0.14, 1.14]), axis=None)
    y = alt.Y("y:Q", scale=alt.Scale(reverse=True, nice=False, zero=True), axis=None)
    bands = (
        chart_of(points, height=FLOW_HEIGHT)
        .mark_area(interpolate="linear", opacity=0.55)
        .encode(
            x=x,
            y=y,
            y2="y2:Q",
            detail="band:N",
            color=colour,
            tooltip=tooltips_of({"from_name": "From", "to_name": "To", "shown": "Moves"}),
        )
    )
    base = alt.Chart(alt.InlineData(values=list(nodes)))
    bars = base.mark_rect(opacity=1).encode(
        x="x:Q",
        x2="x2:Q",
        y="y:Q",
        y2="y2:Q",
        color=colour,
        tooltip=tooltips_of({"group": "Group", "customers": "Moves"}),
    )
    texts = [
        base.transform_filter(alt.datum.side == side)
        .mark_text(align=align, dx=dx, fontSize=12, fontWeight="bold", color=INK)
        .encode(x=alt.X(place), y="middle:Q", text="label:N")
        for side, align, dx, place in (("from", "right", -6, "x:Q"), ("to", "left", 6, "x2:Q"))
    ]
    return specification(alt.layer(bands, bars, *texts))


def snake(
    rows: Rows, order: Sequence[str], segments: Sequence[Segment], *, tooltips: Titles
) -> Specification:
    """Return a line for each segment down the features of `order`, `value` from the average."""
    reach = 1.1 * max(abs(row["value"]) for row in rows)
    base = chart_of(rows, height=36 * len(order)).encode(
        y=alt.Y("row:N", sort=list(order), axis=alt.Axis(title=None, labelColor=INK, grid=True)),
        x=alt.X(
            "value:Q",
            scale=alt.Scale(domain=[-reach, reach]),
            axis=alt.Axis(
                title="standard deviations",
                labelExpr=SIGNED,
                tickCount=5,
            ),
        ),
        color=segment_colours(segments),
        detail="id:N",
        order=alt.Order("place:Q"),
        tooltip=tooltips_of(tooltips),
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"value": 0}]))
        .mark_rule(color=MARK, strokeDash=[4, 4])
        .encode(x="value:Q")
    )
    return specification(
        zero + base.mark_line(strokeWidth=2.2, opacity=0.85) + base.mark_circle(size=70, opacity=1)
    )
