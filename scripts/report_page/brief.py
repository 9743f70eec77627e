"""The one-page brief of a segment, for a campaign team to take along."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Answer, Marts, Row
from report_page.model import Column, Content, Facts, Figure, Segment, Table
from report_page.palette import segment_colour
from report_page.sections import cards, playbook, portrait

# What fits on one printed page.
MOST_DIFFERENCES = 7
LEAST_DIFFERENCE = 0.1


def content(marts: Marts, facts: Facts, segment: Segment) -> Content:
    """Return what the template of the brief shows."""
    answers = {
        title: marts.ask(name)
        for title, name in (
            ("Figures", "brief_segment"),
            ("Who can be reached", "brief_reach"),
            ("What to do", "brief_play"),
            ("What they are like", "brief_differences"),
            ("What they buy more than others", "brief_categories"),
            ("Who they are more than others", "brief_people"),
            ("Rule", "brief_rule"),
        )
    }
    row, plays = answers["Figures"].first(), answers["What to do"]
    number = segment.segment_id
    sources = portrait.Sources(
        differences={number: list(answers["What they are like"].rows)},
        categories={number: list(answers["What they buy more than others"].rows)},
        people={number: list(answers["Who they are more than others"].rows)},
        rules={number: list(answers["Rule"].rows)},
        plays={},
    )
    return {
        "segment": segment,
        "figures": cards.figures(row, facts),
        "portrait": portrait.portrait(row, sources, facts),
        "play": playbook.play(plays.first(), facts) if plays else None,
        "chart": differences(answers["What they are like"], segment, facts),
        "reach": reach(answers["Who can be reached"].first(), marts.least_size),
        "queries": [(title, answer) for title, answer in answers.items() if answer],
    }


def reach(row: Row, least_size: int) -> list[tuple[str, str]]:
    """Return whom an export of the segment holds, and who of them may be written to."""
    exported, held_out, said_no = row["exported_count"], row["held_out_count"], row["said_no_count"]
    few = f"fewer than {least_size}"
    entries = [
        ("Customers", wording.whole(row["customer_count"])),
        ("Held out", few if held_out is None else wording.whole(held_out)),
        ("In the export", "all others" if exported is None else wording.whole(exported)),
    ]
    if said_no == 0:
        entries.append(("Opted out", "none known"))
    else:
        entries.append(("Opted out", few if said_no is None else wording.whole(said_no)))
        if exported is not None and said_no is not None:
            entries.append(("To contact", wording.whole(exported - said_no)))
    return entries


def differences(answer: Answer, segment: Segment, facts: Facts) -> Figure | None:
    """Return the features in which the segment differs most."""
    rows = [row for row in answer.rows if abs(row["standardised_difference"]) >= LEAST_DIFFERENCE][
        :MOST_DIFFERENCES
    ]
    if not rows:
        return None
    points = [
        {
            "row": row["label"],
            "value": row["standardised_difference"],
            "mean": facts.in_unit(row["mean_value"], row["unit"]),
            "average": facts.in_unit(row["population_mean"], row["unit"]),
        }
        for row in rows
    ]
    clauses = [portrait.against_average(row, facts.currency) for row in rows[:3]]
    return Figure(
        key="differences",
        title="What sets them apart",
        finding=f"{'; '.join(clauses)}.",
        sql=answer.sql,
        table=_difference_table(answer, len(rows), facts),
        chart=charts.differences(
            points,
            colour=segment_colour(segment.position),
            tooltips={"row": "Feature", "mean": "Mean of the segment", "average": "Mean of all"},
        ),
        shows="Bars to both sides of the average, the largest difference first.",
    )


def _difference_table(answer: Answer, shown: int, facts: Facts) -> Table:
    return facts.table(
        answer.rows[:shown],
        [
            Column("label", "Feature"),
            Column("mean_value", "Mean", wording.number, unit="unit"),
            Column("population_mean", "Mean of all", wording.number, unit="unit"),
            Column("unit", "Unit", is_unit=True),
            Column("standardised_difference", "Standard deviations", wording.decimal),
        ],
    )
