"""Publish: write the marts and the state into a new file and put it in place of the published one.

Readers keep the version they opened and get the new one when they reconnect. Whatever fails
before the rename leaves the published file as it was.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from build_database import limit_resources
from console import DATA_REFUSED, FAILED, Problem, count, run, say, size
from dbt_results import check_success, read_json
from history import published_facts
from quoting import identifier, literal
from scoring_macro import write_scoring_macro
from settings import ROOT, Settings, resolve, table
from warehouse import Warehouse, exclusive, set_aside_wal

STORAGE_VERSION = "v1.0.0"
VERSIONS_KEPT = 5
READ_ONLY_MODE = 0o444
MACROS = ROOT / "scripts" / "published_macros"
MARTS_FOLDER = "marts"
HISTORY_PREFIX = "history_"


@dataclass(frozen=True)
class PublishedTable:
    """A table to publish: where it is in the build database, where it goes, what is said of it."""

    source_schema: str
    source_name: str
    schema: str
    name: str
    description: str
    column_descriptions: dict[str, str]
    primary_key: tuple[str, ...]


@dataclass(frozen=True)
class Publication:
    """What was published."""

    path: Path
    byte_count: int
    table_count: int
    row_count: int
    run_number: int


def tables_to_publish(manifest: dict) -> list[PublishedTable]:
    """Return the marts and the history tables of a dbt manifest, by name."""
    tables = []
    for node in manifest["nodes"].values():
        is_model = node["resource_type"] == "model"
        if is_model and node["name"].startswith(HISTORY_PREFIX):
            tables.append(_table(node, "history", node["name"].removeprefix(HISTORY_PREFIX)))
        elif is_model and MARTS_FOLDER in node["fqn"][1:-1]:
            tables.append(_table(node, "main", node["name"]))
    return sorted(tables, key=lambda t: (t.schema != "main", t.name))


def _table(node: dict, schema: str, name: str) -> PublishedTable:
    meta = {**node.get("meta", {}), **node["config"].get("meta", {})}
    key = meta.get("primary_key") or ()
    columns = node.get("columns", {}).values()
    return PublishedTable(
        source_schema=node["schema"],
        source_name=node.get("alias") or node["name"],
        schema=schema,
        name=name,
        description=node.get("description", "").strip(),
        column_descriptions={c["name"]: c.get("description", "").strip() for c in columns},
        primary_key=(key,) if isinstance(key, str) else tuple(key),
    )


def publish(settings: Settings, target: Path | None = None) -> Publication:
    """Publish what the last `dbt build` made. The caller holds the warehouse's lock.

    `target` is dbt's target folder, by default the one in the warehouse.

    Raises:
        Problem: the build did not succeed, or the file could not be written; what was published
            before is untouched.
    """
    warehouse = Warehouse(settings.warehouse)
    target = target or warehouse.dbt_target
    check_success(target)
    tables = tables_to_publish(read_json(target / "manifest.json"))
    remove_leftovers(warehouse)
    folder = warehouse.path / f".publishing-{os.getpid()}"
    try:
        folder.mkdir()
        new_file = folder / warehouse.marts_db.name
        row_count = write(settings, tables, new_file)
        run_number = check_run(warehouse, new_file)
        new_file.chmod(READ_ONLY_MODE)
        sync(new_file)
        put_in_place(warehouse, new_file, run_number)
    except (OSError, duckdb.Error) as error:
        raise Problem(f"publishing failed, nothing was changed: {_first_line(error)}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Publication(
        warehouse.marts_db,
        warehouse.marts_db.stat().st_size,
        len(tables),
        row_count,
        run_number,
    )


def write(settings: Settings, tables: list[PublishedTable], new_file: Path) -> int:
    """Write all tables with their comments into a new file; returns their rows together."""
    build_db = Warehouse(settings.warehouse).build_db
    with duckdb.connect() as connection:
        limit_resources(connection, settings)
        connection.execute(f"attach {literal(build_db)} as build (read_only)")
        connection.execute(
            f"attach {literal(new_file)} as marts (storage_version {literal(STORAGE_VERSION)})"
        )
        connection.execute("create schema marts.history")
        for published in tables:
            write_table(connection, published)
            write_comments(connection, published)
        write_macros(connection, MACROS)
        connection.execute("checkpoint marts")
        connection.execute("detach marts")
        connection.execute(f"attach {literal(new_file)} as marts (read_only)")
        return sum(verified_rows(connection, published) for published in tables)


def write_table(connection: duckdb.DuckDBPyConnection, published: PublishedTable) -> None:
    """Copy one table, in the order of its key so that its export is always the same."""
    source = identifier("build", published.source_schema, published.source_name)
    order = ", ".join(identifier(column) for column in published.primary_key) or "all"
    connection.execute(
        f"create table {identifier('marts', published.schema, published.name)} as "
        f"select * from {source} order by {order}"
    )


def write_comments(connection: duckdb.DuckDBPyConnection, published: PublishedTable) -> None:
    """Write the descriptions of a table and its columns as comments."""
    path = identifier("marts", published.schema, published.name)
    if published.description:
        connection.execute(f"comment on table {path} is {literal(published.description)}")
    columns = connection.execute(
        "select column_name from duckdb_columns() where database_name = 'marts' "
        "and schema_name = ? and table_name = ?",
        [published.schema, published.name],
    ).fetchall()
    for (column,) in columns:
        description = published.column_descriptions.get(column)
        if description:
            connection.execute(
                f"comment on column {path}.{identifier(column)} is {literal(description)}"
            )


def write_macros(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Create the macros of the published file; they name tables as `marts.main.<table>`."""
    files = sorted(folder.glob("*.sql")) if folder.is_dir() else []
    if not files:
        return
    connection.execute("use marts")
    for file in files:
        connection.execute(file.read_text(encoding="utf-8"))
    write_scoring_macro(connection)
    connection.execute("use memory")


