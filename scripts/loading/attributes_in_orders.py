"""Attributes of customers that stand in the file of their orders: age and gender on every line.

Of such a file only what is the same on all lines of a customer says something about the customer;
an order's number, date or status does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import duckdb

from common.column_names import contract_names, key
from common.project_sql import ProjectSql
from common.query_rows import one_row
from common.quoting import identifier
from common.source_contract import RawTable
from loading.column_mapping import map_columns
from loading.mapped_table import MappedTable, used_columns
from loading.mapping_file import ONLY_KEY, TableMapping


def is_of_orders(
    table: RawTable, files: set[str], files_of_orders: set[str], mapping: TableMapping
) -> bool:
    """Say whether an open table is read from files of orders and nothing says which columns."""
    return table.is_open and ONLY_KEY not in mapping.options and files <= files_of_orders


def without_orders(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    mapped: MappedTable,
    mapping: TableMapping,
    used: frozenset[str],
) -> MappedTable:
    """Return the table with the attributes of customers only.

    These are the columns that `columns.yml` names, or else those with one value for each customer.

    Args:
        connection: Where the rows are.
        project: Renders the project's macros.
        mapped: The table of customers with all columns of the files.
        mapping: What `columns.yml` says of it.
        used: Columns of the files that orders are made from.
    """
    contract = {
        name: mapped.columns[name] for name in mapped.table.columns if name in mapped.columns
    }
    named = {entry.wanted for entry in mapping.columns} - set(mapped.table.columns)
    others = [name for name in mapped.columns if name not in contract]
    if not named:
        candidates = [n for n in others if mapped.columns[n] not in used]
        named = set(constant_columns(connection, project, mapped, candidates))
    kept = {name: mapped.columns[name] for name in others if name in named}
    return replace(mapped, columns=contract | kept)


def constant_columns(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    mapped: MappedTable,
    names: Sequence[str],
) -> list[str]:
    """Return those of some columns that have one value on all rows of each customer."""
    customer = mapped.columns["customer_id"]
    plain = [name for name in names if isinstance(mapped.columns[name], str)]
    if not plain or not isinstance(customer, str):
        return list(names)

    def text(column: str) -> str:
        return project.macro("raw_text", identifier(column))

    counts = ", ".join(
        f"count(distinct coalesce({text(str(mapped.columns[name]))}, '')) as n{number}"
        for number, name in enumerate(plain)
    )
    most = ", ".join(f"max(n{number})" for number in range(len(plain)))
    row = one_row(
        connection,
        f"select {most} from (select {counts} from {identifier('raw', mapped.read_name)} "
        f"where {text(customer)} is not null group by {text(customer)})",
    )
    return [name for name, count in zip(plain, row, strict=True) if (count or 0) <= 1]


def columns_of_orders(
    connection: duckdb.DuckDBPyConnection,
    orders: RawTable,
    mapping: TableMapping,
    mapped: MappedTable,
) -> frozenset[str]:
    """Return the columns of the files that orders are made from.

    Raises:
        Problem: `columns.yml` says of orders what cannot be.
    """
    made = map_columns(connection, orders, mapped.read_name, mapped.spellings, mapping)
    names = contract_names(orders)
    # Customers may have a column of the contract that orders take from another one.
    spelled = {column for name, column in mapped.spellings.items() if key(name) in names}
    return frozenset(spelled).union(*(used_columns(made, name) for name in orders.columns))
