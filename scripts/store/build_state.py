"""The state of the last complete build, kept in the build database, and the plan for dbt.

The state is removed before dbt starts and written when all is published, so that no build
continues from one that was killed half-way.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import Problem, warn
from common.quoting import identifier, literal
from common.settings import Settings
from store.build_database import limit_access, limit_resources

# The tables that are kept: models with materialized='incremental', by schema.
KEPT_TABLES = {
    "core": (
        "customer_attributes",
        "int_customers_validated",
        "int_products_validated",
        "interactions",
        "products",
        "int_order_lines_keyed",
        "int_order_line_outcomes",
        "int_rejected_lines",
        "order_line_totals",
        "keyed_orders",
    ),
    "features": (
        "customer_campaigns",
        "int_customer_parts",
        "customer_snapshots",
    ),
}
STATE = "last_build"
MARK = "mark"


@dataclass(frozen=True)
class Increment:
    """What a build goes by.

    Attributes:
        reason: Why everything is rebuilt; None when the last build is built on.
        new_files: Files of order lines that came since; None where a source has no such files.
        kept_row_count: Rows of order lines that are not read again; of all tables where a source
            has no new files.
        kept_file_count: Files that they stand in.
        unchanged_tables: Raw tables other than order lines of which nothing has changed.
    """

    reason: str | None
    new_files: tuple[str, ...] | None = ()
    kept_row_count: int = 0
    kept_file_count: int = 0
    unchanged_tables: tuple[str, ...] = ()

    @property
    def is_increment(self) -> bool:
        """Whether the last build is built on."""
        return self.reason is None


@contextmanager
def open_as_loaded(
    settings: Settings, readable: Sequence[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build database as loading left it; unlike loading, never rebuild it.

    Raises:
        Problem: it cannot be opened.
    """
    warehouse = settings.place
    try:
        connection = duckdb.connect(warehouse.build_db)
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n")[0].split())
        raise Problem(
            f"{warehouse.build_db} cannot be opened ({reason}): close the programs that have it "
            "open, and build again"
        ) from error
    try:
        limit_resources(connection, settings)
        limit_access(connection, [warehouse.path, *readable])
        yield connection
    finally:
        connection.close()


def kept_tables() -> list[tuple[str, str]]:
    """Return schema and name of each table that is kept."""
    return [(schema, name) for schema, names in KEPT_TABLES.items() for name in names]


def write_plan(connection: duckdb.DuckDBPyConnection, decided: Increment) -> None:
    """Write down for dbt what was decided; None of the last build is kept without it."""
    connection.execute("create or replace table raw.load_increment (is_increment boolean)")
    connection.execute("insert into raw.load_increment values (?)", [decided.is_increment])
    connection.execute("create or replace table raw.load_new_files (source_file varchar)")
    for file in decided.new_files or ():
        connection.execute("insert into raw.load_new_files values (?)", [file])
    connection.execute("create or replace table raw.load_unchanged_tables (source_table varchar)")
    for table in decided.unchanged_tables:
        connection.execute("insert into raw.load_unchanged_tables values (?)", [table])


def read_state(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return what the last complete build was made of; empty when there is none."""
    there = connection.execute(
        "select count(*) from duckdb_tables() where database_name = current_database() "
        "and schema_name = 'raw' and table_name = ?",
        [STATE],
    ).fetchone()
    if there == (0,):
        return {}
    return dict(connection.execute(f"select name, value from raw.{STATE}").fetchall())


def complete(settings: Settings, state: Mapping[str, str]) -> None:
    """Mark what the build database holds as complete: the next build may continue from it.

    The kept tables are marked themselves, so that one which is rebuilt by other means is not
    taken for what was left. What cannot be marked is not built on.
    """
    if not state:
        return
    warehouse = settings.place
    mark = uuid.uuid4().hex
    try:
        with duckdb.connect(warehouse.build_db) as connection:
            connection.execute("begin")
            for schema, name in kept_tables():
                relation = identifier(schema, name)
                connection.execute(f"comment on table {relation} is {literal(mark)}")
            write_plan(connection, Increment("complete"))
            connection.execute(f"create or replace table raw.{STATE} (name varchar, value varchar)")
            for name, value in {**state, MARK: mark}.items():
                connection.execute(f"insert into raw.{STATE} values (?, ?)", [name, value])
            connection.execute("commit")
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n")[0].split())
        warn(f"  the next build is a full one: {warehouse.build_db.name} was not marked ({reason})")


def forget_state(settings: Settings) -> None:
    """Remove the state of the last build, before dbt is run by hand."""
    if not settings.place.build_db.exists():
        return
    with open_as_loaded(settings) as connection:
        connection.execute("begin")
        connection.execute("create schema if not exists raw")
        connection.execute(f"drop table if exists raw.{STATE}")
        write_plan(connection, Increment("dbt is run by hand"))
        connection.execute("commit")