def verified_rows(connection: duckdb.DuckDBPyConnection, published: PublishedTable) -> int:
    """Return the rows of a published table.

    Raises:
        Problem: they are not as many as in the build database.
    """
    source = identifier("build", published.source_schema, published.source_name)
    written = identifier("marts", published.schema, published.name)
    expected, found = connection.execute(
        f"select (select count(*) from {source}), (select count(*) from {written})"
    ).fetchone()
    if expected != found:
        raise Problem(
            f"{published.name}: wrote {found:,} rows, expected {expected:,}; not published"
        )
    return found


def check_run(warehouse: Warehouse, new_file: Path) -> int:
    """Return the run number of the new file's current run.

    Raises:
        Problem: there is not exactly one current run, or its as-of date is before that of the
            published one.
    """
    with duckdb.connect(new_file, read_only=True) as connection:
        rows = connection.execute(
            "select run_number, as_of_date from segmentation_runs where is_current"
        ).fetchall()
    if len(rows) != 1:
        raise Problem(f"segmentation_runs has {len(rows)} current runs, expected 1; not published")
    run_number, as_of_date = rows[0]
    before = published_facts(warehouse)
    if before and before.as_of_date and as_of_date < before.as_of_date:
        raise Problem(
            f"the data ends before what is published: its as-of date is {as_of_date}, the "
            f"published one {before.as_of_date}; nothing was overwritten",
            DATA_REFUSED,
        )
    return run_number


def put_in_place(warehouse: Warehouse, new_file: Path, run_number: int) -> None:
    """Rename the new file onto the published one, and keep it as a version."""
    kept = warehouse.versions / str(run_number) / warehouse.marts_db.name
    kept.parent.mkdir(parents=True, exist_ok=True)
    link = new_file.with_name("version.duckdb")
    try:
        os.link(new_file, link)
    except OSError:
        shutil.copy2(new_file, link)
        sync(link)
    set_aside_wal(warehouse)
    os.replace(new_file, warehouse.marts_db)
    os.replace(link, kept)
    for folder in (kept.parent, warehouse.versions, warehouse.path):
        sync(folder)
    remove_old_versions(warehouse, run_number)


def remove_old_versions(warehouse: Warehouse, current: int) -> None:
    """Keep the newest versions and the current one."""
    numbers = sorted(
        (int(p.name) for p in warehouse.versions.iterdir() if p.name.isdigit()), reverse=True
    )
    for number in numbers[VERSIONS_KEPT:]:
        if number != current:
            shutil.rmtree(warehouse.versions / str(number), ignore_errors=True)


def remove_leftovers(warehouse: Warehouse) -> None:
    """Remove what publishes that were killed left behind."""
    for folder in warehouse.path.glob(".publishing-*"):
        shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """Have a file or folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split("\n\n")[0].split())


def describe(publication: Publication) -> str:
    """Return one line on what was published."""
    return (
        f"  {publication.path.name:<22} {count(publication.row_count, 'row'):>16} "
        f"{size(publication.byte_count):>9}  run {publication.run_number}, "
        f"{count(publication.table_count, 'table')}"
    )


def main() -> int:
    """Publish what `dbt build` left in the build database."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"settings (environment variables):\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dbt-target",
        type=Path,
        metavar="FOLDER",
        help="dbt's target folder (default: the one in the warehouse; dbt run by hand in "
        "dbt_project leaves it in dbt_project/target)",
    )
    arguments = parser.parse_args()
    settings = resolve()
    warehouse = Warehouse(settings.warehouse)
    if not warehouse.build_db.exists():
        raise Problem(f"{warehouse.build_db} is not there: run make build", FAILED)
    with exclusive(warehouse):
        say(describe(publish(settings, arguments.dbt_target)))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
