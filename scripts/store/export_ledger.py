"""The ledger of exports: what was last exported to each audience, in a separate file.

It lives beside the published file and is never rebuilt: a build, a rollback or a cleaning leaves it
alone. An audience is a segment, all of them, a status of customers without one or an audience of
one's own, with what is done about the holdout and the tool that it is for. Kept are the members
that were last exported to each audience, and those of the export before it.

An export is written down before its file is written (`writing`), again before the file is put in
place (`moving`), and once it is there (`done`). Whatever is not done is settled at the next export,
by whether the file was put in place.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import BUSY, Problem
from common.data_errors import first_line
from common.query_rows import one_row
from common.quoting import literal
from common.system_errors import is_locked, kind_of

STORAGE_VERSION = "v1.0.0"
TABLES = {
    "exports": "export_id bigint, base_export_id bigint, source varchar, segment_id bigint, "
    "holdout varchar, run_id varchar, run_number bigint, as_of_date date, file varchar, "
    "temporary_file varchar, columns varchar, entered_count bigint, stayed_count bigint, "
    "left_count bigint, row_count bigint, stage varchar, exported_at timestamp, "
    "status varchar, layout varchar, audience varchar",
    "members": "export_id bigint, customer_id varchar, segment_id bigint",
}


@dataclass(frozen=True)
class Audience:
    """Whom an export is about.

    Attributes:
        source: The source.
        segment_id: The segment; None for all of them.
        holdout: What is done about customers held out of campaigns.
        status: The status of customers in no segment; None where they are in one.
        layout: The tool whose layout the files have; None for no tool's.
        audience: The name of an audience of one's own; None for the others.
    """

    source: str
    segment_id: int | None
    holdout: str
    status: str | None = None
    layout: str | None = None
    audience: str | None = None


@dataclass(frozen=True)
class Counts:
    """Customers of an export by what became of them since the export it is compared with."""

    entered: int
    stayed: int
    left: int

    @property
    def rows(self) -> int:
        """Rows that the file must have."""
        return self.entered + self.stayed + self.left


@dataclass(frozen=True)
class LastExport:
    """An export that was done."""

    export_id: int
    base_export_id: int | None
    run_id: str
    run_number: int
    as_of_date: object


def attach(connection: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Attach the ledger as `ledger`, made when missing, and settle what was not done.

    Raises:
        Problem: another export is running, or the file cannot be opened.
    """
    try:
        connection.execute(
            f"attach {literal(path)} as ledger (storage_version {literal(STORAGE_VERSION)})"
        )
        for name, columns in TABLES.items():
            connection.execute(f"create table if not exists ledger.{name} ({columns})")
        # A ledger of an earlier version knows segments only.
        for column in ("status", "layout", "audience"):
            connection.execute(
                f"alter table ledger.exports add column if not exists {column} varchar"
            )
        settle(connection)
    except duckdb.Error as error:
        reason = first_line(error)
        if is_locked(error):
            raise Problem(
                f"{path} is in use: another export is running, or a program has it open; wait for "
                "it, or close it",
                BUSY,
            ) from error
        if kind_of(error) == "rights":
            raise Problem(
                f"exports are recorded in {path}, where this user may not write: expected "
                "the user who builds, or one of a group that both are in"
            ) from error
        raise Problem(
            f"the ledger of exports {path} cannot be opened ({reason}); restore a copy, or move "
            "it away: all customers then count as entered at the next export"
        ) from error


def settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Finish exports whose file was put in place, and forget those whose file was not."""
    pending = connection.execute(
        "select export_id, stage, temporary_file from ledger.exports where stage <> 'done'"
    ).fetchall()
    for export_id, stage, temporary in pending:
        if stage == "moving" and not Path(temporary).exists():
            finish(connection, export_id)
            continue
        connection.execute("begin")
        for name in TABLES:
            connection.execute(f"delete from ledger.{name} where export_id = ?", [export_id])
        connection.execute("commit")
        with suppress(OSError):
            remove(Path(temporary))


def remove(path: Path) -> None:
    """Remove a file, or the folder of a layout's files, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def last_export(connection: duckdb.DuckDBPyConnection, audience: Audience) -> LastExport | None:
    """Return the last export of an audience, or None before the first."""
    row = connection.execute(
        "select export_id, base_export_id, run_id, run_number, as_of_date from ledger.exports "
        "where source = $source and segment_id is not distinct from $segment_id "
        "and status is not distinct from $status and holdout = $holdout "
        "and layout is not distinct from $layout and audience is not distinct from $audience "
        "and stage = 'done' "
        "order by export_id desc limit 1",
        vars(audience),
    ).fetchone()
    return LastExport(*row) if row else None


