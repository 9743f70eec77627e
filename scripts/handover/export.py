"""Write the customers of a segment, of all, or of those without one, to a file for a campaign tool.

Each row says whether the customer entered, stayed or left since the last export of the same
audience, and since when. Customers who are held out of campaigns are left away unless HOLDOUT
says otherwise.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem, count, say, size
from common.data_errors import printable
from common.formulas import FORMULA
from common.paths import out_problem, resolve_target
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.settings import Settings, nearest, read_segment, resolve_reading
from store import export_ledger
from store.build_database import limit_access, limit_resources
from store.export_ledger import Audience, Counts, Told
from store.forgotten_totals import pending_of
from store.kept_versions import sync
from store.plain_names import PlainNames, plain_names
from store.temporary import EXPORT, place_in, session
from store.warehouse import Warehouse, remove_leftovers

VARIABLES = """settings (environment variables, or after make export):
  SEGMENT   number of the segment to export (default: all segments); or customers
            in no segment, by their status: lapsed, insufficient_history or
            never_ordered
  FORMAT    csv or parquet (default: by the ending of OUT, else csv)
  FIELDS    columns to write, separated by commas: those of customer_segments,
            and membership_status, member_since_date, previous_segment_id
            (default: customer_id, segment_id, segment_name,
            membership_status and member_since_date; for SEGMENT=lapsed
            value_tier, former_spend and last_order_date in place of the last,
            and the segment is the one they were in when they last ordered)
  OUT       file to write (default: exports/<audience>_run_<run>.<format>
            in the warehouse)
  HOLDOUT   exclude customers held out of campaigns, include them, or only
            them (default: exclude; include adds the column is_holdout)
  FORCE     FORCE=1 replaces OUT when it is there
  SOURCE, WAREHOUSE, THREADS, MEMORY: as for make build

A segment that was exported before also lists who left it since: status left,
with the segment that was left; so does a status. The first export of an audience calls everybody
entered; one that is repeated for the same run says the same again.

exit codes:
  0  written
  2  wrong use
  5  another export is running
  1  anything else; no file was put in place
