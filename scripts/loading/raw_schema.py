"""Tables and views of schema `raw`: replacing, marking and dropping them."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from common.quoting import identifier
from common.source_contract import RawTable, Source
from common.text_columns import Column
from loading.first_row_fields import (
    AS_FILLED,
)
from loading.loaded import LoadedTable
from loading.reading import Reading
from store.build_database import drop_relation, relation_kind
from store.build_inputs import AS_READ

OWN_TABLES = (
    "load_ledger",
    "load_settings",
    "load_withheld",
    "load_left_out",
    "column_formats",
    "column_labels",
    "given_definitions",
    "load_increment",
    "load_new_files",
    "load_unchanged_tables",
    "last_build",
)


def comment_of(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """Return the comment of a raw table or view: the mark of what it was made from."""
    row = connection.execute(
        "select comment from ("
        "select database_name, schema_name, table_name, comment from duckdb_tables() union all "
        "select database_name, schema_name, view_name, comment from duckdb_views()) "
        "where database_name = current_database() and schema_name = 'raw' and table_name = ?",
        [name],
    ).fetchone()
    return row[0] if row else None


def replace(connection: duckdb.DuckDBPyConnection, kind: str, name: str, query: str) -> None:
    """Recreate a table or view of schema raw, whichever of the two was there."""
    if relation_kind(connection, "raw", name) not in (None, kind):
        drop_relation(connection, "raw", name)
    connection.execute(f"create or replace {kind} raw.{identifier(name)} as {query}")


def drop_other_tables(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    reading: Reading,
    tables: Sequence[LoadedTable],
) -> None:
    """Remove raw tables that the source no longer has."""
    kept = {raw_table.name for raw_table in source.tables}
    kept |= {loaded.table.name + AS_READ for loaded in tables if loaded.mapped}
    made = {AS_READ, AS_FILLED}
    kept |= {loaded.table.name + end for loaded in tables if loaded.filled for end in made}
    kept |= {*OWN_TABLES}
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' "
        "and database_name = current_database() union all "
        "select view_name from duckdb_views() where schema_name = 'raw' "
        "and database_name = current_database()"
    ).fetchall()
    for (name,) in names:
        if name not in kept:
            drop_relation(connection, "raw", name)


def columns_by_type(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable
) -> list[tuple[Column, str]]:
    """Return the columns of a raw table with their types, in the order of their names."""
    found = connection.execute(
        "select column_name, data_type from duckdb_columns() "
        "where database_name = current_database() "
        "and schema_name = 'raw' and table_name = ? order by column_name",
        [raw_table.name],
    ).fetchall()
    name = raw_table.name
    return [(Column(name, n, f"{name}: column {n}"), kind) for n, kind in found]