def by_id(connection: duckdb.DuckDBPyConnection, export_id: int | None) -> LastExport | None:
    """Return an export by its number; None for none."""
    row = connection.execute(
        "select export_id, base_export_id, run_id, run_number, as_of_date from ledger.exports "
        "where export_id = ?",
        [export_id],
    ).fetchone()
    return LastExport(*row) if row else None


def base_of(
    connection: duckdb.DuckDBPyConnection, audience: Audience, run_id: str, members: str
) -> LastExport | None:
    """Return the export that this one is compared with; None when there is none.

    That is the audience's last one. Where the last one was of the same run and the same members,
    this is a repeat of it and says the same: it is compared with what that one was compared with.
    """
    last = last_export(connection, audience)
    if last is None or last.run_id != run_id:
        return last
    (difference,) = one_row(
        connection,
        f"select count(*) from {members} as members full outer join "
        "(select * from ledger.members where export_id = ?) as exported "
        "on members.customer_id = exported.customer_id "
        "and members.segment_id is not distinct from exported.segment_id "
        "where members.customer_id is null or exported.customer_id is null",
        [last.export_id],
    )
    return last if difference else by_id(connection, last.base_export_id)


def write_down(
    connection: duckdb.DuckDBPyConnection,
    *,
    audience: Audience,
    base: LastExport | None,
    run: tuple[str, int, object],
    file: Path,
    temporary: Path,
    columns: Sequence[str],
    counts: Counts,
    members: str,
) -> int:
    """Write down an export whose file is about to be written; returns its number."""
    run_id, run_number, as_of_date = run
    connection.execute("begin")
    (export_id,) = one_row(connection, "select coalesce(max(export_id), 0) + 1 from ledger.exports")
    connection.execute(
        "insert into ledger.exports (export_id, base_export_id, source, segment_id, holdout, "
        "run_id, run_number, as_of_date, file, temporary_file, columns, entered_count, "
        "stayed_count, left_count, row_count, stage, exported_at, status, layout, audience) "
        "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'writing', "
        "now() at time zone 'UTC', ?, ?, ?)",
        [
            export_id,
            base.export_id if base else None,
            audience.source,
            audience.segment_id,
            audience.holdout,
            run_id,
            run_number,
            as_of_date,
            str(file),
            str(temporary),
            ", ".join(columns),
            counts.entered,
            counts.stayed,
            counts.left,
            counts.rows,
            audience.status,
            audience.layout,
            audience.audience,
        ],
    )
    connection.execute(
        f"insert into ledger.members select {int(export_id)}, customer_id, segment_id "
        f"from {members} order by customer_id"
    )
    connection.execute("commit")
    return int(export_id)


def about_to_move(connection: duckdb.DuckDBPyConnection, export_id: int) -> None:
    """Write down that the file is whole and about to be put in place."""
    connection.execute(
        "update ledger.exports set stage = 'moving' where export_id = ?", [export_id]
    )


def finish(connection: duckdb.DuckDBPyConnection, export_id: int) -> None:
    """Record that the file is in place, and forget members that are no longer compared."""
    connection.execute("begin")
    connection.execute("update ledger.exports set stage = 'done' where export_id = ?", [export_id])
    connection.execute(
        "delete from ledger.members where export_id not in ("
        "select unnest([export_id, coalesce(base_export_id, export_id)]) from ("
        "select export_id, base_export_id from ledger.exports "
        "qualify row_number() over ("
        "partition by source, segment_id, status, holdout, layout, audience, stage = 'done' "
        "order by export_id desc) = 1 or stage <> 'done'))"
    )
    connection.execute("commit")
