"""The columns of the published marts: a column removed or retyped raises marts_schema_version.

Run as a script, prints the columns of a published file as CSV. The test suite compares the marts
with such a list; to take over columns that were added:

    .venv/bin/python dev/marts_schema.py > tests/fixtures/marts_schema.csv
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

import duckdb

from common.console import FAILED, Problem
from common.query_rows import one_row
from common.warehouse_paths import Warehouse

Schema = Mapping[str, Mapping[str, str]]

COLUMNS = ("marts_schema_version", "mart", "column", "type")
# Its columns follow the feature definitions, and the catalogue tells of them.
WITHOUT_CONTRACT = frozenset({"customer_features"})
NAMES_SHOWN = 8


def schema_of(path: Path) -> tuple[int, Schema]:
    """Return the marts_schema_version of a published file, and the types of its marts' columns."""
    with duckdb.connect(path, read_only=True) as connection:
        rows = connection.execute(
            "select columns.table_name, columns.column_name, columns.data_type "
            "from duckdb_columns() as columns inner join duckdb_tables() as tables "
            "using (database_name, schema_name, table_name) "
            "where columns.schema_name = 'main' and columns.database_name = current_database() "
            "order by columns.table_name, columns.column_index"
        ).fetchall()
        try:
            (version,) = one_row(
                connection,
                "select max(marts_schema_version) from segmentation_runs where is_current",
            )
        except duckdb.BinderException:
            version = None
    schema: dict[str, dict[str, str]] = {}
    for mart, column, kind in rows:
        schema.setdefault(mart, {})[column] = kind
    return version or 0, schema


def broken(before: Schema, after: Schema, exempt: Collection[str] = ()) -> list[str]:
    """Return what was removed or retyped, one text each; what was added breaks nothing."""
    found = []
    for mart, columns in before.items():
        if mart in exempt:
            continue
        if mart not in after:
            found.append(f"{mart} was removed")
            continue
        for column, kind in columns.items():
            now = after[mart].get(column)
            if now is None:
                found.append(f"{mart}.{column} was removed")
            elif now != kind:
                found.append(f"{mart}.{column} was {kind} and is {now}")
    return found


def check_schema(warehouse: Warehouse, new_file: Path) -> None:
    """Refuse a new file that breaks what readers of the published one rely on, untold.

    Raises:
        Problem: a column of a mart was removed or retyped, and marts_schema_version was not raised.
    """
    if not warehouse.marts_db.exists():
        return
    version_before, before = schema_of(warehouse.marts_db)
    version, after = schema_of(new_file)
    changes = broken(before, after, WITHOUT_CONTRACT)
    if changes and version <= version_before:
        shown = "; ".join(changes[:NAMES_SHOWN])
        more = len(changes) - NAMES_SHOWN
        raise Problem(
            f"readers of the marts would break: {shown}{f'; and {more} more' if more > 0 else ''}. "
            f"Expected marts_schema_version above {version_before} in dbt_project.yml, found "
            f"{version}: raise it to say so, or bring the columns back; not published",
            FAILED,
        )
