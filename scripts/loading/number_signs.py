"""Decimal and thousands signs of a column of numbers, by file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import duckdb

from common.console import Problem
from common.data_errors import refusal, shown
from common.project_sql import ProjectSql
from common.query_rows import Row, one_row
from common.quoting import identifier, literal
from common.text_columns import MOST_SHAPES, SHAPE_LENGTH, Column, Stated, row_of, row_with
from loading.date_formats import MOST_FILES

# Up to this share of a column's numbers may have the other decimal sign: mistakes and no format.
MOST_STRAYS = 0.01
SAME_CURRENCIES = {"EUR": "€", "USD": "$", "US$": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}


@dataclass(frozen=True)
class NumberShapes:
    """What the numbers of a column have in common.

    Attributes:
        fits_point: Whether all are numbers with a decimal point.
        fits_comma: Whether all are numbers with a decimal comma.
        is_plain: Whether the engine reads them as they are.
        is_ambiguous: Whether both signs read all, and read some differently.
        point_example: A value that only a decimal point reads, or that both read differently.
        comma_example: Likewise for the decimal comma.
        stray_sign: The sign of nearly all values, where the few others cannot be read by it and
            none is read differently by the two: rejecting those is safe.
    """

    fits_point: bool
    fits_comma: bool
    is_plain: bool = False
    is_ambiguous: bool = False
    point_example: str = ""
    comma_example: str = ""
    stray_sign: str | None = None


class SignError(Problem):
    """A column that is not read with one decimal sign."""


class AmbiguousError(SignError):
    """A column that could be read with either decimal sign."""


@dataclass(frozen=True)
class Signs:
    """How the numbers of a table, or of one of its files, are written.

    Attributes:
        formats: `plain`, `point` or `comma` by column.
        signs: The decimal signs that some values tell: `point`, `comma`.
        strays: Columns of which a few values have the other sign, and are rejected.
    """

    formats: dict[str, str]
    signs: frozenset[str]
    strays: frozenset[str]


def signs_by_file(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    columns: Sequence[Column],
    stated: Stated,
) -> dict[str, dict[str, list[str]]] | None:
    """Return the formats of each column by file; None where a file has no one sign itself.

    A file that could be read in two ways is read as the others are.

    Raises:
        Problem: the others are not all read in one way.
    """
    files = [
        file
        for (file,) in connection.execute(
            f"select distinct _file from {columns[0].relation} order by _file limit ?",
            [MOST_FILES + 1],
        ).fetchall()
    ]
    if not 1 < len(files) <= MOST_FILES:
        return None
    found: dict[str, Signs] = {}
    unclear: dict[str, Problem] = {}
    for file in files:
        own = of_file(columns, file)
        try:
            found[file] = signs_of(connection, project, own, stated, is_strict=True)
        except AmbiguousError as problem:
            unclear[file] = problem
        except Problem:
            return None
    signs = {sign for each in found.values() for sign in each.signs}
    if any(each.strays for each in found.values()):
        return None
    for file, unanswered in unclear.items():
        if len(signs) != 1:
            raise unanswered
        settled = replace(stated, decimal_sign=next(iter(signs)))
        found[file] = signs_of(connection, project, of_file(columns, file), settled)
    return {
        column.name: {file: [found[file].formats[column.name]] for file in files}
        for column in columns
    }


def of_file(columns: Sequence[Column], file: str) -> list[Column]:
    """Return columns of which the rows of one file count."""
    return [replace(c, file=file, spoken=f"{c.spoken} of {file}") for c in columns]


def signs_of(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    columns: Sequence[Column],
    stated: Stated,
    *,
    is_strict: bool = False,
) -> Signs:
    """Return how the numbers of one raw table, or of one of its files, are written.

    A column that could be either takes the sign that the table's other columns have.

    Args:
        connection: Where the raw table is.
        project: Renders the project's macros.
        columns: The columns.
        stated: What the user states.
        is_strict: Whether a stated sign that does not read all is refused as mixed.

    Raises:
        Problem: as `number_formats`.
    """
    shapes = {column.name: number_shapes(connection, project, column) for column in columns}
    found: dict[str, str] = {}
    strays: set[str] = set()
    for column in columns:
        shape = shapes[column.name]
        if shape.is_plain and not shape.is_ambiguous:
            found[column.name] = "plain"
        elif shape.fits_point != shape.fits_comma:
            found[column.name] = "point" if shape.fits_point else "comma"
        elif not shape.is_ambiguous and shape.fits_point:
            found[column.name] = "point"
        elif shape.stray_sign and not stated.decimal_sign:
            found[column.name] = shape.stray_sign
            strays.add(column.name)
    signs = {
        "comma" if sign == "comma" else "point"
        for name, sign in found.items()
        if shapes[name].point_example or shapes[name].comma_example
    }
    for column in columns:
        if column.name in found:
            continue
        shape = shapes[column.name]
        if stated.decimal_sign and (shape.is_ambiguous or not is_strict):
            found[column.name] = stated.decimal_sign
        elif shape.is_ambiguous and len(signs) == 1:
            found[column.name] = next(iter(signs))
        elif shape.is_ambiguous:
            raise ambiguous_number(connection, column, shape)
        else:
            raise mixed_numbers(connection, column, shape)
    return Signs(found, frozenset(signs), frozenset(strays))


def number_shapes(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: Column
) -> NumberShapes:
    """Look at all values of a column as numbers."""
    value = project.macro("raw_text", identifier(column.name))
    plain = project.macro("number_in_format", "value", ["plain"])
    thousand = "regexp_full_match(value, '[-+]?[1-9][0-9]{0,2}[.][0-9]{3}')"
    odd, decimals, thousands = one_row(
        connection,
        f"select count(*) filter (value is not null and {plain} is null), "
        f"count(*) filter (contains(value, '.') and not {thousand}), "
        f"count(*) filter (contains(value, '.') and {thousand}) "
        f"from (select {value} as value from {column.relation})",
    )
    if not odd and (decimals or not thousands):
        return NumberShapes(True, False, True, point_example="." if decimals else "")
    return _number_shapes_of_groups(connection, project, column, value)


def _number_shapes_of_groups(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: Column, value: str
) -> NumberShapes:
    point = project.macro("number_of_text", "example", "point")
    comma = project.macro("number_of_text", "example", "comma")
    plain = project.macro("number_in_format", "example", ["plain"])
    currency = literal(project.macro("currency_pattern"))
    groups = connection.execute(
        f"select example, {point}, {comma}, {plain}, regexp_extract(example, {currency}), "
        "row_count from (select min(value) as example, count(*) as row_count from ("
        f"select {value} as value from {column.relation}) where value is not null "
        f"group by regexp_replace(left(value, {SHAPE_LENGTH}), '[0-9]', '9', 'g'), "
        "regexp_matches(value, '^[^0-9]*0') "
        f"order by row_count desc, example limit {MOST_SHAPES})"
    ).fetchall()
    groups.sort(key=lambda group: group[0])
    numbers = [group for group in groups if group[1] is not None or group[2] is not None]
    check_currencies(connection, column, [text for _, _, _, _, text, _ in numbers])
    only_point = [g for g in numbers if g[2] is None]
    only_comma = [g for g in numbers if g[1] is None]
    differ = [g for g in numbers if None not in (g[1], g[2]) and g[1] != g[2]]
    fits_point, fits_comma = not only_comma, not only_point
    return NumberShapes(
        fits_point,
        fits_comma,
        is_plain=all(g[3] == g[1] for g in numbers) and fits_point,
        is_ambiguous=fits_point and fits_comma and bool(differ),
        point_example=next((g[0] for g in only_point or differ), ""),
        comma_example=next((g[0] for g in only_comma or differ), ""),
        stray_sign=None if differ else _sign_of_nearly_all(only_point, only_comma, numbers),
    )


def _sign_of_nearly_all(
    only_point: Sequence[Row], only_comma: Sequence[Row], numbers: Sequence[Row]
) -> str | None:
    points, commas, total = (
        sum(g[-1] for g in groups) for groups in (only_point, only_comma, numbers)
    )
    if not points or not commas or min(points, commas) > MOST_STRAYS * total:
        return None
    return "point" if points > commas else "comma"


def check_currencies(
    connection: duckdb.DuckDBPyConnection, column: Column, found: Iterable[str]
) -> None:
    """Refuse amounts in several currencies: their sum would mean nothing."""
    currencies = {SAME_CURRENCIES.get(text, text): text for text in sorted(found) if text}
    if len(currencies) < 2:
        return
    first, second = sorted(currencies.values())[:2]
    raise refusal(
        column.spoken,
        f"mixes the currencies {first} ({row_with(connection, column, first)}) and {second} "
        f"({row_with(connection, column, second)}): expected one",
    )


def ambiguous_number(
    connection: duckdb.DuckDBPyConnection, column: Column, shape: NumberShapes
) -> AmbiguousError:
    """Return the question which sign is the decimal one."""
    text = shape.point_example
    sign = "," if "," in text else "."
    whole, part = text.replace(sign, ""), text.replace(sign, ".")
    with_point, with_comma = (whole, part) if sign == "," else (part, whole)
    problem = refusal(
        column.spoken,
        f"{shown(text)} ({row_of(connection, column, text)}) and the like may be "
        f"{with_point} or {with_comma}: state DECIMAL=point for the first or DECIMAL=comma for "
        "the second",
    )
    return AmbiguousError(str(problem), problem.exit_code)


def mixed_numbers(
    connection: duckdb.DuckDBPyConnection, column: Column, shape: NumberShapes
) -> SignError:
    """Return the problem of a column with decimal points and decimal commas."""
    problem = refusal(
        column.spoken,
        f"mixes decimal points, as in {shown(shape.point_example)} "
        f"({row_of(connection, column, shape.point_example)}), and decimal commas, as in "
        f"{shown(shape.comma_example)} ({row_of(connection, column, shape.comma_example)}): "
        "expected one kind in each file; DECIMAL=point or DECIMAL=comma states which, and rejects "
        "the rows of the other",
    )
    return SignError(str(problem), problem.exit_code)
