"""Orders whose fields stand on their first row only, as Shopify and reports write them.

Where the order's id repeats, or is blank beside a product, on rows that follow each other in a
file, and a field of the order such as its customer stands on the first of these rows and on no
other in the whole file, it is filled forward within the order. Amounts never are: an order's total
on its first row is one amount.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import duckdb

from common.data_errors import listed
from common.project_sql import ProjectSql
from common.query_rows import one_row
from common.quoting import identifier, literal
from loading.mapped_table import MappedTable, used_columns
from loading.mapping_file import WHERE_KEY
from loading.raw_files import TablePlan

ORDER_COLUMNS = ("order_id", "customer_id", "ordered_at")
FILLED_COLUMNS = ("customer_id", "ordered_at", "channel")
AS_FILLED = "_filled"
# First rows of each file that are looked at before all: mostly they decide. A value that stands on
# a later row of an order there settles its column.
FIRST_ROWS = 20_000


@dataclass(frozen=True)
class OrderFields:
    """Columns of the files that say what an order is.

    Attributes:
        relation: The raw table with them.
        order: The column with the order's id.
        product: The column with the product; None where there is none.
        fields: Columns that may stand on the first row only.
    """

    relation: str
    order: str
    product: str | None
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """What was filled forward: columns by file, and how many rows."""

    by_file: dict[str, tuple[str, ...]]
    row_count: int

    @property
    def columns(self) -> list[str]:
        """The columns of all files."""
        return sorted({column for columns in self.by_file.values() for column in columns})

    def spoken(self) -> str:
        """Return it as a sentence."""
        return (
            f"{', '.join(self.columns)} on the first row of an order only, filled forward within "
            f"the order in {self.row_count:,} rows of {listed(sorted(self.by_file), 4)}"
        )


def order_fields(plan: TablePlan, mapped: MappedTable | None) -> OrderFields | None:
    """Return the columns to look at; None where the table has no orders or makes its order ids."""
    if not set(ORDER_COLUMNS) <= set(plan.table.columns):
        return None
    if mapped is None:
        there = {name for file in plan.files for name in file.columns}
        fields = tuple(name for name in FILLED_COLUMNS if name in there)
        return OrderFields(plan.relation, "order_id", "product_id", fields)
    order = mapped.columns.get("order_id")
    product = mapped.columns.get("product_id")
    if not isinstance(order, str):
        return None
    used = {column for name in FILLED_COLUMNS for column in used_columns(mapped, name)}
    if mapped.where is not None and WHERE_KEY in mapped.entries:
        used |= mapped.where.columns
    lines = {name for name in mapped.columns if name not in (*FILLED_COLUMNS, "order_id")}
    counted = {
        column for name in lines & {*plan.table.columns} for column in used_columns(mapped, name)
    }
    fields = tuple(sorted(used - counted - {order}))
    return OrderFields(plan.relation, order, product if isinstance(product, str) else None, fields)


def of_files(found: OrderFields, files: Sequence[str]) -> OrderFields:
    """Return the same columns of the rows of some files alone."""
    names = ", ".join(map(literal, files)) or "null"
    return replace(found, relation=f"(select * from {found.relation} where _file in ({names}))")


def find_filled(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, found: OrderFields
) -> Filled | None:
    """Return what stands on the first rows of orders only; None where every row has its own."""
    if not found.fields:
        return None
    texts = _texts_of(project, found)
    if _is_settled_by_first_rows(connection, texts) or not _may_be_filled(connection, texts):
        return None
    values = ", ".join(
        f"max({identifier(name)}) filter (where not is_next) as first_{n}, "
        f"count({identifier(name)}) filter (where is_next) as repeated_{n}"
        for n, name in enumerate(found.fields)
    )
    sums = ", ".join(
        f"sum(repeated_{n}), sum(next_count) filter (where first_{n} is not null)"
        for n in range(len(found.fields))
    )
    rows = connection.execute(
        f"select _file, {sums} from (select _file, run_number, "
        f"count(*) filter (where is_next) as next_count, {values} "
        f"from {_runs_sql(texts, identifier)} "
        "where order_key is not null group by _file, run_number) "
        "group by _file order by _file"
    ).fetchall()
    by_file, row_count = {}, 0
    for file, *counts in rows:
        pairs = list(zip(found.fields, counts[::2], counts[1::2], strict=True))
        columns = tuple(name for name, repeated, fillable in pairs if not repeated and fillable)
        if columns:
            by_file[file] = columns
            row_count += max(fillable for name, _, fillable in pairs if name in columns)
    return Filled(by_file, row_count) if by_file else None


def _texts_of(project: ProjectSql, found: OrderFields) -> OrderFields:
    """Return the same columns as they are read, so that a query reads each once."""
    text = _text_of(project)
    names = dict.fromkeys([found.order, *found.fields, *([found.product] if found.product else [])])
    columns = ", ".join(f"{text(name)} as {identifier(name)}" for name in names)
    return replace(found, relation=f"(select _file, _row_number, {columns} from {found.relation})")


def _is_settled_by_first_rows(connection: duckdb.DuckDBPyConnection, texts: OrderFields) -> bool:
    """Return whether each field of each file stands on a later row of an order early on.

    Runs of rows look backwards only, so that the first rows of a file are what they are in all.
    """
    first_rows = replace(
        texts,
        relation=f"(select * from {texts.relation} where _row_number <= {FIRST_ROWS:d})",
    )
    stands = " and ".join(
        f"coalesce(bool_or(is_next and order_key is not null and {identifier(name)} is not null), "
        "false)"
        for name in texts.fields
    )
    (count,) = one_row(
        connection,
        f"select count(*) from (select _file from {_runs_sql(first_rows, identifier)} "
        f"group by _file having not ({stands}))",
    )
    return bool(count == 0)


def _may_be_filled(connection: duckdb.DuckDBPyConnection, texts: OrderFields) -> bool:
    """Return whether an order has rows with and without a field, or a row may lack its order.

    To count by order is a fraction of what it takes to look at the rows in their order.
    """
    order = identifier(texts.order)
    fields = [identifier(name) for name in texts.fields]
    partly = " or ".join(f"count({name}) between 1 and count(*) - 1" for name in fields)
    is_line = "false" if texts.product is None else f"{identifier(texts.product)} is not null"
    blanks = " and ".join(f"{name} is null" for name in fields)
    (count,) = one_row(
        connection,
        f"select count(*) from (select {order} as order_key from {texts.relation} "
        f"group by _file, order_key having (order_key is not null and ({partly})) "
        f"or bool_or({order} is null and {blanks} and {is_line}))",
    )
    return bool(count > 0)


def filled_sql(project: ProjectSql, found: OrderFields, filled: Filled) -> str:
    """Return the SELECT of the raw table with the fields filled forward."""
    text = _text_of(project)
    files_of = {
        name: ", ".join(literal(f) for f, columns in filled.by_file.items() if name in columns)
        for name in found.fields
    }
    values = [
        f"case when _file in ({files}) and order_key is not null "
        f"then max({identifier(name)}) over (partition by _file, run_number) "
        f"else {identifier(name)} end as {identifier(name)}"
        for name, files in files_of.items()
        if files
    ]
    every = ", ".join(literal(file) for file in filled.by_file)
    order = identifier(found.order)
    values.append(
        f"case when _file in ({every}) and {text(found.order)} is null "
        f"then order_key else cast({order} as varchar) end as {order}"
    )
    return (
        f"select * exclude (order_key, run_number, is_next) replace ({', '.join(values)}) "
        f"from {_runs_sql(found, text)}"
    )


def _runs_sql(found: OrderFields, text: Callable[[str], str]) -> str:
    """Return the rows with the number of the run of rows of one order that they stand in."""
    in_file = "over (partition by _file order by _row_number)"
    order = text(found.order)
    key = order
    if found.product is not None:
        blanks = " and ".join(f"{text(name)} is null" for name in found.fields)
        key = (
            f"case when {order} is null and {blanks} and {text(found.product)} is not null "
            f"then last_value({order} ignore nulls) {in_file} else {order} end"
        )
    return (
        "(select *, sum(case when is_next then 0 else 1 end) "
        f"{in_file} as run_number from ("
        f"select *, coalesce(order_key = lag(order_key) {in_file}, false) as is_next from ("
        f"select *, {key} as order_key from {found.relation})))"
    )


def _text_of(project: ProjectSql) -> Callable[[str], str]:
    return lambda column: project.macro("raw_text", identifier(column))
