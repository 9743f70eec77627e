"""What a check found, as lines for people."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal

from checking.columns import NOT_USED, columns_of
from checking.findings import Findings, Outcome, Suspicion, Totals
from common.console import count, say
from common.data_errors import listed, printable, shown
from loading.loaded import LoadedTable

WIDEST_CELL = 44
WIDEST_USE = 90
MOST_FILES = 24
MOST_LEFT_OUT = 12


def show_findings(findings: Findings, seconds: float) -> None:
    """Show all that was found; the last line is a command that builds from the same data."""
    for loaded_table in findings.loaded.tables:
        show_columns(loaded_table, findings)
    show_outcomes(findings.outcomes)
    show_attributes(findings)
    show_totals(findings.totals)
    show_suspicions(findings.suspicions)
    say()
    say(conclusion(findings, seconds))
    say(f"  {findings.next_command}")


def show_columns(loaded: LoadedTable, findings: Findings) -> None:
    """Show which columns of a table were found and how they are read."""
    if loaded.plan is None:
        return
    raw_table = loaded.table
    say()
    names = listed([file.name for file in loaded.plan.files], 4)
    say(f"{raw_table.name}: {printable(names)}")
    columns = columns_of(loaded, findings)
    rows = [
        (column.name, column.source, ", ".join([column.kind, *column.formats]))
        for column in columns
        if column.is_used
    ]
    show_rows(("column", "from", "read as"), rows)
    there = [column.name for column in columns]
    absent = [name for name in raw_table.columns if name not in there]
    if absent:
        say(f"  optional and not in the files: {', '.join(absent)}")
    left = [column.name for column in columns if column.kind == NOT_USED]
    if left:
        say(f"  not used: {printable(listed(left, MOST_LEFT_OUT))}")


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Show what became of the rows, with the first row of each reason to reject."""
    say()
    say("Rows")
    rows = [
        (
            outcome.source_table,
            outcome.outcome,
            "" if outcome.reason == outcome.outcome else outcome.reason,
            f"{outcome.row_count:,}",
            example(outcome),
        )
        for outcome in outcomes
    ]
    show_rows(("raw table", "outcome", "reason", "rows", "first"), rows, right=(3,))


def example(outcome: Outcome) -> str:
    """Return where the first row of a reason stands, with the value that cannot be read."""
    if not outcome.place:
        return ""
    column = outcome.reason.removeprefix("unreadable_")
    value = json.loads(outcome.record).get(column) if column != outcome.reason else None
    return outcome.place + (f": {shown(value)}" if value is not None else "")


def show_attributes(findings: Findings) -> None:
    """Show the columns of a table with one row per customer: their type and their use."""
    if not findings.attributes:
        return
    say()
    say("Attributes")
    rows = [(found.name, found.kind, found.use) for found in findings.attributes]
    show_rows(("column", "type", "use"), rows, widest=WIDEST_USE)
    if findings.totals.accepted_lines:
        say("  beside orders, customers are clustered by attributes that are answers on one scale")


def show_totals(totals: Totals) -> None:
    """Show what the accepted rows add up to, so that a wrong reading is seen."""
    say()
    say("Totals")
    if not totals.accepted_lines:
        show_rows((), [("customers", f"{totals.customer_rows:,}")], right=(1,))
        return
    rows = [
        ("order lines", f"{totals.accepted_lines:,}", ""),
        ("orders", f"{totals.orders:,}", "an order id of one customer on one day"),
        ("customers", f"{totals.customers:,}", ""),
        ("sum of amounts", money(totals.spend or Decimal(0)), "returns taken off"),
        ("returns", f"{totals.return_count:,}", f"their sum is {money(totals.return_amount)}"),
        ("first order", f"{totals.first_ordered_on}", ""),
        ("last order", f"{totals.last_ordered_on}", ""),
    ]
    if totals.largest:
        largest = totals.largest
        spend = "" if largest.spend_share is None else f"{largest.spend_share:.1%} of the sum, "
        rows.append(
            (
                "largest customer",
                shown(largest.customer_id),
                f"{spend}{largest.line_share:.1%} of the lines",
            )
        )
    show_rows((), rows, right=(1,))
    if len(totals.files) > 1:
        say()
        files = [
            (
                file.name,
                f"{file.line_count:,}",
                money(file.spend),
                f"{file.first_ordered_on}",
                f"{file.last_ordered_on}",
            )
            for file in totals.files[:MOST_FILES]
        ]
        show_rows(("file", "lines", "sum of amounts", "first", "last"), files, right=(1, 2))
        if len(totals.files) > MOST_FILES:
            say(f"  and {count(len(totals.files) - MOST_FILES, 'file')} more")


def show_suspicions(suspicions: Sequence[Suspicion]) -> None:
    """Show what is probably not meant, one line each."""
    if not suspicions:
        return
    say()
    say("Suspicions")
    for found in suspicions:
        say(f"  {found.kind} ({found.count:,}): {printable(found.sentence)}")


def money(amount: Decimal) -> str:
    """Return an amount with two decimals, or with as many more as it has."""
    exact = amount.normalize()
    decimals = max(2, -int(exact.as_tuple().exponent))
    return f"{exact:,.{decimals}f}"


def show_rows(
    heads: Sequence[str],
    rows: Sequence[Sequence[str]],
    right: Sequence[int] = (),
    widest: int = WIDEST_CELL,
) -> None:
    """Show a table, its columns as wide as they need to be."""
    cells = [[cell(text, widest) for text in row] for row in (heads, *rows) if row]
    widths = [max(len(row[n]) for row in cells) for n in range(len(cells[0]))]
    for row in cells:
        line = "  ".join(
            text.rjust(width) if n in right else text.ljust(width)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        say(f"  {line}".rstrip())


def cell(text: str, widest: int) -> str:
    """Return a text as a cell of a table: on one line, cut to what there is room for."""
    plain = printable(text)
    return plain if len(plain) <= widest else plain[: widest - 3] + "..."


def conclusion(findings: Findings, seconds: float) -> str:
    """Return what a build would work with."""
    totals = findings.totals
    span = ""
    if totals.first_ordered_on:
        span = f", {totals.first_ordered_on} to {totals.last_ordered_on}"
    what = (
        f"{count(totals.accepted_lines, 'order line')} of {count(totals.customers, 'customer')}"
        if totals.accepted_lines
        else count(totals.customers, "customer")
    )
    rejected = sum(found.row_count for found in findings.outcomes if found.outcome == "rejected")
    left = f", {count(rejected, 'row')} rejected" if rejected else ""
    return (
        f"{what}{span} can be built from{left} (checked in {seconds:.1f} s, nothing was built). "
        "To build:"
    )
