"""The SQL that shows files as `columns.yml` has them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import duckdb

from common.column_names import ADDED_COLUMNS
from common.data_errors import first_lines, shown
from common.project_sql import ProjectSql
from common.quoting import identifier
from common.text_columns import Column, Stated
from common.trimming import stands_for_none
from loading.column_formats import number_formats
from loading.column_mapping import MEANT_TYPES, ZONED_TYPE
from loading.date_formats import time_formats
from loading.expression_growth import LONGEST_RESULT
from loading.expression_kinds import ANY, NUMBER, TIME
from loading.expressions import Expression, written
from loading.mapped_table import MappedTable
from loading.mapping_file import WHERE_KEY, Entry
from loading.raw_files import FLOATS, text_of

ROWS_TRIED = 1_000


def check_lengths(connection: duckdb.DuckDBPyConnection, mapped: MappedTable) -> None:
    """Refuse an expression that would make texts too long of what the files hold.

    Raises:
        Problem: names the row with the longest text.
    """
    sources = [*mapped.columns.items(), (WHERE_KEY, mapped.where)]
    for name, source in sources:
        if not isinstance(source, Expression) or source.growth.times <= 1:
            continue
        lengths = ", ".join(f"length(cast({identifier(c)} as varchar))" for c in source.columns)
        longest, file, number = connection.execute(
            f"select coalesce(greatest({lengths}), 0) as longest, _file, _row_number "
            f"from {identifier('raw', mapped.read_name)} "
            "order by longest desc, _file, _row_number limit 1"
        ).fetchone() or (0, "", 0)
        if source.growth.bound(longest) > LONGEST_RESULT:
            raise mapped.entries[name].refused(
                f"{shown(source.text)} can make a text of more than {LONGEST_RESULT:,} characters "
                f"of the {longest:,} in row {number:,} of {file}"
            )


def mapped_sql(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    mapped: MappedTable,
    stated: Stated,
) -> str:
    """Return the SELECT that makes the raw table from the columns of its files.

    Raises:
        Problem: a column that an expression counts with has no one format.
    """
    read = _Reader(connection, project, mapped, stated).read
    names = [*mapped.table.columns, *sorted(set(mapped.columns) - set(mapped.table.columns))]
    values = []
    for name in names:
        source = mapped.columns.get(name)
        if source is None:
            value = "cast(null as varchar)"
        elif isinstance(source, Expression):
            value = _made(mapped, name, source, read)
            check_runs(connection, mapped, mapped.entries[name], value)
            if name in mapped.missing_made:
                value = _without(f"({value})", mapped.missing_made[name])
        else:
            value = identifier(source)
        values.append(f"    {value} as {identifier(name)}")
    selected = ",\n".join([*values, *(f"    {name}" for name in ADDED_COLUMNS)])
    return f"select\n{selected}\nfrom {_rows_sql(mapped)}{_where_sql(mapped, read)}"


def left_out_sql(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    mapped: MappedTable,
    stated: Stated,
) -> str:
    """Return the SELECT that counts the rows which `_where` leaves out.

    Raises:
        Problem: what it says is no condition.
    """
    assert mapped.where is not None, "only a condition leaves rows out"
    read = _Reader(connection, project, mapped, stated).read
    condition = written(mapped.where, read)
    entry = mapped.entries[WHERE_KEY]
    check_runs(connection, mapped, entry, condition)
    rows = _rows_sql(mapped)
    ((_, kind, *_),) = connection.execute(f"describe select {condition} from {rows}").fetchall()
    if kind != "BOOLEAN":
        raise entry.refused(
            f"{shown(entry.text)} is no condition: expected one such as status = 'paid'"
        )
    return f"select count(*) from {rows} where not coalesce({condition}, false)"


def missing_sql(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    mapped: MappedTable,
    stated: Stated,
) -> str:
    """Return the SELECT that counts the values which `_missing` takes for none."""
    read = _Reader(connection, project, mapped, stated).read
    in_files = [
        stands_for_none(identifier(column), texts) for column, texts in mapped.missing.items()
    ]
    made = [
        stands_for_none(f"({_made(mapped, name, source, read)})", texts)
        for name, texts in mapped.missing_made.items()
        if not isinstance(source := mapped.columns[name], str)
    ]
    counts = [
        f"(select {' + '.join(f'count(*) filter (where {each})' for each in found)} from {rows})"
        for found, rows in (
            (in_files, identifier("raw", mapped.read_name)),
            (made, _rows_sql(mapped)),
        )
        if found
    ]
    return f"select {' + '.join(counts) or '0'}"


def _made(
    mapped: MappedTable, name: str, source: Expression, read: Callable[[str, str], str | None]
) -> str:
    """Return the SQL of a column that is made by an expression."""
    return written(source, read, wanted=NUMBER if name in mapped.table.numbers else ANY)


def _where_sql(mapped: MappedTable, read: Callable[[str, str], str | None]) -> str:
    return f"\nwhere {written(mapped.where, read)}" if mapped.where else ""


def _rows_sql(mapped: MappedTable) -> str:
    """Return the rows of the files, with no value where a text stands for none."""
    relation = identifier("raw", mapped.read_name)
    if not mapped.missing:
        return relation
    values = [
        f"{_without(identifier(column), texts)} as {identifier(column)}"
        for column, texts in mapped.missing.items()
    ]
    return f"(select * replace ({', '.join(values)}) from {relation}) as present"


def _without(value: str, texts: Iterable[str]) -> str:
    """Return a value, or null where its text or its number is one of those that stand for none."""
    return f"case when {stands_for_none(value, texts)} then null else {value} end"


def check_runs(
    connection: duckdb.DuckDBPyConnection, mapped: MappedTable, entry: Entry, value: str
) -> None:
    """Refuse an expression that the engine does not take, such as a function without its texts."""
    relation = identifier("raw", mapped.read_name)
    try:
        connection.execute(f"select {value} from {relation} limit {ROWS_TRIED}").fetchall()
    except duckdb.Error as error:
        raise entry.refused(f"{shown(entry.text)} cannot be run: {first_lines(error)}") from error


class _Reader:
    """Reads the columns of the files in expressions: as numbers, as times, as text."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        project: ProjectSql,
        mapped: MappedTable,
        stated: Stated,
    ) -> None:
        self._project = project
        self._mapped = mapped
        self._kinds = dict(
            connection.execute(
                "select column_name, data_type from duckdb_columns() where schema_name = 'raw' "
                "and database_name = current_database() and table_name = ?",
                [mapped.read_name],
            ).fetchall()
        )
        numbers = self._text_columns({n for e in mapped.expressions for n in e.numbers})
        self._numbers = number_formats(connection, project, numbers, stated)
        self._times = {
            column.name: time_formats(connection, project, column, stated)
            for column in self._text_columns({n for e in mapped.expressions for n in e.times})
        }

    def _text_columns(self, names: Iterable[str]) -> list[Column]:
        table = self._mapped.table.name
        return [
            Column(self._mapped.read_name, name, f"{table}: column {name}")
            for name in sorted(names)
            if self._kinds[name] == "VARCHAR"
        ]

    def read(self, name: str, kind: str) -> str | None:
        """Return the SQL that reads what a name stands for; None where it is no column."""
        column = self._mapped.find_column(name)
        if column is None:
            return None
        value, type_name = identifier(column), self._kinds[column]
        if kind == NUMBER:
            formats = self._numbers.get(column, [])
            return self._project.macro("number_in_format", value, formats, "double")
        if type_name == ZONED_TYPE:
            value = f"timezone('UTC', {value})"
        if kind == TIME:
            return self._project.macro("time_in_format", value, self._times.get(column, []))
        if kind == ANY and type_name in (*MEANT_TYPES, ZONED_TYPE):
            return value
        if type_name in FLOATS:
            return text_of(value, type_name)
        return self._project.macro("raw_text", value)
