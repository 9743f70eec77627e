"""Views in the published file that show marts as they were called in the version before.

They stand in schema `v<version>`, where a query of the old names finds them by that schema; a mart
whose own name changed has a view of its old name beside the marts, too. They last for one version.
Columns are in the order they had, which `marts_schema_<version>.csv` beside this file has.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import duckdb

from common.project_sql import project_vars
from common.quoting import identifier, literal
from store.marts_renames import OldMart, old_marts, read_renames

MAIN = "main"


def marts_schema_version() -> int:
    """Return the version of the marts' names and columns that this project publishes."""
    return int(project_vars()["marts_schema_version"])


def old_names_schema() -> str:
    """Return the schema that holds the views under the names of the version before."""
    return f"v{marts_schema_version() - 1}"


@cache
def old_columns() -> list[dict[str, str]]:
    """Return mart, name and type of the columns of the version before, in their order."""
    path = Path(__file__).parent / f"marts_schema_{marts_schema_version() - 1}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_old_names(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Create the views in an attached database, whose schema main holds the marts.

    Like every view of the published file they name tables as `main.<table>`, which a view finds in
    its own file, under whatever name that is attached. In a file attached by DuckDB up to 1.3,
    views outside of schema main find them only after `use`.
    """
    connection.execute(f"use {identifier(database)}")
    # Separate statements would each wait for the disk.
    connection.execute("begin")
    version = marts_schema_version()
    schema = old_names_schema()
    for mart in old_marts(read_renames(), version):
        described = described_columns(connection, mart.new_name)
        if not set(mart.columns) <= {name for name, _ in described}:
            continue
        described = in_old_order(mart, described)
        connection.execute(f"create schema if not exists {identifier(schema)}")
        places = [schema] if mart.name == mart.new_name else [schema, MAIN]
        for place in places:
            write_view(connection, place, mart, version, described)
    connection.execute("commit")
    connection.execute("use memory")


def described_columns(
    connection: duckdb.DuckDBPyConnection, table: str
) -> list[tuple[str, str | None]]:
    """Return names and comments of the columns of a mart, in their order; empty without it."""
    return connection.execute(
        "select column_name, comment from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? "
        "order by column_index",
        [MAIN, table],
    ).fetchall()


def in_old_order(
    mart: OldMart, described: Sequence[tuple[str, str | None]]
) -> list[tuple[str, str | None]]:
    """Return the columns of a mart in the order they had; those added since come last."""
    before = [row["column"] for row in old_columns() if row["mart"] == mart.name]
    places = {column: place for place, column in enumerate(before)}
    return sorted(
        described,
        key=lambda column: places.get(mart.columns.get(column[0], column[0]), len(places)),
    )


def write_view(
    connection: duckdb.DuckDBPyConnection,
    schema: str,
    mart: OldMart,
    version: int,
    described: Sequence[tuple[str, str | None]],
) -> None:
    """Create one view with its comments, which say what is to be read in its place."""
    view = identifier(schema, mart.name)
    connection.execute(f"create view {view} as {view_sql(mart, [name for name, _ in described])}")
    comment = (
        f"{mart.new_name} as it was before marts_schema_version {version}, for queries of the old "
        f"names; removed in version {version + 1}. Read {MAIN}.{mart.new_name}."
    )
    connection.execute(f"comment on view {view} is {literal(comment)}")
    for name, text in described:
        column_text = column_comment(mart, name, text or "")
        column = identifier(schema, mart.name, mart.columns.get(name, name))
        connection.execute(f"comment on column {column} is {literal(column_text)}")


def view_sql(mart: OldMart, columns: Sequence[str]) -> str:
    """Return the query of a view: these columns of the mart, by their old names."""
    cells = []
    for name in columns:
        expression = identifier(name)
        if name in mart.values:
            cases = " ".join(
                f"when {literal(new)} then {literal(old)}" for new, old in mart.values[name].items()
            )
            expression = f"case {expression} {cases} else {expression} end"
        old_name = identifier(mart.columns.get(name, name))
        cells.append(expression if expression == old_name else f"{expression} as {old_name}")
    return f"select {', '.join(cells)} from {identifier(MAIN, mart.new_name)}"


def column_comment(mart: OldMart, name: str, text: str) -> str:
    """Return the comment of a column of a view: what it is called and what it holds now."""
    notes = []
    if name in mart.columns:
        notes.append(f"Now {name}.")
    notes += [f"{old} is now {new}." for new, old in mart.values.get(name, {}).items()]
    return " ".join([*notes, text]).strip()
