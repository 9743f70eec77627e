"""Forget a customer: remove all rows of one, from everything that a warehouse holds.

    make forget CUSTOMER=12345

Rows go from the published file and the ledger of exports; each file is rewritten, so that
nothing is left in free space, and replaced by one rename. Earlier versions and replays that hold
the customer are removed, which takes FORCE=1: their totals, less the customers who stay, would give
the customer back. So would those of the published file until the next build, which computes all of
them again. What a build creates again is removed. The warehouse's forgotten.csv gets the day and a
hash by which files that still hold the customer do not bring him or her back. Ids are given as they
stand in your files.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem, count, say, warn
from common.data_errors import first_line
from common.settings import resolve_warehouse
from common.shipped_sources import SOURCES
from common.trimming import RAW_TEXT, text_of
from common.warehouse_paths import Warehouse
from store.forgotten_totals import pending_of, write_pending
from store.history import published_facts
from store.kept_versions import (
    damage,
    kept_versions,
    version_of,
)
from store.privacy import Guard, guard_of, is_forgotten, write_forgotten
from store.replay import REPLAYS
from store.temporary import sessions_in
from store.warehouse import exclusive, set_aside_wal
from upkeep.clean import rebuildable, remove
from upkeep.forget_rows import (
    CUSTOMER_COLUMN,
    Removed,
    files_of,
    forget_in,
    rows_if_readable,
    rows_of,
)


def forget(
    warehouse: Warehouse, guard: Guard, customer: str, today: date, *, is_forced: bool = False
) -> int:
    """Remove a customer from a warehouse and its replays; returns the rows removed.

    The caller holds the warehouse's lock. Killed half-way, it is run again.

    Raises:
        Problem: the warehouse does not know the customer, or a file is damaged; nothing was
            changed.
        OSError, duckdb.Error: a file could not be written; those before it are done.
    """
    stored = guard.stored_id(customer)
    set_aside_wal(warehouse)
    published = published_run(warehouse)
    found = {file: rows_of(file, stored) for file in files_of(warehouse, published)}
    removed = to_remove(warehouse, published, stored)
    row_count = sum(found.values()) + sum(part.row_count for part in removed)
    is_known = is_forgotten(guard.forgotten, stored)
    if not row_count and not is_known and not is_forced:
        raise Problem(
            f"CUSTOMER={customer}: no file of {warehouse.path} holds this customer; expected an id "
            "as it is in your files, of a customer who was published; FORCE=1 leaves the "
            "customer out of future builds anyway",
            WRONG_USE,
        )
    if removed and not is_forced:
        raise Problem(
            f"CUSTOMER={customer}: forgetting removes {', '.join(part.name for part in removed)}, "
            "whose totals would reveal the customer; nothing was changed; if you mean it: "
            "make forget CUSTOMER=... FORCE=1",
            WRONG_USE,
        )
    # First, so that no file brings the customer back whatever happens next.
    if not is_known:
        write_forgotten(warehouse, stored, today)
    # Who is in no row of it any more may be in the fits of its history.
    if row_count and warehouse.marts_db.exists():
        write_pending(warehouse, published, is_begun=is_known)
    forget_in(warehouse, stored, published, found, removed)
    for path in [*rebuildable(warehouse), warehouse.parquet]:
        remove([path])
    return row_count


def published_run(warehouse: Warehouse) -> int | None:
    """Return the run that is published.

    Raises:
        Problem: its file is missing, damaged or cannot be read; nothing was changed.
    """
    facts = published_facts(warehouse)
    if facts is None and kept_versions(warehouse):
        raise Problem(
            f"the published file {warehouse.marts_db} is missing: put a kept one back by make "
            "rollback; nothing was changed"
        )
    if facts is None or facts.run_number is None:
        return None
    version = version_of(warehouse, facts.run_number)
    if version.folder.exists() and (problem := damage(version)):
        raise Problem(f"{version.file}: {problem}; nothing was changed; remove this version")
    return facts.run_number


def to_remove(warehouse: Warehouse, published: int | None, stored: str) -> list[Removed]:
    """Return the earlier versions and the replays that hold a customer, or may hold one."""
    found = []
    for version in kept_versions(warehouse):
        if version.run_number == published:
            continue
        row_count = rows_if_readable(version.file, stored)
        problem = damage(version)
        if row_count or row_count is None or problem:
            name = f"the kept version of run {version.run_number}" + (
                f" ({problem})" if problem else ""
            )
            found.append(Removed(name, version.folder, row_count or 0))
    for replay in replays_of(warehouse):
        files = sorted({replay.marts_db, *(version.file for version in kept_versions(replay))})
        counts = [rows_if_readable(file, stored) for file in files if file.exists()]
        row_count = sum(number or 0 for number in counts)
        if None in counts or row_count:
            found.append(Removed(f"the replay {replay.path.name}", replay.path, row_count))
    return found


def customer_macro(warehouse: Warehouse) -> str:
    """Return the macro by which staging of the published source reads ids."""
    published = published_facts(warehouse)
    source = SOURCES.get(published.source or "") if published else None
    return source.customer_macro if source else RAW_TEXT


def replays_of(warehouse: Warehouse) -> list[Warehouse]:
    """Return the warehouses of replays; what else lies in their folder is the user's."""
    folder = warehouse.path / REPLAYS
    paths = sorted(folder.iterdir()) if folder.is_dir() else []
    return [Warehouse(path) for path in paths if is_replay(path)]