"""
FORMATS = ("csv", "parquet")
HOLDOUTS = ("exclude", "include", "only")
# Customers in no segment, by their status.
STATUSES = ("lapsed", "insufficient_history", "never_ordered")
DEFAULT_COLUMNS = (
    "customer_id",
    "segment_id",
    "segment_name",
    "membership_status",
    "member_since_date",
)
# Nothing says since when a customer has a status; the date of the last order does for the lapsed.
STATUS_COLUMNS = {
    "lapsed": (*DEFAULT_COLUMNS[:4], "value_tier", "former_spend", "last_order_date"),
    "insufficient_history": ("customer_id", "membership_status", "last_order_date"),
    "never_ordered": ("customer_id", "membership_status"),
}
# What customer_segments does not have: told from the ledger of exports.
LEDGER_COLUMNS = ("membership_status", "member_since_date", "previous_segment_id")
# Those of customer_segments that are said of the membership, which may have ended.
MEMBERSHIP_COLUMNS = ("customer_id", "segment_id", "segment_name", *LEDGER_COLUMNS)
AUDIENCE_NAMES = {"exclude": "", "include": "_with_holdout", "only": "_holdout"}


@dataclass(frozen=True)
class Request:
    """What is to be exported; None where it follows from the rest."""

    segment_id: int | None
    status: str | None
    format: str
    columns: tuple[str, ...]
    out: Path | None
    holdout: str
    is_forced: bool


@dataclass(frozen=True)
class Exported:
    """What was exported."""

    path: Path
    counts: Counts
    held_out_count: int
    base: Told | None
    run_number: int
    as_of_date: object


def read_request(given: Mapping[str, str]) -> Request:
    """Read and check SEGMENT, FORMAT, FIELDS, OUT, HOLDOUT and FORCE.

    Raises:
        Problem: with exit code 2 and one line that names the variable.
    """

    def text(name: str) -> str:
        return given.get(name, "").strip()

    status = text("SEGMENT") if text("SEGMENT") in STATUSES else None
    others = f", or {', '.join(STATUSES[:-1])} or {STATUSES[-1]}"
    segment_id = None if status else read_segment(text("SEGMENT"), "all of them", others)
    holdout = _choice("HOLDOUT", text("HOLDOUT") or "exclude", HOLDOUTS)
    out = resolve_target(text("OUT"), out_problem(text("OUT"))) if text("OUT") else None
    columns = tuple(name.strip() for name in text("FIELDS").split(",") if name.strip())
    if text("FIELDS") and not columns:
        raise Problem(f"FIELDS={text('FIELDS')}: expected names of columns", WRONG_USE)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise Problem(f"FIELDS: {', '.join(repeated)} is named more than once", WRONG_USE)
    held_out = ("is_holdout",) if holdout == "include" else ()
    return Request(
        segment_id=segment_id,
        status=status,
        format=_format(text("FORMAT"), out),
        columns=columns or (*STATUS_COLUMNS.get(status or "", DEFAULT_COLUMNS), *held_out),
        out=out,
        holdout=holdout,
        is_forced=text("FORCE") == "1",
    )


def _choice(name: str, given: str, accepted: Sequence[str]) -> str:
    if given not in accepted:
        raise Problem(f"{name}={given}: expected one of {', '.join(accepted)}", WRONG_USE)
    return given


def _format(given: str, out: Path | None) -> str:
    """Return the format: as asked for, and never another one than the ending of OUT says."""
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if out and ending not in FORMATS:
        raise Problem(f"OUT={out}: expected a file whose name ends in .csv or .parquet", WRONG_USE)
    chosen = _choice("FORMAT", given or ending or "csv", FORMATS)
    if out and chosen != ending:
        raise Problem(f"OUT={out}: expected a name ending in .{chosen}, as FORMAT says", WRONG_USE)
    return chosen


def export(settings: Settings, request: Request) -> Exported:
    """Write one export, and write it down in the ledger.

    Raises:
        Problem: nothing is published, what is asked for is not there, OUT is there already, or
            the file could not be written; then no file was put in place.
    """
    warehouse = Warehouse(settings.warehouse)
    remove_leftovers(warehouse)
    if not warehouse.marts_db.exists():
        raise Problem(f"{warehouse.marts_db} is not there: nothing is published yet")
    with (
        session(place_in(warehouse.path), EXPORT) as temporary,
        plain_names() as names,
        duckdb.connect() as connection,
    ):
        limit_resources(connection, settings, temporary)
        try:
            connection.execute(f"attach {literal(warehouse.marts_db)} as marts (read_only)")
            current = current_run(connection)
            check(connection, request)
            file = file_of(warehouse, request, current[1])
            export_ledger.attach(connection, warehouse.exports_db)
            limit_access(connection, [warehouse.path, file.parent, names.folder])
            pending = pending_of(warehouse)
            forgotten_count = pending.customer_count if pending else 0
            held_out = make_members(connection, request, forgotten_count)
            return _export(connection, request, current, settings.source, file, names, held_out)
        except (OSError, duckdb.Error) as error:
            reason = " ".join(str(error).split("\n")[0].split())
            raise Problem(f"the export failed, no file was put in place: {reason}") from error


def _export(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    current: tuple[str, int, object],
    source: str,
    file: Path,
    names: PlainNames,
    held_out: int,
) -> Exported:
    audience = Audience(source, request.segment_id, request.holdout, request.status)
    base = export_ledger.base_of(connection, audience, current[0], "members")
    counts = make_statuses(connection, base, by_segment=request.status is None)
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    export_id = export_ledger.write_down(
        connection,
        audience=audience,
        base=base,
        run=current,
        file=file,
        temporary=temporary,
        columns=request.columns,
        counts=counts,
        members="members",
    )
    try:
        write(connection, request, temporary)
        check_rows(connection, request.format, names.of(temporary), counts.rows)
        sync(temporary)
        export_ledger.about_to_move(connection, export_id)
        check_place(file, request.is_forced)
        os.replace(temporary, file)
        sync(file.parent)
    finally:
        # Done when the file is in place, forgotten when it is not.
        export_ledger.settle(connection)
    return Exported(file, counts, held_out, base, current[1], current[2])


def current_run(connection: duckdb.DuckDBPyConnection) -> tuple[str, int, object]:
    """Return id, number and as-of date of the run that is published."""
    row = connection.execute(
        "select run_id, run_number, as_of_date from marts.segmentation_runs where is_current"
    ).fetchone()
    if row is None:
        raise Problem("the published file has no current run: build again")
    return row


def check(connection: duckdb.DuckDBPyConnection, request: Request) -> None:
    """Refuse a segment or columns that the published file does not have."""
    segments = dict(
        connection.execute(
            "select segment_id, segment_name from marts.segment_summary order by segment_id"
        ).fetchall()
    )
    if request.segment_id is not None and request.segment_id not in segments:
        there = "; ".join(f"{number} ({printable(name)})" for number, name in segments.items())
        raise Problem(
            f"SEGMENT={request.segment_id}: there are: {there}; and {', '.join(STATUSES)}",
            WRONG_USE,
        )
    types = column_types(connection)
    if "is_holdout" not in types:
        raise Problem("what is published does not say who is held out: run make build")
    known = {*types, *LEDGER_COLUMNS}
    for name in request.columns:
        if name not in known:
            raise Problem(
                f"FIELDS: there is no {name!r}{nearest(name, known)}; there are: "
                f"{', '.join(sorted(known))}",
                WRONG_USE,
            )


def column_types(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the columns of customer_segments with their types."""
    return dict(
        connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'marts' "
            "and schema_name = 'main' and table_name = 'customer_segments'"
        ).fetchall()
    )


