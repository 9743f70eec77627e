"""The files of a layout: addresses of the customers, who is left out, and files within limits.

Files are written into a folder: `add` has who is in the audience, `remove` who left it since the
last export. A file that would be larger than the tool takes is written in parts.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from common.consent import SAID_NO
from common.console import WRONG_USE, Problem
from common.data_errors import first_line, shown
from common.formulas import FORMULA
from common.query_rows import one_count
from common.quoting import identifier, literal
from handover.export_request import Request
from handover.layouts import Layout

SQL = Path(__file__).parent / "sql"
# A phone number begins with a plus sign, and no spreadsheet makes more of it than a number.
PHONE = r"\+[0-9]{7,15}"
COPY_OPTIONS = {"csv": "format csv, header true", "parquet": "format parquet"}


def make_contacts(
    connection: duckdb.DuckDBPyConnection, request: Request, layout: Layout, readable: Path | None
) -> None:
    """Make the temporary table `contacts`: of each customer the addresses and the tool's key.

    readable: a path by which CONTACTS is read.
    """
    connection.execute(
        "create temp table contact_entries (customer_id varchar, attribute varchar, value varchar)"
    )
    if readable is not None:
        _read_contacts(connection, request, readable)
    sql = (SQL / "contacts.sql").read_text(encoding="utf-8")
    connection.execute(sql.replace("$said_no", f"({SAID_NO})"))
    key = layout.key
    # An id is not changed to be safe in a spreadsheet: it would be another customer's, or none.
    is_usable = f"not ({_formula(key)})" if request.format == "csv" else "true"
    connection.execute(
        f"create temp table contacts as select *, case when {is_usable} then {key} end "
        "as contact_key from addresses"
    )


def _read_contacts(connection: duckdb.DuckDBPyConnection, request: Request, readable: Path) -> None:
    """Read CONTACTS into `contact_entries`, a row for each value.

    Raises:
        Problem: it cannot be read, has no id or address, or has customers twice.
    """
    name = f"CONTACTS={request.contacts}"
    reader = f"read_parquet({literal(readable)})"
    if readable.suffix.lower() != ".parquet":
        reader = f"read_csv({literal(readable)}, header = true, all_varchar = true)"
    try:
        described = connection.execute(f"describe select * from {reader}").fetchall()
    except duckdb.Error as error:
        raise Problem(f"{name}: cannot be read: {first_line(error)}", WRONG_USE) from error
    columns = {column[0].strip().lower().replace(" ", "_"): column[0] for column in described}
    others = [column for column in columns.values() if column != columns.get("customer_id")]
    if "customer_id" not in columns or not others:
        there = ", ".join(shown(column) for column in columns.values())
        raise Problem(
            f"{name}: expected the columns customer_id and email, or phone; found {there}",
            WRONG_USE,
        )
    cells = ", ".join(
        f"cast({identifier(column)} as varchar) as {identifier(column)}" for column in others
    )
    connection.execute(
        "insert into contact_entries select customer_id, attribute, value from ("
        f"select trim(cast({identifier(columns['customer_id'])} as varchar)) as customer_id, "
        f"{cells} from {reader}) unpivot (value for attribute in "
        f"({', '.join(map(identifier, others))})) where customer_id is not null"
    )
    repeated = connection.execute(
        "select customer_id from contact_entries group by customer_id, attribute "
        "having count(*) > 1 order by customer_id limit 1"
    ).fetchone()
    if repeated:
        raise Problem(
            f"{name}: customer {shown(repeated[0])} has more than one row: expected one row for "
            "each customer",
            WRONG_USE,
        )


def make_audience(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the temporary table `audience`: of each of `customers`, whether the tool gets it."""
    connection.execute((SQL / "layout_members.sql").read_text(encoding="utf-8"))


def write_files(
    connection: duckdb.DuckDBPyConnection, request: Request, layout: Layout, folder: Path
) -> dict[str, int]:
    """Write the files into a folder; returns their names with their rows, those to add first."""
    connection.execute(
        (SQL / "layout_rows.sql").read_text(encoding="utf-8"),
        {"list_name": request.list_name, "has_unchanged": not request.has_changes_only},
    )
    written: dict[str, int] = {}
    for kind, columns in (("add", tuple(layout.columns)), ("remove", layout.removed)):
        row_count = one_count(
            connection, f"select count(*) from layout_rows where file = {literal(kind)}"
        )
        if row_count or kind == "add":
            written |= _write_parts(connection, request, layout, folder, kind, columns, row_count)
    return written


def _write_parts(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    layout: Layout,
    folder: Path,
    kind: str,
    columns: tuple[str, ...],
    row_count: int,
) -> dict[str, int]:
    """Write the rows of a kind in as few files as the limits of the layout allow."""
    cells = ", ".join(
        f"{_cell(layout.columns[name], request.format)} as {identifier(name)}" for name in columns
    )
    part_count = max(1, -(-row_count // (layout.most_rows or max(row_count, 1))))
    while True:
        written: dict[str, int] = {}
        for part in range(1, part_count + 1):
            of = f"_{part}_of_{part_count}" if part_count > 1 else ""
            file = folder / f"{kind}{of}.{request.format}"
            first, last = (row_count * step // part_count for step in (part - 1, part))
            connection.execute(
                f"copy (select {cells} from layout_rows where file = {literal(kind)} "
                f"and row_number > {first} and row_number <= {last} order by row_number) "
                f"to {literal(file)} ({COPY_OPTIONS[request.format]})"
            )
            written[file.name] = last - first
        largest = max((folder / name).stat().st_size for name in written)
        if layout.most_bytes is None or largest <= layout.most_bytes or part_count >= row_count:
            return written
        for name in written:
            (folder / name).unlink()
        part_count = max(part_count + 1, -(-part_count * largest // layout.most_bytes))


def _cell(expression: str, file_format: str) -> str:
    """Return the SQL of a cell: text, and in CSV none that a spreadsheet takes for a formula."""
    cell = f"cast({expression} as varchar)"
    if file_format != "csv":
        return expression
    return f"case when {_formula(cell)} then '''' || {cell} else {cell} end"


def _formula(cell: str) -> str:
    """Return the SQL that says whether a text is a formula to a spreadsheet, and no phone."""
    return (
        f"regexp_matches({cell}, {literal(FORMULA)}) "
        f"and not regexp_full_match({cell}, {literal(PHONE)})"
    )
