"""The one-page brief of a segment, for a campaign team to take along."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Answer, Marts
from report_page.model import Column, Content, Facts, Figure, Segment, Table
from report_page.palette import segment_colour
from report_page.sections import cards, playbook

# What fits on one printed page.
MOST_DIFFERENCES = 8
LEAST_DIFFERENCE = 0.1


def content(marts: Marts, facts: Facts, segment: Segment) -> Content:
    """Return what the template of the brief shows."""
    summary = marts.ask("brief_segment")
    plays = marts.ask("brief_play") if facts.has_orders else None
    categories = marts.ask("brief_categories")
    people = marts.ask("brief_people")
    row = summary.first()
    lists = [
        ("What they buy more than others", categories, _category_columns()),
        ("Who they are more than others", people, _people_columns()),
    ]
    queries = [("Figures", summary)]
    if plays:
        queries.append(("What to do", plays))
    queries += [(title, answer) for title, answer, _ in lists if answer]
    return {
        "segment": segment,
        "description": row["description"],
        "figures": cards.figures(row),
        "play": playbook.play(plays.first(), facts) if plays else None,
        "chart": differences(marts, segment),
        "lists": [
            (title, Table.of(answer.rows, columns)) for title, answer, columns in lists if answer
        ],
        "queries": queries,
    }


def differences(marts: Marts, segment: Segment) -> Figure | None:
    """Return the features in which the segment differs most."""
    answer = marts.ask("brief_differences")
    rows = [row for row in answer.rows if abs(row["standardised_difference"]) >= LEAST_DIFFERENCE][
        :MOST_DIFFERENCES
    ]
    if not rows:
        return None
    points = [
        {
            "row": row["label"],
            "value": row["standardised_difference"],
            "mean": wording.in_unit(row["mean_value"], row["unit"]),
            "average": wording.in_unit(row["population_mean"], row["unit"]),
        }
        for row in rows
    ]
    clauses = [
        f"{row['label']} {cards.value_of(row['mean_value'], row['unit'])}, average "
        f"{cards.value_of(row['population_mean'], row['unit'])}"
        for row in rows[:3]
    ]
    return Figure(
        key="differences",
        title="What sets them apart",
        finding=f"{'; '.join(clauses)}.",
        sql=answer.sql,
        table=_difference_table(answer, len(rows)),
        chart=charts.differences(
            points,
            colour=segment_colour(segment.position),
            tooltips={"row": "Feature", "mean": "Mean of the segment", "average": "Mean of all"},
        ),
        shows="Bars to both sides of the average, the largest difference first.",
    )


def _difference_table(answer: Answer, shown: int) -> Table:
    return Table.of(
        answer.rows[:shown],
        [
            Column("label", "Feature"),
            Column("mean_value", "Mean", wording.number),
            Column("population_mean", "Mean of all", wording.number),
            Column("unit", "Unit"),
            Column("standardised_difference", "Standard deviations", wording.decimal),
        ],
    )


def _category_columns() -> list[Column]:
    return [
        Column("category", "Category"),
        Column("index_value", "Index", wording.index),
        Column("penetration", "Buy it", wording.percent),
    ]


def _people_columns() -> list[Column]:
    return [
        Column("attribute", "Attribute", wording.words),
        Column("value", "Value"),
        Column("index_value", "Index", wording.index),
        Column("customer_share", "Share", wording.percent),
    ]