def is_replay(path: Path) -> bool:
    """Say whether a folder is one that a replay made: it is named by a date."""
    try:
        date.fromisoformat(path.name)
    except ValueError:
        return False
    return path.is_dir() and not path.is_symlink()


def left_to_the_user(warehouse: Warehouse) -> list[Path]:
    """Return what may hold the customer and is not the warehouse's to change."""
    exports = warehouse.exports
    written = sorted(p for p in exports.rglob("*") if p.is_file()) if exports.is_dir() else []
    replays = warehouse.path / REPLAYS
    strays = [] if not replays.is_dir() else [p for p in replays.iterdir() if not is_replay(p)]
    # Other programs that read the published file may keep rows there while they run.
    spilled = warehouse.path.glob("*.duckdb.tmp")
    running = sessions_in(warehouse.temporary)
    return [
        *written,
        *sorted(warehouse.path.glob("*.set-aside")),
        *sorted(strays),
        *sorted(spilled),
        *running,
    ]


def main() -> int:
    """Forget the customer that CUSTOMER of the environment names."""
    warehouse = resolve_warehouse()
    customer = os.environ.get("CUSTOMER", "")
    if not text_of(customer):
        raise Problem("CUSTOMER is missing: expected the id of a customer", WRONG_USE)
    with exclusive(warehouse):
        guard = guard_of(warehouse, CUSTOMER_COLUMN, asked=None, macro=customer_macro(warehouse))
        is_forced = os.environ.get("FORCE", "") == "1"
        try:
            removed = forget(
                warehouse, guard, customer, datetime.now(UTC).date(), is_forced=is_forced
            )
        except (OSError, duckdb.Error) as error:
            raise Problem(
                f"forgetting stopped half-way ({first_line(error)}): run it again; it continues "
                "with the remaining files"
            ) from error
    if removed:
        say(f"Forgotten: {count(removed, 'row')} removed.")
    if pending_of(warehouse):
        say(
            "Run make build: until then, totals of the published file include the customer, and "
            "subtracting the customers who stay reveals the customer."
        )
    else:
        say("No file here holds this customer. Future builds leave the customer out.")
    if left := left_to_the_user(warehouse):
        warn("These may hold the customer and were left alone:")
        for path in left:
            warn(f"  {path}")
    return 0
