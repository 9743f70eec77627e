"""Forget a customer: remove all rows of one, from everything that a warehouse holds.

    make forget CUSTOMER=12345

Rows go from the published file, every kept version, replays and the ledger of exports; each file is
written anew, so that nothing is left in free space, and replaced by one rename. What was counted
with the customer stays as it was counted. The build database and the tables of Spark are removed,
as the next build makes them anew. The warehouse's forgotten.csv gets the day and a hash by which
files that still hold the customer do not bring him or her back. Ids are given as they stand in your
files.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from build_database import delete_build_database, limit_access
from console import WRONG_USE, Problem, count, run, say, warn
from history import first_line, published_facts
from kept_versions import (
    damage,
    kept_versions,
    make_read_only,
    publish_version,
    replace_file,
    sync,
    version_of,
    working_folder,
)
from privacy import Guard, guard_of, is_forgotten, write_forgotten
from publish import STORAGE_VERSION
from quoting import identifier, literal
from replay import REPLAYS
from settings import resolve_warehouse
from sources import SOURCES
from spark_settings import delete_spark_tables
from trimming import RAW_TEXT, text_of, text_sql
from warehouse import Warehouse, exclusive, set_aside_wal, wal_of

CUSTOMER_COLUMN = "customer_id"
# Files may hold other spellings: of a time when ids were read otherwise, or with IDS=as_written.
ANY_SPELLING = "customer_text"
IS_CUSTOMER = f"{text_sql(CUSTOMER_COLUMN, ANY_SPELLING)} = ?"


def forget(
    warehouse: Warehouse, guard: Guard, customer: str, today: date, *, is_forced: bool = False
) -> int:
    """Remove a customer from a warehouse and its replays; returns the rows removed.

    The caller holds the warehouse's lock. Killed half-way, it is run again.

    Raises:
        Problem: the warehouse does not know the customer, or a file is damaged; nothing was
            changed.
        OSError, duckdb.Error: a file could not be written; those before it are done.
    """
    stored = guard.stored_id(customer)
    holders = [warehouse, *replays_of(warehouse)]
    for holder in holders:
        set_aside_wal(holder)
        check_versions(holder)
    found = {file: rows_of(file, stored) for holder in holders for file in files_of(holder)}
    row_count = sum(found.values())
    is_known = is_forgotten(guard.forgotten, stored)
    if not row_count and not is_known and not is_forced:
        raise Problem(
            f"CUSTOMER={customer}: no file of {warehouse.path} holds this customer; expected an id "
            "as it stands in your files, of a customer who was published; FORCE=1 keeps the "
            "customer out of builds to come all the same",
            WRONG_USE,
        )
    # First, so that no file brings the customer back whatever happens next.
    if not is_known:
        write_forgotten(warehouse, stored, today)
    for holder in holders:
        forget_in(holder, stored, found)
        delete_build_database(holder)
        delete_spark_tables(holder)
    return row_count


def customer_macro(warehouse: Warehouse) -> str:
    """Return the macro by which staging of the published source reads ids."""
    published = published_facts(warehouse)
    source = SOURCES.get(published.source or "") if published else None
    return source.customer_macro if source else RAW_TEXT


def check_versions(warehouse: Warehouse) -> None:
    """Refuse versions that are not what was published: writing them anew would hide that.

    Raises:
        Problem: names the first of them.
    """
    for version in kept_versions(warehouse):
        if problem := damage(version):
            raise Problem(f"{version.file}: {problem}; nothing was changed; remove this version")


def replays_of(warehouse: Warehouse) -> list[Warehouse]:
    """Return the warehouses of replays."""
    folder = warehouse.path / REPLAYS
    return [Warehouse(p) for p in sorted(folder.iterdir())] if folder.is_dir() else []


def files_of(warehouse: Warehouse) -> Iterator[Path]:
    """Yield the database files that hold customers; the published one is one of the versions."""
    yield from (version.file for version in kept_versions(warehouse) if version.file.exists())
    yield from (path for path in (warehouse.marts_db, warehouse.exports_db) if path.exists())


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
                connection.execute(
                    f"select count(*) from {table} where {IS_CUSTOMER}",
                    [text_of(stored, ANY_SPELLING)],
                ).fetchone()[0]
                for table in customer_tables(connection, "held")
            )
    except duckdb.Error as error:
        raise Problem(
            f"{path} cannot be read ({first_line(error)}), so nobody can be forgotten in it: "
            "remove it, or what it is in; nothing was changed"
        ) from error


def forget_in(warehouse: Warehouse, stored: str, found: dict[Path, int]) -> None:
    """Write the files of one warehouse anew without a customer, those that hold the customer."""
    for version in kept_versions(warehouse):
        if found.get(version.file):
            with working_folder(warehouse) as folder:
                replace_file(version, write_without(version.file, stored, folder))
            told(warehouse, version.file, found)
    if found.get(warehouse.marts_db):
        forget_in_published(warehouse, stored)
        told(warehouse, warehouse.marts_db, found)
    if found.get(warehouse.exports_db):
        mode = warehouse.exports_db.stat().st_mode & 0o777
        with working_folder(warehouse) as folder:
            new_file = write_without(warehouse.exports_db, stored, folder)
            new_file.chmod(mode)
            # What it holds is in the new file already.
            wal_of(warehouse.exports_db).unlink(missing_ok=True)
            os.replace(new_file, warehouse.exports_db)
        told(warehouse, warehouse.exports_db, found)


def forget_in_published(warehouse: Warehouse, stored: str) -> None:
    """Publish the version of the run anew, as it is without the customer; written where none is."""
    facts = published_facts(warehouse)
    version = version_of(warehouse, facts.run_number) if facts and facts.run_number else None
    if version is not None and version.file.exists():
        publish_version(warehouse, version)
        return
    with working_folder(warehouse) as folder:
        new_file = write_without(warehouse.marts_db, stored, folder)
        set_aside_wal(warehouse)
        os.replace(new_file, warehouse.marts_db)
        sync(warehouse.path)


def told(warehouse: Warehouse, path: Path, found: dict[Path, int]) -> None:
    """Say what was removed from a file."""
    name = path.relative_to(warehouse.path.parent)
    say(f"  {name!s:<44} {count(found[path], 'row'):>12} removed")


def write_without(path: Path, stored: str, folder: Path) -> Path:
    """Write a database file anew without a customer; returns the new file.

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


