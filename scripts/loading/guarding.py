"""Rows of customers who have pseudonyms or were forgotten, kept out of the raw tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace as replace_fields

import duckdb

from common.column_names import ADDED_COLUMNS
from common.console import (
    WRONG_USE,
    Problem,
)
from common.data_errors import refusal
from common.quoting import identifier
from common.setting_values import SOURCES_OF_ONE_TABLE
from common.settings import Settings
from common.source_contract import Source
from common.warehouse_paths import Warehouse
from loading import joined_files
from loading.first_row_fields import (
    OrderFields,
    filled_sql,
    find_filled,
    order_fields,
)
from loading.joined_files import Join
from loading.mapped_table import MappedTable
from loading.mapping_file import (
    NO_MAPPING,
)
from loading.raw_files import RawFile, TablePlan
from loading.reading import Reading
from loading.table_files import find_files, find_joins, mapped_table
from store.build_database import drop_relation, relation_kind
from store.privacy import DECLARED, Guard, guard_of


def guard_for(settings: Settings, source: Source, warehouse: Warehouse) -> Guard:
    """Return what keeps customers' ids, and those who were forgotten, out of the raw tables.

    Raises:
        Problem: the warehouse was made otherwise, or which column names the customer is unknown.
    """
    is_one_table = source.name in SOURCES_OF_ONE_TABLE
    column = settings.id if is_one_table and settings.id else source.customer_column
    guard = guard_of(warehouse, column, asked=settings.pseudonymise, macro=source.customer_macro)
    guard = replace_fields(guard, missing=settings.missing_ids)
    if is_one_table and not settings.id and (guard.key or guard.forgotten):
        raise Problem(
            f"ID is missing: customers of {warehouse.path} have pseudonyms or were forgotten, so "
            "the column with the customer must be known before the file is read; expected "
            "ID=<column>",
            WRONG_USE,
        )
    return guard


def guarded_column(guard: Guard, plan: TablePlan, mapped: MappedTable | None) -> str | None:
    """Return the column of a raw table whose customers are guarded, None where there is none.

    Raises:
        Problem: `columns.yml` makes customers by an expression, or a folder is named by one.
    """
    column = guard.column_of(plan.columns() if mapped is None else list(mapped.columns))
    if mapped is not None and column is not None:
        source = mapped.columns[column]
        if not isinstance(source, str):
            raise refusal(
                "columns.yml",
                f"{column} of {plan.table.name} is an expression: expected a column of the files, "
                "where customers have pseudonyms or were forgotten",
            )
        column = source
    if column is not None and any(column in _partitions(file) for file in plan.files):
        raise refusal(
            plan.table.name,
            f"a folder of its files is named by a {column}, and names of files are written down: "
            "expected customers in a column of the files, where they have pseudonyms or were "
            "forgotten",
        )
    return column


def with_declared(
    reading: Reading, mapped: MappedTable | None, guarded: str | None
) -> tuple[Reading, MappedTable | None]:
    """Return what a table is read by, where `_missing` takes ids for none that get pseudonyms."""
    if mapped is None or guarded is None or not reading.guard.key:
        return reading, mapped
    declared = mapped.missing.get(guarded, ())
    if not declared:
        return reading, mapped
    guard = replace_fields(reading.guard, declared=tuple(declared))
    missing = {**mapped.missing, guarded: (*declared, DECLARED)}
    return replace_fields(reading, guard=guard), replace_fields(mapped, missing=missing)


def _partitions(file: RawFile) -> set[str]:
    return {name for name, column in file.columns.items() if column in file.found.partitions}


def orders_to_guard(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    mapped: MappedTable | None,
    joins: Sequence[Join],
) -> OrderFields | None:
    """Return the columns that say what an order is; None where nobody is forgotten, or none do.

    Customers that are read from files of orders have the lines of these orders beside them.
    """
    if not reading.guard.forgotten or reading.orders is None:
        return None
    if plan.table.name == reading.orders.name:
        return order_fields(plan, mapped)
    mapping = reading.mappings.get(reading.orders.name, NO_MAPPING)
    files = {file.name for file in find_files(reading.place, reading.orders, mapping)}
    if not {file.name for file in plan.files} <= files:
        return None
    as_orders = replace_fields(plan, table=reading.orders)
    if mapping.is_given:
        joined = find_joins(connection, reading, as_orders, mapping)
        found = order_fields(as_orders, mapped_table(connection, as_orders, mapping, joined))
    else:
        found = order_fields(as_orders, None)
    there = set(joined_files.joined_columns(plan, joins))
    if found is None or found.order not in there:
        return None
    product = found.product if found.product in there else None
    fields = tuple(name for name in found.fields if name in there)
    return replace_fields(found, product=product, fields=fields)


@contextmanager
def guarded_sql(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    select: str,
    columns: Sequence[str],
    guarded: str,
    orders: OrderFields | None,
) -> Iterator[str]:
    """Yield the SELECT of raw rows with customers guarded; it takes the guard's parameters.

    Who is forgotten is so with whole orders: where the customer stands on the first row only, the
    rows that would be filled from it are left out too. Rows are in a temporary table meanwhile.
    """
    guard = reading.guard
    if not guard.forgotten or orders is None:
        yield guard.select_sql(select, columns, guarded)
        return
    names = ", ".join(map(identifier, [*columns, *ADDED_COLUMNS]))
    aside = replace_fields(orders, relation="temp.rows_to_guard")
    connection.execute(
        f"create or replace temp table rows_to_guard as select * from ({select}) as rows({names})"
    )
    try:
        rows = f"select {names} from {aside.relation}"
        if filled := find_filled(connection, reading.project, aside):
            whole = f"select {names} from ({filled_sql(reading.project, aside, filled)})"
            kept = guard.select_sql(whole, columns, guarded)
            rows += f" semi join ({kept}) as kept({names}) using (_file, _row_number)"
        yield guard.select_sql(rows, columns, guarded)
    finally:
        connection.execute(f"drop table {aside.relation}")


def copy_guarded(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str,
    orders: OrderFields | None,
) -> None:
    """Copy Parquet files into a raw table: a view would show what they hold."""
    select = plan.parquet_sql()
    columns = [
        f"{identifier(column)} {'varchar' if column == guarded else kind}"
        for column, kind, *_ in connection.execute(f"describe {select}").fetchall()
    ]
    if relation_kind(connection, "raw", plan.name) not in (None, "table"):
        drop_relation(connection, "raw", plan.name)
    # Made by its columns: DuckDB 2.0.0 shows no rows of a table that was made as an empty SELECT
    # and then filled, in the same transaction, by one with NOT IN (SELECT ...).
    connection.execute(f"create or replace table {plan.relation} ({', '.join(columns)})")
    with guarded_sql(connection, reading, select, plan.columns(), guarded, orders) as rows:
        connection.execute(f"insert into {plan.relation} {rows}", reading.guard.parameters())
