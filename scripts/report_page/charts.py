"""Charts as Vega-Lite, made with Altair: one function for each form, rows in, specification out.

Colours are CSS variables, so that a chart follows light, dark and paper without being drawn
again. Texts from data are values of fields only, never part of an expression.
"""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt

from report_page.chart_parts import (
    SIGNED,
    Rows,
    Titles,
    chart_of,
    on_top,
    segment_colours,
    specification,
    steps_of,
    tooltips_of,
)
from report_page.chart_style import CARD, INK, MARK
from report_page.model import Segment, Specification

ROW_HEIGHT = 26
CELL_GAP = 1.5
# Cells narrower than this, in pixels, show their colour only.
NARROWEST_CELL = 34
# Ticks of a span of shares below this differ by less than a percent.
SMALL_SPAN = 0.06


def heat_map(
    rows: Rows,
    *,
    columns: Sequence[str],
    column_title: str,
    tooltips: Titles,
    colours: str,
    thresholds: Sequence[float],
    row_title: str = "",
) -> Specification:
    """Return cells of `column` x `row`, coloured by `value` in steps and labelled with `label`.

    `colours` is `diverging` (seven steps) or `sequential` (five), one more than thresholds.
    """
    order = list(dict.fromkeys(row["row"] for row in rows))
    steps = range(1, len(thresholds) + 2)
    base = chart_of(rows, height=ROW_HEIGHT * len(order)).encode(
        x=alt.X(
            "column:O",
            sort=list(columns),
            scale=alt.Scale(domain=list(columns)),
            axis=alt.Axis(orient="top", title=column_title, labelAngle=0, labelColor=INK),
        ),
        y=alt.Y(
            "row:N",
            sort=order,
            axis=alt.Axis(title=row_title or None, labelColor=INK),
        ),
        tooltip=tooltips_of(tooltips),
    )
    cells = base.mark_rect(stroke=CARD, strokeWidth=2 * CELL_GAP, cornerRadius=4).encode(
        color=steps_of("value", colours, "", thresholds, steps)
    )
    labels = base.mark_text(
        opacity=alt.expr(f"bandwidth('x') >= {NARROWEST_CELL} ? 1 : 0"), fontSize=12
    ).encode(text="label:N", color=steps_of("value", f"on-{colours}", "", thresholds, steps))
    return specification(cells + labels, colours="independent")


def bubbles(
    rows: Rows, segments: Sequence[Segment], *, x_title: str, y_title: str
) -> Specification:
    """Return value against growth: `x` a ratio, `y` money, both with bounds; area is `size`."""
    near = [row[name] for row in rows for name in ("x", "x_low", "x_high")]
    reach = 1.15 * max(abs(value - 1) for value in (*near, 1.02))
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=[1 - reach, 1 + reach], nice=False, zero=False),
        axis=alt.Axis(
            title=x_title,
            labelExpr="abs(datum.value - 1) < 1e-9 ? '0%' : format(datum.value - 1, '+.0%')",
            tickCount=5,
            grid=False,
        ),
    )
    y = alt.Y(
        "y:Q",
        scale=alt.Scale(domain=_heights(rows), nice=True),
        axis=on_top(y_title, ",f"),
    )
    tooltip = tooltips_of(
        {
            "segment": "Segment",
            "customers": "Customers",
            "spend": y_title,
            "growth": x_title,
            "finding": "Reading",
        }
    )
    base = chart_of(rows, height=360).encode(x=x, y=y, tooltip=tooltip)
    colour = segment_colours(segments)
    zero = (
        alt.Chart(alt.InlineData(values=[{"x": 1}]))
        .mark_rule(strokeDash=[4, 4], color=MARK)
        .encode(x="x:Q")
    )
    across = base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(
        x="x_low:Q", x2="x_high:Q", color=colour
    )
    upward = base.mark_rule(strokeWidth=1.5, opacity=0.7).encode(
        y="y_low:Q", y2="y_high:Q", color=colour
    )
    points = base.mark_circle(opacity=0.92, stroke=CARD, strokeWidth=1.5).encode(
        size=alt.Size(
            "size:Q",
            scale=alt.Scale(
                type="linear", domain=[0, max(row["size"] for row in rows) or 1], range=[250, 2600]
            ),
            legend=None,
        ),
        color=colour,
    )
    numbers = base.mark_text(fontSize=13, fontWeight="bold").encode(
        text="id:N", color=segment_colours(segments, on=True)
    )
    return specification(zero + across + upward + points + numbers, colours="independent")


def _heights(rows: Rows) -> list[float]:
    """Return the range of `y` with its bounds; where all are high, it does not begin at 0."""
    lowest = min(row["y_low"] for row in rows)
    highest = max(row["y_high"] for row in rows)
    room = 0.3 * (highest - lowest)
    return [min(lowest, max(0, lowest - room)), highest + room]


def intervals(
    rows: Rows,
    segments: Sequence[Segment],
    *,
    title: str,
    tooltips: Titles,
    value_format: str,
    from_zero: bool = True,
    reference: str = "",
) -> Specification:
    """Return a dot with its interval for each segment: `value`, `low`, `high`.

    `reference` names a field that all segments are compared with, drawn as a line.
    """
    x = alt.X(
        "value:Q",
        scale=alt.Scale(zero=from_zero, nice=True),
        axis=alt.Axis(title=title, format=value_format, tickCount=5),
    )
    base = chart_of(rows, height=(ROW_HEIGHT + 6) * len(rows)).encode(
        x=x,
        y=alt.Y(
            "id:O",
            sort=[str(s.segment_id) for s in segments],
            axis=alt.Axis(title=None, labelColor=INK),
        ),
        tooltip=tooltips_of(tooltips),
        color=segment_colours(segments),
    )
    lines = base.mark_rule(strokeWidth=3, opacity=0.55).encode(x="low:Q", x2="high:Q")
    points = base.mark_circle(size=150, opacity=1)
    layers = [lines, points]
    if reference:
        (average,) = {row[reference] for row in rows}
        layers.insert(
            0,
            alt.Chart(alt.InlineData(values=[{"value": average}]))
            .mark_rule(strokeDash=[4, 4], color=MARK)
            .encode(x="value:Q"),
        )
    return specification(alt.layer(*layers))


