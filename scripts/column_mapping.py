"""`columns.yml`, in which a user says which columns and files stand for what.

A line `net_amount: Quantity * UnitPrice` gives a column of the first table, as a column of the
files or an expression over them; `customers:` begins the lines of another table;
`_file: people*.csv` names the files of a table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from column_formats import Column, Stated, number_formats
from column_names import ADDED_COLUMNS, contract_names, key, normal
from console import Problem
from expressions import Expression, ExpressionError, parse, written
from project_sql import ProjectSql
from quoting import identifier
from refusals import first_lines, listed, refusal, shown
from settings import nearest
from sources import RawTable

FILE_NAME = "columns.yml"
OTHER_NAME = "columns.yaml"
FILES_KEY = "_file"
LARGEST_BYTES = 100_000
ROWS_TRIED = 1_000


@dataclass(frozen=True)
class Entry:
    """One line of the file: what is wanted, what stands for it, and where that is said."""

    wanted: str
    text: str
    line: int

    def refused(self, reason: str) -> Problem:
        """Return the problem of this line."""
        return refusal(f"{FILE_NAME}, line {self.line}", f"{self.wanted}: {reason}")


@dataclass(frozen=True)
class TableMapping:
    """What the file says of one raw table."""

    pattern: Entry | None = None
    columns: tuple[Entry, ...] = ()


@dataclass(frozen=True)
class MappedTable:
    """A raw table whose columns are made from those of its files.

    Attributes:
        table: The raw table.
        read_name: Raw table with the columns of the files.
        columns: Column of `read_name` or expression over them, by column of the raw table.
        spellings: Column of `read_name` by each of the names that it has in the files.
        entries: Line of `columns.yml` by column of the raw table.
    """

    table: RawTable
    read_name: str
    columns: Mapping[str, str | Expression]
    spellings: Mapping[str, str]
    entries: Mapping[str, Entry]

    def find_column(self, name: str) -> str | None:
        """Return the column of the files that a name stands for."""
        return find_column(self.spellings, name)


def read_mapping(folder: Path, tables: Sequence[RawTable]) -> dict[str, TableMapping]:
    """Read `columns.yml` of a folder; empty when there is none.

    Raises:
        Problem: it is no YAML, or says what cannot be: with the line.
    """
    path = folder / FILE_NAME
    if not path.exists():
        if (folder / OTHER_NAME).exists():
            raise refusal(OTHER_NAME, f"is not read: name it {FILE_NAME}")
        return {}
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refusal(FILE_NAME, "is a link out of the folder: expected the file itself")
    root = _parsed(path)
    by_name = {table.name: table for table in tables}
    first = tables[0]
    found: dict[str, list[Entry]] = {}
    for name, node in _pairs(root):
        table = by_name.get(name.value)
        if table and isinstance(node, yaml.MappingNode):
            for inner, value in _pairs(node):
                found.setdefault(table.name, []).append(_entry(inner, value, table))
        else:
            found.setdefault(first.name, []).append(_entry(name, node, first, by_name))
    return {name: _table_mapping(entries) for name, entries in found.items()}


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
        if found is not None:
            columns[entry.wanted] = found
            renamed.add(found)
            continue
        columns[entry.wanted] = _expression(connection, entry, table, spellings)
    stated = {entry.wanted: entry for entry in mapping.columns}
    kept = {name: value for name, value in columns.items() if name in stated or name not in renamed}
    return MappedTable(table, read_name, kept, spellings, stated)


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
        Problem: a column that an expression counts with has no one number format.
    """
    numbers = _number_sql(connection, project, mapped, stated)
    names = [name for name in mapped.table.columns if name in mapped.columns]
    names += sorted(set(mapped.columns) - set(names))
    values = []
    for name in (*mapped.table.columns, *(n for n in names if n not in mapped.table.columns)):
        source = mapped.columns.get(name)
        if source is None:
            value = "cast(null as varchar)"
        elif isinstance(source, Expression):
            value = written(
                source,
                mapped.find_column,
                numbers,
                lambda column: project.macro("raw_text", identifier(column)),
                is_number=name in mapped.table.numbers,
            )
            check_runs(connection, mapped, mapped.entries[name], value)
        else:
            value = identifier(source)
        values.append(f"    {value} as {identifier(name)}")
    selected = ",\n".join([*values, *(f"    {name}" for name in ADDED_COLUMNS)])
    return f"select\n{selected}\nfrom {identifier('raw', mapped.read_name)}"


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


