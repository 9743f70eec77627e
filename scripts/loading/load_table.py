"""Bringing one raw table up to date with its files."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import replace as replace_fields

import duckdb

from common.console import (
    LiveLine,
    count,
    say,
    size,
)
from common.data_errors import listed, printable, refusal
from common.query_rows import one_count
from common.quoting import identifier
from common.source_contract import RawTable
from loading import attributes_in_orders, raw_files
from loading.first_row_fields import (
    AS_FILLED,
    Filled,
    filled_sql,
    find_filled,
    of_files,
    order_fields,
)
from loading.guarding import guarded_column, orders_to_guard, with_declared
from loading.ledger import ledger_of
from loading.loaded import LedgerRow, LoadedTable
from loading.mapped_sql import check_lengths, left_out_sql, mapped_sql, missing_sql
from loading.mapped_table import MappedTable
from loading.mapping_file import (
    MISSING_KEY,
    NO_MAPPING,
    TableMapping,
)
from loading.raw_files import RawFile, TablePlan
from loading.raw_schema import replace
from loading.reading import Reading
from loading.table_files import find_files, find_joins, mapped_table, read_files
from loading.table_rows import files_there, read_joined, read_table
from store.build_database import drop_relation, relation_kind
from store.build_inputs import AS_READ


def load_table(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    raw_table: RawTable,
) -> LoadedTable:
    """Bring one raw table up to date with its files; it is empty when an optional one has none."""
    started = time.monotonic()
    files = read_files(connection, reading, raw_table)
    if not files:
        replace(connection, "table", raw_table.name, raw_files.empty_sql(raw_table))
        return LoadedTable(raw_table)
    mapping = reading.mappings.get(raw_table.name, NO_MAPPING)
    is_of_orders = is_among_orders(reading, raw_table, files, mapping)
    is_mapped = mapping.is_given or is_of_orders
    name = raw_table.name + AS_READ if is_mapped else raw_table.name
    plan = TablePlan(raw_table, tuple(files), name)
    joins = find_joins(connection, reading, plan, mapping)
    mapped = mapped_table(connection, plan, mapping, joins) if is_mapped else None
    guarded = guarded_column(reading.guard, plan, mapped)
    orders = orders_to_guard(connection, reading, plan, mapped, joins) if guarded else None
    reading, mapped = with_declared(reading, mapped, guarded)
    settled = files_there(connection, reading, plan, guarded)
    live = LiveLine()
    live.show(f"  {raw_table.name:<22} reading {size(sum(f.byte_count for f in files))} ...")
    joined: tuple[LedgerRow, ...] = ()
    is_kept = False
    try:
        if joins:
            counts, joined = read_joined(connection, reading, plan, joins, mapping, guarded, orders)
        else:
            counts, is_kept = read_table(connection, reading, plan, guarded, orders)
    finally:
        live.clear()
    if mapped:
        check_lengths(connection, mapped)
    filled = None
    if mapped or not is_kept:
        filled = fill_forward(connection, reading, plan, mapped, () if mapped else settled)
    left_out = missing = 0
    if mapped:
        if is_of_orders:
            mapped = with_attributes_only(connection, reading, mapped, mapping)
        mapped, left_out, missing = show_mapped(connection, reading, mapped, mapping, filled)
    if raw_table.is_required and not sum(counts.values()):
        raise refusal(files[0].name, "has no rows: expected at least one")
    say_loaded(plan, counts, time.monotonic() - started, is_kept)
    if filled:
        say(f"  {raw_table.name:<22} {printable(filled.spoken())}")
    return LoadedTable(
        raw_table,
        plan,
        mapped,
        ledger_of(reading, plan, counts),
        is_kept and mapped is None,
        left_out,
        missing,
        filled,
        joined=joined,
        joined_plans=tuple(join.plan for join in joins),
    )


def show_mapped(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    mapped: MappedTable,
    mapping: TableMapping,
    filled: Filled | None,
) -> tuple[MappedTable, int, int]:
    """Show the files as `columns.yml` has them, in a view of the table's name.

    Returns what the view reads, the rows left out and the values taken for missing.
    """
    name = mapped.table.name
    if filled:
        mapped = replace_fields(mapped, read_name=name + AS_FILLED)
    replace(
        connection, "view", name, mapped_sql(connection, reading.project, mapped, reading.stated)
    )
    left_out = rows_left_out(connection, reading, mapped)
    missing = values_missing(connection, reading, mapped, mapping)
    return mapped, left_out, missing


def is_among_orders(
    reading: Reading, raw_table: RawTable, files: Sequence[RawFile], mapping: TableMapping
) -> bool:
    """Say whether customers are read from the files of orders, and no line says which columns."""
    if reading.orders is None or not raw_table.is_open:
        return False
    orders = find_files(
        reading.place, reading.orders, reading.mappings.get(reading.orders.name, NO_MAPPING)
    )
    return attributes_in_orders.is_of_orders(
        raw_table, {file.name for file in files}, {file.name for file in orders}, mapping
    )


def with_attributes_only(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    mapped: MappedTable,
    mapping: TableMapping,
) -> MappedTable:
    """Return customers in files of orders with their attributes only, and say which they are."""
    assert reading.orders is not None, "is_among_orders() has found the table of orders"
    of_orders = reading.mappings.get(reading.orders.name, NO_MAPPING)
    used = attributes_in_orders.columns_of_orders(connection, reading.orders, of_orders, mapped)
    kept = attributes_in_orders.without_orders(connection, reading.project, mapped, mapping, used)
    names = [name for name in kept.columns if name not in kept.table.columns]
    say(
        f"  {mapped.table.name}: read from the file of {reading.orders.name}; attributes are "
        f"{printable(listed(names, 12)) or 'none'}; _only in columns.yml names others"
    )
    return kept


def fill_forward(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    mapped: MappedTable | None,
    settled: Collection[str] = (),
) -> Filled | None:
    """Fill forward what stands on the first rows of orders only; None where nothing does.

    The rows as they were read stay beside it. Files in `settled` are known to need none.
    """
    found = order_fields(plan, mapped)
    new = [file.name for file in plan.files if file.name not in settled]
    looked_at = of_files(found, new) if found and settled else found
    filled = find_filled(connection, reading.project, looked_at) if looked_at else None
    if found is None or filled is None:
        return None
    table = plan.table.name
    if mapped is None:
        kind = relation_kind(connection, "raw", table)
        drop_relation(connection, "raw", table + AS_READ)
        relation = identifier(table + AS_READ)
        connection.execute(f"alter {kind} {plan.relation} rename to {relation}")
        found = replace_fields(found, relation=identifier("raw", table + AS_READ))
    name = table + AS_FILLED if mapped else table
    replace(connection, "table", name, filled_sql(reading.project, found, filled))
    return filled


def rows_left_out(
    connection: duckdb.DuckDBPyConnection, reading: Reading, mapped: MappedTable
) -> int:
    """Return, and say, how many rows `_where` of `columns.yml` leaves out."""
    if mapped.where is None:
        return 0
    query = left_out_sql(connection, reading.project, mapped, reading.stated)
    row_count = one_count(connection, query)
    if row_count:
        say(
            f"  {mapped.table.name:<22} {count(row_count, 'row'):>16} left out by "
            f"_where: {printable(mapped.where.text)}"
        )
    return row_count


def values_missing(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    mapped: MappedTable,
    mapping: TableMapping,
) -> int:
    """Return, and say, how many values `_missing` of `columns.yml` takes for none."""
    option = mapping.options.get(MISSING_KEY)
    if option is None:
        return 0
    query = missing_sql(connection, reading.project, mapped, reading.stated)
    value_count = one_count(connection, query)
    say(
        f"  {mapped.table.name:<22} {count(value_count, 'cell'):>16} taken for missing by "
        f"_missing: {printable(option.text)}"
    )
    return value_count


def say_loaded(plan: TablePlan, counts: dict[str, int], seconds: float, is_kept: bool) -> None:
    """Show one line for a table, and how its text is written where that is not plain UTF-8."""
    files = plan.files
    rows, byte_count = sum(counts.values()), sum(file.byte_count for file in files)
    notes = [count(len(files), "file")] if len(files) > 1 else []
    notes += sorted({note for file in files for note in file.spoken()})
    notes += ["unchanged"] if is_kept else []
    say(
        f"  {plan.table.name:<22} {count(rows, 'row'):>16} {size(byte_count):>9} "
        f"{seconds:>6.1f} s{'  ' if notes else ''}{'; '.join(notes)}"
    )
