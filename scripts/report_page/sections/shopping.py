"""What the segments buy: index of spend by product group, or by category."""

from __future__ import annotations

from common.project_sql import project_vars
from report_page import charts, wording
from report_page.marts import Marts, Row
from report_page.model import Column, Facts, Figure, Section, Swatch

THRESHOLDS = (50.0, 80.0, 95.0, 105.0, 125.0, 200.0)
SWATCHES = tuple(
    Swatch(f"diverging-{step}", label)
    for step, label in enumerate(
        ("under 50", "50 to 80", "80 to 95", "95 to 105", "105 to 125", "125 to 200", "over 200"), 1
    )
)
SECTION_COLUMNS = (
    Column("category", "Category"),
    Column("segment_id", "Segment", wording.whole),
    Column("spend_share", "Share of its spend", wording.percent),
    Column("population_spend_share", "Share of all spend", wording.percent),
    Column("index_value", "Index", wording.index),
    Column("penetration", "Customers who buy it", wording.percent),
    Column("spend", "Spend", wording.whole, is_money=True),
)
GROUP_COLUMNS = (Column("main_items", "Most spend on"),)


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the heat map of indexes."""
    answer = marts.ask("categories")
    if not answer:
        return None
    rows = [row for row in answer.rows if row["index_value"] is not None]
    lead = (
        "How a segment splits its money over categories, against all customers: at an index of "
        "100 it spends the same share as everybody, at 200 twice that."
    )
    has_groups = answer.first()["level"] != "category"
    if has_groups:
        lead += (
            " The categories are product groups: each holds what the same customers buy, and has "
            "the name of one of the things in it. The table says what a segment spends most on in "
            "each."
        )
    return Section(
        key="categories",
        title="What they buy",
        lead=lead,
        figures=(
            Figure(
                key="affinity",
                title="Index of spend by category",
                finding=_finding(rows),
                sql=answer.sql,
                table=facts.table(
                    answer.rows, SECTION_COLUMNS + (GROUP_COLUMNS if has_groups else ())
                ),
                chart=charts.heat_map(
                    [cell(row, facts) for row in rows],
                    columns=[str(s.segment_id) for s in facts.segments],
                    column_title="segment",
                    colours="diverging",
                    thresholds=THRESHOLDS,
                    tooltips={
                        "segment": "Segment",
                        "row": "Category",
                        "label": "Index (100 is the average)",
                        "share": "Share of its spend",
                        "average": "Share of all spend",
                        "buying": "Customers who buy it",
                    }
                    | ({"items": "Most spend on"} if has_groups else {}),
                ),
                shows="Heat map: a row for each category, a column for each segment.",
                has_segment_key=True,
                swatches=SWATCHES,
                swatches_title="Index, 100 is the average",
                note="The categories with most spend, the largest first. An empty cell is a group "
                "that is not shown.",
            ),
        ),
    )


def _finding(rows: list[Row]) -> str:
    """Say which segment stands out most, of what enough of it buys."""
    least = project_vars()["min_lead_penetration"]
    shown = [row for row in rows if row["penetration"] >= least]
    if not shown:
        return ""
    most = max(shown, key=lambda row: row["index_value"])
    return (
        f"Segment {most['segment_id']} spends {wording.percent(most['spend_share'])} of its "
        f"money on {most['category']}, where all customers spend "
        f"{wording.percent(most['population_spend_share'])}: index "
        f"{wording.index(most['index_value'])}."
    )


def cell(row: Row, facts: Facts) -> Row:
    """Return a cell of the chart."""
    return {
        "row": row["category"],
        "column": str(row["segment_id"]),
        "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
        "value": row["index_value"],
        "label": wording.index(row["index_value"]),
        "share": wording.percent(row["spend_share"]),
        "average": wording.percent(row["population_spend_share"]),
        "buying": wording.percent(row["penetration"]),
        "items": row["main_items"] or wording.NONE,
    }
