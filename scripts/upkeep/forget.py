"""Forget a customer: remove all rows of one, from everything that a warehouse holds.

    make forget CUSTOMER=12345

Rows go from the published file and the ledger of exports; each file is written anew, so that
nothing is left in free space, and replaced by one rename. Earlier versions and replays that hold
the customer are removed, which takes FORCE=1: their totals, less the customers who stay, would give
the customer back. So would those of the published file until the next build, which computes all of
them again. What a build makes again is removed. The warehouse's forgotten.csv gets the day and a
hash by which files that still hold the customer do not bring him or her back. Ids are given as they
stand in your files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem, count, say, warn
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.settings import resolve_warehouse
from common.sources import SOURCES
from common.trimming import RAW_TEXT, text_of, text_sql
from publishing.publish import STORAGE_VERSION
from store.build_database import limit_access
from store.forgotten_totals import pending_of, write_pending
from store.history import first_line, numbers_given_out, published_facts
from store.kept_versions import (
    HIGHEST_NUMBERS,
    damage,
    kept_versions,
    make_read_only,
    publish_version,
    replace_file,
    sync,
    version_of,
    working_folder,
)
from store.privacy import Guard, guard_of, is_forgotten, write_forgotten
from store.replay import REPLAYS
from store.temporary import sessions_in
from store.warehouse import Warehouse, exclusive, set_aside_wal, wal_of
from upkeep.clean import rebuildable, remove

CUSTOMER_COLUMN = "customer_id"
# Files may hold other spellings: of a time when ids were read otherwise, or with IDS=as_written.
ANY_SPELLING = "customer_text"
IS_CUSTOMER = f"{text_sql(CUSTOMER_COLUMN, ANY_SPELLING)} = ?"


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
            "as it stands in your files, of a customer who was published; FORCE=1 keeps the "
            "customer out of builds to come all the same",
            WRONG_USE,
        )
    if removed and not is_forced:
        raise Problem(
            f"CUSTOMER={customer}: forgetting removes {', '.join(part.name for part in removed)}, "
            "whose totals would give the customer back; nothing was changed; if you mean it: "
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


@dataclass(frozen=True)
class Removed:
    """A version or a replay that is removed whole."""

    name: str
    folder: Path
    row_count: int


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


def files_of(warehouse: Warehouse, published: int | None) -> list[Path]:
    """Return the database files that are written without the customer."""
    version = [version_of(warehouse, published).file] if published is not None else []
    candidates = (*version, warehouse.marts_db, warehouse.exports_db)
    return [path for path in candidates if path.exists()]


def customer_tables(connection: duckdb.DuckDBPyConnection, database: str) -> list[str]:
    """Return the quoted names of the tables of an attached database that name customers."""
    rows = connection.execute(
        "select columns.database_name, columns.schema_name, columns.table_name "
        "from duckdb_columns() as columns inner join duckdb_tables() as tables "
        "using (database_name, schema_name, table_name) "
        "where columns.database_name = ? and columns.column_name = ? order by all",
        [database, CUSTOMER_COLUMN],
    ).fetchall()
    return [identifier(*row) for row in rows]


def rows_of(path: Path, stored: str) -> int:
    """Return how many rows of a file are a customer's.

    Raises:
        Problem: the file cannot be read.
    """
    try:
        with duckdb.connect() as connection:
            limit_access(connection, [path.parent])
            connection.execute(f"attach {literal(path)} as held (read_only)")
            return sum(
                one_row(
                    connection,
                    f"select count(*) from {table} where {IS_CUSTOMER}",
                    [text_of(stored, ANY_SPELLING)],
                )[0]
                for table in customer_tables(connection, "held")
            )
    except duckdb.Error as error:
        raise Problem(
            f"{path} cannot be read ({first_line(error)}), so nobody can be forgotten in it: "
            "remove it, or what it is in; nothing was changed"
        ) from error


def rows_if_readable(path: Path, stored: str) -> int | None:
    """Return how many rows of a file are a customer's; None where it cannot be read."""
    try:
        return rows_of(path, stored)
    except Problem:
        return None


