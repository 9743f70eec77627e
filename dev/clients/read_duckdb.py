"""Read a published file with DuckDB's Python package, version 1.0 or later.

python read_duckdb.py marts.duckdb
"""

from __future__ import annotations

import sys

import duckdb
from reading import ALIAS, Query, Rows, identifier, literal, read_attached, read_direct, write

ROWS_AT_A_TIME = 10_000


def asker(connection: duckdb.DuckDBPyConnection) -> Query:
    """Return the function that asks SQL."""

    def query(sql: str) -> Rows:
        cursor = connection.execute(sql)
        return pieces(cursor) if cursor.description else []

    return query


def pieces(cursor: duckdb.DuckDBPyConnection) -> Rows:
    """Yield the rows, fetched many at a time."""
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        yield from rows


def main(path: str) -> None:
    """Read the file directly, then attached."""
    with duckdb.connect(path, read_only=True) as connection:
        direct = read_direct(asker(connection))
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(path)} as {identifier(ALIAS)} (read_only)")
        attached = read_attached(asker(connection))
    write({"version": duckdb.__version__, "direct": direct, "attached": attached})


if __name__ == "__main__":
    main(sys.argv[1])
