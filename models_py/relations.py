"""From what a dbt Python model is handed to what the steps take, and nothing else.

A relation here is whatever has `order`, `filter`, `count`, `to_arrow_reader` and `to_arrow_table`,
as DuckDB's relations do; or, of customers held elsewhere, `customers` in place of the reader.
Reading in key order is what makes a result independent of the order in which rows happen to be
stored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any

import pyarrow as pa

from models_py import learning
from models_py.config import FitSettings
from models_py.errors import LearningError

BATCH_ROWS = 65_536  # rows an Arrow batch holds at most: 10 MB at 20 features


@dataclass(frozen=True, kw_only=True)
class StepSettings:
    """One row of `fit_settings` and the settings of the learning step made of it."""

    stored_fit_number: int
    next_segment_id: int
    fit: FitSettings


def settings_from(relation: Any) -> StepSettings:
    """Read the one row of `fit_settings`; threads and the temporary folder are the machine's."""
    row = relation.to_arrow_table().to_pylist()[0]
    return StepSettings(
        stored_fit_number=row["stored_fit_number"],
        next_segment_id=row["next_segment_id"],
        fit=FitSettings(
            k_min=row["k_min"],
            k_max=row["k_max"],
            k_in_force=row["k_in_force"],
            fixed_k=row["k"],
            seed=row["seed"],
            min_segment_share=row["min_segment_share"],
            weighting=row["weighting"],
            drift_threshold=row["max_population_stability_index"],
            threads=int(os.environ.get("THREADS", "2")),
            tmp_dir=os.environ.get("SEGMENTATION_TMP"),
        ),
    )


def settings_of_fit(settings: FitSettings, fits: Any, number: int) -> FitSettings:
    """Settings with those that a stored fit was learned by, from `history_fits`.

    What is published belongs to one fit: settings that changed while it goes on do not count.
    """
    (row,) = of_fit(fits, number).to_pylist()
    return replace(
        settings, seed=row["seed"], weighting=row["weighting_setting"] or settings.weighting
    )


def definitions_of(features: Any) -> pa.Table:
    """Definitions that the active fit was learned by, from `fit_features`, as a fit takes them."""
    table = features.to_arrow_table()
    names = {
        "feature": "feature",
        "position": "position",
        "family": "family",
        "transform": "transform",
        "weight": "defined_weight",
        "is_clustered": "is_clustered",
        "missing_value": "missing_rule",
    }
    return pa.table({name: table.column(column) for name, column in names.items()})


def check_fixed_k(relation: Any, settings: StepSettings) -> None:
    """Raise LearningError when more segments are asked for than there are customers to segment."""
    asked = settings.fit.fixed_k
    there = relation.count("*").fetchall()[0][0]
    if asked and asked > there:
        raise LearningError(
            f"K={asked}: there are {there} customers with enough history to segment; "
            "expected at most that many segments"
        )


def learned_rows(relation: Any) -> Any | None:
    """Rows of `backtest_input` that the judged fit is learned from; None when there are none."""
    learned = relation.filter("is_learned")
    return learned if learned.count("*").fetchall()[0][0] else None


def segment_ids(segments: Any) -> list[int]:
    """Ids of the segments of the fit in force, ascending, from `fit_segments`."""
    active = segments.filter("lineage <> 'retired'").order("segment_id").to_arrow_table()
    return active.column("segment_id").to_pylist()


def is_refit(decision: Any) -> bool:
    """Whether the one row of `refit_decision` asks for a new fit."""
    return bool(decision.to_arrow_table().column("is_refit")[0].as_py())


def fit_number(in_force: Any) -> int:
    """Number of the fit in force, from the one row of `active_fit`."""
    return int(in_force.to_arrow_table().column("fit_number")[0].as_py())


def of_fit(relation: Any, number: int) -> pa.Table:
    """Rows of a history table that belong to one fit."""
    return relation.filter(f"fit_number = {int(number)}").to_arrow_table()


def key_ordered(relation: Any, *further_keys: str) -> Any:
    """A source of the relation's rows by customer_id and further keys; each call reads anew.

    Where an engine holds customers that Python never sees whole, it is that engine's source of
    them; `learning_of` gives the steps that take it.
    """
    if hasattr(relation, "customers"):
        return relation.customers()
    ordered = relation.order(", ".join(("customer_id", *further_keys)))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from ordered.to_arrow_reader(BATCH_ROWS)

    return batches


def learning_of(source: Any) -> ModuleType:
    """The learning steps for a source: those of its engine, or those on batches."""
    return getattr(source, "learning", learning)


def nested_segments(segments: Any, centroids: Any, number: int) -> pa.Table | None:
    """Segments of one fit with their centroids as nested lists, as `fit_step` returns them.

    segments, centroids: relations in the layout of `history.segments` and `history.fit_centroids`.
    Returns None when the fit has no segments (there is no fit before the first).
    """
    chosen = f"fit_number = {int(number)}"
    rows = segments.filter(chosen).order("segment_id").to_arrow_table().to_pylist()
    if not rows:
        return None
    by_segment: dict[int, list[dict[str, Any]]] = {}
    for entry in (
        centroids.filter(chosen).order("segment_id, position").to_arrow_table().to_pylist()
    ):
        by_segment.setdefault(entry["segment_id"], []).append(
            {
                name: entry[name]
                for name in ("feature", "position", "scaled_value", "original_value")
            }
        )
    for row in rows:
        row["lineage_from"] = None  # text in the tables, and told of the past only
        row["centroid"] = by_segment.get(row["segment_id"], [])
    return pa.Table.from_pylist(rows)