def _number_sql(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    mapped: MappedTable,
    stated: Stated,
) -> dict[str, str]:
    """Return the SQL of each column that is counted with, as a number in its format."""
    names = {n for e in mapped.columns.values() if isinstance(e, Expression) for n in e.numbers}
    kinds = dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'raw' and table_name = ?",
            [mapped.read_name],
        ).fetchall()
    )
    text = [
        Column(mapped.read_name, name, f"{mapped.table.name}: column {name}")
        for name in sorted(names)
        if kinds[name] == "VARCHAR"
    ]
    formats = number_formats(connection, project, text, stated)
    found = {}
    for name in names:
        formatted = [formats[name]] if name in formats else []
        number = project.macro("number_in_format", identifier(name), formatted)
        found[name] = f"cast({number} as double)"
    return found


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
            is_number=entry.wanted in table.numbers,
        )
    except ExpressionError as error:
        there = list(dict.fromkeys(spellings))
        raise entry.refused(
            f"{shown(entry.text)} {error}{nearest(entry.text, there)}; the columns there are: "
            f"{listed(there, 40)}"
        ) from error


def _parsed(path: Path) -> yaml.MappingNode:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise refusal(FILE_NAME, f"is larger than {LARGEST_BYTES:,} bytes")
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise refusal(FILE_NAME, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise refusal(FILE_NAME, "is not UTF-8: save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it cannot be read"
        where = f"{FILE_NAME}, line {mark.line + 1}" if mark else FILE_NAME
        raise refusal(
            where,
            f"is not YAML ({what}): expected lines such as net_amount: Sales; "
            "a text with a colon or a quote stands in quotes",
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise refusal(FILE_NAME, "expected lines such as net_amount: Sales")
    return root


def _is_text(value: str) -> bool:
    """Say whether a text can be written as UTF-8: escapes of YAML can make one that cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    seen: dict[str, int] = {}
    for name, value in node.value:
        line = name.start_mark.line + 1
        where = f"{FILE_NAME}, line {line}"
        for scalar in (name, value):
            if isinstance(scalar, yaml.ScalarNode) and not _is_text(scalar.value):
                raise refusal(where, "holds half a character (\\ud800 and the like): expected text")
        if not isinstance(name, yaml.ScalarNode):
            raise refusal(where, "expected the name of a column, a colon and what stands for it")
        if name.value in seen:
            raise refusal(where, f"{name.value} stands in line {seen[name.value]} already")
        seen[name.value] = line
        yield name, value


def _entry(
    name: yaml.ScalarNode,
    value: yaml.Node,
    table: RawTable,
    tables: Mapping[str, RawTable] | None = None,
) -> Entry:
    line = name.start_mark.line + 1
    where = f"{FILE_NAME}, line {line}"
    if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
        tables_told = f"; the tables are {', '.join(tables)}" if tables else ""
        raise refusal(
            where, f"{name.value}: expected the name of a column or an expression{tables_told}"
        )
    if name.value == FILES_KEY:
        return Entry(FILES_KEY, value.value.strip(), line)
    wanted = contract_names(table).get(key(name.value))
    if wanted is None and not table.is_open:
        near = nearest(name.value, table.columns)
        raise refusal(
            where,
            f"{name.value} is no column of {table.name}{near}: expected one of "
            f"{', '.join(table.columns)}",
        )
    wanted = wanted or normal(name.value)
    if not wanted or wanted in ADDED_COLUMNS:
        raise refusal(where, f"{name.value}: this name is taken, expected another one")
    return Entry(wanted, value.value.strip(), line)


def _table_mapping(entries: Sequence[Entry]) -> TableMapping:
    columns: dict[str, Entry] = {}
    pattern = None
    for entry in entries:
        if entry.wanted == FILES_KEY:
            pattern = entry
        elif entry.wanted in columns:
            raise entry.refused(f"stands in line {columns[entry.wanted].line} already")
        else:
            columns[entry.wanted] = entry
    return TableMapping(pattern, tuple(columns.values()))
