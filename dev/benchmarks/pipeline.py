"""Running the project's own pipeline in a warehouse of its own, and reading what it learned."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from common.console import Problem
from common.json_types import JsonObject
from common.settings import Settings, resolve
from common.settings_table import SETTINGS
from dbt_runs.run_dbt import started
from loading.load_raw import load
from models_py import fit_steps
from models_py.config import FitSettings
from models_py.features import BatchSource
from models_py.ladder import JOINT, scaling_of
from models_py.needs import NEEDS, NO_PART, PART
from store.build_database import delete_build_database
from store.warehouse import exclusive

# The models up to the assignments take 7 s a world, the whole build 11 s and more with its tests.
ASSIGNMENTS = ("+customer_assignments", "+customer_features")
ORDERS = ("+orders",)
BATCH_ROWS = 65_536
LINES_SHOWN = 20


@dataclass(frozen=True)
class Learned:
    """What one build learned, read from its build database.

    matrix: `clustering_input` in key order (customer_id, features). definitions, scaling, k_scan:
    as the steps of models_py take and give them. segments: int64 (customers of the matrix).
    """

    matrix: pa.Table
    definitions: pa.Table
    scaling: pa.Table
    k_scan: pa.Table
    segments: np.ndarray

    @property
    def chosen(self) -> JsonObject:
        """The chosen row of the scan."""
        return next(row for row in self.k_scan.to_pylist() if row["is_chosen"])

    @property
    def customer_ids(self) -> list[str]:
        """Ids in the order of the matrix."""
        ids: list[str] = self.matrix.column("customer_id").to_pylist()
        return ids

    @property
    def used_features(self) -> list[str]:
        """Features of the matrix that took part in the clustering, in position order.

        Where segments are by needs: those that would have without them, or that needs are made of.
        """
        rows = sorted(self.scaling.to_pylist(), key=lambda row: row["position"])
        used = [row for row in rows if row["is_used"] or row["dropped_reason"] in (PART, NO_PART)]
        return [row["feature"] for row in used if row["family"] != NEEDS]


def settings_of(warehouse: Path, **given: object) -> Settings:
    """Settings of a build as the environment would give them; nothing of the caller's leaks in.

    Raises Problem for an invalid setting.
    """
    names = {setting.name for setting in SETTINGS}
    environment = {name.upper(): str(value) for name, value in given.items() if value is not None}
    unknown = sorted(environment.keys() - names)
    if unknown:
        raise ValueError(f"expected settings among {', '.join(sorted(names))}, found {unknown}")
    return resolve(environment | {"WAREHOUSE": str(warehouse)})


def run(settings: Settings, *, select: Sequence[str] = ASSIGNMENTS) -> Path:
    """Load and run the selected models in an empty build database; returns its path.

    dbt's parsed project stays in the warehouse, which saves seconds at the next run. Raises
    Problem when loading or dbt fails; the message has dbt's last lines.
    """
    warehouse = settings.place
    arguments = ["build", "--select", *select, "--exclude-resource-type", "test", "unit_test"]
    with exclusive(warehouse) as lock:
        delete_build_database(warehouse)
        with contextlib.redirect_stdout(io.StringIO()):
            load(settings)
        with _without_settings(), started(settings, arguments, lock) as process:
            assert process.stdout is not None, "started() pipes what dbt prints"
            said = process.stdout.read().splitlines()
            code = process.wait()
    if code:
        raise Problem(f"dbt failed in {warehouse.path}:\n" + "\n".join(said[-LINES_SHOWN:]))
    return warehouse.build_db


@contextlib.contextmanager
def _without_settings() -> Iterator[None]:
    """Hide the caller's settings from dbt, which reads the environment itself."""
    names = [setting.name for setting in SETTINGS if setting.name in os.environ]
    held = {name: os.environ.pop(name) for name in names}
    try:
        yield
    finally:
        os.environ.update(held)


def read(database: Path) -> Learned:
    """Read what a build learned."""
    with duckdb.connect(database, read_only=True) as connection:

        def table(query: str) -> pa.Table:
            return connection.sql(query).to_arrow_table()

        segments = table(
            "select customer_id, segment_id from segmentation.customer_assignments "
            "where is_current order by customer_id"
        )
        k_scan = table("select * from segmentation.learned_k_scan order by rung, k")
        found = Learned(
            matrix=table("select * from segmentation.clustering_input order by customer_id"),
            definitions=table(
                "select * from segmentation.clustering_definitions order by position"
            ),
            scaling=scaling_of(k_scan),
            k_scan=k_scan,
            segments=segments.column("segment_id").to_numpy(),
        )
    if segments.column("customer_id").to_pylist() != found.customer_ids:
        raise Problem(f"{database}: expected every clustered customer to be assigned")
    return found


def source_of(matrix: pa.Table) -> BatchSource:
    """The matrix as the source of record batches that models_py takes."""
    return lambda: iter(matrix.to_batches(max_chunksize=BATCH_ROWS))


def columns_of(matrix: pa.Table, names: Sequence[str]) -> np.ndarray:
    """Columns as float64 (rows x names), null as NaN."""
    columns = [matrix.column(name).to_numpy(zero_copy_only=False) for name in names]
    return np.stack([column.astype(np.float64) for column in columns], axis=1)


def segments_at(
    matrix: pa.Table, scaling: pa.Table, k_scan: pa.Table, k: int, settings: FitSettings
) -> np.ndarray:
    """Segments (customers of the matrix) had this k of all features together been chosen.

    scaling: that of the scan's first rung.
    """
    source = source_of(matrix)
    is_chosen = pa.array([row["rung"] == JOINT and row["k"] == k for row in k_scan.to_pylist()])
    place = k_scan.schema.get_field_index("is_chosen")
    scan = k_scan.set_column(place, "is_chosen", is_chosen)
    segments = fit_steps.fit_step(source, scaling, scan, None, 1, settings)
    assigned = fit_steps.assign_step(source, scaling, segments, settings).read_all()
    segment_ids: np.ndarray = assigned.column("segment_id").to_numpy()
    return segment_ids


def joint_segments(learned: Learned, k: int, settings: FitSettings) -> np.ndarray:
    """Segments of a build had this k of all features together been chosen."""
    scaling = learned.scaling
    if learned.chosen["rung"] != JOINT:
        scaling = fit_steps.scaling_step(source_of(learned.matrix), learned.definitions, settings)
    return segments_at(learned.matrix, scaling, learned.k_scan, k, settings)
