"""Hand the rows that were loaded to Spark: raw tables and history as Parquet, and as its tables.

Files are read once, by `scripts/load_raw.py`, whichever engine runs the SQL. DuckDB streams each
table to Parquet; Spark gets the files' place and no row goes through this program.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from common.quoting import identifier, literal
from common.settings import Settings
from dbt_runs.spark_settings import SparkWarehouse
from store.build_database import limit_resources

SCHEMAS = ("raw", "history")
# Types that Parquet or Spark have no equal of, and what they are written as.
WRITTEN_AS = {
    "HUGEINT": "decimal(38, 0)",
    "UHUGEINT": "decimal(38, 0)",
    "TIME": "varchar",
    "INTERVAL": "varchar",
    "UUID": "varchar",
    "BIT": "varchar",
    "TIMESTAMP_NS": "timestamp",
    "TIMESTAMP_MS": "timestamp",
    "TIMESTAMP_S": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamp",
}


def export(settings: Settings) -> None:
    """Write every raw table and history table of the build database as Parquet."""
    warehouse = SparkWarehouse(settings.warehouse)
    place = warehouse.raw
    if place.exists():
        shutil.rmtree(place)
    with duckdb.connect(warehouse.build_db, read_only=True) as connection:
        limit_resources(connection, settings)
        for schema, name in relations(connection):
            folder = place / schema / name
            folder.mkdir(parents=True)
            target = literal(folder / "part-0.parquet")
            connection.execute(
                f"copy ({select_sql(connection, schema, name)}) to {target} (format parquet)"
            )


def relations(connection: duckdb.DuckDBPyConnection) -> list[tuple[str, str]]:
    """Return schema and name of what is handed over."""
    return connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() and list_contains($schemas, table_schema) "
        "order by table_schema, table_name",
        {"schemas": list(SCHEMAS)},
    ).fetchall()


def select_sql(connection: duckdb.DuckDBPyConnection, schema: str, name: str) -> str:
    """Return the query that reads a relation in types which Spark knows."""
    described = connection.execute(f"describe {identifier(schema, name)}").fetchall()
    cells = [
        f"cast({identifier(column)} as {WRITTEN_AS[kind]}) as {identifier(column)}"
        if kind in WRITTEN_AS
        else identifier(column)
        for column, kind, *_ in described
    ]
    return f"select {', '.join(cells)} from {identifier(schema, name)}"


def exported(place: Path) -> Iterator[tuple[str, str, Path]]:
    """Yield schema, name and folder of what was written: a folder of tables for each schema."""
    for folder in sorted(place.glob("*/*")):
        yield folder.parent.name, folder.name, folder
