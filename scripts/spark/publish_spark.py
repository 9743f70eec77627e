"""Publish what a build on Spark made: as Parquet, and into marts.duckdb as any build does.

Spark's tables are Parquet files. They are shown to publishing as views of a build database, so
that one program writes, checks and keeps what is published, whichever engine made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from common.console import Problem, count, say
from common.quoting import identifier, literal
from common.settings import Settings
from common.warehouse_paths import Warehouse
from dbt_runs.dbt_results import read_json
from dbt_runs.spark_settings import SparkWarehouse, spark_settings
from loading.definitions import write_proposals
from publishing.publish import Publication, describe, publish
from publishing.published_parquet import publish_parquet
from publishing.published_tables import PublishedTable, tables_to_publish
from store.build_database import delete_build_database, limit_resources
from store.history_rows import LOADED, READ
from store.history_schema import HISTORY_TABLES
from store.kept_versions import working_folder

# What is read besides the tables to publish: by definitions.py, and by history_rows.py.
ALSO_SHOWN = (
    ("features", "feature_settings"),
    ("features", "feature_proposals"),
    ("core", "source_capabilities"),
    *READ,
)


def show_tables(there: Settings) -> list[PublishedTable]:
    """Make a build database of views on the Parquet of Spark's tables; returns what to publish."""
    place = SparkWarehouse(there.warehouse)
    published = tables_to_publish(read_json(place.dbt_target / "manifest.json"))
    delete_build_database(place)
    with duckdb.connect(place.build_db) as connection:
        limit_resources(connection, there)
        made = [(table.source_schema, table.source_name) for table in published if not table.rows]
        for schema, name in dict.fromkeys((*made, *ALSO_SHOWN)):
            wanted = history_types(name) if schema == "segmentation" else {}
            show(connection, schema, name, folder_of(place, schema, name), wanted)
        for name in HISTORY_TABLES:
            show(connection, "history", name, place.raw / "history" / name, history_types(name))
        for name in LOADED:
            show(connection, "raw", name, place.raw / "raw" / name, history_types(name))
    return published


def show(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    name: str,
    folder: Path,
    wanted: Mapping[str, str],
) -> None:
    """Show a folder of Parquet files as a view, in the wanted types of its columns."""
    source = f"read_parquet({literal(folder / '*.parquet')})"
    described = connection.execute(f"describe from {source}").fetchall()
    cells = [cell(column, kind, wanted.get(column)) for column, kind, *_ in described]
    connection.execute(f"create schema if not exists {identifier(schema)}")
    connection.execute(
        f"create view {identifier(schema, name)} as select {', '.join(cells)} from {source}"
    )


def written_history(warehouse: Warehouse, table: PublishedTable, place: Path) -> Path:
    """Write a published table of the history as Parquet, as Spark writes its own; returns where.

    Spark's timestamps are points in time.
    """
    folder = place / table.name
    folder.mkdir(parents=True)
    with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
        cells = [
            f"{identifier(column)} at time zone 'UTC' as {identifier(column)}"
            if kind == "timestamp"
            else identifier(column)
            for column, kind in HISTORY_TABLES[table.name]
        ]
        connection.execute(
            f"copy (select {', '.join(cells)} from {identifier(table.schema, table.name)}) "
            f"to {literal(folder / 'part-0.parquet')} (format parquet)"
        )
    return folder


def folder_of(place: SparkWarehouse, schema: str, name: str) -> Path:
    """Return the folder of a table's Parquet.

    Raises:
        Problem: there is none.
    """
    folder = place.tables / f"{schema}.db" / name
    if not any(folder.glob("*.parquet")):
        raise Problem(
            f"{folder} has no Parquet, expected the table {schema}.{name}; where SPARK_CONF sets "
            "spark.sql.warehouse.dir, it has to be a folder that this machine reads"
        )
    return folder


def history_types(name: str) -> dict[str, str]:
    """Return the types that a table of the history has, by column."""
    return dict(HISTORY_TABLES.get(name.removeprefix("history_"), ()))


def cell(column: str, kind: str, wanted: str | None) -> str:
    """Return the expression that reads a column in the type that DuckDB's build gives it."""
    # Spark's timestamps are points in time; the published ones are without a zone, in UTC.
    if wanted is None and kind == "TIMESTAMP WITH TIME ZONE":
        wanted = "timestamp"
    name = identifier(column)
    return f"cast({name} as {wanted}) as {name}" if wanted else name


def publish_from_spark(settings: Settings) -> Publication:
    """Publish the tables of the last build on Spark. The caller holds the warehouse's lock.

    Raises:
        Problem: as `publish.publish`; what was published before is untouched.
    """
    there = spark_settings(settings)
    place = SparkWarehouse(there.warehouse)
    tables = show_tables(there)
    publication = publish(settings, place.dbt_target, place.build_db)
    warehouse = settings.place
    with working_folder(warehouse) as written:
        folder = publish_parquet(
            warehouse,
            {
                (table.schema, table.name): written_history(warehouse, table, written)
                if table.rows
                else folder_of(place, table.source_schema, table.source_name)
                for table in tables
            },
            publication.run_number,
        )
    say(describe(publication))
    if message := write_proposals(settings, place.build_db):
        say(message)
    where = f"{folder.parent.name}/{folder.name}"
    say(f"  {where:<22} {count(len(tables), 'table'):>16} as Parquet")
    return publication
