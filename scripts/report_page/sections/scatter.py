"""Where customers lie, by the two measures that separate the segments most."""

from __future__ import annotations

from collections.abc import Sequence

from report_page import customer_charts, wording
from report_page.charts import SMALL_SPAN
from report_page.customer_charts import Axis
from report_page.marts import Answer, Marts, Row, by
from report_page.model import Column, Facts, Figure, Section


def _columns(row: Row) -> tuple[Column, ...]:
    return (
        Column("segment_id", "Segment", wording.whole),
        Column("x", row["x_label"].capitalize(), wording.number, unit="x_unit"),
        Column("y", row["y_label"].capitalize(), wording.number, unit="y_unit"),
        Column("customer_count", "Customers", wording.whole),
    )


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the scatter; nothing where fewer than two measures separate the segments."""
    answer = marts.ask("scatter")
    if not answer:
        return None
    row = answer.first()
    across, upward = _axis(answer.rows, "x", facts), _axis(answer.rows, "y", facts)
    sizes = sorted(answer.column("customer_count"))
    size = sizes[len(sizes) // 2]
    return Section(
        key="customers",
        title="Where customers lie",
        short_title="Customers",
        lead=(
            f"Across: {across.title}. Upward: {upward.title}. What else sets segments apart is in "
            "the sections below."
        ),
        figures=(
            Figure(
                key="scatter",
                title="Customers by the two measures that separate the segments most",
                finding=_finding(answer),
                sql=answer.sql,
                table=facts.table(answer.rows, _columns(row)),
                chart=customer_charts.scatter(
                    [_dot(row, facts) for row in answer.rows],
                    [_centre(rows, facts) for rows in by(answer.rows, "segment_id").values()],
                    facts.segments,
                    across=across,
                    upward=upward,
                ),
                shows="Dots in the colour of their segment, and a numbered disc at the mean of "
                "each segment.",
                has_segment_key=True,
                note=f"Each dot is the mean of about {wording.whole(size)} customers who are next "
                "to each other in one segment, so that nobody is shown alone. A numbered disc is "
                "the mean of its segment.",
            ),
        ),
    )


def _axis(rows: Sequence[Row], name: str, facts: Facts) -> Axis:
    """Return an axis of the scatter."""
    row = rows[0]
    unit = row[f"{name}_unit"]
    values = [row[name] for row in rows]
    shares = ".0%" if max(values) - min(values) >= SMALL_SPAN else ".1%"
    is_share = unit.split(" ")[0] == "share"
    label = row[f"{name}_label"]
    title = facts.axis(label) if wording.is_money(unit) else label
    return Axis(title, row[f"{name}_transform"], shares if is_share else ",.2~f")


def _dot(row: Row, facts: Facts) -> Row:
    return _point(row["segment_id"], row["x"], row["y"], row, facts) | {
        "customers": wording.whole(row["customer_count"])
    }


def _centre(rows: list[Row], facts: Facts) -> Row:
    """Return the mean of a segment: that of its dots, by the customers in them."""
    count = sum(row["customer_count"] for row in rows)
    x, y = (sum(row[name] * row["customer_count"] for row in rows) / count for name in ("x", "y"))
    return _point(rows[0]["segment_id"], round(x, 4), round(y, 4), rows[0], facts)


def _point(segment_id: int, x: float, y: float, row: Row, facts: Facts) -> Row:
    return {
        "id": str(segment_id),
        "segment": f"{segment_id} {facts.segment(segment_id).name}",
        "x": x,
        "y": y,
        "shown_x": facts.in_unit(x, row["x_unit"]),
        "shown_y": facts.in_unit(y, row["y_unit"]),
    }


def _finding(answer: Answer) -> str:
    """Say which segments lie at the ends."""
    means = {
        segment: [
            sum(row[name] * row["customer_count"] for row in rows)
            / sum(row["customer_count"] for row in rows)
            for name in ("x", "y")
        ]
        for segment, rows in by(answer.rows, "segment_id").items()
    }
    if len(means) < 2:
        return ""
    right = max(means, key=lambda segment: means[segment][0])
    left = min(means, key=lambda segment: means[segment][0])
    high = max(means, key=lambda segment: means[segment][1])
    return (
        f"Segment {right} lies furthest to the right and segment {left} furthest to the left; "
        f"segment {high} is highest."
    )