def lines(
    rows: Rows,
    segments: Sequence[Segment],
    *,
    title: str,
    tooltips: Titles,
    value_format: str,
) -> Specification:
    """Return a line for each segment over dates: `date` (ISO), `value`; each ends in its number."""
    colour = segment_colours(segments)
    base = chart_of(rows, height=240).encode(
        x=alt.X(
            "date:T",
            scale=alt.Scale(type="utc"),
            axis=alt.Axis(title=None, format="%b %Y", grid=False, tickCount=6, labelOverlap=True),
        ),
        y=alt.Y(
            "value:Q",
            scale=alt.Scale(zero=True, nice=True),
            axis=on_top(title, value_format),
        ),
        color=colour,
        detail="id:N",
        tooltip=tooltips_of(tooltips),
    )
    drawn = base.mark_line(strokeWidth=2.5)
    points = base.mark_circle(size=45, opacity=1)
    last = max(row["date"] for row in rows)
    ends = (
        alt.Chart(alt.InlineData(values=[row for row in rows if row["date"] == last]))
        .mark_text(align="left", dx=9, fontWeight="bold")
        .encode(x="date:T", y="value:Q", text="id:N", color=colour)
    )
    return specification(drawn + points + ends)


def scan(rows: Rows, *, title: str, series: Titles, chosen: int, tooltips: Titles) -> Specification:
    """Return measures over k: each of `series` is a field, its label the name at its line."""
    long = [
        {**row, "series": label, "value": row[name]}
        for row in rows
        for name, label in series.items()
        if row[name] is not None
    ]
    labels = list(series.values())
    colours = ["var(--link)", "var(--mark)"][: len(labels)]
    x = alt.X("k:O", axis=alt.Axis(title="Number of segments", labelAngle=0, grid=False))
    y = alt.Y("value:Q", scale=alt.Scale(zero=True, nice=True), axis=on_top(title, ".2f"))
    colour = alt.Color(
        "series:N",
        scale=alt.Scale(domain=labels, range=colours),
        legend=alt.Legend(orient="bottom", title=None, symbolType="stroke", symbolStrokeWidth=3)
        if len(labels) > 1
        else None,
    )
    mark = (
        alt.Chart(alt.InlineData(values=[{"k": chosen, "note": "chosen"}]))
        .mark_rect(color="var(--grid)", opacity=1, width={"band": 0.8})
        .encode(x=alt.X("k:O"))
    )
    base = chart_of(long, height=220).encode(
        x=x, y=y, color=colour, detail="series:N", tooltip=tooltips_of(tooltips)
    )
    return specification(mark + base.mark_line(strokeWidth=2.5) + base.mark_circle(size=70))


def bars(rows: Rows, *, title: str, tooltips: Titles) -> Specification:
    """Return a bar for each `row` with `value` (a share) and `label`; some are `is_marked`."""
    # Labels stand right of the bars, also of those that go to the left.
    rows = [row | {"end": max(0, row["value"])} for row in rows]
    order = [row["row"] for row in rows]
    lowest = min(0, *(row["value"] for row in rows))
    highest = 1.45 * max(0, *(row["value"] for row in rows)) or -lowest or 1
    base = chart_of(rows, height=(ROW_HEIGHT + 6) * len(rows)).encode(
        y=alt.Y("row:N", sort=order, axis=alt.Axis(title=None, labelColor=INK)),
        x=alt.X(
            "value:Q",
            scale=alt.Scale(domain=[lowest, highest]),
            axis=alt.Axis(
                title=title,
                format=".0%" if highest - lowest > SMALL_SPAN else ".1%",
                # The room for labels goes beyond the whole.
                labelExpr="datum.value > 1.001 ? '' : datum.label",
                tickCount=4,
            ),
        ),
        tooltip=tooltips_of(tooltips),
    )
    drawn = base.mark_bar(cornerRadiusEnd=3, height={"band": 0.62}).encode(
        color=alt.condition("datum.is_marked", alt.value("var(--link)"), alt.value(MARK))
    )
    labels = base.mark_text(align="left", dx=6).encode(
        x=alt.X("end:Q", title=title), text="label:N"
    )
    return specification(drawn + labels)


def differences(rows: Rows, *, tooltips: Titles, colour: str) -> Specification:
    """Return bars to both sides of the average: `row`, `value` in standard deviations."""
    order = [row["row"] for row in rows]
    reach = 1.1 * max(abs(row["value"]) for row in rows)
    base = chart_of(rows, height=(ROW_HEIGHT - 3) * len(rows)).encode(
        y=alt.Y("row:N", sort=order, axis=alt.Axis(title=None, labelColor=INK)),
        x=alt.X(
            "value:Q",
            scale=alt.Scale(domain=[-reach, reach]),
            axis=alt.Axis(
                title="standard deviations",
                labelExpr=SIGNED,
                tickCount=4,
            ),
        ),
        tooltip=tooltips_of(tooltips),
    )
    zero = (
        alt.Chart(alt.InlineData(values=[{"value": 0}])).mark_rule(color=MARK).encode(x="value:Q")
    )
    return specification(base.mark_bar(color=colour, height={"band": 0.6}) + zero)
