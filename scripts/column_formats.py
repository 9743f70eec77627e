"""How dates and numbers of text columns are written, found over all rows of a raw table.

A column is read with stated formats or not at all. For numbers the question is which sign stands
before the decimals; for dates, in which order day, month and year stand. A format is accepted when
it reads everything in the column that any format reads; what no format reads is no date and no
number, and staging rejects its row. Where several formats read everything, and they read
differently, the user is asked.

Values are grouped by shape (`9/99/9999 9:99`) by DuckDB, so that what Python looks at does not
grow with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb

from console import Problem
from project_sql import ProjectSql
from quoting import identifier, literal
from refusals import refusal, shown
from settings import DATE_ORDERS
from trimming import text_sql

# Shapes are of what stands at the start; no date and no number is longer.
SHAPE_LENGTH = 40
MOST_SHAPES = 5_000
# Up to this share of a column's numbers may have the other decimal sign: mistakes and no format.
MOST_STRAYS = 0.01
MOST_VARIANTS = 40
ISO = "%Y-%m-%d"
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
SAME_CURRENCIES = {"EUR": "€", "USD": "$", "US$": "$", "GBP": "£", "JPY": "¥", "INR": "₹"}

# Dates by shape: 9 is a digit, mon a month's name. `-` stands for the separator that was found.
DATE_SHAPES: tuple[tuple[re.Pattern[str], tuple[tuple[str, ...], ...]], ...] = (
    (re.compile(r"9999([-/.])99?\1(?:99?)"), (("%Y-%m-%d",),)),
    (re.compile(r"99999999()"), (("%Y%m%d",),)),
    (re.compile(r"99?([-/.])99?\1(?:9999)"), (("%d-%m-%Y",), ("%m-%d-%Y",))),
    (re.compile(r"99?([-/.])99?\1(?:99)"), (("%d-%m-%y",), ("%m-%d-%y",), ("%y-%m-%d",))),
    (re.compile(r"99?([-/. ]?)mon\1(?:9999)"), (("%d-%b-%Y", "%d-%B-%Y"),)),
    (re.compile(r"99?([-/. ]?)mon\1(?:99)"), (("%d-%b-%y", "%d-%B-%y"),)),
    (
        re.compile(r"mon()( )99?(?:, ?| )9999"),
        (("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),),
    ),
)
TIME_SHAPE = re.compile(
    r"(?P<space>[ t]|, ?)99?:99(?P<seconds>:99)?(?P<fraction>[.]9{1,6})?(?P<half> ?[ap]m)?"
)
ZONE_SHAPE = re.compile(r" ?(?:z|utc|gmt|[+-]99(?::?99)?)$")


@dataclass(frozen=True)
class Column:
    """A text column of a raw table.

    Attributes:
        table: Name of the raw table.
        name: Name of the column.
        spoken: What messages call it, such as `order_lines.csv: column net_amount`.
    """

    table: str
    name: str
    spoken: str

    @property
    def relation(self) -> str:
        """The raw table, quoted."""
        return identifier("raw", self.table)


@dataclass(frozen=True)
class Stated:
    """What the user states of formats: `dmy`, `mdy` or `ymd`; `point` or `comma`."""

    date_order: str | None = None
    decimal_sign: str | None = None


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


# --- numbers


def number_formats(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    columns: Sequence[Column],
    stated: Stated,
) -> dict[str, str]:
    """Return `plain`, `point` or `comma` for each number column of one raw table.

    A column that could be either takes the sign that the table's other columns have.

    Raises:
        Problem: a column mixes signs or currencies, or could be read in two ways.
    """
    shapes = {column.name: number_shapes(connection, project, column) for column in columns}
    found: dict[str, str] = {}
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
    signs = {
        "comma" if sign == "comma" else "point"
        for name, sign in found.items()
        if shapes[name].point_example or shapes[name].comma_example
    }
    for column in columns:
        if column.name in found:
            continue
        shape = shapes[column.name]
        if stated.decimal_sign:
            found[column.name] = stated.decimal_sign
        elif shape.is_ambiguous and len(signs) == 1:
            found[column.name] = next(iter(signs))
        elif shape.is_ambiguous:
            raise ambiguous_number(connection, column, shape)
        else:
            raise mixed_numbers(connection, column, shape)
    return found


def number_shapes(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: Column
) -> NumberShapes:
    """Look at all values of a column as numbers."""
    value = project.macro("raw_text", identifier(column.name))
    plain = project.macro("number_in_format", "value", ["plain"])
    thousand = "regexp_full_match(value, '[-+]?[1-9][0-9]{0,2}[.][0-9]{3}')"
    odd, decimals, thousands = connection.execute(
        f"select count(*) filter (value is not null and {plain} is null), "
        f"count(*) filter (contains(value, '.') and not {thousand}), "
        f"count(*) filter (contains(value, '.') and {thousand}) "
        f"from (select {value} as value from {column.relation})"
    ).fetchone()
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
    only_point: Sequence[tuple], only_comma: Sequence[tuple], numbers: Sequence[tuple]
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
) -> Problem:
    """Return the question which sign is the decimal one."""
    text = shape.point_example
    sign = "," if "," in text else "."
    whole, part = text.replace(sign, ""), text.replace(sign, ".")
    with_point, with_comma = (whole, part) if sign == "," else (part, whole)
    return refusal(
        column.spoken,
        f"{shown(text)} ({row_of(connection, column, text)}) and the like may be "
        f"{with_point} or {with_comma}: state DECIMAL=point for the first or DECIMAL=comma for "
        "the second",
    )


def mixed_numbers(
    connection: duckdb.DuckDBPyConnection, column: Column, shape: NumberShapes
) -> Problem:
    """Return the problem of a column with decimal points and decimal commas."""
    return refusal(
        column.spoken,
        f"mixes decimal points, as in {shown(shape.point_example)} "
        f"({row_of(connection, column, shape.point_example)}), and decimal commas, as in "
        f"{shown(shape.comma_example)} ({row_of(connection, column, shape.comma_example)}): "
        "expected one kind; DECIMAL=point or DECIMAL=comma states which, and rejects the rows of "
        "the other",
    )


# --- dates


def time_formats(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: Column, stated: Stated
) -> list[str]:
    """Return the formats of a column of dates or times: `iso`, or strptime's.

    Several formats have the same order of day, month and year and differ in the time of day.

    Raises:
        Problem: the column mixes formats, or could be read in several ways.
    """
    value = project.macro("raw_text", identifier(column.name))
    possible = date_shapes(connection, column, value)
    formats = list(dict.fromkeys(f for candidates in possible.values() for f in candidates))
    if not formats:
        return ["iso"]
    variants = {
        name: sorted({v for candidates in possible.values() for v in candidates.get(name, ())})
        for name in formats
    }
    if len(formats) == 1:
        return stated_formats(formats[0], variants)
    fits = fitting(connection, project, column, value, variants)
    stated_fits = [name for name in fits if order_of(name) == stated.date_order]
    if len(stated_fits) == 1 or len(fits) == 1:
        return stated_formats((stated_fits or fits)[0], variants)
    of_stated_order = [name for name in formats if order_of(name) == stated.date_order]
    if of_stated_order and not fits:
        return sorted({v for name in of_stated_order for v in variants[name]})[:MOST_VARIANTS]
    if fits:
        raise ambiguous_dates(connection, column, value, fits)
    raise mixed_dates(connection, project, column, value, variants)


def stated_formats(name: str, variants: dict[str, list[str]]) -> list[str]:
    """Return the formats in which staging reads dates of a format."""
    return ["iso"] if name == ISO else variants[name][:MOST_VARIANTS]


def date_shapes(
    connection: duckdb.DuckDBPyConnection, column: Column, value: str
) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return, by shape, the dates' formats that are possible, each with its strptime formats."""
    shapes = connection.execute(
        "select regexp_replace("
        f"translate(lower(left(value, {SHAPE_LENGTH})), '012345678', '999999999'), "
        f"'({MONTHS})[a-z]*', 'mon') as shape from ("
        f"select {value} as value from {column.relation}) where value is not null "
        f"group by shape order by count(*) desc, shape limit {MOST_SHAPES}"
    ).fetchall()
    found = {shape: formats_of_shape(shape) for (shape,) in shapes}
    return {shape: candidates for shape, candidates in sorted(found.items()) if candidates}


