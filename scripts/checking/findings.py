"""What a check finds, as values: every report of it, for people or programs, is made from these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from loading.loaded import Loaded


@dataclass(frozen=True)
class Outcome:
    """What became of rows of a raw table.

    Attributes:
        source_table: The raw table.
        outcome: `accepted`, `duplicate`, `rejected`, or `noted` for accepted rows with a defect.
        reason: Why; the outcome itself where there is no other reason.
        row_count: Number of rows.
        place: File and row of the first one rejected.
        record: That row as JSON.
    """

    source_table: str
    outcome: str
    reason: str
    row_count: int
    place: str = ""
    record: str = ""


@dataclass(frozen=True)
class FileTotals:
    """Accepted lines of one file of orders: their number, sum of amounts, first and last day."""

    name: str
    line_count: int
    spend: Decimal
    first_ordered_on: date
    last_ordered_on: date


@dataclass(frozen=True)
class LargestCustomer:
    """The customer with the highest sum of amounts, and the shares of lines and sum, 0 to 1."""

    customer_id: str
    spend: Decimal
    line_share: float
    spend_share: float | None


@dataclass(frozen=True)
class Totals:
    """What the accepted rows add up to.

    Attributes:
        accepted_lines: Accepted order lines.
        orders: Orders: one order id of one customer on one day.
        customers: Customers with an accepted order line; without orders, rows of customers.
        customer_rows: Accepted rows of the table of customers.
        spend: Sum of the amounts, returns taken off; null without orders.
        return_count: Lines that are returns.
        return_amount: Their sum, 0 or below.
        first_ordered_on: Day of the first accepted line.
        last_ordered_on: Day of the last accepted line.
        largest: Customer with the highest spend.
        files: The same by file of orders.
    """

    accepted_lines: int
    orders: int
    customers: int
    customer_rows: int
    spend: Decimal | None = None
    return_count: int = 0
    return_amount: Decimal = Decimal(0)
    first_ordered_on: date | None = None
    last_ordered_on: date | None = None
    largest: LargestCustomer | None = None
    files: tuple[FileTotals, ...] = ()


@dataclass(frozen=True)
class Suspicion:
    """Something in the data that is probably not meant.

    Attributes:
        kind: Name of the kind, for programs.
        count: How many customers, orders, rows or values it is about.
        example: One of them.
        sentence: What was found and what to do about it, on one line.
    """

    kind: str
    count: int
    example: str
    sentence: str


@dataclass(frozen=True)
class Attribute:
    """An attribute of customers.

    Attributes:
        name: The column as the file has it.
        kind: What its values are, in words.
        use: `clustered` or `profiled` and how or why, or why it is left out.
    """

    name: str
    kind: str
    use: str


@dataclass(frozen=True)
class Findings:
    """All that a check finds.

    Attributes:
        loaded: What loading brought.
        formats: Formats of each column read as dates or numbers, by raw table and column.
        outcomes: What became of the rows, as the mart `data_quality` has it.
        totals: What the accepted rows add up to.
        suspicions: What is probably not meant.
        attributes: Attributes of customers.
        next_command: The command that builds from the same data with the same settings.
    """

    loaded: Loaded
    formats: Mapping[tuple[str, str], list[str]]
    outcomes: tuple[Outcome, ...]
    totals: Totals
    suspicions: tuple[Suspicion, ...]
    attributes: tuple[Attribute, ...]
    next_command: str
