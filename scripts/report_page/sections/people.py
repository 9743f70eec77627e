"""Who the customers are: attributes, where they are known."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Marts, Row, by
from report_page.model import Column, Facts, Figure, Section, Table
from report_page.sections.portrait import COMBINED
from report_page.sections.shopping import SWATCHES, THRESHOLDS

# More attributes, and more values of one, are in the mart; a page holds what can be read.
MOST_ATTRIBUTES = 8
MOST_VALUES = 12
# Smaller differences of shares are not spoken of: three in a hundred.
LEAST_POINTS = 0.03


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return a heat map for each attribute."""
    answer = marts.ask("demographics")
    groups = list(by(answer.rows, "attribute").items())
    if not groups:
        return None
    figures = [
        figure(number, rows, answer.sql, facts)
        for number, (_, rows) in enumerate(groups[:MOST_ATTRIBUTES], 1)
    ]
    text = (
        "Shares are of the customers with a known value; groups below the minimum size "
        "are not shown, nor what would give one away. Segments are made from behaviour unless the "
        "definitions say otherwise, so these describe them and do not define them."
    )
    if len(groups) > MOST_ATTRIBUTES:
        text += (
            f" Shown are {MOST_ATTRIBUTES} of {len(groups)} attributes; the others are in the "
            "mart segment_demographics."
        )
    return Section(key="people", title="Who they are", lead=text, figures=tuple(figures))


def _points_above(row: Row) -> float:
    return float(row["customer_share"] - row["population_share"])


FIGURE_COLUMNS = (
    Column("value", "Value"),
    Column("segment_id", "Segment", wording.whole),
    Column("customer_count", "Customers", wording.whole),
    Column("customer_share", "Share", wording.percent),
    Column("population_share", "Share of all", wording.percent),
    Column("index_value", "Index", wording.index),
)


def figure(number: int, rows: list[Row], sql: str, facts: Facts) -> Figure:
    """Return one attribute: the share of each value, coloured by its index."""
    label = rows[0]["attribute_label"]
    most_common = sorted(
        by(rows, "value").items(),
        key=lambda item: -sum(row["customer_count"] for row in item[1]),
    )
    kept = {value for value, _ in most_common[:MOST_VALUES]}
    shown = [row for row in rows if row["value"] in kept and row["index_value"] is not None]
    known = sorted({row["segment_id"]: row["known_count"] for row in rows}.items())
    told_by = wording.listed([f"{wording.whole(n)} of segment {s}" for s, n in known])
    left = len(most_common) - len(kept)
    note = f"Known for {told_by}. An empty cell is a group that is not shown."
    if left:
        note += f" {left} rarer values are in the table."
    return Figure(
        key=f"attribute-{number}",
        title=label[:1].upper() + label[1:],
        finding=_finding(label, shown),
        sql=sql,
        table=Table.of(rows, FIGURE_COLUMNS),
        chart=charts.heat_map(
            [
                {
                    "row": row["value"],
                    "column": str(row["segment_id"]),
                    "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
                    "value": row["index_value"],
                    "label": wording.percent(row["customer_share"]),
                    "average": wording.percent(row["population_share"]),
                    "index": wording.index(row["index_value"]),
                    "customers": wording.whole(row["customer_count"]),
                }
                for row in shown
            ],
            columns=[str(s.segment_id) for s in facts.segments],
            column_title="segment",
            colours="diverging",
            thresholds=THRESHOLDS,
            tooltips={
                "segment": "Segment",
                "row": label,
                "label": "Share",
                "average": "Share of all",
                "index": "Index (100 is the average)",
                "customers": "Customers",
            },
        )
        if shown
        else None,
        shows="Heat map: a row for each value, a column for each segment; shares in the cells.",
        swatches=SWATCHES,
        swatches_title="Index, 100 is the average",
        note=note,
        width="half",
    )


def _finding(label: str, rows: list[Row]) -> str:
    """Return which segment stands out by which value."""
    shown = [row for row in rows if row["value"] != COMBINED]
    if not shown:
        return ""
    most = max(shown, key=_points_above)
    if _points_above(most) <= LEAST_POINTS:
        return "No value is more than three points above the average in any segment."
    return (
        f"Segment {most['segment_id']} stands out by {label}: {most['value']} for "
        f"{wording.percent(most['customer_share'])}, where the average is "
        f"{wording.percent(most['population_share'])}."
    )