def forget_in(
    warehouse: Warehouse,
    stored: str,
    published: int | None,
    found: dict[Path, int],
    removed: Sequence[Removed],
) -> None:
    """Write what is published without a customer, and remove what cannot be."""
    version = None if published is None else version_of(warehouse, published)
    # Numbers that only a removed version knows are not given out again.
    is_last = all(part.folder.parent != warehouse.versions for part in removed)
    if version is not None and version.file.exists():
        if found.get(version.file) or not is_last:
            given_out = numbers_given_out(warehouse)
            with working_folder(warehouse) as folder:
                replace_file(version, write_without(version.file, stored, folder, given_out))
            told(warehouse, version.file, found)
        if found.get(warehouse.marts_db) or not is_last:
            publish_version(warehouse, version)
            told(warehouse, warehouse.marts_db, found)
    elif found.get(warehouse.marts_db):
        with working_folder(warehouse) as folder:
            new_file = write_without(warehouse.marts_db, stored, folder, ())
            set_aside_wal(warehouse)
            os.replace(new_file, warehouse.marts_db)
            sync(warehouse.path)
        told(warehouse, warehouse.marts_db, found)
    for part in removed:
        # One step, so that no half of a version is left when it is killed.
        with working_folder(warehouse) as folder:
            part.folder.rename(folder / "removed")
        say(f"  {part.folder.relative_to(warehouse.path.parent)!s:<44} {'removed':>20}")
    if found.get(warehouse.exports_db):
        mode = warehouse.exports_db.stat().st_mode & 0o777
        with working_folder(warehouse) as folder:
            new_file = write_without(warehouse.exports_db, stored, folder, ())
            new_file.chmod(mode)
            # What it holds is in the new file already.
            wal_of(warehouse.exports_db).unlink(missing_ok=True)
            os.replace(new_file, warehouse.exports_db)
        told(warehouse, warehouse.exports_db, found)


def told(warehouse: Warehouse, path: Path, found: dict[Path, int]) -> None:
    """Say what was removed from a file."""
    name = path.relative_to(warehouse.path.parent)
    say(f"  {name!s:<44} {count(found[path], 'row'):>12} removed")


def write_without(path: Path, stored: str, folder: Path, given_out: Sequence[int]) -> Path:
    """Write a database file anew without a customer; returns the new file.

    given_out: the highest run number, fit number and segment id, where the file says them.

    It is copied twice: rows that are deleted stay in the free space of a file, and only what is
    left is copied out of it. Order, comments, views and macros go with it.
    """
    between, new_file = folder / "between.duckdb", folder / path.name
    with duckdb.connect() as connection:
        connection.execute(f"set temp_directory = {literal(folder / 'tmp')}")
        connection.execute("set preserve_insertion_order = true")
        limit_access(connection, [path.parent, folder])
        connection.execute(f"attach {literal(path)} as held (read_only)")
        connection.execute(f"attach {literal(between)} as between_copies")
        connection.execute("copy from database held to between_copies")
        for table in customer_tables(connection, "between_copies"):
            connection.execute(
                f"delete from {table} where {IS_CUSTOMER}", [text_of(stored, ANY_SPELLING)]
            )
        if given_out and holds_numbers(connection):
            connection.execute(
                f"update between_copies.history.{HIGHEST_NUMBERS} "
                "set run_number = ?, fit_number = ?, segment_id = ?",
                given_out,
            )
        connection.execute(
            f"attach {literal(new_file)} as fresh (storage_version {literal(STORAGE_VERSION)})"
        )
        connection.execute("copy from database between_copies to fresh")
        connection.execute("checkpoint fresh")
        connection.execute("detach fresh")
    between.unlink()
    wal_of(between).unlink(missing_ok=True)
    make_read_only(new_file)
    sync(new_file)
    return new_file


def holds_numbers(connection: duckdb.DuckDBPyConnection) -> bool:
    """Say whether the copy of a published file has the highest numbers that were given out."""
    return connection.execute(
        "select count(*) from duckdb_tables() where database_name = 'between_copies' "
        "and schema_name = 'history' and table_name = ?",
        [HIGHEST_NUMBERS],
    ).fetchone() == (1,)


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
    warehouse = Warehouse(resolve_warehouse())
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
                f"forgetting stopped half-way ({first_line(error)}): run it again; files that were "
                "done stay done"
            ) from error
    if removed:
        say(f"Forgotten: {count(removed, 'row')} removed.")
    if pending_of(warehouse):
        say(
            "Run make build: until it has published, totals of the published file count the "
            "customer, and less those who stay they give the customer back."
        )
    else:
        say("No file here holds this customer, who is kept out of builds to come.")
    if left := left_to_the_user(warehouse):
        warn("These may hold the customer and were left alone:")
        for path in left:
            warn(f"  {path}")
    return 0
