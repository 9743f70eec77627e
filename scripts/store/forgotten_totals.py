"""Totals that counted customers who were forgotten: until when they are there, and how they go.

Where the rows of all other customers are known, a total gives the forgotten one back by
subtraction. So the first build after a forgetting learns the segments again, publishes of earlier
runs and fits their ids, names and dates only, and removes the version that was published then.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass

import duckdb

from common.console import Problem
from common.quoting import identifier
from common.warehouse_paths import Warehouse
from store.atomic_path import atomic_path, sync
from store.kept_versions import highest_numbers, version_of

# Of these only the current fit or run is published; what needs earlier ones needs their ids only.
ONLY_CURRENT = {
    ("history", "fits"): "fit_number",
    ("history", "fit_features"): "fit_number",
    ("history", "fit_categories"): "fit_number",
    ("history", "fit_product_groups"): "fit_number",
    ("history", "fit_centroids"): "fit_number",
    ("history", "fit_baselines"): "fit_number",
    ("history", "k_scan"): "run_number",
    ("history", "movement"): "run_number",
    ("main", "segmentation_k_scan"): "run_number",
}
# Of these every row stays, and numbers of earlier fits or runs are null.
WITHOUT_NUMBERS = {
    ("history", "segments"): "fit_number",
    ("history", "runs"): "run_number",
    ("main", "segmentation_runs"): "run_number",
}
# A digest of rows is a sum over them.
DIGESTS = ("data_hash",)
MOVEMENT = ("main", "segment_movement")


@dataclass(frozen=True)
class Pending:
    """What the next build has to leave out.

    Attributes:
        customer_count: Customers forgotten since the published file was built.
        fit_number: The highest fit that may have counted them.
        run_numbers: Runs whose versions count them.
    """

    customer_count: int
    fit_number: int
    run_numbers: tuple[int, ...]


def pending_of(warehouse: Warehouse) -> Pending | None:
    """Return what the next build has to leave out; None for nothing.

    Raises:
        Problem: the file cannot be read.
    """
    path = warehouse.forgetting
    if not path.exists():
        return None
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        runs = tuple(int(number) for number in found["run_numbers"])
        return Pending(int(found["customer_count"]), int(found["fit_number"]), runs)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(
            f"{path} cannot be read ({error!r}): it says what counts a customer who was "
            "forgotten; run make forget again for the last one"
        ) from error


def write_pending(warehouse: Warehouse, run_number: int | None, *, is_begun: bool = False) -> None:
    """Write down that the published file counts one more customer who was forgotten.

    is_begun: whether this continues with a forgetting that was stopped, and may be counted already.
    """
    path = warehouse.forgetting
    try:
        before = pending_of(warehouse) or Pending(0, 0, ())
    except Problem:
        before = Pending(0, 0, ())
    runs = {*before.run_numbers, *([] if run_number is None else [run_number])}
    fit_number = max(before.fit_number, highest_numbers(warehouse.marts_db)[1])
    counted = before.customer_count + (0 if is_begun and before.customer_count else 1)
    pending = Pending(counted, fit_number, tuple(sorted(runs)))
    with atomic_path(path) as new:
        new.write_text(json.dumps(asdict(pending)) + "\n", encoding="ascii")
    sync(warehouse.path)


@dataclass(frozen=True)
class Past:
    """What is published of runs and fits before the current one, after a forgetting."""

    run_number: int
    fit_number: int

    def relation_sql(
        self, connection: duckdb.DuckDBPyConnection, place: tuple[str, str], source: str
    ) -> str:
        """Return what to publish of a table, as a relation to select from.

        Args:
            connection: Knows the table.
            place: Schema and name that it is published under.
            source: The table, quoted.
        """
        if key := ONLY_CURRENT.get(place):
            return f"(select * from {source} where {key} = {self._current(key)})"
        if place == MOVEMENT:
            return (
                f"(select * from {source} "
                f"where basis <> 'runs' or period = 'run {int(self.run_number)}')"
            )
        key = WITHOUT_NUMBERS.get(place)
        if key is None:
            return source
        described = connection.execute(f"describe from {source}").fetchall()
        emptied = [name for name, kind, *_ in described if _is_figure(name, kind)]
        replaced = ", ".join(
            f"case when {key} = {self._current(key)} then {identifier(name)} end "
            f"as {identifier(name)}"
            for name in emptied
        )
        return f"(select * replace ({replaced}) from {source})" if emptied else source

    def _current(self, key: str) -> int:
        return int(self.run_number if key == "run_number" else self.fit_number)


def _is_figure(name: str, kind: str) -> bool:
    """Say whether a column is computed from customers; what identifies a run or fit is not."""
    return kind == "DOUBLE" or name.endswith("_count") or name in DIGESTS


def past_of(connection: duckdb.DuckDBPyConnection, pending: Pending, runs: str) -> Past | None:
    """Return what is left out of what is about to be published; None for nothing.

    Also None where the fit is still one that may have counted the customer: it is left out by
    the build that learns again. `runs` is the mart of runs, quoted.
    """
    columns = {name for name, *_ in connection.execute(f"describe from {runs}").fetchall()}
    if "fit_number" not in columns:
        return None
    row = connection.execute(
        f"select run_number, fit_number from {runs} where is_current"
    ).fetchone()
    return Past(*row) if row and row[1] > pending.fit_number else None


def complete_forgetting(warehouse: Warehouse, pending: Pending, current: int) -> None:
    """Remove the versions that count a forgotten customer, once a build without is published.

    Where what was published continues with a fit that may have counted the customer, all stays
    pending.
    """
    with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
        if past_of(connection, pending, "segmentation_runs") is None:
            return
    for number in pending.run_numbers:
        if number != current:
            shutil.rmtree(version_of(warehouse, number).folder, ignore_errors=True)
    sync(warehouse.path)
    warehouse.forgetting.unlink()
