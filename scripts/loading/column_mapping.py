"""Raw tables whose columns are made from those of their files, as `columns.yml` says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import duckdb

from common.column_names import ADDED_COLUMNS, key, normal
from common.data_errors import first_lines, listed, shown
from common.project_sql import ProjectSql
from common.quoting import identifier
from common.settings_table import nearest
from common.sources import RawTable
from common.text_columns import Column, Stated
from common.trimming import stands_for_none
from loading.column_formats import number_formats
from loading.date_formats import time_formats
from loading.expression_growth import LONGEST_RESULT
from loading.expressions import (
    ANY,
    NUMBER,
    TIME,
    AliasError,
    Expression,
    ExpressionError,
    parse,
    written,
)
from loading.mapping_file import MISSING_KEY, ONLY_KEY, WHERE_KEY, Entry, TableMapping
from loading.raw_files import FLOATS, text_of

ROWS_TRIED = 1_000
PLAIN_NAME = re.compile(r"[^\W\d]\w*")
WORDS = re.compile(r"\w+(?: \w+)+")
OPERATORS = frozenset("+-*/")
# Types whose values mean something by themselves in an expression; others are text to it.
MEANT_TYPES = ("BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
ZONED_TYPE = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True)
class MappedTable:
    """A raw table whose columns are made from those of its files.

    Attributes:
        table: The raw table.
        read_name: Raw table with the columns of the files.
        columns: Column of `read_name` or expression over them, by column of the raw table.
        spellings: Column of `read_name` by each of the names that it has in the files.
        entries: Line of `columns.yml` by column of the raw table.
        where: Which rows are used; None for all.
        missing: Texts that stand for no value, by column of `read_name`.
        missing_made: Likewise, by column of the raw table that is made by an expression.
        only: Columns that `_only` names where the table has no contract: the one with the id is
            found among all columns, and stays beside them.
    """

    table: RawTable
    read_name: str
    columns: Mapping[str, str | Expression]
    spellings: Mapping[str, str]
    entries: Mapping[str, Entry]
    where: Expression | None = None
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing_made: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def find_column(self, name: str) -> str | None:
        """Return the column of the files that a name stands for."""
        return find_column(self.spellings, name)

    @property
    def expressions(self) -> list[Expression]:
        """The expressions over columns of the files."""
        values = [*self.columns.values(), self.where]
        return [value for value in values if isinstance(value, Expression)]


def map_columns(
    connection: duckdb.DuckDBPyConnection,
    table: RawTable,
    read_name: str,
    spellings: Mapping[str, str],
    mapping: TableMapping,
) -> MappedTable:
    """Find what each column of a raw table is made from.

    Args:
        connection: Parses expressions; nothing is run.
        table: The raw table.
        read_name: Raw table with the columns of the files.
        spellings: Column of the files as they are loaded, by each of its names in the files.
        mapping: What `columns.yml` says of the table.

    Raises:
        Problem: a line names a column that is not there, or an expression that is not taken.
    """
    there = dict.fromkeys(spellings.values())
    columns: dict[str, str | Expression] = {name: name for name in there}
    renamed: set[str] = set()
    for entry in mapping.columns:
        found = find_column(spellings, entry.text)
        if found is not None and not _is_computed(connection, entry, spellings):
            columns[entry.wanted] = found
            renamed.add(found)
            continue
        columns[entry.wanted] = _expression(connection, entry, table, spellings)
    stated = {entry.wanted: entry for entry in mapping.columns}
    kept = {name: value for name, value in columns.items() if name in stated or name not in renamed}
    only: dict[str, str | Expression] = {}
    if mapping.texts(ONLY_KEY):
        only = _only(table, mapping, kept, spellings)
        kept = only if table.columns else kept
    missing, missing_made = _missing(mapping, kept, spellings)
    where = mapping.options.get(WHERE_KEY)
    return MappedTable(
        table,
        read_name,
        kept,
        spellings,
        stated | ({WHERE_KEY: where} if where else {}),
        _expression(connection, where, table, spellings) if where else None,
        missing,
        missing_made,
        () if table.columns else tuple(only),
    )


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


def _only(
    table: RawTable,
    mapping: TableMapping,
    columns: Mapping[str, str | Expression],
    spellings: Mapping[str, str],
) -> dict[str, str | Expression]:
    """Return the columns of the contract and those that `_only` names."""
    option = mapping.options[ONLY_KEY]
    if not table.is_open:
        raise option.refused(f"{table.name} has the columns of its contract only: remove the line")
    wanted = {}
    for text in option.value:
        found = find_column(spellings, text)
        names = [name for name, source in columns.items() if source == found and found]
        name = next(iter(names), normal(text))
        if name not in columns:
            there = list(dict.fromkeys([*spellings, *columns]))
            raise option.refused(
                f"{shown(text)} is no column{nearest(text, there)}; the columns there are: "
                f"{listed(there, 40)}"
            )
        wanted[name] = columns[name]
    return {name: columns[name] for name in table.columns if name in columns} | wanted


def _missing(
    mapping: TableMapping,
    columns: Mapping[str, str | Expression],
    spellings: Mapping[str, str],
) -> tuple[Mapping[str, Sequence[str]], Mapping[str, Sequence[str]]]:
    """Return which texts stand for no value, by column of the files and by column made of them."""
    everywhere = mapping.texts(MISSING_KEY)
    read = dict.fromkeys(spellings.values(), everywhere) if everywhere else {}
    made = {}
    for name, texts in mapping.by_name(MISSING_KEY).items():
        source = columns.get(normal(name)) or find_column(spellings, name)
        if isinstance(source, str):
            read[source] = texts
        elif source:
            made[normal(name)] = texts
        else:
            there = list(dict.fromkeys([*columns, *spellings]))
            raise mapping.options[MISSING_KEY].refused(
                f"{shown(name)} is no column{nearest(name, there)}; the columns there are: "
                f"{listed(there, 40)}"
            )
    return read, made


def find_column(spellings: Mapping[str, str], name: str) -> str | None:
    """Return the column that a name stands for: as it is spelled, else by letters and digits."""
    if name in spellings:
        return spellings[name]
    for alike in (normal, key):
        found = {column for spelled, column in spellings.items() if alike(spelled) == alike(name)}
        if len(found) == 1:
            return found.pop()
    return None


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


def used_columns(mapped: MappedTable, name: str) -> frozenset[str]:
    """Return the columns of the files that a column of the raw table is made from."""
    source = mapped.columns.get(name)
    if source is None:
        return frozenset()
    return source.columns if isinstance(source, Expression) else frozenset({source})


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


def _expression(
    connection: duckdb.DuckDBPyConnection,
    entry: Entry,
    table: RawTable,
    spellings: Mapping[str, str],
) -> Expression:
    try:
        return parse(
            connection,
            entry.text,
            lambda name: find_column(spellings, name),
            wanted=NUMBER if entry.wanted in table.numbers else ANY,
        )
    except ExpressionError as error:
        # Each column once, as it is spelled in the files.
        there = list({column: name for name, column in spellings.items()}.values())
        near = nearest(error.unknown or entry.text, there)
        hint = quoting_hint(connection, entry, there) or near
        is_name = isinstance(error, AliasError) and WORDS.fullmatch(entry.text)
        reason = "is no column" if is_name else error
        raise entry.refused(
            f"{shown(entry.text)} {reason}{hint}; the columns there are: {listed(there, 40)}"
        ) from error


def _is_computed(
    connection: duckdb.DuckDBPyConnection, entry: Entry, spellings: Mapping[str, str]
) -> bool:
    """Return whether a text that is like a column's name but for its signs is an expression.

    `-amount` turns column amount, and `gross - net` is no column `gross_net` where both are there;
    `order-id` is column `Order ID`, as there are no columns order and id.
    """
    is_name = normal(entry.text.strip('"')) in map(normal, spellings)
    if is_name or not OPERATORS & {*entry.text}:
        return False
    try:
        parse(connection, entry.text, lambda name: find_column(spellings, name))
    except ExpressionError:
        return False
    return True


def quoting_hint(connection: duckdb.DuckDBPyConnection, entry: Entry, names: Sequence[str]) -> str:
    """Return how an expression is written whose columns' names need quotes; empty if none does."""
    quoted = entry.text
    words = connection.execute(
        "select keyword_name from duckdb_keywords() where keyword_category <> 'unreserved'"
    ).fetchall()
    for name in sorted(names, key=len, reverse=True):
        if PLAIN_NAME.fullmatch(name) and (name.lower(),) not in words:
            continue
        bare = re.compile(rf'(?<![\w"]){re.escape(name)}(?![\w"])', re.IGNORECASE)
        quoted = bare.sub('"' + name.replace("\\", r"\\") + '"', quoted)
    if quoted == entry.text:
        return ""
    line = quoted.replace("'", "''")
    return (
        "; a name of more than letters, digits and _, or a word of SQL, stands in double quotes "
        f"and the whole line in single ones: write {entry.wanted}: '{line}'"
    )