def file_of(warehouse: Warehouse, request: Request, run_number: int) -> Path:
    """Return the file to write: OUT, or a name that no segment's name has a part in.

    Raises:
        Problem: it is there already, or its folder is not.
    """
    if request.out is None:
        whom = "all" if request.segment_id is None else f"segment_{request.segment_id}"
        whom = request.status or whom
        name = f"{whom}{AUDIENCE_NAMES[request.holdout]}_run_{run_number}.{request.format}"
        warehouse.exports.mkdir(exist_ok=True)
        file = warehouse.exports / name
    else:
        file = request.out
    if not file.parent.is_dir():
        raise Problem(f"OUT={file}: there is no folder {file.parent}", WRONG_USE)
    check_place(file, request.is_forced)
    return file


def check_place(file: Path, is_forced: bool) -> None:
    """Refuse a file that is there already, unless it may be replaced."""
    if file.is_dir():
        raise Problem(f"OUT={file}: this is a folder, expected a file", WRONG_USE)
    if file.exists() and not is_forced:
        raise Problem(f"{file} is there already: FORCE=1 replaces it, OUT names another", WRONG_USE)


def make_members(
    connection: duckdb.DuckDBPyConnection, request: Request, forgotten_count: int = 0
) -> int:
    """Make the temporary table `members`; returns how many are left away for the holdout.

    forgotten_count: customers that the summary still counts, until the next build.

    Raises:
        Problem: they are not as many as the summary of the segments says.
    """
    rule = {"exclude": "not is_holdout", "include": "true", "only": "is_holdout"}[request.holdout]
    status = request.status or "segmented"
    connection.execute(
        "create temp table audience as select customer_id, segment_id, "
        f"{rule} as is_member from marts.customer_segments where status = $status "
        "and ($segment_id is null or segment_id = $segment_id)",
        {"status": status, "segment_id": request.segment_id},
    )
    connection.execute(
        "create temp table members as select customer_id, segment_id from audience where is_member"
    )
    member_count, other_count = one_row(
        connection,
        "select count(*) filter (where is_member), count(*) filter (where not is_member) "
        "from audience",
    )
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
    missing = expected - member_count - other_count
    if missing and not 0 < missing <= forgotten_count:
        raise Problem(
            f"customer_segments has {member_count + other_count:,} customers of this audience, "
            f"{table} {expected:,}: the published file is not whole, build again"
        )
    return other_count if request.holdout == "exclude" else 0


