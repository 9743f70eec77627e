"""Columns of other files that `_join` of `columns.yml` brings to the rows of a table, by a key.

    _join:
      orders.csv: order_id
      customers.csv: customer_id = id

gives each row of the table the columns of the row of `orders.csv` with the same `order_id`, and so
on, one after the other. A key stands in one row of the file that is joined, so that no row of the
table comes twice; rows without a match keep what they have. All files are read into temporary
tables: what stays is the table with the columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import duckdb

from common.column_names import ADDED_COLUMNS
from common.console import count, say
from common.data_errors import listed, shown
from common.project_sql import ProjectSql
from common.query_rows import one_row
from common.quoting import identifier
from common.settings_table import nearest
from loading.mapped_table import find_column
from loading.mapping_file import Option
from loading.raw_files import TablePlan


@dataclass(frozen=True)
class Join:
    """Files whose columns come to a table's rows.

    Attributes:
        plan: How the files are read.
        key: Column of the table, as it is when this join comes.
        other_key: Column of the files.
        columns: Column of the table to be, by column of the files.
    """

    plan: TablePlan
    key: str
    other_key: str
    columns: Mapping[str, str]

    @property
    def spoken(self) -> str:
        """What messages call the files."""
        return listed([file.name for file in self.plan.files], 3)


def joins_of(option: Option, plan: TablePlan, others: Sequence[TablePlan]) -> list[Join]:
    """Return the joins that `_join` asks for, with what their columns are called.

    A column whose name the table has already is called by its file too: `orders.status`.

    Raises:
        Problem: a key is no column.
    """
    assert isinstance(option.value, dict), "columns.yml gives _join by file"
    spellings = plan.spellings()
    found = []
    for (file, (key, *_)), other in zip(option.value.items(), others, strict=True):
        left, _, right = (part.strip() for part in key.partition("="))
        own = _column(option, left, spellings, plan.files[0].name)
        joined = _column(option, right or left, other.spellings(), file)
        stem = PurePosixPath(file).name.partition(".")[0].rstrip("*_-")
        columns: dict[str, str] = {}
        for spelled, column in other.spellings().items():
            is_taken = find_column(spellings, column) is not None
            columns.setdefault(column, f"{stem}.{column}" if is_taken else column)
            spellings = {f"{stem}.{spelled}": columns[column], **spellings}
            if not is_taken:
                spellings = {**spellings, spelled: column}
        found.append(Join(other, own, joined, columns))
    return found


def spellings_of(plan: TablePlan, joins: Sequence[Join]) -> dict[str, str]:
    """Return the column of the table by each name that it has in the files."""
    spellings = plan.spellings()
    for join in joins:
        for spelled, column in join.plan.spellings().items():
            name = join.columns[column]
            spellings.setdefault(name, name)
            if name == column:
                spellings.setdefault(spelled, name)
    return spellings


def joined_columns(plan: TablePlan, joins: Sequence[Join]) -> list[str]:
    """Return the columns of the table with those that come to it."""
    own = [name for name in plan.columns() if any(name in file.columns for file in plan.files)]
    return [*own, *(name for join in joins for name in join.columns.values())]


def joined_sql(
    project: ProjectSql, plan: TablePlan, joins: Sequence[Join], tables: Sequence[str]
) -> str:
    """Return the SELECT of the table's columns and those that come to it.

    Args:
        project: Renders the project's macros.
        plan: How the files of the table are read.
        joins: The joins.
        tables: Temporary tables: of the table first, then of each join.
    """
    main, *others = tables
    own = ", ".join(map(identifier, [*joined_columns(plan, []), *ADDED_COLUMNS]))
    rows = f"select {own} from {identifier(main)}"
    for join, name in zip(joins, others, strict=True):
        key, other_key = (
            project.macro("raw_text", f"{side}.{identifier(column)}")
            for side, column in (("own", join.key), ("other", join.other_key))
        )
        columns = "".join(
            f", other.{identifier(column)} as {identifier(called)}"
            for column, called in join.columns.items()
        )
        rows = (
            f"select own.*{columns} from ({rows}) as own "
            f"left join {identifier(name)} as other on {key} = {other_key}"
        )
    names = ", ".join(map(identifier, [*joined_columns(plan, joins), *ADDED_COLUMNS]))
    return f"select {names} from ({rows}) order by _file, _row_number"


def check_keys(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    option: Option,
    join: Join,
    table: str,
) -> None:
    """Refuse a key that stands in several rows of the files that are joined.

    Raises:
        Problem: names the key and how often it is there.
    """
    key = project.macro("raw_text", identifier(join.other_key))
    row = connection.execute(
        f"select {key} as key, count(*), min(_row_number) from {identifier(table)} "
        "where key is not null group by key having count(*) > 1 order by min(_row_number) limit 1"
    ).fetchone()
    if row:
        raise option.refused(
            f"{join.spoken} has {join.other_key} {shown(row[0])} in {row[1]:,} rows, the first of "
            f"them row {row[2]:,}: expected each once, as every row of it would count again"
        )


def say_unmatched(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    relation: str,
    join: Join,
) -> None:
    """Say how many rows of the table have no row in the files that are joined."""
    text = project.macro("raw_text", identifier(join.columns[join.other_key]))
    (row_count,) = one_row(connection, f"select count(*) from {relation} where {text} is null")
    if row_count:
        say(f"  {count(row_count, 'row')} found none of the same {join.key} in {join.spoken}")


def _column(option: Option, name: str, spellings: Mapping[str, str], file: str) -> str:
    found = find_column(spellings, name)
    if found is None:
        there = list(dict.fromkeys(spellings))
        raise option.refused(
            f"{shown(name)} is no column of {file}{nearest(name, there)}; the columns there are: "
            f"{listed(there, 40)}"
        )
    return found
