"""Opening the build database, which is disposable: one that cannot be opened is rebuilt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from common.console import Problem, warn
from common.machine import engine_memory
from common.quoting import identifier
from common.settings import Settings
from common.system_errors import is_damage, is_locked
from common.warehouse_paths import Warehouse
from store.warehouse import wal_of


@contextmanager
def open_build_database(
    settings: Settings, readable: Sequence[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open build.duckdb for writing, with access to the warehouse and the `readable` folders.

    A file that is damaged, or that another program holds open, is deleted and rebuilt: nothing
    in it is needed, and a program that has it open continues with what it opened.
    """
    warehouse = settings.place
    warehouse.create()
    try:
        connection = duckdb.connect(warehouse.build_db)
    except duckdb.Error as error:
        reason = "another program has it open" if is_locked(error) else "it cannot be read"
        warn(f"  {warehouse.build_db.name} is rebuilt: {reason}")
        delete_build_database(warehouse)
        connection = duckdb.connect(warehouse.build_db)
    try:
        limit_resources(connection, settings)
        limit_access(connection, [warehouse.path, *readable])
        yield connection
    finally:
        connection.close()


def limit_resources(
    connection: duckdb.DuckDBPyConnection, settings: Settings, temporary: Path | None = None
) -> None:
    """Limit threads and memory of a connection, keep rows in order and fetch nothing.

    temporary: folder for what does not fit into memory; by default that of the warehouse, which
        belongs to the user who holds the lock.
    """
    if temporary is None:
        temporary = settings.place.temporary
        temporary.mkdir(exist_ok=True)
    options: list[tuple[str, object]] = [
        ("threads", settings.threads),
        ("memory_limit", engine_memory(settings.memory)),
        ("temp_directory", str(temporary)),
        ("preserve_insertion_order", True),
        ("enable_progress_bar", False),
        # As in dbt's profile: what is read must not depend on the machine's time zone.
        ("TimeZone", "UTC"),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
    ]
    for name, value in options:
        connection.execute(f"set {name} = $value", {"value": value})


def limit_access(connection: duckdb.DuckDBPyConnection, places: Sequence[Path]) -> None:
    """Let a connection touch these files, and files in these folders, only."""
    files = [str(place) for place in places if place.is_file()]
    folders = [str(place) for place in places if not place.is_file()]
    connection.execute("set allowed_paths = $value", {"value": files})
    connection.execute("set allowed_directories = $value", {"value": folders})
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


@contextmanager
def healed(warehouse: Warehouse) -> Iterator[None]:
    """Remove the build database when something in this block finds it damaged.

    Nothing in it is needed, and the next build would stumble over the same block.
    """
    try:
        yield
    except (Problem, duckdb.Error) as error:
        if is_damage(error):
            delete_build_database(warehouse)
            warn(f"  {warehouse.build_db.name} was removed: build again, and it is rebuilt")
        raise


def delete_build_database(warehouse: Warehouse) -> None:
    """Delete the build database and its write-ahead log."""
    for path in (warehouse.build_db, wal_of(warehouse.build_db)):
        path.unlink(missing_ok=True)


def relation_kind(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str | None:
    """Return `table` or `view`, or None when the current database has no such relation."""
    row = connection.execute(
        "select kind from ("
        "select 'table' as kind, database_name, schema_name, table_name from duckdb_tables() "
        "union all "
        "select 'view', database_name, schema_name, view_name from duckdb_views()) "
        "where database_name = current_database() and schema_name = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return row[0] if row else None


def drop_relation(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> None:
    """Drop a table or view, whichever it is."""
    kind = relation_kind(connection, schema, name)
    if kind:
        connection.execute(f"drop {kind} {identifier(schema, name)}")
