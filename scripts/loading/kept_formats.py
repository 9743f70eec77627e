"""The formats of text columns that a load found, kept for staging and the next load."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from common.quoting import literal
from common.setting_values import SOURCES_OF_ONE_TABLE
from common.source_contract import Source
from common.text_columns import Stated
from loading.column_formats import FormatRow, find_formats
from loading.customer_ids import id_formats
from loading.id_column import ID_COLUMN, VIEW
from loading.loaded import LoadedTable
from loading.raw_schema import columns_by_type, comment_of
from loading.reading import Reading

FORMATS = "column_formats"
TEXT = "VARCHAR"
# Types of columns in which times may stand, as texts or numbers.
TIME_TYPES = (TEXT, "INTEGER", "UINTEGER", "BIGINT", "UBIGINT", "DOUBLE", "FLOAT")


def write_formats(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    reading: Reading,
    tables: Sequence[LoadedTable],
) -> None:
    """Find the formats of all text columns that are read as dates or numbers, and keep them.

    Those of a table that is kept are kept too, unless other formats are stated.
    """
    before = known_formats(connection, reading.stated)
    rows = []
    for loaded_table in tables:
        raw_table = loaded_table.table
        if loaded_table.is_kept and before is not None:
            rows += [row for row in before if row[0] == raw_table.name and row[2] != "id"]
            continue
        columns = columns_by_type(connection, raw_table)
        numbers = [c for c, kind in columns if kind == TEXT and c.name in raw_table.numbers]
        times = [c for c, kind in columns if kind in TIME_TYPES and c.name in raw_table.times]
        rows += find_formats(connection, reading.project, numbers, times, reading.stated)
    if source.has_id_rules and source.customer_column:
        column = source.customer_column
        named = [t.table.name for t in tables if t.plan and column in t.table.columns]
        if source.name in SOURCES_OF_ONE_TABLE:
            column, named = ID_COLUMN, [VIEW]
        rows += id_formats(connection, reading.project, named, column, reading.stated.ids)
    create_formats(connection)
    connection.execute(f"comment on table raw.{FORMATS} is {literal(repr(reading.stated))}")
    for row in rows:
        connection.execute(f"insert into raw.{FORMATS} values (?, ?, ?, ?, ?, ?)", row)


def create_formats(connection: duckdb.DuckDBPyConnection) -> None:
    """Recreate the table of formats, without rows and without the mark of a load."""
    connection.execute(
        f"create or replace table raw.{FORMATS} (source_table varchar, column_name varchar, "
        "kind varchar, format_number integer, format varchar, source_file varchar)"
    )


def known_formats(connection: duckdb.DuckDBPyConnection, stated: Stated) -> list[FormatRow] | None:
    """Return the formats found by the last load; None when none were, or others were stated."""
    if comment_of(connection, FORMATS) != repr(stated):
        return None
    return connection.execute(f"select * from raw.{FORMATS}").fetchall()
