"""What each tool of the MCP server answers, from a published file that is open for reading."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb

from agent.facts import MOST_DIFFERENCES, Facts, json_row, run_facts, segment_facts, segment_figures
from common.console import WRONG_USE, Problem
from common.query_rows import named_rows
from common.settings_table import nearest
from handover.query import ROWS_SHOWN, ask, json_value

# An answer that a model can hold in mind: some 25,000 tokens.
MOST_CHARACTERS = 100_000
LONGEST_CELL = 2_000
MOST_REASONS = 10
# Views of the names of an earlier version are left out.
MARTS = (
    "select table_name as mart, comment as description, estimated_size as row_count "
    "from duckdb_tables() where schema_name = 'main' and database_name = current_database() "
    "union all by name select view_name as mart, comment as description from duckdb_views() "
    "where schema_name = 'main' and database_name = current_database() and not internal "
    "and comment not like '%as it was before marts_schema_version%' order by mart"
)
COLUMNS = (
    "select table_name, column_name as name, data_type as type, comment as description "
    "from duckdb_columns() where schema_name = 'main' and database_name = current_database() "
    "and not internal order by table_name, column_index"
)
CUSTOMER = "select * from customer_segments where customer_id = $1"
LIFECYCLE = (
    "select stage, usual_gap_days, silence_days, expected_next_order_date, order_probability, "
    "expected_spend, horizon_days from customer_lifecycle where customer_id = $1"
)
REASONS = (
    "select label, unit, value, segment_value, runner_up_value, contribution "
    f"from explain_customer($1) limit {MOST_REASONS}"
)
DIFFERENCES = (
    "select * from compare_segments($1, $2) where family <> 'needs' "
    f"and standardised_difference is not null limit {MOST_DIFFERENCES}"
)


def list_marts(connection: duckdb.DuckDBPyConnection, mart: str | None = None) -> Facts:
    """Return every mart with its description and columns; of one mart, columns described.

    Raises:
        Problem: there is no such mart.
    """
    marts = {row["mart"]: row for row in named_rows(connection, MARTS)}
    columns = named_rows(connection, COLUMNS)
    if mart is None:
        for row in columns:
            if row["table_name"] in marts:
                marts[row["table_name"]].setdefault("columns", []).append(row["name"])
        return {"run": run_facts(connection), "marts": list(marts.values())}
    if mart not in marts:
        near = nearest(mart, marts)
        raise Problem(f"there is no mart {mart}{near}; there are: {', '.join(marts)}", WRONG_USE)
    described = [
        {name: row[name] for name in ("name", "type", "description")}
        for row in columns
        if row["table_name"] == mart
    ]
    return {**marts[mart], "columns": described}


def query(connection: duckdb.DuckDBPyConnection, sql: str) -> Facts:
    """Return the first rows of a query, as many as an answer may hold.

    Raises:
        Problem: DuckDB refuses the query.
    """
    result = ask(connection, sql)
    rows: list[list[Any]] = []
    size, is_cut = 0, False
    for row in (row for piece in result.pieces for row in piece):
        cells = [_cut(json_value(value)) for value in row]
        size += sum(len(str(cell)) for cell in cells)
        is_cut = len(rows) == ROWS_SHOWN or size > MOST_CHARACTERS
        if is_cut:
            break
        rows.append(cells)
    columns = [
        {"name": name, "type": kind} for name, kind in zip(result.names, result.types, strict=True)
    ]
    return {"columns": columns, "rows": rows, "row_count": len(rows), "is_cut": is_cut}


def _cut(value: object) -> object:
    """Return a value as an answer holds it: a long one is a text that is cut."""
    if value is None or isinstance(value, bool | int | float):
        # A program of JavaScript reads larger whole numbers wrongly.
        return value if not isinstance(value, int) or abs(value) < 2**53 else str(value)
    text = value if isinstance(value, str) else str(value)
    if len(text) > LONGEST_CELL:
        return f"{text[:LONGEST_CELL]}... ({len(text):,} characters)"
    return value


def explain_customer(connection: duckdb.DuckDBPyConnection, customer_id: str) -> Facts:
    """Return a customer's segment, stage and expected spend, and why the customer is in it.

    Raises:
        Problem: there is no such customer.
    """
    found = named_rows(connection, CUSTOMER, [customer_id])
    if not found:
        raise Problem(f"there is no customer {customer_id} in customer_segments", WRONG_USE)
    lifecycle = named_rows(connection, LIFECYCLE, [customer_id])
    reasons = named_rows(connection, REASONS, [customer_id])
    return {
        "customer": json_row(found[0]),
        "lifecycle": json_row(lifecycle[0]) if lifecycle else None,
        "features": [json_row(row) for row in reasons],
    }


def describe_segment(connection: duckdb.DuckDBPyConnection, segment_id: int) -> Facts:
    """Return the facts of a segment, with the run that they are of."""
    return {"run": run_facts(connection), **segment_facts(connection, segment_id)}


def compare_segments(connection: duckdb.DuckDBPyConnection, first: int, second: int) -> Facts:
    """Return the figures of two segments and the features in which they differ most.

    Raises:
        Problem: they are the same, there is no such segment, or it is too small to be shown.
    """
    if first == second:
        raise Problem(f"first and second are both {first}: expected two segments", WRONG_USE)
    figures = [segment_figures(connection, segment_id) for segment_id in (first, second)]
    differences = named_rows(connection, DIFFERENCES, [first, second])
    return {
        "first": figures[0],
        "second": figures[1],
        "differences": [json_row(row) for row in differences],
    }


TOOLS: dict[str, Callable[..., Facts]] = {
    "list_marts": list_marts,
    "query": query,
    "explain_customer": explain_customer,
    "describe_segment": describe_segment,
    "compare_segments": compare_segments,
}
