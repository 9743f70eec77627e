"""Write the customers of a segment, of all, or of those without one, to a file for a campaign tool.

Each row says whether the customer entered, stayed or left since the last export of the same
audience, and since when. Customers who are held out of campaigns are left out unless HOLDOUT
says otherwise.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem, say
from common.data_errors import first_line, printable
from common.quoting import literal
from common.settings import Settings, resolve_reading
from common.settings_table import nearest
from common.warehouse_paths import Warehouse
from handover.audiences import rule_of
from handover.export_layout import make_audience, make_contacts, write_files
from handover.export_request import LEDGER_COLUMNS, STATUSES, Request, read_request
from handover.export_rows import (
    check_rows,
    column_types,
    make_customers,
    make_members,
    make_statuses,
    write,
)
from handover.export_words import Exported, describe
from handover.layouts import layouts
from store import export_ledger
from store.atomic_path import sync
from store.build_database import limit_access, limit_resources
from store.export_ledger import Audience, Counts
from store.forgotten_totals import pending_of
from store.plain_names import PlainNames, plain_names
from store.published_file import not_published
from store.temporary import EXPORT, place_in, session
from store.warehouse import remove_leftovers

LAYOUT_FILES = r"(add|remove)(_\d+_of_\d+)?\.(csv|parquet)"
AUDIENCE_NAMES = {"exclude": "", "include": "_with_holdout", "only": "_holdout"}


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
            name = request.audience
            rule = rule_of(connection, settings.source, name) if name else None
            check(connection, request)
            file = file_of(warehouse, request, current[1])
            export_ledger.attach(connection, warehouse.exports_db)
            readable = names.of(request.contacts) if request.contacts else None
            given = [readable] if readable else []
            limit_access(connection, [warehouse.path, file.parent, names.folder, *given])
            pending = pending_of(warehouse)
            forgotten_count = pending.customer_count if pending else 0
            make_customers(connection, request, rule, forgotten_count)
            if request.layout:
                make_contacts(connection, request, layouts()[request.layout], readable)
                make_audience(connection)
            left_out = make_members(connection, request)
            return _export(connection, request, current, settings.source, file, names, left_out)
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
    left_out: dict[str, int],
) -> Exported:
    audience = Audience(
        source,
        request.segment_id,
        request.holdout,
        request.status,
        request.layout,
        request.audience,
    )
    base = export_ledger.base_of(connection, audience, current[0], "members")
    counts = make_statuses(connection, base, by_segment=request.is_by_segment)
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
        files = _write(connection, request, temporary, names, counts)
        export_ledger.about_to_move(connection, export_id)
        check_place(request, file)
        if request.layout:
            # A folder takes the place of no other that has files.
            export_ledger.remove(file)
        os.replace(temporary, file)
        sync(file.parent)
    finally:
        # Done when the file is in place, forgotten when it is not.
        export_ledger.settle(connection)
    return Exported(file, counts, left_out, files, base, current[1], current[2])


def _write(
    connection: duckdb.DuckDBPyConnection,
    request: Request,
    temporary: Path,
    names: PlainNames,
    counts: Counts,
) -> dict[str, int]:
    """Write the file, or the files of a layout into a folder, and read them back.

    Returns:
        The rows of each file of a layout.
    """
    if request.layout is None:
        write(connection, request, temporary)
        expected = counts.rows - counts.stayed * request.has_changes_only
        check_rows(connection, request.format, names.of(temporary), expected)
        sync(temporary)
        return {}
    temporary.mkdir()
    files = write_files(connection, request, layouts()[request.layout], temporary)
    for name, row_count in files.items():
        check_rows(connection, request.format, names.of(temporary / name), row_count)
        sync(temporary / name)
    sync(temporary)
    return files


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
        ending = f"_{request.layout}" if request.layout else f".{request.format}"
        name = f"{request.file_name}{AUDIENCE_NAMES[request.holdout]}_run_{run_number}{ending}"
        warehouse.exports.mkdir(exist_ok=True)
        file = warehouse.exports / name
    else:
        file = request.out
    if not file.parent.is_dir():
        raise Problem(f"OUT={file}: there is no folder {file.parent}", WRONG_USE)
    check_place(request, file)
    return file


def check_place(request: Request, file: Path) -> None:
    """Refuse what is there already, unless it may be replaced.

    A folder may be replaced where it holds files of a layout and nothing else.
    """
    if request.layout:
        check_folder(file)
    elif file.is_dir():
        raise Problem(f"OUT={file}: this is a folder, expected a file", WRONG_USE)
    if file.exists() and not request.is_forced:
        raise Problem(f"{file} is there already: FORCE=1 replaces it, OUT names another", WRONG_USE)


def check_folder(folder: Path) -> None:
    """Refuse the place of a layout's files where something else is."""
    if folder.is_file() or folder.is_symlink():
        raise Problem(f"OUT={folder}: this is no folder, expected one", WRONG_USE)
    if not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if not re.fullmatch(LAYOUT_FILES, path.name) or not path.is_file():
            raise Problem(
                f"OUT={folder}: {printable(path.name)} in it is no file of an export; expected a "
                "folder that is not there yet",
                WRONG_USE,
            )


def main() -> int:
    """Export as the environment asks."""
    settings = resolve_reading()
    request = read_request(os.environ)
    for line in describe(request, export(settings, request)):
        say(line)
    return 0
