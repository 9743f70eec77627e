"""Publish what a build on Spark made: as Parquet, and into marts.duckdb as any build does.

Spark's tables are Parquet files. They are shown to publishing as views of a build database, so
that one program writes, checks and keeps what is published, whichever engine made it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from build_database import delete_build_database, limit_resources
from console import Problem, count, say
from dbt_results import read_json
from definitions import write_proposals
from history_schema import HISTORY_TABLES
from publish import Publication, PublishedTable, describe, publish, tables_to_publish
from published_parquet import publish_parquet
from quoting import identifier, literal
from settings import Settings
from spark_settings import SparkWarehouse, spark_settings
from warehouse import Warehouse

# What definitions.py reads besides the tables to publish.
ALSO_SHOWN = (("features", "feature_settings"), ("features", "int_feature_proposals"))


def show_tables(there: Settings) -> list[PublishedTable]:
    """Make a build database of views on the Parquet of Spark's tables; returns what to publish."""
    place = SparkWarehouse(there.warehouse)
    published = tables_to_publish(read_json(place.dbt_target / "manifest.json"))
    delete_build_database(place)
    with duckdb.connect(place.build_db) as connection:
        limit_resources(connection, there)
        shown = [(table.source_schema, table.source_name) for table in published]
        for schema, name in (*shown, *ALSO_SHOWN):
            connection.execute(f"create schema if not exists {identifier(schema)}")
            files = literal(folder_of(place, schema, name) / "*.parquet")
            source = f"read_parquet({files})"
            described = connection.execute(f"describe from {source}").fetchall()
            wanted = history_types(name) if schema == "segmentation" else {}
            cells = [cell(column, kind, wanted.get(column)) for column, kind, *_ in described]
            connection.execute(
                f"create view {identifier(schema, name)} as select {', '.join(cells)} from {source}"
            )
    return published


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
    folder = publish_parquet(
        Warehouse(settings.warehouse),
        {
            (table.schema, table.name): folder_of(place, table.source_schema, table.source_name)
            for table in tables
        },
        publication.run_number,
    )
    say(describe(publication))
    if told := write_proposals(settings, place.build_db):
        say(told)
    where = f"{folder.parent.name}/{folder.name}"
    say(f"  {where:<22} {count(len(tables), 'table'):>16} as Parquet")
    return publication
