"""Rows of a query by the names of its columns, and the one row of a query that always has one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import duckdb

Row: TypeAlias = tuple[Any, ...]
"""A row of a query: its values, in the order of the columns."""

NamedRow: TypeAlias = dict[str, Any]
"""A row of a query: its values by column."""

Parameters: TypeAlias = Sequence[Any] | Mapping[str, Any]
"""Values for the parameters of a query, in their order or by their names."""


def named_rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters | None = None
) -> list[NamedRow]:
    """Return all rows of a query, each value by the name of its column."""
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def one_row(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters | None = None
) -> Row:
    """Return the row of a query that has one, as one without GROUP BY has.

    Raises:
        RuntimeError: there is none, so the query is not of that kind.
    """
    row = connection.execute(query, parameters).fetchone()
    if row is None:
        raise RuntimeError(f"expected one row, found none: {query}")
    return row


def one_count(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: Parameters | None = None
) -> int:
    """Return the whole number that is the first value of the one row; see `one_row`."""
    return int(one_row(connection, query, parameters)[0])