def formats_of_shape(shape: str) -> dict[str, tuple[str, ...]]:
    """Return the formats a shape may be, by the format of the date; empty when it is no date.

    `99/99/9999 9:99` may be `%d/%m/%Y` or `%m/%d/%Y`, each followed by ` %H:%M`.
    """
    for pattern, candidates in DATE_SHAPES:
        match = pattern.match(shape)
        if not match:
            continue
        between = match[1] if pattern.groups else "-"
        dates = [tuple(f.replace("-", between) for f in fs) for fs in candidates]
        clock = clock_format(shape[match.end() :], is_iso=dates[0][0] == ISO)
        if clock is None:
            continue
        return {fs[0]: tuple(f + clock for f in fs) for fs in dates}
    return {}


def clock_format(shape: str, *, is_iso: bool) -> str | None:
    """Return the format of what follows the date; None when it is no time of day."""
    if is_iso:
        shape = ZONE_SHAPE.sub("", shape)
    if not shape:
        return ""
    match = TIME_SHAPE.fullmatch(shape)
    if not match:
        return None
    half = match["half"]
    parts = [
        match["space"].upper(),
        "%I:%M" if half else "%H:%M",
        ":%S" if match["seconds"] else "",
        ".%f" if match["fraction"] else "",
        (" %p" if half.startswith(" ") else "%p") if half else "",
    ]
    return "".join(parts)


