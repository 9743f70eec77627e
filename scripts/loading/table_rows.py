"""Rows of files copied into a raw table, or shown by a view."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace as replace_fields
from pathlib import Path

import duckdb

from common.column_names import ADDED_COLUMNS
from common.console import (
    Problem,
)
from common.query_rows import one_count
from common.quoting import identifier, literal
from common.system_errors import problem_of
from loading import joined_files
from loading.file_diagnostics import csv_problem, json_problem, unreadable_parquet
from loading.first_row_fields import (
    OrderFields,
)
from loading.guarding import copy_guarded, guarded_sql
from loading.joined_files import Join
from loading.ledger import ledger_of
from loading.loaded import LedgerRow
from loading.mapping_file import (
    JOIN_KEY,
    TableMapping,
)
from loading.raw_files import RawFile, TablePlan
from loading.raw_schema import comment_of, replace
from loading.reading import Reading
from loading.text_format import write_utf8
from store.build_database import drop_relation, relation_kind


def read_joined(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    joins: Sequence[Join],
    mapping: TableMapping,
    guarded: str | None,
    orders: OrderFields | None,
) -> tuple[dict[str, int], tuple[LedgerRow, ...]]:
    """Make a raw table with the columns of other files; returns its rows and theirs.

    What is guarded is so in the table alone: the files are in temporary tables until then.
    """
    option = mapping.options[JOIN_KEY]
    plans = [plan, *(join.plan for join in joins)]
    tables = [f"joining_{number}" for number in range(len(plans))]
    counts = [
        read_aside(connection, reading, each, name)
        for each, name in zip(plans, tables, strict=True)
    ]
    for join, name in zip(joins, tables[1:], strict=True):
        joined_files.check_keys(connection, reading.project, option, join, name)
    select = joined_files.joined_sql(reading.project, plan, joins, tables)
    drop_relation(connection, "raw", plan.name)
    if guarded:
        columns = joined_files.joined_columns(plan, joins)
        names = ", ".join(map(identifier, [*columns, *ADDED_COLUMNS]))
        with guarded_sql(connection, reading, select, columns, guarded, orders) as rows:
            connection.execute(
                f"create table {plan.relation} as select * from ({rows}) as guarded_rows({names})",
                reading.guard.parameters(),
            )
    else:
        connection.execute(f"create table {plan.relation} as {select}")
    for name in tables:
        connection.execute(f"drop table temp.{identifier(name)}")
    for join in joins:
        joined_files.say_unmatched(connection, reading.project, plan.relation, join)
    ledger = [
        row
        for join, rows in zip(joins, counts[1:], strict=True)
        for row in ledger_of(reading, join.plan, rows)
    ]
    return counts[0], tuple(ledger)


def read_aside(
    connection: duckdb.DuckDBPyConnection, reading: Reading, plan: TablePlan, name: str
) -> dict[str, int]:
    """Copy files into a temporary table; returns the rows of each."""
    relation = f"temp.{identifier(name)}"
    create = f"create or replace temp table {identifier(name)}"
    if not plan.is_text:
        connection.execute(f"{create} as {plan.parquet_sql()}")
    else:
        columns = ", ".join(f"{identifier(column)} varchar" for column in plan.columns())
        connection.execute(f"{create} ({columns}, _file varchar, _row_number bigint)")
        for file in plan.files:
            with utf8_file(file, reading.temporary) as plain:
                select = plan.select_sql(file, reading.names.of(plain))
                try:
                    connection.execute(f"insert into {relation} {select}")
                except duckdb.Error as error:
                    raise text_problem(file, error) from error
    rows = connection.execute(f"select _file, count(*) from {relation} group by _file").fetchall()
    return dict.fromkeys((file.name for file in plan.files), 0) | dict(rows)


def read_table(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str | None,
    orders: OrderFields | None,
) -> tuple[dict[str, int], bool]:
    """Make the raw table or view of some files; returns the rows of each, and if it was kept.

    A table made before from the very same files and columns is kept.
    """
    name = plan.name
    kind = "view" if plan.is_view and not guarded else "table"
    mark = plan.fingerprint() + reading.guard.mark(guarded)
    if relation_kind(connection, "raw", name) == kind and comment_of(connection, name) == mark:
        seen = {file.name: reading.seen(plan.table, file) for file in plan.files}
        kept = {file: row.row_count for file, row in seen.items() if row}
        if len(kept) == len(seen):
            return kept, True
    if plan.is_text:
        counts = read_text_files(connection, reading, plan, guarded, orders)
    else:
        counts = {file.name: parquet_rows(connection, reading, plan, file) for file in plan.files}
        if guarded:
            copy_guarded(connection, reading, plan, guarded, orders)
        else:
            replace(connection, kind, name, plan.parquet_sql())
    connection.execute(f"comment on {kind} {identifier('raw', name)} is {literal(mark)}")
    return counts, False


def read_text_files(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str | None,
    orders: OrderFields | None,
) -> dict[str, int]:
    """Copy text files into a raw table, one after the other; returns the rows of each.

    Files that the table has already stay in it.
    """
    there: dict[str, int] = {}
    if relation_kind(connection, "raw", plan.name) == "table":
        there = files_there(connection, reading, plan, guarded)
    if not there:
        if relation_kind(connection, "raw", plan.name) not in (None, "table"):
            drop_relation(connection, "raw", plan.name)
        connection.execute(plan.create_table_sql())
    counts = {}
    for file in plan.files:
        if file.name in there:
            counts[file.name] = there[file.name]
            continue
        with utf8_file(file, reading.temporary) as plain:
            path = reading.names.of(plain)
            try:
                counts[file.name] = insert_rows(
                    connection, reading, plan, guarded, orders, file, path
                )
            except duckdb.Error as error:
                raise text_problem(file, error) from error
    return counts


def files_there(
    connection: duckdb.DuckDBPyConnection, reading: Reading, plan: TablePlan, guarded: str | None
) -> dict[str, int]:
    """Return the rows of the files that a raw table holds, where others only come on top.

    It is empty where the table must be rebuilt: a file of it has changed or is not there any
    more, or its columns are others now; or where it does not hold the files as they were read, but
    filled forward.
    """
    seen = {file.name: reading.seen(plan.table, file) for file in plan.files}
    before = replace_fields(plan, files=tuple(file for file in plan.files if seen[file.name]))
    if not before.files or before.columns() != plan.columns():
        return {}
    mark = before.fingerprint() + reading.guard.mark(guarded)
    if comment_of(connection, plan.name) != mark:
        return {}
    return {name: row.row_count for name, row in seen.items() if row}


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str | None,
    orders: OrderFields | None,
    file: RawFile,
    path: Path,
) -> int:
    """Copy a text file into its raw table; returns the rows of the file."""
    select = plan.select_sql(file, path)
    if guarded is None:
        return one_count(connection, f"insert into {plan.relation} {select}")
    with guarded_sql(connection, reading, select, plan.columns(), guarded, orders) as rows:
        statement = f"insert into {plan.relation} {rows}"
        written = one_count(connection, statement, reading.guard.parameters())
    if not reading.guard.forgotten:
        return written
    return one_count(connection, f"select count(*) from ({select})")


@contextmanager
def utf8_file(file: RawFile, temporary: Path) -> Iterator[Path]:
    """Yield the path of a text file in plain UTF-8: itself, or a copy while it is read."""
    if file.text_format.is_plain:
        yield file.path
        return
    with tempfile.TemporaryDirectory(prefix="reading-", dir=temporary) as folder:
        copy = Path(folder) / "utf8.csv"
        try:
            write_utf8(file.path, file.text_format, copy)
        except csv.Error as error:
            raise csv_problem(file.name, file.path, file.text_format, file.header, error) from error
        yield copy


def text_problem(file: RawFile, error: duckdb.Error) -> Problem:
    """Return what is wrong with a text file that DuckDB refused."""
    if problem := problem_of(error, f"loading {file.name}"):
        return problem
    if file.shape:
        return json_problem(file.name, file.path, file.text_format, file.shape.layout, error)
    return csv_problem(file.name, file.path, file.text_format, file.header, error)


def parquet_rows(
    connection: duckdb.DuckDBPyConnection, reading: Reading, plan: TablePlan, file: RawFile
) -> int:
    """Count the rows of a Parquet file; at first sight reading every value, for damage to show."""
    if seen := reading.seen(plan.table, file):
        return seen.row_count
    columns = ", ".join(identifier(name) for name in file.header)
    try:
        return one_count(
            connection,
            f"select count(*), bit_xor(hash({columns})) "
            "from read_parquet(?, hive_partitioning = false)",
            [str(file.path)],
        )
    except duckdb.Error as error:
        raise (
            problem_of(error, f"loading {file.name}") or unreadable_parquet(file.name, error)
        ) from error
