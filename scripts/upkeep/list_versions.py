"""List the kept versions of the published file, newest first, or check their checksums."""

from __future__ import annotations

import duckdb

from common.console import FAILED, Problem, count, say, size, warn
from common.data_errors import first_line
from common.query_rows import one_count, one_row
from common.quoting import identifier
from common.settings import resolve_warehouse
from common.warehouse_paths import Warehouse
from handover.summary import table_text
from store.history import published_facts
from store.kept_versions import (
    Version,
    damage,
    kept_versions,
    sha256_of,
    version_of,
    written_checksums,
)
from store.warehouse import remove_leftovers, wal_of

HEAD = ("run", "as of", "run id", "rows", "verdict", "size", "")
WIDTH = 100
CURRENT = "published"


def listing(warehouse: Warehouse) -> str:
    """Return the table of kept versions.

    Raises:
        Problem: none is kept.
    """
    kept = kept_versions(warehouse)
    if not kept:
        raise Problem(f"no version is kept in {warehouse.versions}: run make build")
    try:
        facts = published_facts(warehouse)
        current = facts.run_number if facts else None
    except Problem as problem:
        warn(f"  {problem}")
        current = None
    rows = [
        (*described(version), CURRENT if version.run_number == current else "")
        for version in reversed(kept)
    ]
    return table_text(HEAD, rows, WIDTH, left=(1, 2, 4, 6))


def described(version: Version) -> tuple[str, ...]:
    """Return the cells of a version; what cannot be read is said and left empty."""
    number = str(version.run_number)
    try:
        byte_count = version.file.stat().st_size
        with duckdb.connect(version.file, read_only=True) as connection:
            as_of_date, run_id, verdict = one_row(
                connection,
                "select as_of_date, run_id, verdict from segmentation_runs where is_current",
            )
            row_count = rows_of(connection)
    except (duckdb.Error, OSError, TypeError) as error:
        warn(f"  {version.file} cannot be read: {first_line(error)}")
        return (number, "", "", "", "cannot be read", "")
    return (number, str(as_of_date), run_id, f"{row_count:,}", verdict or "", size(byte_count))


def rows_of(connection: duckdb.DuckDBPyConnection) -> int:
    """Return the rows of all tables of a file."""
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database()"
    ).fetchall()
    counts = " + ".join(f"(select count(*) from {identifier(*name)})" for name in tables)
    return one_count(connection, f"select {counts}")


def damaged(warehouse: Warehouse) -> tuple[int, list[str]]:
    """Return how many files were checked, and what is wrong, one text per damaged file."""
    kept = kept_versions(warehouse)
    found = [f"{v.file}: {problem}" for v in kept if (problem := damage(v))]
    checked = len(kept)
    if warehouse.marts_db.exists():
        checked += 1
        if problem := published_damage(warehouse):
            found.append(f"{warehouse.marts_db}: {problem}")
    return checked, found


def published_damage(warehouse: Warehouse) -> str | None:
    """Say what is wrong with the published file, None when it is the version of its run."""
    try:
        facts = published_facts(warehouse)
    except Problem:
        return "it cannot be read; make rollback puts a kept version in its place"
    if facts is None or facts.run_number is None:
        return "it does not say which run it is of"
    written = written_checksums(version_of(warehouse, facts.run_number))
    if not written:
        return f"run {facts.run_number} is not among the kept versions, or has no checksum"
    if sha256_of(warehouse.marts_db) not in written:
        return f"it is not the version of run {facts.run_number}: its checksum differs"
    if wal_of(warehouse.marts_db).exists():
        name = wal_of(warehouse.marts_db).name
        return f"a program opened it for writing and left {name}; the next build sets that aside"
    return None


def main(*, is_check: bool = False) -> int:
    """List the versions of the warehouse that the settings name, or check them."""
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    if not is_check:
        say(listing(warehouse))
        return 0
    checked, found = damaged(warehouse)
    if not checked:
        raise Problem(f"nothing is published in {warehouse.path}: run make build")
    for text in found:
        warn(f"damaged: {text}")
    say(f"{count(checked, 'file')} checked, {len(found)} damaged")
    return FAILED if found else 0
