"""State out of the published file: what a build starts from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import duckdb

from console import Problem
from history_schema import HISTORY_TABLES
from quoting import identifier, literal
from warehouse import Warehouse


@dataclass(frozen=True)
class Published:
    """The current run of the published file; None where the file does not say."""

    run_number: int | None
    source: str | None
    as_of_date: date | None


def published_facts(warehouse: Warehouse) -> Published | None:
    """Return the current run of the published file, or None when nothing is published.

    Raises:
        Problem: the published file cannot be read.
    """
    if not warehouse.marts_db.exists():
        return None
    try:
        with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
            rows = connection.execute(
                "select run_number, source, as_of_date from segmentation_runs where is_current"
            ).fetchall()
    except duckdb.CatalogException:
        return Published(None, None, None)
    except duckdb.Error as error:
        raise unreadable(warehouse, error) from error
    return Published(*rows[0]) if rows else Published(None, None, None)


def copy_history(connection: duckdb.DuckDBPyConnection, warehouse: Warehouse) -> None:
    """Make schema history of the build database from that of the published file, by name.

    Tables are empty when nothing is published; columns that are not published yet are null.
    A table that lists no columns in history_schema is copied as it is published, if it is.
    """
    is_published = warehouse.marts_db.exists()
    if is_published:
        try:
            connection.execute(f"attach {literal(warehouse.marts_db)} as published (read_only)")
        except duckdb.Error as error:
            raise unreadable(warehouse, error) from error
    connection.execute("begin")
    connection.execute("drop schema if exists history cascade")
    connection.execute("create schema history")
    for name, columns in HISTORY_TABLES.items():
        there = published_columns(connection, name) if is_published else []
        create_history_table(connection, name, columns, there)
    connection.execute("commit")
    if is_published:
        connection.execute("detach published")


def published_columns(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Return the columns of a history table of the attached published file."""
    rows = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'published' "
        "and schema_name = 'history' and table_name = ? order by column_index",
        [name],
    ).fetchall()
    return [column for (column,) in rows]


def create_history_table(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    columns: list[tuple[str, str]],
    published: list[str],
) -> None:
    """Make one history table and fill it with what is published."""
    table = identifier("history", name)
    if columns:
        definitions = ", ".join(f"{identifier(column)} {kind}" for column, kind in columns)
        connection.execute(f"create table {table} ({definitions})")
        common = ", ".join(identifier(c) for c, _ in columns if c in published)
    elif published:
        source = identifier("published", "history", name)
        connection.execute(f"create table {table} as from {source} limit 0")
        common = ", ".join(identifier(c) for c in published)
    else:
        return
    if common:
        source = identifier("published", "history", name)
        connection.execute(f"insert into {table} ({common}) select {common} from {source}")


def unreadable(warehouse: Warehouse, error: duckdb.Error) -> Problem:
    """Return the problem of a published file that cannot be read."""
    reason = " ".join(str(error).split("\n")[0].split())
    return Problem(
        f"the published file {warehouse.marts_db} cannot be read ({reason}); put back a kept one "
        f"from {warehouse.versions}, or remove it to start again without history"
    )