def make_statuses(
    connection: duckdb.DuckDBPyConnection, base: Told | None, *, by_segment: bool
) -> Counts:
    """Make the temporary table `statuses`, a row per customer to write; returns how many.

    by_segment: whether a customer who changed segments has entered, and since when is known.
    """
    connection.execute(
        """
        create temp table statuses as
        with

        before as (

            select customer_id, segment_id
            from ledger.members
            where export_id = $base

        ),

        compared as (

            select
                coalesce(members.customer_id, before.customer_id) as customer_id,
                coalesce(members.segment_id, before.segment_id) as segment_id,
                before.segment_id as previous_segment_id,
                case
                    when members.customer_id is null then 'left'
                    when members.segment_id = before.segment_id then 'stayed'
                    when before.customer_id is not null and not $by_segment then 'stayed'
                    else 'entered'
                end as membership_status
            from members
            full outer join before
                on members.customer_id = before.customer_id

        ),

        -- The last stay of a customer in a segment: its first run, and its last if it ended.
        stays as (

            select
                customer_id,
                segment_id,
                max(first_run_number) as first_run_number,
                max(coalesce(last_run_number, 9223372036854775807)) as last_run_number
            from marts.history.assignments
            group by customer_id, segment_id

        ),

        runs as (

            select run_number, as_of_date
            from marts.main.segmentation_runs

        ),

        current_run as (

            select as_of_date
            from marts.main.segmentation_runs
            where is_current

        )

        -- Who is left away for another reason than having moved left now.
        select
            compared.customer_id,
            compared.segment_id,
            compared.previous_segment_id,
            compared.membership_status,
            case
                when $by_segment then coalesce(runs.as_of_date, current_run.as_of_date)
            end as member_since_date
        from compared
        cross join current_run
        left join stays
            on
                compared.customer_id = stays.customer_id
                and compared.segment_id = stays.segment_id
        left join runs
            on
                runs.run_number = case
                    when compared.membership_status <> 'left' then stays.first_run_number
                    when stays.last_run_number < 9223372036854775807
                        then stays.last_run_number + 1
                end
        """,
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
            with

            -- The newest name of every segment there ever was.
            names as (

                select
                    segments.segment_id,
                    coalesce(
                        max(summary.segment_name),
                        max_by(segments.derived_name, segments.fit_number)
                    ) as segment_name
                from marts.history.segments as segments
                left join marts.main.segment_summary as summary
                    on segments.segment_id = summary.segment_id
                group by segments.segment_id

            ),

            membership as (

                select statuses.*, names.segment_name
                from statuses
                left join names
                    on statuses.segment_id = names.segment_id

            )

            select {cells}
            from membership
            left join marts.main.customer_segments as customers
                on membership.customer_id = customers.customer_id
            order by membership.customer_id
        ) to {literal(file)} ({options})
        """
    )


def _cell(name: str, kind: str, file_format: str) -> str:
    """Return the expression of a column; texts of a CSV file are no formulas.

    Numbers stay numbers, negative ones too: what has a number's type cannot hold a formula.
    """
    table = "membership" if name in MEMBERSHIP_COLUMNS else "customers"
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


def describe(request: Request, exported: Exported) -> Iterable[str]:
    """Yield the lines that say what was exported."""
    whom = "All segments" if request.segment_id is None else f"Segment {request.segment_id}"
    if request.status:
        whom = f"Customers with status {request.status}"
    counts = exported.counts
    yield (
        f"{whom} of run {exported.run_number}, as of {exported.as_of_date}: "
        f"{count(counts.entered + counts.stayed, 'customer')}"
    )
    if request.holdout == "exclude":
        yield (
            f"  {count(exported.held_out_count, 'customer')} held out of campaigns and left away "
            "(HOLDOUT=include writes them too)"
        )
    elif request.holdout == "include":
        yield "  with customers held out of campaigns: do not address those with is_holdout"
    else:
        yield "  only customers held out of campaigns: do not address them"
    if exported.base is None:
        yield "  the first export of this audience: everybody counts as entered"
    else:
        yield (
            f"  since the export of run {exported.base.run_number}, as of "
            f"{exported.base.as_of_date}: {counts.entered:,} entered, {counts.stayed:,} stayed, "
            f"{counts.left:,} left"
        )
    yield (f"  {exported.path}  {count(counts.rows, 'row')}, {size(exported.path.stat().st_size)}")


def main() -> int:
    """Export as the environment asks."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=VARIABLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    settings = resolve_reading()
    request = read_request(os.environ)
    for line in describe(request, export(settings, request)):
        say(line)
    return 0