def fitting(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    column: Column,
    value: str,
    variants: dict[str, list[str]],
) -> list[str]:
    """Return the formats that read every value which any of them reads."""
    counts = ", ".join(f"count(r{n})" for n in range(len(variants)))
    any_of = ", ".join(f"r{n}" for n in range(len(variants)))
    row = connection.execute(
        f"select count(coalesce({any_of})), {counts} "
        f"from {readings(project, column, value, variants)}"
    ).fetchone()
    return [name for name, count in zip(variants, row[1:], strict=True) if count == row[0]]


def readings(
    project: ProjectSql, column: Column, value: str, variants: dict[str, list[str]]
) -> str:
    """Return a query in brackets: the values, with what each format reads in them."""
    reads = ", ".join(
        f"{project.macro('time_in_format', 'value', stated_formats(name, variants))} as r{n}"
        for n, name in enumerate(variants)
    )
    return (
        f"(select value, _file, _row_number, {reads} from ("
        f"select {value} as value, _file, _row_number from {column.relation}) "
        "where value is not null)"
    )


def order_of(name: str) -> str:
    """Return the order of a format's fields: `dmy`, `mdy` or `ymd`."""
    fields = re.findall(r"%([YymdbB])", name)
    return "".join({"Y": "y", "b": "m", "B": "m"}.get(f, f) for f in fields)


def spoken_format(name: str) -> str:
    """Return a date format as people write it: DD/MM/YYYY."""
    words = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "MON", "%B": "MON"}
    return re.sub(r"%[YymdbB]", lambda m: words[m[0]], name)


def ambiguous_dates(
    connection: duckdb.DuckDBPyConnection, column: Column, value: str, fits: Sequence[str]
) -> Problem:
    """Return the question in which order day, month and year stand."""
    examples = connection.execute(
        f"select value from (select {value} as value, _file, _row_number from {column.relation}) "
        "where value is not null and regexp_matches(value, '^[0-9]') "
        "group by value order by min((_file, _row_number)) limit 3"
    ).fetchall()
    seen = ", ".join(shown(text) for (text,) in examples)
    choices = " or ".join(f"DATE_FORMAT={spoken_format(name)}" for name in fits)
    return refusal(
        column.spoken,
        f"all dates, such as {seen}, can be read as {' and as '.join(map(spoken_format, fits))}: "
        f"state {choices}",
    )


def mixed_dates(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    column: Column,
    value: str,
    variants: dict[str, list[str]],
) -> Problem:
    """Return the problem of a column whose dates are not all of one format, with two rows."""
    rows = readings(project, column, value, variants)
    counts = ", ".join(f"count(r{n})" for n in range(len(variants)))
    told = connection.execute(f"select {counts} from {rows}").fetchone()
    names = list(variants)
    most = max(range(len(names)), key=lambda n: (told[n], -n))
    any_of = ", ".join(f"r{n}" for n in range(len(names)))
    text, file, number = connection.execute(
        f"select value, _file, _row_number from {rows} "
        f"where r{most} is null and coalesce({any_of}) is not null "
        "order by _file, _row_number limit 1"
    ).fetchone()
    orders = dict.fromkeys(order_of(name) for name in names)
    choices = " or ".join(f"DATE_FORMAT={DATE_ORDERS[order]}" for order in orders)
    return refusal(
        column.spoken,
        f"mixes date formats: {told[most]:,} rows are {spoken_format(names[most])}, but row "
        f"{number:,} of {file} has {shown(text)}; expected one format for all. Mend the file, or "
        f"state {choices}, and rows which do not fit are rejected",
    )


# --- rows of the data, for messages


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


# --- the table that staging reads


def find_formats(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    numbers: Sequence[Column],
    times: Sequence[Column],
    stated: Stated,
) -> list[tuple[str, str, str, int, str]]:
    """Return the rows of `raw.column_formats` for the text columns of one raw table.

    Raises:
        Problem: a column has no one format.
    """
    signs = number_formats(connection, project, numbers, stated)
    rows = [(c.table, c.name, "number", 1, signs[c.name]) for c in numbers]
    for c in times:
        formats = time_formats(connection, project, c, stated)
        rows += [(c.table, c.name, "time", n, text) for n, text in enumerate(formats, start=1)]
    return rows
