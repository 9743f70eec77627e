"""Rows of a customer in a database file: found, counted and left out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import Problem, count, say
from common.data_errors import first_line
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.trimming import text_of, text_sql
from common.warehouse_paths import Warehouse
from publishing.publish import STORAGE_VERSION
from store.atomic_path import sync
from store.build_database import limit_access
from store.history import numbers_given_out
from store.kept_versions import (
    HIGHEST_NUMBERS,
    make_read_only,
    publish_version,
    replace_file,
    version_of,
    working_folder,
)
from store.warehouse import set_aside_wal, wal_of

CUSTOMER_COLUMN = "customer_id"
# Files may hold other spellings: of a time when ids were read otherwise, or with IDS=as_written.
ANY_SPELLING = "customer_text"
IS_CUSTOMER = f"{text_sql(CUSTOMER_COLUMN, ANY_SPELLING)} = ?"


@dataclass(frozen=True)
class Removed:
    """A version or a replay that is removed whole."""

    name: str
    folder: Path
    row_count: int


def files_of(warehouse: Warehouse, published: int | None) -> list[Path]:
    """Return the database files that are written without the customer."""
    version = [version_of(warehouse, published).file] if published is not None else []
    candidates = (*version, warehouse.marts_db, warehouse.exports_db)
    return [path for path in candidates if path.exists()]


def customer_tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """Return the quoted names of the tables of an attached database that name customers."""
    rows = connection.execute(
        "select columns.database_name, columns.schema_name, columns.table_name "
        "from duckdb_columns() as columns inner join duckdb_tables() as tables "
        "using (database_name, schema_name, table_name) "
        "where columns.database_name = ? and columns.column_name = ? order by all",
        [database, CUSTOMER_COLUMN],
    ).fetchall()
    return [identifier(*row) for row in rows]


def rows_of(path: Path, stored: str) -> int:
    """Return how many rows of a file are a customer's.

    Raises:
        Problem: the file cannot be read.
    """
    try:
        with duckdb.connect() as connection:
            limit_access(connection, [path.parent])
            connection.execute(f"attach {literal(path)} as held (read_only)")
            return sum(
                one_row(
                    connection,
                    f"select count(*) from {table} where {IS_CUSTOMER}",
                    [text_of(stored, ANY_SPELLING)],
                )[0]
                for table in customer_tables(connection, "held")
            )
    except duckdb.Error as error:
        raise Problem(
            f"{path} cannot be read ({first_line(error)}), so no customer can be forgotten in it: "
            "remove it, or what it is in; nothing was changed"
        ) from error


def rows_if_readable(path: Path, stored: str) -> int | None:
    """Return how many rows of a file are a customer's; None where it cannot be read."""
    try:
        return rows_of(path, stored)
    except Problem:
        return None


def forget_in(
    warehouse: Warehouse,
    stored: str,
    published: int | None,
    found: dict[Path, int],
    removed: Sequence[Removed],
) -> None:
    """Write what is published without a customer, and remove what cannot be."""
    version = None if published is None else version_of(warehouse, published)
    # Numbers that only a removed version knows are not given out again.
    is_last = all(part.folder.parent != warehouse.versions for part in removed)
    if version is not None and version.file.exists():
        if found.get(version.file) or not is_last:
            given_out = numbers_given_out(warehouse)
            with working_folder(warehouse) as folder:
                replace_file(version, write_without(version.file, stored, folder, given_out))
            report_found(warehouse, version.file, found)
        if found.get(warehouse.marts_db) or not is_last:
            publish_version(warehouse, version)
            report_found(warehouse, warehouse.marts_db, found)
    elif found.get(warehouse.marts_db):
        with working_folder(warehouse) as folder:
            new_file = write_without(warehouse.marts_db, stored, folder, ())
            set_aside_wal(warehouse)
            os.replace(new_file, warehouse.marts_db)
            sync(warehouse.path)
        report_found(warehouse, warehouse.marts_db, found)
    for part in removed:
        # One step, so that no half of a version is left when it is killed.
        with working_folder(warehouse) as folder:
            part.folder.rename(folder / "removed")
        say(f"  {part.folder.relative_to(warehouse.path.parent)!s:<44} {'removed':>20}")
    if found.get(warehouse.exports_db):
        mode = warehouse.exports_db.stat().st_mode & 0o777
        with working_folder(warehouse) as folder:
            new_file = write_without(warehouse.exports_db, stored, folder, ())
            new_file.chmod(mode)
            # What it holds is in the new file already.
            wal_of(warehouse.exports_db).unlink(missing_ok=True)
            os.replace(new_file, warehouse.exports_db)
        report_found(warehouse, warehouse.exports_db, found)


def report_found(warehouse: Warehouse, path: Path, found: dict[Path, int]) -> None:
    """Say what was removed from a file."""
    name = path.relative_to(warehouse.path.parent)
    say(f"  {name!s:<44} {count(found[path], 'row'):>12} removed")


def write_without(path: Path, stored: str, folder: Path, given_out: Sequence[int]) -> Path:
    """Rewrite a database file without a customer; returns the new file.

    given_out: the highest run number, fit number and segment id, where the file says them.

    It is copied twice: rows that are deleted stay in the free space of a file, and only what is
    left is copied out of it. Order, comments, views and macros go with it.
    """
    between, new_file = folder / "between.duckdb", folder / path.name
    with duckdb.connect() as connection:
        connection.execute(f"set temp_directory = {literal(folder / 'tmp')}")
        connection.execute("set preserve_insertion_order = true")
        limit_access(connection, [path.parent, folder])
        connection.execute(f"attach {literal(path)} as held (read_only)")
        connection.execute(f"attach {literal(between)} as between_copies")
        connection.execute("copy from database held to between_copies")
        for table in customer_tables(connection, "between_copies"):
            connection.execute(
                f"delete from {table} where {IS_CUSTOMER}", [text_of(stored, ANY_SPELLING)]
            )
        if given_out and holds_numbers(connection):
            connection.execute(
                f"update between_copies.history.{HIGHEST_NUMBERS} "
                "set run_number = ?, fit_number = ?, segment_id = ?",
                given_out,
            )
        connection.execute(
            f"attach {literal(new_file)} as fresh (storage_version {literal(STORAGE_VERSION)})"
        )
        connection.execute("copy from database between_copies to fresh")
        connection.execute("checkpoint fresh")
        connection.execute("detach fresh")
    between.unlink()
    wal_of(between).unlink(missing_ok=True)
    make_read_only(new_file)
    sync(new_file)
    return new_file


def holds_numbers(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether the copy of a published file has the highest numbers that were given out."""
    return connection.execute(
        "select count(*) from duckdb_tables() where database_name = 'between_copies' "
        "and schema_name = 'history' and table_name = ?",
        [HIGHEST_NUMBERS],
    ).fetchone() == (1,)
