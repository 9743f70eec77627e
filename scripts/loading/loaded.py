"""What loading found: files in the ledger, raw tables, and what settings are checked against."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from common.source_contract import RawTable
from loading.first_row_fields import (
    Filled,
)
from loading.mapped_table import MappedTable
from loading.raw_files import RawFile, TablePlan


@dataclass(frozen=True)
class Loaded:
    """What loading brought.

    Attributes:
        row_count: Rows in all raw tables.
        customer_count: Customers in the table of order lines; None where no setting asks for it.
        first_date: Day of the first order; None likewise, and of a source without orders.
        last_date: Day of the last order; None likewise.
        tables: What each raw table was made from.
    """

    row_count: int
    customer_count: int | None
    first_date: date | None
    last_date: date | None
    tables: tuple[LoadedTable, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class LoadedTable:
    """A raw table and what it was made from.

    Attributes:
        table: The raw table.
        plan: How its files were read; None when there are none.
        mapped: What `columns.yml` made of their columns; None when it says nothing.
        ledger: Its rows in the ledger, one for each file.
        is_kept: Whether it is the table of an earlier load.
        left_out: Rows of the files that `_where` of `columns.yml` leaves out.
        missing: Values of the files that `_missing` takes for none.
        filled: Fields of orders that were filled forward.
        joined: Rows in the ledger of files that were joined to it.
        joined_plans: How these were read.
    """

    table: RawTable
    plan: TablePlan | None = None
    mapped: MappedTable | None = None
    ledger: tuple[LedgerRow, ...] = ()
    is_kept: bool = False
    left_out: int = 0
    missing: int = 0
    filled: Filled | None = None
    joined: tuple[LedgerRow, ...] = ()
    joined_plans: tuple[TablePlan, ...] = ()


@dataclass(frozen=True)
class LedgerRow:
    """A file in the ledger."""

    source_table: str
    file_name: str
    file_bytes: int
    file_sha256: str
    row_count: int
    loaded_at: datetime


def files_of(tables: Iterable[LoadedTable]) -> list[RawFile]:
    """Return the files that tables were made from."""
    plans = [plan for each in tables for plan in (each.plan, *each.joined_plans) if plan]
    return [file for plan in plans for file in plan.files]
