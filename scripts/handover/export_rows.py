"""The rows of an export: who is in the audience, who entered, stayed or left, and the file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from common.console import Problem
from common.formulas import FORMULA
from common.query_rows import one_count, one_row
from common.quoting import identifier, literal
from handover.audiences import make_customers_of
from handover.export_request import LEDGER_COLUMNS, Request
from loading.audiences import Rule
from store.export_ledger import Counts, LastExport

# A row per customer to write, by the parameters `base` and `by_segment`.
STATUSES_FILE = Path(__file__).parent / "sql" / "export_statuses.sql"
# Those of customer_segments that describe the membership, which may have ended.
MEMBERSHIP_COLUMNS = ("customer_id", "segment_id", "segment_name", *LEDGER_COLUMNS)


def column_types(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the columns of customer_segments with their types."""
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'marts' "
            "and schema_name = 'main' and table_name = 'customer_segments'"
        ).fetchall()
    )


def make_customers(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    rule: Rule | None,
    forgotten_count: int = 0,
) -> None:
    """Make the temporary table `customers`: those of the segment, status or audience.

    rule: that of the audience, if one is asked for. forgotten_count: customers that the summary
    still counts, until the next build.

    Raises:
        Problem: they are not as many as the summary of the segments says.
    """
    if rule is not None:
        make_customers_of(connection, rule)
        return
    status = request.status or "segmented"
    connection.execute(
        "create temp table customers as select customer_id, segment_id, is_holdout "
        "from marts.customer_segments where status = $status "
        "and ($segment_id is null or segment_id = $segment_id)",
        {"status": status, "segment_id": request.segment_id},
    )
    found = one_count(connection, "select count(*) from customers")
    if request.status:
        table = "segmentation_runs"
        query = f"select {identifier(f'{status}_count')} from marts.{table} where is_current"
    else:
        table = "segment_summary"
        query = (
            f"select coalesce(sum(customer_count), 0) from marts.{table} "
            "where $segment_id is null or segment_id = $segment_id"
        )
    values = {} if request.status else {"segment_id": request.segment_id}
    (expected,) = one_row(connection, query, values)
    missing = expected - found
    if missing and not 0 < missing <= forgotten_count:
        raise Problem(
            f"customer_segments has {found:,} customers of this audience, "
            f"{table} {expected:,}: the published file is not whole, build again"
        )


def make_members(connection: duckdb.DuckDBPyConnection, request: Request) -> dict[str, int]:
    """Make the temporary table `members`; returns how many of `customers` are left out, and why.

    The temporary table `audience` is made from `customers` unless a layout has made it.
    """
    if request.layout is None:
        rule = {"exclude": "not is_holdout", "include": "true", "only": "is_holdout"}
        connection.execute(
            "create temp table audience as select customer_id, segment_id, case when "
            f"{rule[request.holdout]} then 'member' else 'held_out' end as standing from customers"
        )
    connection.execute(
        "create temp table members as select customer_id, segment_id from audience "
        "where standing = 'member'"
    )
    counted = connection.execute(
        "select standing, count(*) from audience where standing <> 'member' group by standing"
    ).fetchall()
    return dict(counted)


def make_statuses(
    connection: duckdb.DuckDBPyConnection, base: LastExport | None, *, by_segment: bool
) -> Counts:
    """Make the temporary table `statuses`, a row per customer to write; returns how many.

    by_segment: whether a customer who changed segments has entered, and since when is known.
    """
    connection.execute(
        STATUSES_FILE.read_text(encoding="utf-8"),
        {"base": base.export_id if base else None, "by_segment": by_segment},
    )
    found = dict(
        connection.execute(
            "select membership_status, count(*) from statuses group by membership_status"
        ).fetchall()
    )
    return Counts(*(found.get(name, 0) for name in ("entered", "stayed", "left")))


def write(connection: duckdb.DuckDBPyConnection, request: Request, file: Path) -> None:
    """Write the rows to a file, in order of customers."""
    types = column_types(connection)
    cells = ", ".join(
        f"{_cell(name, types.get(name, ''), request.format)} as {identifier(name)}"
        for name in request.columns
    )
    options = "format csv, header true" if request.format == "csv" else "format parquet"
    connection.execute(
        f"""
        copy (
            select {cells}
            from statuses
            left join marts.main.customer_segments as customers
                on statuses.customer_id = customers.customer_id
            {"where statuses.membership_status <> 'stayed'" if request.has_changes_only else ""}
            order by statuses.customer_id
        ) to {literal(file)} ({options})
        """
    )


def _cell(name: str, kind: str, file_format: str) -> str:
    """Return the expression of a column; texts of a CSV file are no formulas.

    Numbers stay numbers, negative ones too: what has a number's type cannot hold a formula.
    """
    table = "statuses" if name in MEMBERSHIP_COLUMNS else "customers"
    cell = identifier(table, name)
    is_text = name in ("customer_id", "segment_name") or kind.upper() == "VARCHAR"
    if file_format != "csv" or not is_text:
        return cell
    is_formula = f"regexp_matches({cell}, {literal(FORMULA)})"
    return f"case when {is_formula} then '''' || {cell} else {cell} end"


def check_rows(
    connection: duckdb.DuckDBPyConnection, file_format: str, file: Path, expected: int
) -> None:
    """Read the file back and refuse another number of rows than was to be written."""
    if file_format == "parquet":
        reader = f"read_parquet({literal(file)})"
    else:
        with file.open(encoding="utf-8", newline="") as text:
            names = text.readline().strip().split(",")
        columns = ", ".join(f"{literal(name.strip(chr(34)))}: 'varchar'" for name in names)
        reader = (
            f"read_csv({literal(file)}, auto_detect = false, header = true, delim = ',', "
            f"quote = '\"', escape = '\"', columns = {{{columns}}})"
        )
    (found,) = one_row(connection, f"select count(*) from {reader}")
    if found != expected:
        raise Problem(f"the file has {found:,} rows, expected {expected:,}; it was not kept")
