"""A table with one row per customer: which of its columns names the customer.

The raw table stays as it came; a view beside it has that column as `customer_id`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from common.column_names import ADDED_COLUMNS
from common.console import DATA_REFUSED, Problem, say
from common.data_errors import printable, shown
from common.query_rows import one_row
from common.quoting import identifier
from common.settings_table import nearest
from common.trimming import text_sql

RAW_TABLE = "customers"
# A larger share of customers with several rows is no mistake but another kind of table.
MOST_REPEATED = 0.1
VIEW = "customers_identified"
ID_COLUMN = "customer_id"
# Names of ids, best first; compared without case, spaces and punctuation.
ID_NAMES = ("customerid", "custid", "clientid", "userid", "memberid", "accountid", "personid")
ID_WORDS = ("customer", "client", "user", "member", "account", "household", "person")


@dataclass(frozen=True)
class Column:
    """A column of the table: in how many rows it has a value, and how many different ones."""

    name: str
    known_count: int
    distinct_count: int


def identify(
    connection: duckdb.DuckDBPyConnection, wanted: str | None, only: Sequence[str] = ()
) -> str:
    """Make the view with the id column as `customer_id`; returns that column's name.

    Of the other columns it has those that `only` names, all where it names none.

    Raises:
        Problem: no column names each row once, or the one that ID= asks for is not there.
    """
    row_count, columns = profile(connection)
    chosen = asked_for(wanted, columns) if wanted else best(columns, row_count)
    if not wanted:
        say(f"  {'customers':<22} id column {chosen.name} (another one: ID=...)")
    others = [
        column.name
        for column in columns
        if column.name != chosen.name and (not only or column.name in only)
    ]
    check_one_row_each(connection, chosen.name, others)
    selected = [f"{identifier(chosen.name)} as {identifier(ID_COLUMN)}"]
    for name in others:
        other = f" as {identifier('other_' + name)}" if name.lower() == ID_COLUMN else ""
        selected.append(f"{identifier(name)}{other}")
    selected += [identifier(name) for name in ADDED_COLUMNS]
    connection.execute(
        f"create or replace view raw.{VIEW} as select {', '.join(selected)} from raw.{RAW_TABLE}"
    )
    return chosen.name


def check_one_row_each(
    connection: duckdb.DuckDBPyConnection, chosen: str, others: list[str]
) -> None:
    """Refuse a table in which many customers have several rows that differ.

    Of a few, one row each is used and the others are rejected one by one.

    Raises:
        Problem: shows the customer with the most rows.
    """
    values = ", ".join(["_id", *(identifier(name) for name in others)])
    customer_count, repeated_count, example, most = one_row(
        connection,
        f"""
        with rows as (
            select distinct {values}
            from (
                select *, nullif(trim(cast({identifier(chosen)} as varchar)), '') as _id
                from raw.{RAW_TABLE}
            )
            where _id is not null
        ),
        customers as (select _id, count(*) as row_count from rows group by _id)
        select
            count(*),
            count(*) filter (where row_count > 1),
            max_by(_id, (row_count, _id)),
            max(row_count)
        from customers
        """,
    )
    if repeated_count > max(1, MOST_REPEATED * customer_count):
        raise Problem(
            f"{RAW_TABLE}: column {printable(chosen)}: {repeated_count:,} of {customer_count:,} "
            f"customers have several rows that differ, such as {shown(example)} with {most:,}: "
            "expected one row per customer; give order lines to SOURCE=own_files, sum the rows of "
            "each customer, or name another column by ID=",
            DATA_REFUSED,
        )


def profile(connection: duckdb.DuckDBPyConnection) -> tuple[int, list[Column]]:
    """Return the number of rows and, of each column, how many values there are."""
    found = connection.execute(f"describe raw.{RAW_TABLE}").fetchall()
    names = [name for name, *_ in found if name not in ADDED_COLUMNS]
    parts = ["count(*)"]
    for name in names:
        text = text_sql(identifier(name))
        parts += [f"count({text})", f"count(distinct {text})"]
    row = one_row(connection, f"select {', '.join(parts)} from raw.{RAW_TABLE}")
    counts = list(row[1:])
    columns = [Column(name, counts[2 * at], counts[2 * at + 1]) for at, name in enumerate(names)]
    return row[0], columns


def asked_for(wanted: str, columns: list[Column]) -> Column:
    """Return the column that ID= names, ignoring case, spaces and punctuation."""
    for same in (str, bare):
        for column in columns:
            if same(column.name) == same(wanted):
                return column
    names = [column.name for column in columns]
    raise Problem(
        f"ID={wanted}: the file has no such column{nearest(wanted.lower(), names)}; "
        f"the columns there are: {', '.join(names)}",
        DATA_REFUSED,
    )


def best(columns: list[Column], row_count: int) -> Column:
    """Return the column that names each row once: by its name, else the first.

    A column with the name of an id is taken even where some rows lack or repeat it, since these
    are rejected one by one; any other must be unique.
    """
    unique = [c for c in columns if c.known_count == c.distinct_count == row_count]
    by_name = sorted(unique, key=lambda column: name_rank(column.name))
    if by_name and name_rank(by_name[0].name) < NO_RANK:
        return by_name[0]
    named = [c for c in columns if bare(c.name) in ID_NAMES and c.distinct_count > row_count // 2]
    if named:
        return named[0]
    if unique:
        return unique[0]
    nearest_unique = sorted(columns, key=lambda c: -c.distinct_count)[:3]
    candidates = "; ".join(f"{c.name} has {c.distinct_count:,}" for c in nearest_unique)
    raise Problem(
        f"no column has a different value in each of the {row_count:,} rows ({candidates}): "
        "expected one row per customer; name the column with the customer by ID=",
        DATA_REFUSED,
    )


NO_RANK = 9


def name_rank(name: str) -> int:
    """Return how much a name looks like that of an id, from 0; NO_RANK when not at all."""
    plain = bare(name)
    if plain in ID_NAMES:
        return 0
    if plain == "id":
        return 1
    if plain.endswith("id") and plain.startswith(ID_WORDS):
        return 2
    if plain in ID_WORDS or (
        plain.startswith(ID_WORDS) and plain.endswith(("no", "number", "key"))
    ):
        return 3
    if name.lower().endswith(("_id", " id", "-id")) or name.endswith(("ID", "Id")):
        return 4
    return NO_RANK


def bare(name: str) -> str:
    """Return a name without case, spaces and punctuation."""
    return "".join(c for c in name.lower() if c.isalnum())
