"""Whether the published file is the one that was published, before a build continues from it."""

from __future__ import annotations

from pathlib import Path

from common.console import Problem, warn
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
