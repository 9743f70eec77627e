"""Write the customers of a segment, of all, or of those without one, to a file for a campaign tool.

Each row says whether the customer entered, stayed or left since the last export of the same
audience, and since when. Customers who are held out of campaigns are left out unless HOLDOUT
says otherwise.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem, count, say, size
from common.data_errors import first_line, printable
from common.quoting import literal
from common.settings import Settings, resolve_reading
from common.settings_table import nearest
from common.warehouse_paths import Warehouse
from handover.export_request import LEDGER_COLUMNS, STATUSES, Request, read_request
from handover.export_rows import check_rows, column_types, make_members, make_statuses, write
from store import export_ledger
from store.atomic_path import sync
from store.build_database import limit_access, limit_resources
from store.export_ledger import Audience, Counts, LastExport
from store.forgotten_totals import pending_of
from store.plain_names import PlainNames, plain_names
from store.published_file import not_published
from store.temporary import EXPORT, place_in, session
from store.warehouse import remove_leftovers

AUDIENCE_NAMES = {"exclude": "", "include": "_with_holdout", "only": "_holdout"}


@dataclass(frozen=True)
class Exported:
    """What was exported."""

    path: Path
    counts: Counts
    held_out_count: int
    base: LastExport | None
    run_number: int
    as_of_date: object


def export(settings: Settings, request: Request) -> Exported:
    """Write one export, and write it down in the ledger.

    Raises:
        Problem: nothing is published, what is asked for is not there, OUT is there already, or
            the file could not be written; then no file was put in place.
    """
    warehouse = settings.place
    remove_leftovers(warehouse)
    if not warehouse.marts_db.exists():
        raise not_published(warehouse.marts_db)
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
            reason = first_line(error)
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
            f"  {count(exported.held_out_count, 'customer')} held out of campaigns and left out "
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
    settings = resolve_reading()
    request = read_request(os.environ)
    for line in describe(request, export(settings, request)):
        say(line)
    return 0
