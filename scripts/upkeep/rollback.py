"""Go back to the version published before, its state included, or with RUN to any kept one.

The published file is replaced by one rename. The version left behind is kept, and numbers and ids
it gave out are never given out again. The next build continues from the version gone back to.
"""

from __future__ import annotations

import os

import duckdb

from common.console import WRONG_USE, Problem, say, warn
from common.data_errors import first_line
from common.settings import resolve_warehouse
from common.warehouse_paths import Warehouse
from publishing.published_parquet import follow
from store.history import published_facts
from store.kept_versions import (
    RUN_NUMBER,
    Version,
    damage,
    keep_published,
    kept_versions,
    publish_version,
)
from store.warehouse import exclusive, set_aside_wal


def rollback(warehouse: Warehouse, asked: int | None = None) -> tuple[int | None, Version]:
    """Publish an earlier version; returns the run left behind and the version published now.

    The caller holds the warehouse's lock. `asked` is the run to go to, earlier or later; by
    default the one that the published run continues from, or the newest undamaged one when the
    published file cannot be read.

    Raises:
        Problem: there is no such version, or it is damaged; nothing was changed.
    """
    set_aside_wal(warehouse)
    kept = kept_versions(warehouse)
    current, ancestors = current_run(warehouse)
    if asked is not None:
        chosen = next((version for version in kept if version.run_number == asked), None)
        if chosen is None:
            raise Problem(f"RUN={asked}: {which(kept)}", WRONG_USE)
    elif current is None:
        chosen = next((v for v in reversed(kept) if not damage(v)), None)
        if chosen is None:
            raise Problem(f"no undamaged version to go back to in {warehouse.versions}")
    else:
        chosen = next((v for v in reversed(kept) if v.run_number in ancestors), None)
        if chosen is None:
            raise Problem(f"no version before run {current} is kept; {which(kept)}", WRONG_USE)
    if problem := damage(chosen):
        others = [version for version in kept if version != chosen]
        raise Problem(
            f"{chosen.file}: {problem}; nothing was changed. With RUN=<number>: {which(others)}"
        )
    keep_published(warehouse, current)
    publish_version(warehouse, chosen)
    return current, chosen


def current_run(warehouse: Warehouse) -> tuple[int | None, set[int]]:
    """Return the published run and those it continues from; None when that cannot be read."""
    try:
        facts = published_facts(warehouse)
        if facts is None or facts.run_number is None:
            return None, set()
        with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
            runs = connection.execute("select run_number from segmentation_runs").fetchall()
    except Problem as problem:
        warn(f"  {problem}")
        return None, set()
    return facts.run_number, {number for (number,) in runs if number != facts.run_number}


def which(kept: list[Version]) -> str:
    """Say which versions are kept."""
    numbers = ", ".join(str(version.run_number) for version in kept)
    return f"kept are the runs {numbers}" if numbers else "no version is kept"


def main() -> int:
    """Roll back the warehouse that the settings name."""
    warehouse = resolve_warehouse()
    given = os.environ.get("RUN", "").strip()
    if given and not RUN_NUMBER.fullmatch(given):
        raise Problem(f"RUN={given}: expected the number of a kept run", WRONG_USE)
    asked = int(given) if given else None
    with exclusive(warehouse):
        try:
            left, chosen = rollback(warehouse, asked)
        except (OSError, duckdb.Error) as error:
            reason = first_line(error)
            raise Problem(f"rolling back failed, nothing was changed: {reason}") from error
        facts = published_facts(warehouse)
        followed = follow(warehouse, chosen.run_number)
    left_behind = f"; run {left} stays in {warehouse.versions.name}/{left}" if left else ""
    as_of = facts.as_of_date if facts else None
    say(f"Published now: run {chosen.run_number}, as of {as_of}{left_behind}")
    if followed:
        say(followed)
    return 0
