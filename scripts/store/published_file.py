"""The published file: opened to be read, and whether it is the one that was published."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from common.console import Problem, warn
from common.data_errors import first_line
from common.warehouse_paths import Warehouse
from store.history import published_facts
from store.kept_versions import (
    damage,
    kept_versions,
    publish_version,
    sha256_of,
    version_of,
    written_checksums,
)
from store.warehouse import set_aside_wal


def not_published(path: Path) -> Problem:
    """Return the problem of a published file that is not there."""
    return Problem(f"{path} is not there: nothing is published yet, run make build")


@contextmanager
def open_published(
    path: Path, failure: str = "cannot be read"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a published file to be read.

    failure: what is said of the file where it cannot be opened or queried.

    Raises:
        Problem: it is not there, cannot be read, or was published before a mart that is asked
            for, or a column of one, was made.
    """
    if not path.exists():
        raise not_published(path)
    try:
        with duckdb.connect(path, read_only=True) as connection:
            yield connection
    except (duckdb.CatalogException, duckdb.BinderException) as error:
        raise Problem(
            f"{path} was published by another version of the project: {first_line(error)}; "
            "run make build"
        ) from error
    except duckdb.Error as error:
        raise Problem(f"{path} {failure}: {first_line(error)}") from error


def check_published(warehouse: Warehouse) -> None:
    """Find damage before it spreads; what can be put back from the run's own version is.

    The caller holds the warehouse's lock. A file whose run has no checksum is taken as it is.

    Raises:
        Problem: the published file is damaged or missing, and only the user knows which of the
            kept versions should count.
    """
    set_aside_wal(warehouse)
    if not warehouse.marts_db.exists():
        if kept_versions(warehouse):
            raise Problem(
                f"the published file {warehouse.marts_db} is missing, and runs are kept in "
                f"{warehouse.versions}: put the newest back by make rollback, or remove that "
                "folder to start again without history"
            )
        return
    facts = published_facts(warehouse)
    if facts is None or facts.run_number is None:
        return
    version = version_of(warehouse, facts.run_number)
    written = written_checksums(version)
    if not written or sha256_of(warehouse.marts_db) in written:
        return
    if damage(version) is None:
        # The same run, as it was published: nothing is lost by putting it back.
        publish_version(warehouse, version)
        warn(
            f"  {warehouse.marts_db.name} was not the file that was published as run "
            f"{facts.run_number}; the kept version of that run was put back"
        )
        return
    raise Problem(
        f"the published file {warehouse.marts_db} is damaged: its checksum is not that of run "
        f"{facts.run_number}, and the kept version of that run is damaged too; restore another "
        "one with make rollback (make verify lists the undamaged ones)"
    )
