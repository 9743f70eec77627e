"""How the dates of text columns are written, found over all rows of a raw table.

The question is in which order day, month and year stand. A format is accepted when it reads
everything in the column that any format reads. Where several formats do, and they read
differently, the user is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import duckdb

from common.console import Problem
from common.data_errors import refusal, shown
from common.project_sql import ProjectSql
from common.query_rows import one_row
from common.quoting import identifier
from common.setting_values import DATE_ORDERS
from common.text_columns import MOST_SHAPES, SHAPE_LENGTH, Column, Stated
from common.trimming import text_sql
from loading import date_words
from loading.date_shapes import ISO, date_shapes, order_of, shape_of, spoken_format

MOST_VARIANTS = 40
# Above this number of files, formats are found for all of them together.
MOST_FILES = 500
# Formats of a column, or of each of its files by name.
Formats = list[str] | dict[str, list[str]]


def time_formats(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: Column, stated: Stated
) -> Formats:
    """Return the formats of a column of dates or times: `iso`, `excel`, `unix_s`, or strptime's.

    Several formats have the same order of day, month and year and differ in the time of day. Where
    no one format fits all files and one fits each, they come by file.

    Raises:
        Problem: the column mixes formats, could be read in several ways, or has no days.
    """
    try:
        formats = formats_of(connection, project, column, stated)
    except Problem:
        if by_file := formats_by_file(connection, project, column, stated):
            return by_file
        return formats_of(connection, project, column, stated, is_strict=False)
    read = files_read(connection, project, column, formats)
    if not all(read.values()):
        others = [file for file, is_read in read.items() if not is_read]
        found = formats_by_file(connection, project, column, stated, others) or {}
        if any(own != formats and own != ["iso"] for own in found.values()):
            return dict.fromkeys(read, formats) | found
    return formats


def formats_by_file(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    column: Column,
    stated: Stated,
    files: Sequence[str] | None = None,
) -> dict[str, list[str]] | None:
    """Return the formats of each file, all when `files` are not given; None unless each has some.

    A file that could be read in two ways is read as the others are.
    """
    if files is None:
        files = list(files_read(connection, project, column, ["iso"]))
        if len(files) < 2:
            return None
    if len(files) > MOST_FILES:
        return None
    found: dict[str, list[str]] = {}
    left: list[Column] = []
    for file in files:
        own = replace(column, file=file, spoken=f"{column.spoken} of {file}")
        try:
            found[file] = formats_of(connection, project, own, stated)
        except Problem:
            left.append(own)
    orders = {order for formats in found.values() if (order := order_of(formats[0]))}
    for own in left:
        if len(orders) != 1:
            return None
        try:
            settled = replace(stated, date_order=next(iter(orders)))
            found[str(own.file)] = formats_of(connection, project, own, settled)
        except Problem:
            return None
    return {file: found[file] for file in files}


def files_read(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: Column, formats: list[str]
) -> dict[str, bool]:
    """Return, for each file with values, whether any of them is read in some formats."""
    (is_several,) = one_row(connection, f"select min(_file) <> max(_file) from {column.relation}")
    if not is_several:
        return {}
    value = project.macro("raw_text", identifier(column.name))
    read = project.macro("time_in_format", identifier(column.name), formats)
    return dict(
        connection.execute(
            f"select _file, count({read}) > 0 from {column.relation} "
            f"where {value} is not null group by _file order by _file"
        ).fetchall()
    )


def formats_of(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    column: Column,
    stated: Stated,
    *,
    is_strict: bool = True,
) -> list[str]:
    """Return the formats of a column that is read in one way.

    Args:
        connection: Where the raw table is.
        project: Renders the project's macros.
        column: The column.
        stated: What the user states.
        is_strict: Whether a stated order that does not read all is refused as mixed.

    Raises:
        Problem: as `time_formats`.
    """
    value = project.macro("raw_text", identifier(column.name))
    texts = masked_texts(connection, column, value)
    possible = date_shapes(texts)
    if named := named_where_most(project, texts, possible):
        return named
    formats = list(dict.fromkeys(f for candidates in possible.values() for f in candidates))
    if not formats:
        return numbers_or_iso(connection, column, value, texts)
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
    if of_stated_order and not fits and not is_strict:
        return sorted({v for name in of_stated_order for v in variants[name]})[:MOST_VARIANTS]
    if fits:
        raise ambiguous_dates(connection, column, value, fits)
    raise mixed_dates(connection, project, column, value, variants)


def named_where_most(
    project: ProjectSql, texts: date_words.Masked, possible: Mapping[str, object]
) -> list[str]:
    """Return the formats of named months where they read more rows than strptime's would."""
    if not date_words.has_words([text for text in texts if shape_of(text[0]) not in possible]):
        return []
    row_count, formats = date_words.named_formats(texts, project.call("month_names"))
    read = sum(rows for text, rows in texts if shape_of(text) in possible)
    return formats if row_count > read else []


