"""What the settings of a build are checked against: rows, customers, first and last day."""

from __future__ import annotations

import duckdb

from common.console import (
    DATA_REFUSED,
    Problem,
)
from common.project_sql import ProjectSql, Relation
from common.query_rows import one_count, one_row
from common.quoting import identifier
from common.setting_values import SOURCES_OF_ONE_TABLE
from common.source_contract import Source
from common.text_columns import Column
from loading.date_formats import nothing_usable
from loading.id_column import RAW_TABLE, VIEW
from loading.loaded import LedgerRow, Loaded


def facts(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    source: Source,
    rows: list[LedgerRow],
    *,
    are_counted: bool,
) -> Loaded:
    """Return what the settings are checked against: rows, customers, first and last day.

    are_counted: whether settings are given that customers and days are compared with. Without
    them no line of a table of orders is read past the first that can be used.
    """
    customer_column = source.customer_column
    if source.orders_table is None or source.time_column is None or customer_column is None:
        return customer_facts(connection, project, source, rows)
    orders = Relation("raw", source.orders_table)
    customer = customer_sql(project, source, orders, customer_column)
    formats = project.call("column_formats", orders, source.time_column)
    moment = project.macro("time_in_format", identifier(source.time_column), formats)
    loaded_at = max(row.loaded_at for row in rows)
    row_count = sum(row.row_count for row in rows)
    # Rows that core will reject for their customer or their date say nothing about either.
    column = identifier(customer_column)
    dated = (
        f"from {orders} where {moment} >= timestamp '1970-01-01' "
        f"and cast({moment} as date) <= cast(? as date) + 1"
    )
    usable = one_row(
        connection,
        f"select count(*) from (select 1 {dated} and {customer} is not null limit 1)",
        [loaded_at],
    )
    if usable == (0,):
        time = Column(source.orders_table, source.time_column, "")
        raise nothing_usable(connection, customer_column, time, customer, moment)
    if not are_counted:
        return Loaded(row_count, None, None, None)
    # Customers are fewer than lines: the id of each is read once.
    customers, first, last = one_row(
        connection,
        f"select count(distinct {customer}), cast(min(first_moment) as date), "
        "cast(max(last_moment) as date) from ("
        f"select {column}, min({moment}) as first_moment, max({moment}) as last_moment "
        f"{dated} group by {column}) where {customer} is not null",
        [loaded_at],
    )
    return Loaded(row_count, customers, first, last)


def customer_sql(project: ProjectSql, source: Source, relation: Relation, column: str) -> str:
    """Return the customer's id of a raw table as staging reads it."""
    rules = project.call("column_formats", relation, column)
    return project.macro(
        source.customer_macro,
        identifier(column),
        *([rules] if source.has_id_rules else []),
    )


def customer_facts(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    source: Source,
    rows: list[LedgerRow],
) -> Loaded:
    """Return the facts of a source with one row per customer, or of one without any."""
    if source.customer_column is None:
        row_count = sum(row.row_count for row in rows)
        return Loaded(row_count, row_count, None, None)
    relation = Relation("raw", VIEW if source.name in SOURCES_OF_ONE_TABLE else RAW_TABLE)
    customer = customer_sql(project, source, relation, source.customer_column)
    customers = one_count(connection, f"select count(distinct {customer}) from {relation}")
    if customers == 0:
        raise Problem(
            f"{RAW_TABLE}: no row has a {source.customer_column}; expected one in each row",
            DATA_REFUSED,
        )
    return Loaded(sum(row.row_count for row in rows), customers, None, None)
