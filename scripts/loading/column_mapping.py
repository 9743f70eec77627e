"""Raw tables whose columns are made from those of their files, as `columns.yml` says."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import duckdb

from common.column_names import normal
from common.data_errors import listed, shown
from common.settings_table import nearest
from common.source_contract import RawTable
from loading.expression_kinds import ANY, NUMBER
from loading.expressions import AliasError, Expression, ExpressionError, parse
from loading.mapped_table import MappedTable, find_column
from loading.mapping_file import MISSING_KEY, ONLY_KEY, WHERE_KEY, Entry, TableMapping

PLAIN_NAME = re.compile(r"[^\W\d]\w*")
WORDS = re.compile(r"\w+(?: \w+)+")
OPERATORS = frozenset("+-*/")
# Types whose values mean something by themselves in an expression; others are text to it.
MEANT_TYPES = ("BOOLEAN", "DATE", "TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS")
ZONED_TYPE = "TIMESTAMP WITH TIME ZONE"


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
