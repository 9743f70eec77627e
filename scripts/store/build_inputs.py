"""What the kept tables of a build are made of, as texts that the next build compares.

The files by their hashes, the settings that data is read by, the code and the environment.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

import duckdb

from common.project_root import ROOT
from common.query_rows import one_row
from common.quoting import identifier
from common.run_environment import environment_text
from common.settings import Settings
from store.privacy import forgotten_file

# Their order lines have no cancellations: one could take back a line of a file that is kept.
SOURCES_THAT_GROW = ("own_files",)
GROWING_TABLE = "order_lines"
# Raw tables that the kept tables are made of besides the one that grows.
TABLES_READ = ("products",)
# Raw tables that some kept tables are made of alone: these stay as they are while their files do.
TABLES_KEPT_WHOLE = ("customers", "interactions", "products")
CODE = {
    "dbt_project": ("*.sql", "*.py", "*.yml", "*.csv"),
    "models_py": ("*.py",),
    "scripts": ("*.py",),
}
# Ends of the names of raw tables: where columns.yml makes another table of them, and, in the
# ledger, where other files are joined to them.
AS_READ = "_as_read"
AS_JOINED = "_joined"
LATEST = "loaded_at"
FILE_PREFIX = "file:"
READING_PREFIX = "reading:"


def state_of(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, str]:
    """Return all that decides what the kept tables hold, as texts to compare.

    K, REFIT, SEED and AS_OF are not among it: no kept table depends on them.
    """
    files = connection.execute(
        "select source_table, file_name, file_sha256 from raw.load_ledger order by all"
    ).fetchall()
    loaded_at, pseudonym_check, source = one_row(
        connection,
        "select cast(loaded_at as varchar), pseudonym_check, source from raw.load_settings",
    )
    # Of a source that does not grow nothing may change.
    grows = settings.source in SOURCES_THAT_GROW
    tables = [*TABLES_READ, GROWING_TABLE] if grows else sorted({table for table, *_ in files})
    formats = connection.execute(
        "select * from raw.column_formats where source_table in ? order by all", [tables]
    ).fetchall()
    columns = connection.execute(
        "select table_name, column_name, data_type from duckdb_columns() where schema_name = 'raw' "
        "and database_name = current_database() and table_name in ? "
        "order by table_name, column_index",
        [tables],
    ).fetchall()
    warehouse = settings.place
    given = (source, settings.id, settings.date_format, settings.decimal, settings.target)
    engine = connection.execute("select version()").fetchone()
    return {
        "code": digest_of_code(ROOT),
        "settings": digest((*given, digest_of_file(settings.definitions))),
        "environment": digest((environment_text(), engine)),
        "privacy": digest((pseudonym_check, digest_of_file(forgotten_file(warehouse)))),
        "mapping": digest_of_file(settings.data / "columns.yml" if settings.data else None),
        "formats": digest(formats),
        "columns": digest(columns),
        LATEST: loaded_at,
        **{
            f"{READING_PREFIX}{table}": reading_of(connection, table)
            for table in TABLES_KEPT_WHOLE
            if grows
        },
    } | {f"{FILE_PREFIX}{table}:{name}": sha256 for table, name, sha256 in files}


def reading_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return a hash of the columns of a raw table, and of how their texts are read."""
    described = connection.execute(f"describe {identifier('raw', table)}").fetchall()
    formats = connection.execute(
        "select * from raw.column_formats where source_table = ? order by all", [table]
    ).fetchall()
    return digest(([column[:2] for column in described], formats))


def files_in(state: Mapping[str, str], table: str) -> dict[str, str]:
    """Return the hash of each file of a raw table."""
    prefix = f"{FILE_PREFIX}{table}:"
    return {
        name.removeprefix(prefix): digest
        for name, digest in state.items()
        if name.startswith(prefix)
    }


def inputs_of(state: Mapping[str, str], table: str) -> dict[str, str]:
    """Return what a state says of a raw table: how it is read, its files, files joined to it."""
    prefixes = tuple(f"{FILE_PREFIX}{name}:" for name in (table, f"{table}{AS_JOINED}"))
    return {
        name: value
        for name, value in state.items()
        if name == f"{READING_PREFIX}{table}" or name.startswith(prefixes)
    }


def digest(value: object) -> str:
    """Return a hash of a value's text."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def digest_of_file(path: Path | None) -> str:
    """Return a hash of a file; empty when there is none."""
    if path is None or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of_code(root: Path) -> str:
    """Return a hash of all that makes the tables: the dbt project, what loads and what learns."""
    whole = hashlib.sha256()
    for folder, patterns in CODE.items():
        paths = {path for pattern in patterns for path in (root / folder).rglob(pattern)}
        for path in sorted(path for path in paths if not is_made(path.relative_to(root))):
            whole.update(f"{path.relative_to(root)}\n{digest_of_file(path)}\n".encode())
    return whole.hexdigest()


def is_made(path: Path) -> bool:
    """Say whether a file is written by dbt or Python and is not part of the code."""
    return path.parts[:2] in (("dbt_project", "target"), ("dbt_project", "logs"))
