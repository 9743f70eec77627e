"""Text columns of raw tables whose format is to be found, and where their values stand."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from common.quoting import identifier, literal
from common.trimming import text_sql

# Shapes are of what stands at the start; no date and no number is longer.
SHAPE_LENGTH = 40
MOST_SHAPES = 5_000


@dataclass(frozen=True)
class Column:
    """A text column of a raw table.

    Attributes:
        table: Name of the raw table.
        name: Name of the column.
        spoken: What messages call it, such as `order_lines.csv: column net_amount`.
        file: The only file whose rows count; None for all.
    """

    table: str
    name: str
    spoken: str
    file: str | None = None

    @property
    def relation(self) -> str:
        """The rows of the raw table that count."""
        table = identifier("raw", self.table)
        if self.file is None:
            return table
        return f"(select * from {table} where _file = {literal(self.file)})"


@dataclass(frozen=True)
class IdSettings:
    """What the settings state of ids: whether they stay as written, and which stand for none."""

    is_as_written: bool = False
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stated:
    """What the user states of formats: `dmy`, `mdy` or `ymd`; `point` or `comma`; of ids."""

    date_order: str | None = None
    decimal_sign: str | None = None
    ids: IdSettings = IdSettings()


def row_of(connection: duckdb.DuckDBPyConnection, column: Column, text: str) -> str:
    """Say in which row a text stands first."""
    return _place(connection, column, f"{text_sql(identifier(column.name))} = $text", text)


def row_with(connection: duckdb.DuckDBPyConnection, column: Column, text: str) -> str:
    """Say in which row a text stands first as a part of the value."""
    return _place(connection, column, f"contains({identifier(column.name)}, $text)", text)


def _place(connection: duckdb.DuckDBPyConnection, column: Column, condition: str, text: str) -> str:
    row = connection.execute(
        f"select _file, _row_number from {column.relation} where {condition} "
        "order by _file, _row_number limit 1",
        {"text": text},
    ).fetchone()
    return f"row {row[1]:,} of {row[0]}" if row else "some row"
