"""Facts of segments as JSON has them: what the briefs show, as numbers and texts.

Figures of segments and groups that are too small to be shown (docs/privacy.md) are not among them.
"""

from __future__ import annotations

from typing import Any

import duckdb

from common.console import WRONG_USE, Problem
from common.query_rows import NamedRow, named_rows
from handover.query import json_value
from report_page.marts import Marts

# What differs most; a brief shows fewer, as it is one page.
MOST_DIFFERENCES = 15
# What a reader of facts has to know of the run.
OF_THE_RUN = (
    "source",
    "run_number",
    "as_of_date",
    "fit_as_of_date",
    "verdict",
    "verdict_reason",
    "baseline_finding",
    "k",
    "stability",
    "segmented_customer_count",
    "marts_schema_version",
)
RULE = "select rule, rule_sql from segment_rules where segment_id = ?"
YIELD = (
    "select basis, horizon_days, future_spend_per_customer, future_spend_low, future_spend_high, "
    "future_active_share, relative_growth, relative_growth_low, relative_growth_high "
    "from segment_yield where segment_id = ? order by basis"
)

Facts = dict[str, Any]


def run_facts(connection: duckdb.DuckDBPyConnection) -> Facts:
    """Return what the segments were learned from, and whether they are real.

    Raises:
        Problem: there is no current run.
    """
    marts = Marts(connection, None)
    answer = marts.ask("run")
    if not answer:
        raise Problem("the published file has no current run: build again")
    found = json_row({name: answer.first()[name] for name in OF_THE_RUN})
    # With the sizes of the other segments, it gives the size of one that is not shown away.
    return found | ({"segmented_customer_count": None} if marts.small_segments else {})


def check_segment(connection: duckdb.DuckDBPyConnection, segment_id: int) -> None:
    """Raise where there is no such segment, or it is too small to be shown.

    Raises:
        Problem: with the segments that there are.
    """
    marts = Marts(connection, None)
    if segment_id in marts.small_segments:
        raise Problem(
            f"segment {segment_id} has fewer than {marts.least_size} customers and is not shown",
            WRONG_USE,
        )
    known = {row["segment_id"]: row["segment_name"] for row in marts.ask("segments").rows}
    if segment_id not in known:
        named = "; ".join(f"{number} ({name})" for number, name in known.items())
        raise Problem(f"there is no segment {segment_id}; there are: {named}", WRONG_USE)


def segment_figures(connection: duckdb.DuckDBPyConnection, segment_id: int) -> Facts:
    """Return the row of a segment at a glance.

    Raises:
        Problem: there is no such segment, or it is too small to be shown.
    """
    check_segment(connection, segment_id)
    return json_row(Marts(connection, segment_id).ask("brief_segment").first())


def segment_facts(connection: duckdb.DuckDBPyConnection, segment_id: int) -> Facts:
    """Return what is known of a segment.

    Raises:
        Problem: there is no such segment, or it is too small to be shown.
    """
    figures = segment_figures(connection, segment_id)
    marts = Marts(connection, segment_id)
    plays = marts.ask("brief_play").rows
    moved = [
        row
        for row in marts.ask("movement").rows
        if row["from_group"] != row["to_group"]
        and str(segment_id) in (row["from_group"], row["to_group"])
    ]
    return {
        **figures,
        "what_sets_it_apart": _all(marts.ask("brief_differences").rows[:MOST_DIFFERENCES]),
        "what_they_buy_more_than_others": _all(marts.ask("brief_categories").rows),
        "who_they_are_more_than_others": _all(marts.ask("brief_people").rows),
        "rule": next(iter(_asked(connection, RULE, segment_id)), None),
        "what_to_do": json_row(plays[0]) if plays else None,
        "future_spend": _asked(connection, YIELD, segment_id),
        "who_moved": [
            {name: row[name] for name in row if name != "has_small_groups"} for row in _all(moved)
        ],
    }


def all_facts(connection: duckdb.DuckDBPyConnection) -> Facts:
    """Return the facts of the run and of every segment that may be shown."""
    marts = Marts(connection, None)
    segments = marts.ask("segments").column("segment_id")
    return {
        "run": run_facts(connection),
        "least_group_size": marts.least_size,
        "segments": [segment_facts(connection, segment_id) for segment_id in segments],
        "segments_not_shown": sorted(marts.small_segments),
    }


def _asked(connection: duckdb.DuckDBPyConnection, sql: str, segment_id: int) -> list[Facts]:
    return _all(named_rows(connection, sql, [segment_id]))


def _all(rows: list[NamedRow] | tuple[NamedRow, ...]) -> list[Facts]:
    return [json_row(row) for row in rows]


def json_row(row: NamedRow) -> Facts:
    """Return a row as JSON has it."""
    return {name: json_value(value) for name, value in row.items()}
