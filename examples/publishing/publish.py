"""Copy the marts to where a team keeps its tables: Parquet, PostgreSQL or DuckLake.

    python publish.py marts.duckdb parquet /srv/lake/segmentation
    python publish.py marts.duckdb postgres segmentation
    python publish.py marts.duckdb ducklake catalog.ducklake --data-path /srv/lake/data

A folder of Parquet or of data may be in an object storage: s3://bucket/segmentation.

DuckDB reads the published file and writes the copy; nothing else is needed. The server and the user
of PostgreSQL come from the variables of its own programs (PGHOST, PGDATABASE, PGUSER, PGPASSFILE),
the keys of an object storage from where AWS's own programs take them (AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY or a profile, AWS_REGION, AWS_ENDPOINT_URL): no argument, no file of the
project and no message has a password. The extensions of DuckDB, `postgres`, `ducklake`, `httpfs`
and `aws`, are installed once, by `install postgres` or as packages of DuckDB's version, such as
duckdb-extension-postgres-scanner; nothing is downloaded here.
"""

from __future__ import annotations

import argparse
import fnmatch
import importlib.util
import os
import sys
from pathlib import Path
from urllib.parse import urlsplit

import duckdb

# The names of the extensions, and of the packages that have them.
EXTENSIONS = {"postgres": "postgres_scanner"}
STORAGE = "s3://"


def name(*parts: str) -> str:
    """Return a quoted name."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def text(value: str) -> str:
    """Return a quoted text."""
    return "'" + value.replace("'", "''") + "'"


def load(connection: duckdb.DuckDBPyConnection, extension: str) -> None:
    """Load an extension: of its package if that is there, else the one that was installed."""
    module = EXTENSIONS.get(extension, extension)
    found = importlib.util.find_spec(f"duckdb_extension_{module}")
    if found is None or not found.submodule_search_locations:
        connection.execute(f"load {extension}")
        return
    folder = Path(found.submodule_search_locations[0]) / "extensions" / f"v{duckdb.__version__}"
    connection.execute(f"load {text(str(folder / f'{module}.duckdb_extension'))}")


def open_storage(connection: duckdb.DuckDBPyConnection) -> None:
    """Let DuckDB into the object storage, with the keys that AWS's own programs would take.

    They stay in the memory of this process: the secret is a temporary one, and no SQL has them.
    """
    load(connection, "httpfs")
    load(connection, "aws")
    options = ["type s3", "provider credential_chain"]
    address = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))
    if address.netloc:
        # Storages of one's own have the bucket in the path, not in the name of the host.
        options += [f"endpoint {text(address.netloc)}", "url_style 'path'"]
        options += [f"use_ssl {address.scheme != 'http'}"]
    try:
        connection.execute(f"create temporary secret ({', '.join(options)})")
    except duckdb.Error:
        sys.exit(
            "nothing was published: there are no keys for the object storage; set "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
        )


def tables_of(connection: duckdb.DuckDBPyConnection, pattern: str) -> list[str]:
    """Return the marts whose names fit a pattern, such as `segment_*`."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where database_name = 'marts' "
        "and schema_name = 'main' order by table_name"
    ).fetchall()
    found = [table for (table,) in rows if fnmatch.fnmatchcase(table, pattern)]
    if not found:
        sys.exit(f"no mart is called {pattern}")
    return found


def columns_of(connection: duckdb.DuckDBPyConnection, *parts: str) -> list[str]:
    """Return the columns of a table; none where there is no such table."""
    return [
        column
        for (column,) in connection.execute(
            "select column_name from duckdb_columns() where database_name = ? "
            "and schema_name = ? and table_name = ? order by column_index",
            parts,
        ).fetchall()
    ]


def write_parquet(
    connection: duckdb.DuckDBPyConnection, tables: list[str], target: str, run_number: int
) -> None:
    """Write a folder for the run, and last `current.json`, which names it.

    Who reads the folder that `current.json` names never reads half a copy, on a file system and in
    an object storage alike.
    """
    folder = f"{target.rstrip('/')}/run_{run_number}"
    if "://" not in target:
        Path(folder).mkdir(parents=True, exist_ok=True)
    for table in tables:
        connection.execute(
            f"copy marts.main.{name(table)} to {text(f'{folder}/{table}.parquet')} "
            "(format parquet, compression zstd)"
        )
    current = f"{target.rstrip('/')}/current.json"
    beside = current if "://" in target else f"{current}.new"
    connection.execute(
        f"copy (select run_id, run_number, as_of_date, {text(f'run_{run_number}')} as folder "
        f"from marts.main.segmentation_runs where is_current) to {text(beside)} (format json)"
    )
    if beside != current:
        Path(beside).replace(current)


def write_tables(connection: duckdb.DuckDBPyConnection, tables: list[str], schema: str) -> None:
    """Replace the rows of all tables in one transaction; tables, rights and views on them stay."""
    connection.execute(f"create schema if not exists {name('target', schema)}")
    connection.execute("begin")
    for table in tables:
        there = columns_of(connection, "target", schema, table)
        wanted = columns_of(connection, "marts", "main", table)
        if there and set(there) != set(wanted):
            sys.exit(f"{schema}.{table} has other columns than the mart: drop it, then publish")
        if there:
            connection.execute(f"delete from {name('target', schema, table)}")
            verb = f"insert into {name('target', schema, table)} by name"
        else:
            verb = f"create table {name('target', schema, table)} as"
        connection.execute(f"{verb} select * from marts.main.{name(table)}")
    connection.execute("commit")


def main() -> None:
    """Copy the marts as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("marts", type=Path, help="the published file, marts.duckdb")
    parser.add_argument("kind", choices=("parquet", "postgres", "ducklake"))
    parser.add_argument("target", help="a folder or URL, a schema, or the file of a catalogue")
    parser.add_argument("--only", default="*", help="marts to copy, such as 'segment_*'")
    parser.add_argument("--data-path", help="the folder or URL of the data, for ducklake")
    given = parser.parse_args()
    with duckdb.connect(config={"autoinstall_known_extensions": "false"}) as connection:
        try:
            # An own program may have the file open too, which is why it is attached read-only.
            connection.execute(f"attach {text(str(given.marts))} as marts (read_only)")
            tables = tables_of(connection, given.only)
            (run_number,) = connection.execute(
                "select run_number from marts.main.segmentation_runs where is_current"
            ).fetchone() or (0,)
            if (given.data_path or given.target).startswith(STORAGE):
                open_storage(connection)
            if given.kind == "parquet":
                write_parquet(connection, tables, given.target, run_number)
            elif given.kind == "postgres":
                load(connection, "postgres")
                connection.execute("attach '' as target (type postgres)")
                write_tables(connection, tables, given.target)
            else:
                load(connection, "ducklake")
                # Few rows would be kept in the catalogue, where doubles lose their last digit.
                options = "data_inlining_row_limit 0"
                if given.data_path:
                    options += f", data_path {text(given.data_path)}"
                catalogue = text(f"ducklake:{given.target}")
                connection.execute(f"attach {catalogue} as target ({options})")
                write_tables(connection, tables, "main")
        except (OSError, duckdb.Error) as error:
            # The reason of an object storage stands below the first line.
            sys.exit(f"nothing was published: {' '.join(str(error).split())}")
    sys.stdout.write(f"run {run_number}: {len(tables)} tables to {given.kind} {given.target}\n")


if __name__ == "__main__":
    main()
