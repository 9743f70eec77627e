"""Publish what a build on Spark made: as Parquet, and into marts.duckdb as any build does.

Spark's tables are Parquet files. They are shown to publishing as views of a build database, so
that one program writes, checks and keeps what is published, whichever engine made it.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import duckdb

from build_database import delete_build_database, limit_resources
from console import Problem, count, say
from dbt_results import read_json
from definitions import write_proposals
from history_schema import HISTORY_TABLES
from publish import Publication, PublishedTable, describe, publish, tables_to_publish
from quoting import identifier, literal
from settings import Settings
from spark_settings import SparkWarehouse, spark_settings
from warehouse import Warehouse

CURRENT = "current"
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
    folder = publish_parquet(Warehouse(settings.warehouse), place, tables, publication.run_number)
    say(describe(publication))
    if told := write_proposals(settings, place.build_db):
        say(told)
    where = f"{folder.parent.name}/{folder.name}"
    say(f"  {where:<22} {count(len(tables), 'table'):>16} as Parquet")
    return publication


def publish_parquet(
    warehouse: Warehouse, place: SparkWarehouse, tables: list[PublishedTable], run_number: int
) -> Path:
    """Publish the Parquet files of a run, and lead readers to it; returns its folder.

    A link leads to the run that is current; it changes at once, and those who read another run
    at that moment read on: the files of the run before stay until the next is published.
    """
    parquet = warehouse.parquet
    unfinished = parquet / f".{run_number}.unfinished"
    remove(unfinished)
    for table in tables:
        target = unfinished / table.schema / table.name
        target.mkdir(parents=True)
        source = folder_of(place, table.source_schema, table.source_name)
        for file in sorted(source.glob("*.parquet")):
            link_or_copy(file, target / file.name)
    before = current_run(parquet)
    folder = parquet / str(run_number)
    if folder.exists():
        # A run that is repeated: its readers go on with the files that they opened.
        replaced = parquet / f".{run_number}.replaced"
        remove(replaced)
        folder.rename(replaced)
    unfinished.rename(folder)
    lead_to(parquet, folder)
    for other in parquet.iterdir():
        if other.name not in (CURRENT, folder.name, before):
            remove(other)
    return folder


def current_run(parquet: Path) -> str | None:
    """Return the name of the folder that the link leads to."""
    link = parquet / CURRENT
    return link.readlink().name if link.is_symlink() else None


def lead_to(parquet: Path, folder: Path) -> None:
    """Have the link lead to a folder, in one step."""
    link = parquet / f".{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    os.replace(link, parquet / CURRENT)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the disk knows no links.

    Spark never writes into a file that is there.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def remove(path: Path) -> None:
    """Remove a folder or a file, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
