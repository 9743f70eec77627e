"""What distinguishes each segment: standardised differences, feature by feature."""

from __future__ import annotations

from report_page import charts, customer_charts, wording
from report_page.marts import Answer, Marts, Row
from report_page.model import Column, Facts, Figure, Section, Swatch

THRESHOLDS = (-1.0, -0.5, -0.2, 0.2, 0.5, 1.0)
SWATCHES = tuple(
    Swatch(f"diverging-{step}", label)
    for step, label in enumerate(
        ("below -1", "-1 to -0.5", "-0.5 to -0.2", "near 0", "0.2 to 0.5", "0.5 to 1", "above 1"), 1
    )
)
# Rows of the chart; the table behind it has all.
MOST_FEATURES = 24
SNAKE_FEATURES = 10


SECTION_COLUMNS = (
    Column("label", "Feature"),
    Column("segment_id", "Segment", wording.whole),
    Column("mean_value", "Mean", wording.number, unit="unit"),
    Column("population_mean", "Mean of all", wording.number, unit="unit"),
    Column("median_value", "Median", wording.number, unit="unit"),
    Column("unit", "Unit", is_unit=True),
    Column("standardised_difference", "Standard deviations", wording.decimal),
)


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the heat map."""
    answer = marts.ask("differences")
    if not answer:
        return None
    largest: dict[str, float] = {}
    for row in answer.rows:
        size = abs(row["standardised_difference"])
        largest[row["feature"]] = max(largest.get(row["feature"], 0), size)
    kept = sorted(largest, key=lambda name: -largest[name])[:MOST_FEATURES]
    left = len(largest) - len(kept)
    most = max(answer.rows, key=lambda row: abs(row["standardised_difference"]))
    side = "above" if most["standardised_difference"] > 0 else "below"
    finding = (
        f"The largest difference is in {most['label']}: segment {most['segment_id']} has "
        f"{facts.in_unit(most['mean_value'], most['unit'])} on average, {side} the "
        f"{facts.in_unit(most['population_mean'], most['unit'])} of all customers."
    )
    return Section(
        key="differences",
        title="What sets them apart",
        short_title="Differences",
        lead=(
            "Each cell says how far the average customer of a segment is from the average of all, "
            "in standard deviations. Half a deviation is a difference one notices, a whole one is "
            "large."
        ),
        figures=(
            _snake(answer, facts, kept[:SNAKE_FEATURES]),
            Figure(
                key="profiles",
                title="Differences from the average customer",
                finding=finding,
                sql=answer.sql,
                table=facts.table(answer.rows, SECTION_COLUMNS),
                chart=charts.heat_map(
                    [cell(row, facts) for row in answer.rows if row["feature"] in kept],
                    columns=[str(s.segment_id) for s in facts.segments],
                    column_title="segment",
                    colours="diverging",
                    thresholds=THRESHOLDS,
                    tooltips={
                        "segment": "Segment",
                        "row": "Feature",
                        "mean": "Mean of the segment",
                        "average": "Mean of all",
                        "label": "Standard deviations",
                    },
                ),
                shows="Heat map: a row for each feature, a column for each segment.",
                has_segment_key=True,
                swatches=SWATCHES,
                swatches_title="Standard deviations from the average",
                note=f"{left} features with smaller differences are in the table." if left else "",
            ),
        ),
    )


def _snake(answer: Answer, facts: Facts, kept: list[str]) -> Figure:
    """Return a line for each segment down the features that differ most."""
    labels = {row["feature"]: row["label"] for row in answer.rows}
    order = [labels[name] for name in kept]
    return Figure(
        key="snake",
        title="Profiles in one picture",
        finding=f"The {len(order)} features that differ most between segments, the largest first.",
        sql=answer.sql,
        table=facts.table(answer.rows, SECTION_COLUMNS),
        chart=customer_charts.snake(
            [
                cell(row, facts)
                | {"id": str(row["segment_id"]), "place": kept.index(row["feature"])}
                for row in answer.rows
                if row["feature"] in kept
            ],
            order,
            facts.segments,
            tooltips={
                "segment": "Segment",
                "row": "Feature",
                "mean": "Mean of the segment",
                "average": "Mean of all",
                "label": "Standard deviations",
            },
        ),
        shows="A line for each segment, from feature to feature.",
        has_segment_key=True,
        note="Dashed: the average customer.",
    )


def cell(row: Row, facts: Facts) -> Row:
    """Return a cell of the chart."""
    return {
        "row": row["label"],
        "column": str(row["segment_id"]),
        "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
        "value": row["standardised_difference"],
        "label": wording.signed(row["standardised_difference"]),
        "mean": facts.in_unit(row["mean_value"], row["unit"]),
        "average": facts.in_unit(row["population_mean"], row["unit"]),
    }
