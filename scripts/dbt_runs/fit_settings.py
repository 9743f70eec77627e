"""Settings that the stored fit may be at odds with, because it goes on without a refit.

Settings that features are made by have to be those of the fit that segments them. A fit stores them
as `name=value;...`. A setting that changed asks for a refit; where none is made, because of
REFIT=never or because too many customers would move, the stored fit would be applied to features
that it was not learned from. Where K is another one the segments stay as they are, which is
reported before the work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem
from common.project_sql import project_vars
from common.quoting import identifier
from common.settings import Settings
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import PROJECT
from store.history import unreadable


def check_before_loading(settings: Settings) -> None:
    """Refuse REFIT=never where features would be made by other settings than the stored fit's.

    Raises:
        Problem: they would (exit code 2), or the published file cannot be read.
    """
    warehouse = settings.place
    if settings.refit != "never" or not warehouse.marts_db.exists():
        return
    with _published(warehouse) as connection:
        check_last_fit(connection, ("history", "fits"), project_vars(PROJECT))


@contextmanager
def _published(warehouse: Warehouse) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the published file that a build goes on from."""
    try:
        with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
            yield connection
    except duckdb.Error as error:
        raise unreadable(warehouse, error) from error


def limits_of_k(settings: Settings) -> str | None:
    """Say what may keep K from being the number of segments; None where nothing does.

    Raises:
        Problem: the published file cannot be read.
    """
    warehouse = settings.place
    if settings.k is None or settings.refit == "always" or not warehouse.marts_db.exists():
        return None
    with _published(warehouse) as connection:
        row = connection.execute(
            "select k from history.fits order by fit_number desc limit 1"
        ).fetchone()
    if row is None or row[0] == settings.k:
        return None
    if settings.refit == "never":
        return (
            f"K={settings.k} has no effect with REFIT=never: the stored fit, which goes on, has "
            f"{row[0]} segments"
        )
    budget = float(project_vars(PROJECT)["max_moved_share"])
    return (
        f"K={settings.k} replaces {row[0]} segments: where that would move more than {budget:.0%} "
        f"of the customers, the refit is held back and the {row[0]} stay (exit code 3); "
        f"K={settings.k} REFIT=always publishes it all the same"
    )


def check_before_publishing(build_db: Path) -> None:
    """Refuse what was built where a refit was held back and features are not those of the fit.

    Raises:
        Problem: as `check_last_fit`.
    """
    with duckdb.connect(build_db, read_only=True) as connection:
        check_last_fit(connection, ("segmentation", "active_fit"), project_vars(PROJECT))


def check_last_fit(
    connection: duckdb.DuckDBPyConnection, table: tuple[str, str], now: Mapping[str, object]
) -> None:
    """Refuse settings other than those that the last fit of a table was learned by.

    Fits from before they were stored count as learned by today's.

    Raises:
        Problem: a setting is another one (exit code 2).
    """
    there = connection.execute(
        "select 1 from duckdb_columns() where schema_name = ? and table_name = ? "
        "and column_name = 'feature_settings'",
        list(table),
    ).fetchone()
    if not there:
        return
    row = connection.execute(
        f"select fit_number, feature_settings from {identifier(*table)} "
        "order by fit_number desc limit 1"
    ).fetchone()
    changed = changed_settings(row[1], now) if row else []
    if row is None or not changed:
        return
    raise Problem(
        f"dbt_project.yml: {listed(changed, 2)}, but stored fit {row[0]}, which would go on "
        f"without a refit, was learned with {listed(changed, 1)}; set it back, or learn the "
        "segments again by make build REFIT=always (nothing was published)",
        WRONG_USE,
    )


def changed_settings(stored: str | None, now: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Return name, stored value and today's of every stored setting that is another one today."""
    pairs = (part.partition("=") for part in (stored or "").split(";") if part)
    return [(name, was, str(now.get(name))) for name, _, was in pairs if was != str(now.get(name))]


def listed(changed: list[tuple[str, str, str]], column: int) -> str:
    """Return the settings with the values of one column, as one text."""
    return ", ".join(f"{setting[0]}: {setting[column]}" for setting in changed)
