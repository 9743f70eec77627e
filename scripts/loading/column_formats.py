"""How numbers of text columns are written, found over all rows of a raw table.

A column is read with stated formats or not at all (`date_formats` finds those of dates). For
numbers the question is which sign stands before the decimals. A format is accepted when it reads
everything in the column that any format reads; what no format reads is no number, and staging
rejects its row. Where several formats read everything, and they read differently, the user is
asked. Where no one format fits all files of a table and one fits each, each file has its own.

Values are grouped by shape (`9/99/9999 9:99`) by DuckDB, so that what Python looks at does not
grow with the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import duckdb

from common.project_sql import ProjectSql
from common.text_columns import Column, Stated
from loading.date_formats import Formats, time_formats
from loading.number_signs import SignError, signs_by_file, signs_of

# Raw table, column, kind, number of the format, the format, and the file where it is of one.
FormatRow = tuple[str, str, str, int, str, str | None]


# --- numbers


def number_formats(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    columns: Sequence[Column],
    stated: Stated,
) -> Mapping[str, Formats]:
    """Return the format of each number column of one raw table: `plain`, `point` or `comma`.

    Where no one sign fits all files and one fits each, the formats of all columns come by file.

    Raises:
        Problem: a column mixes signs or currencies, or could be read in two ways.
    """
    try:
        found = signs_of(connection, project, columns, stated, is_strict=True)
    except SignError:
        if by_file := signs_by_file(connection, project, columns, stated):
            return by_file
        found = signs_of(connection, project, columns, stated)
    if found.strays and (by_file := signs_by_file(connection, project, columns, stated)):
        return by_file
    return {name: [sign] for name, sign in found.formats.items()}


# --- the table that staging reads


def find_formats(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    numbers: Sequence[Column],
    times: Sequence[Column],
    stated: Stated,
) -> list[FormatRow]:
    """Return the rows of `raw.column_formats` for the text columns of one raw table.

    Raises:
        Problem: a column has no one format.
    """
    signs = number_formats(connection, project, numbers, stated)
    found: list[tuple[Column, str, Formats]]
    found = [(c, "number", signs[c.name]) for c in numbers]
    found += [(c, "time", time_formats(connection, project, c, stated)) for c in times]
    return [
        (column.table, column.name, kind, number, text, file)
        for column, kind, formats in found
        for file, own in _by_file(formats)
        for number, text in enumerate(own, start=1)
    ]


def _by_file(formats: Formats) -> Iterable[tuple[str | None, list[str]]]:
    """Return the formats of each file; those of all files come with None."""
    return formats.items() if isinstance(formats, dict) else [(None, formats)]
