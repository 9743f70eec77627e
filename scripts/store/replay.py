"""Building again what was known at an earlier date, beside the warehouse and not into it.

A replay starts from the last run published at or before the date: its fits, ids and runs, and the
files that were loaded by then. A CSV file that has only grown since is read up to where it ended
then; any other file that has changed is read as it is now, and the build says so, because rows
that came later with an earlier date then count.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb

from common.console import Problem
from common.quoting import identifier
from common.settings import Settings
from common.warehouse_paths import Warehouse

REPLAYS = "replays"
READ_BYTES = 1 << 20

# What a history table keeps of a replay's past; ? is the number of the run it starts from.
FITS_THEN = "(select max(fit_number) from history.runs)"
FORGOTTEN = (
    "update history.highest_numbers set run_number = $run",
    "delete from history.runs where run_number > $run",
    "delete from history.k_scan where run_number > $run",
    "delete from history.movement where run_number > $run",
    f"delete from history.fits where fit_number > {FITS_THEN}",
    f"delete from history.fit_features where fit_number > {FITS_THEN}",
    f"delete from history.fit_categories where fit_number > {FITS_THEN}",
    f"delete from history.fit_product_groups where fit_number > {FITS_THEN}",
    f"delete from history.fit_centroids where fit_number > {FITS_THEN}",
    f"delete from history.fit_baselines where fit_number > {FITS_THEN}",
    f"delete from history.segments where fit_number > {FITS_THEN}",
    "delete from history.assignments where first_run_number > $run",
    "update history.assignments set last_run_number = null where last_run_number >= $run",
    "update history.highest_numbers set fit_number = (select max(fit_number) from history.fits), "
    "segment_id = (select max(segment_id) from history.segments)",
    "delete from history.load_ledger where loaded_at > "
    "(select loaded_at from history.runs where run_number = $run)",
)


@dataclass(frozen=True)
class Replay:
    """What a replay starts from.

    Attributes:
        origin: Warehouse whose history is replayed; it is only read.
        run_number: Run it starts from; None when the date is before the first run's.
        loaded_at: Time up to which files count; None without such a run.
    """

    origin: Warehouse
    run_number: int | None
    loaded_at: datetime | None


def replay_of(settings: Settings, published_as_of: date | None) -> tuple[Settings, Replay] | None:
    """Return the settings and the start of a replay; None when the date asks for none."""
    if not settings.as_of or not published_as_of or settings.as_of >= published_as_of:
        return None
    origin = settings.place
    try:
        with duckdb.connect(origin.marts_db, read_only=True) as connection:
            row = connection.execute(
                "select run_number, loaded_at from history.runs where as_of_date <= ? "
                # After a forgetting, fits that counted the customer are not kept.
                "and fit_number in (select fit_number from history.fits) "
                "order by run_number desc limit 1",
                [settings.as_of],
            ).fetchone()
    except duckdb.Error as error:
        raise Problem(
            f"the published file {origin.marts_db} has no history to replay ({error})"
        ) from error
    folder = settings.warehouse / REPLAYS / settings.as_of.isoformat()
    return replace(settings, warehouse=folder), Replay(origin, *(row or (None, None)))


@contextmanager
def removed_when_refused(replay: Replay | None, warehouse: Warehouse) -> Iterator[None]:
    """Remove the folder of a replay that is refused: it holds raw rows and nothing published."""
    try:
        yield
    except BaseException:
        if replay and not warehouse.marts_db.exists():
            shutil.rmtree(warehouse.path, ignore_errors=True)
            with suppress(OSError):
                warehouse.path.parent.rmdir()
        raise


def forget_what_came_later(connection: duckdb.DuckDBPyConnection, replay: Replay) -> None:
    """Take out of schema history what was not known at the run that a replay starts from."""
    if replay.run_number is None:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'history' "
            "and database_name = current_database()"
        ).fetchall()
        for (name,) in tables:
            connection.execute(f"delete from {identifier('history', name)}")
        return
    for statement in FORGOTTEN:
        parameters = {"run": replay.run_number} if "$run" in statement else {}
        connection.execute(statement, parameters)


def has_only_grown(path: Path, byte_count: int, sha256: str) -> bool:
    """Say whether the file still begins with what it was when it had these bytes and hash."""
    digest = hashlib.sha256()
    left = byte_count
    with path.open("rb") as file:
        while left and (chunk := file.read(min(left, READ_BYTES))):
            digest.update(chunk)
            left -= len(chunk)
    return left == 0 and digest.hexdigest() == sha256