def numbers_or_iso(
    connection: duckdb.DuckDBPyConnection, column: Column, value: str, texts: date_words.Masked
) -> list[str]:
    """Return the kind of numbers that most values are, such as Unix time; else `iso`.

    Raises:
        Problem: most values are months or weeks, which are no days.
    """
    kinds = list(date_words.NUMBERS)
    counts = ", ".join(
        f"count(*) filter (where regexp_full_match(value, '{digits}([.,][0-9]*)?'))"
        for digits, _ in date_words.NUMBERS.values()
    )
    total, *found = one_row(
        connection,
        f"select count(value), {counts} from (select {value} as value from {column.relation})",
    )
    most = max(range(len(kinds)), key=lambda n: found[n])
    if found[most] * 2 > total:
        return [kinds[most]]
    words = date_words.coarse(texts)
    if words is None:
        return ["iso"]
    values = first_values(connection, column, value)
    text, file, number = next(row for row in values if date_words.looks_like(row[0]) == words)
    raise refusal(
        column.spoken,
        f"row {number:,} of {file} has {shown(text)}, {words}, as most rows do: expected the day, "
        "such as 2026-03-01; figures by month or week are no orders",
    )


def first_values(
    connection: duckdb.DuckDBPyConnection, column: Column, value: str
) -> list[tuple[str, str, int]]:
    """Return the first values of a column that differ, each with its file and row."""
    return connection.execute(
        f"select value, min_by(_file, (_file, _row_number)), "
        "min_by(_row_number, (_file, _row_number)) "
        f"from (select {value} as value, _file, _row_number from {column.relation}) "
        "where value is not null group by value order by min((_file, _row_number)) "
        f"limit {MOST_SHAPES}"
    ).fetchall()


def stated_formats(name: str, variants: dict[str, list[str]]) -> list[str]:
    """Return the formats in which staging reads dates of a format."""
    return ["iso"] if name == ISO else variants[name][:MOST_VARIANTS]


def masked_texts(
    connection: duckdb.DuckDBPyConnection, column: Column, value: str
) -> list[tuple[str, int]]:
    """Return the texts of a column with digits as 9, each with its rows."""
    return connection.execute(
        f"select translate(lower(left(value, {SHAPE_LENGTH})), '012345678', '999999999') "
        f"as masked, count(*) from (select {value} as value from {column.relation}) "
        "where value is not null group by masked "
        f"order by count(*) desc, masked limit {MOST_SHAPES}"
    ).fetchall()


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
    row = one_row(
        connection,
        f"select count(coalesce({any_of})), {counts} "
        f"from {readings(project, column, value, variants)}",
    )
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
    readable = one_row(connection, f"select {counts} from {rows}")
    names = list(variants)
    most = max(range(len(names)), key=lambda n: (readable[n], -n))
    any_of = ", ".join(f"r{n}" for n in range(len(names)))
    text, file, number = one_row(
        connection,
        f"select value, _file, _row_number from {rows} "
        f"where r{most} is null and coalesce({any_of}) is not null "
        "order by _file, _row_number limit 1",
    )
    orders = dict.fromkeys(order_of(name) for name in names)
    choices = " or ".join(f"DATE_FORMAT={DATE_ORDERS[order]}" for order in orders)
    return refusal(
        column.spoken,
        f"mixes date formats: {readable[most]:,} rows are {spoken_format(names[most])}, but row "
        f"{number:,} of {file} has {shown(text)}; expected one format for all. Correct the file or "
        f"state {choices}, and rows which do not fit are rejected",
    )


def nothing_usable(
    connection: duckdb.DuckDBPyConnection, who: str, time: Column, customer: str, moment: str
) -> Problem:
    """Return why no row of a table of orders can be used, with the first date that cannot be read.

    Args:
        connection: Where the raw table is.
        who: Name of the column with the customer.
        time: The column with the time of the order.
        customer: The customer in SQL.
        moment: The time of the order in SQL.
    """
    value = f"nullif({text_sql(identifier(time.name))}, '')"
    customers, times, read = one_row(
        connection,
        f"select count({customer}), count({value}), count({moment}) from {time.relation}",
    )
    expected = "expected some, such as 2026-03-01 17:45:00"
    if times and not read:
        text, file, number = first_values(connection, time, value)[0]
        return refusal(
            time.table,
            f"no {time.name} is a date that can be read: row {number:,} of {file} has "
            f"{shown(text)}, which looks like {date_words.looks_like(text)}; {expected}; an "
            "expression in columns.yml can make one, as in "
            f"{time.name}: \"strptime(day, '%d %m %y')\"",
        )
    if read and not customers:
        return refusal(time.table, f"no row has a {who}: expected one in each row")
    return refusal(
        time.table,
        f"no row has both a {who} and a {time.name} that is a date from 1970 on and not in the "
        f"future; {expected}",
    )