def left_to_the_user(warehouse: Warehouse) -> list[Path]:
    """Return what may hold the customer and is not the warehouse's to change."""
    exports = warehouse.exports
    written = sorted(p for p in exports.rglob("*") if p.is_file()) if exports.is_dir() else []
    return [*written, *sorted(warehouse.path.glob("*.set-aside"))]


def main() -> int:
    """Forget the customer that CUSTOMER of the environment names."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="environment variables: CUSTOMER; SOURCE and WAREHOUSE choose the warehouse; "
        "PSEUDONYM_KEY where customers have pseudonyms",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    warehouse = Warehouse(resolve_warehouse())
    customer = os.environ.get("CUSTOMER", "")
    if not text_of(customer):
        raise Problem("CUSTOMER is missing: expected the id of a customer", WRONG_USE)
    with exclusive(warehouse):
        guard = guard_of(warehouse, CUSTOMER_COLUMN, asked=None, macro=customer_macro(warehouse))
        is_forced = os.environ.get("FORCE", "") == "1"
        try:
            removed = forget(
                warehouse, guard, customer, datetime.now(UTC).date(), is_forced=is_forced
            )
        except (OSError, duckdb.Error) as error:
            raise Problem(
                f"forgetting stopped half-way ({first_line(error)}): run it again; files that were "
                "done stay done"
            ) from error
    if removed:
        say(f"Forgotten: {count(removed, 'row')} removed. Numbers that counted the customer stay.")
    else:
        say("No file here holds this customer, who is kept out of builds to come.")
    if left := left_to_the_user(warehouse):
        warn("These may hold the customer and were left alone:")
        for path in left:
            warn(f"  {path}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
