"""State out of the published file: what a build starts from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

import duckdb

from common.console import Problem
from common.data_errors import first_line
from common.quoting import identifier, literal
from common.system_errors import is_locked, is_of_another_version
from common.warehouse_paths import Warehouse
from store.history_schema import HISTORY_TABLES, MART_OF
from store.kept_versions import highest_numbers, kept_versions
from store.marts_renames import former_columns, read_renames
from store.warehouse import wal_of


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
    files = (warehouse.marts_db, wal_of(warehouse.marts_db))
    return _facts_in(warehouse, tuple(_state_of(file) for file in files))


def _state_of(file: Path) -> tuple[int, ...]:
    """Return what changes when a file is written to or replaced; nothing where there is none."""
    try:
        found = file.stat()
    except FileNotFoundError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


@lru_cache(maxsize=4)
def _facts_in(warehouse: Warehouse, _: tuple[tuple[int, ...], ...]) -> Published:
    """Read the facts, which a build asks for five times, once for each state of the files."""
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

    Tables are empty when nothing is published; columns that are not published yet are null, and
    those that were published by a former name are copied from it.
    A table that lists no columns in history_schema is copied as it is published, if it is.

    Raises:
        Problem: the published file, or a version that was rolled back from, cannot be read.
    """
    is_published = warehouse.marts_db.exists()
    given_out = numbers_given_out(warehouse)
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
    connection.execute("delete from history.highest_numbers")
    if any(given_out):
        connection.execute("insert into history.highest_numbers values (?, ?, ?)", given_out)
    connection.execute("commit")
    if is_published:
        connection.execute("detach published")


def numbers_given_out(warehouse: Warehouse) -> list[int]:
    """Return the highest run number, fit number and segment id ever given out, 0 for none.

    Those of the published file include what every version kept before it knew; versions of a
    higher number were rolled back from, and are looked at themselves.

    Raises:
        Problem: one of these files cannot be read.
    """
    files = []
    current = 0
    if warehouse.marts_db.exists():
        files.append(warehouse.marts_db)
        facts = published_facts(warehouse)
        current = facts.run_number if facts and facts.run_number else 0
    files += [v.file for v in kept_versions(warehouse) if v.run_number > current]
    highest = [0, 0, 0]
    for file in files:
        try:
            numbers = highest_numbers(file)
        except duckdb.Error as error:
            if file == warehouse.marts_db:
                raise unreadable(warehouse, error) from error
            raise Problem(
                f"{file} cannot be read ({first_line(error)}). It was rolled back from, and the "
                f"ids that it used must not be used again; remove {file.parent} to build "
                "without knowing them"
            ) from error
        highest = [max(pair) for pair in zip(highest, numbers, strict=True)]
    return highest


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
    elif published:
        source = identifier("published", "history", name)
        connection.execute(f"create table {table} as from {source} limit 0")
        columns = [(column, "") for column in published]
    else:
        return
    former = former_columns(read_renames(), MART_OF.get(name, ""))
    copied = {}
    for column, _ in columns:
        names = [name for name in (column, *former.get(column, ())) if name in published]
        if names:
            copied[column] = names[0]
    if copied:
        source = identifier("published", "history", name)
        connection.execute(
            f"insert into {table} ({', '.join(map(identifier, copied))}) "
            f"select {', '.join(map(identifier, copied.values()))} from {source}"
        )


def unreadable(warehouse: Warehouse, error: duckdb.Error) -> Problem:
    """Return the problem of a published file that cannot be read."""
    if is_locked(error):
        return Problem(
            f"another program has the published file {warehouse.marts_db} open for writing "
            f"({first_line(error)}): close it there, and open it read-only"
        )
    if is_of_another_version(error):
        return Problem(
            f"the published file {warehouse.marts_db} was written by another version of DuckDB "
            f"({first_line(error)}): build with that version, or put back a kept file by make "
            "rollback"
        )
    return Problem(
        f"the published file {warehouse.marts_db} cannot be read ({first_line(error)}); put back "
        f"a kept one by make rollback, or remove it to start again without history"
    )
