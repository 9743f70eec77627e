"""From what a dbt Python model is handed to what the steps take, and nothing else.

A relation here is whatever has `order`, `filter`, `project`, `join`, `count`, `to_arrow_reader` and
`to_arrow_table`, as DuckDB's relations do; or, of customers held elsewhere, `customers` in place of
the reader. Rows are read in key order, so no result depends on the order they are stored in.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models_py import api
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.ladder import scaling_of
from models_py.needs import NEED_FEATURES
from models_py.rules import ASSIGNED_COLUMN

# Of the features of all customers, who a fit is learned from.
LEARNED_FROM = "is_current and has_sufficient_history"
NEED_RANGE = 4.0  # standard deviations of a need that few customers exceed
BATCH_ROWS = 65_536  # rows an Arrow batch holds at most: 10 MB at 20 features


@dataclass(frozen=True, kw_only=True)
class StepSettings:
    """One row of `fit_request` and the settings of the learning step made of it."""

    stored_fit_number: int
    next_segment_id: int
    fit: FitSettings


def settings_from(relation: Any) -> StepSettings:
    """Read the one row of `fit_request`; threads and the temporary folder are the machine's."""
    row = relation.to_arrow_table().to_pylist()[0]
    return StepSettings(
        stored_fit_number=row["stored_fit_number"],
        next_segment_id=row["next_segment_id"],
        fit=FitSettings(
            k_min=row["k_min"],
            k_max=row["k_max"],
            active_k=row["active_k"],
            fixed_k=row["k"],
            seed=row["seed"],
            min_segment_share=row["min_segment_share"],
            weighting=row["weighting"],
            min_spoken_difference=row["min_standardised_difference"],
            large_difference=row["large_standardised_difference"],
            min_need_loading=row["min_need_loading"],
            drift_threshold=row["max_population_stability_index"],
            threads=int(os.environ.get("THREADS", "2")),
            tmp_dir=os.environ.get("SEGMENTATION_TMP"),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class ActiveFit:
    """The fit that customers are assigned by, from the one row of `active_fit`.

    slot_set: the names that it reads features by. is_refit: whether this run learned it.
    as_of_date: the current date.
    """

    number: int
    slot_set: str
    is_refit: bool
    as_of_date: date


def active_fit_from(relation: Any) -> ActiveFit:
    """Read the one row of `active_fit`."""
    row = relation.to_arrow_table().to_pylist()[0]
    return ActiveFit(
        number=row["fit_number"],
        slot_set=row["slot_set"],
        is_refit=row["is_refit"],
        as_of_date=row["as_of_date"],
    )


def tables_of_fit(
    active: ActiveFit, learned: tuple[Any, Any], stored: tuple[Any, Any, Any]
) -> tuple[pa.Table, pa.Table | None]:
    """Scaling and segments of the active fit: as this run learned them, or as they were stored.

    learned: `learned_k_scan` and `learned_segments`. stored: as `stored_tables` takes it.
    """
    if active.is_refit:
        k_scan, segments = (relation.to_arrow_table() for relation in learned)
        return scaling_of(k_scan), segments
    return stored_tables(stored, active.number)


def stored_tables(stored: tuple[Any, Any, Any], number: int) -> tuple[pa.Table, pa.Table | None]:
    """Scaling and segments of one fit as they were stored.

    stored: `history.fit_features`, `history.segments` and `history.fit_centroids`.
    """
    features, segments, centroids = stored
    return of_fit(features, number), nested_segments(segments, centroids, number)


def settings_of_fit(settings: FitSettings, active: Any) -> FitSettings:
    """Settings with those that the active fit was learned by, from the row of `active_fit`.

    What is published belongs to one fit: settings that changed while it goes on do not count.
    """
    (row,) = active.to_arrow_table().to_pylist()
    return replace(
        settings, seed=row["seed"], weighting=row["weighting_setting"] or settings.weighting
    )


def definitions_of(features: Any) -> pa.Table:
    """Definitions that the active fit was learned by, as a fit takes them.

    features: `feature_catalog_entries`, where features defined after the fit have no fit_number.
    """
    table = features.filter("fit_number is not null and family <> 'needs'").to_arrow_table()
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


def scaling_of_fit(features: Any) -> pa.Table:
    """Scaling of the active fit, from `feature_catalog_entries`."""
    return features.filter("fit_number is not null").to_arrow_table()


def check_fixed_k(relation: Any, settings: StepSettings) -> None:
    """Raise LearningError when more segments are asked for than there are customers to segment."""
    asked = settings.fit.fixed_k
    there = relation.count("*").fetchall()[0][0]
    if asked and asked > there:
        raise LearningError(
            f"K={asked}: there are {there} customers with enough history to segment; "
            "expected at most that many segments"
        )


def backtest_customers(features: Any) -> Any:
    """Relation of the customers that the backtest fit assigns, with their features as it sees them.

    Those of its own date, and those of the date that growth is counted from.
    """
    return features.filter("slot_set = 'backtest' and has_sufficient_history")


def learned_rows(customers: Any, snapshots: Any, assignments: Any) -> Any | None:
    """Relation of the customers that the backtest fit is learned from; None if there are none.

    customers: as `backtest_customers` gives them. Each comes with `previous_segment_id`, the
    segment at the date of the backtest by the active fit, from `customer_assignments`.
    """
    dates = snapshots.filter("is_backtest").to_arrow_table().column("as_of_date").to_pylist()
    if not dates:
        return None
    learned = customers.filter(f"as_of_date = date '{dates[0]}'")
    if not learned.count("*").fetchall()[0][0]:
        return None
    previous = "customer_id, as_of_date, segment_id as previous_segment_id"
    return learned.join(assignments.project(previous), "customer_id, as_of_date", "left")


def with_previous_segments(customers: Any, stored: Any, spells: Any) -> Any:
    """Relation of customers with `previous_segment_id`, by which segments are matched.

    stored: the segments of today's customers by the stored fit. spells: `history.assignments`,
    of which a customer's last segment counts where the stored fit cannot see anything any more.
    """
    last = spells.filter("last_run_number is null")
    previous = (
        stored.project("customer_id, segment_id as stored_segment_id")
        .join(last.project("customer_id, segment_id as last_segment_id"), "customer_id", "outer")
        .project("customer_id, coalesce(stored_segment_id, last_segment_id) as previous_segment_id")
    )
    return customers.join(previous, "customer_id", "left")


def segment_ids(segments: Any) -> list[int]:
    """Ids of the segments of the active fit, ascending, from `fit_segments`."""
    active = segments.filter("lineage <> 'retired'").order("segment_id").to_arrow_table()
    ids: list[int] = active.column("segment_id").to_pylist()
    return ids


def is_refit(decision: Any) -> bool:
    """Whether the one row of `refit_decision` asks for a new fit."""
    return bool(decision.to_arrow_table().column("is_refit")[0].as_py())


def of_fit(relation: Any, number: int) -> pa.Table:
    """Rows of a history table that belong to one fit."""
    return relation.filter(f"fit_number = {int(number)}").to_arrow_table()


def stored_customers(features: Any) -> Any:
    """A source of today's customers with a history, as the stored fit sees them.

    features: the relation of all customers' features, at every date and by every set of names.
    It has no row by the names of a stored fit before the first.
    """
    return key_ordered(features.filter(f"slot_set = 'stored' and {LEARNED_FROM}"))


def customers_of(features: Any, active: ActiveFit, *, at_every_date: bool = False) -> Any:
    """A source of the customers that the active fit assigns, with their features as it reads them.

    Today's customers with a history; at every date also those of each snapshot, and lapsed
    customers, who are scored by their last window that holds orders.
    """
    assigned = "(has_sufficient_history or is_lapsed)" if at_every_date else LEARNED_FROM
    return key_ordered(
        features.filter(f"slot_set = {_text(active.slot_set)} and {assigned}"), "as_of_date"
    )


def customers_with_segments(features: Any, active: ActiveFit, assignments: Any) -> Any:
    """A source of today's customers with a history and the segment that each is assigned to.

    The segment is the column `assigned_segment_id`. assignments: `customer_assignments`.
    """
    rows = features.filter(f"slot_set = {_text(active.slot_set)} and {LEARNED_FROM}")
    segments = assignments.filter("is_current").project(
        f"customer_id, segment_id as {ASSIGNED_COLUMN}"
    )
    return key_ordered(rows.join(segments, "customer_id", "inner"))


def rule_features(catalog: Any, features: Any) -> list[str]:
    """Names of the features that rules may use, in the order of the definitions.

    catalog: `feature_catalog_entries`. Those that the active fit has measured; a coordinate in the
    space of needs is no figure that a person can read.
    """
    rows = catalog.filter("mean_value is not null and family <> 'needs'")
    names = rows.order("position, feature").to_arrow_table().column("feature").to_pylist()
    return [name for name in names if name in features.columns]


def value_ranges(features: Any, active: ActiveFit, scaling: pa.Table) -> pa.Table:
    """Smallest and largest value that a customer has today of each feature of a scaling.

    Returns feature, minimum_value and maximum_value, original units, null where no customer has a
    value. A feature that is gone has no row.
    """
    rows = features.filter(f"slot_set = {_text(active.slot_set)} and {LEARNED_FROM}")
    names = [name for name in scaling.column("feature").to_pylist() if name in rows.columns]
    extremes = _extremes(rows, names) if names else []
    # Scores are no columns; a change is suggested within a few standard deviations only.
    needs = [name for name in NEED_FEATURES if name in scaling.column("feature").to_pylist()]
    names, extremes = names + needs, extremes + [-NEED_RANGE, NEED_RANGE] * len(needs)
    return pa.table(
        {
            "feature": pa.array(names, pa.string()),
            "minimum_value": pa.array(extremes[0::2], pa.float64()),
            "maximum_value": pa.array(extremes[1::2], pa.float64()),
        }
    )


def _extremes(rows: Any, names: list[str]) -> list[float | None]:
    """Minimum and maximum of each column, one after the other."""
    if hasattr(type(rows), "extremes"):
        found: list[float | None] = rows.extremes(names)
        return found
    columns = ['"' + name.replace('"', '""') + '"' for name in names]
    asked = ", ".join(f"min({column}), max({column})" for column in columns)
    return list(rows.aggregate(asked).fetchall()[0])


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def with_current(assigned: Any, as_of_date: date) -> Any:
    """Assignments, streamed or held in Spark, with `is_current`: whether of the current date."""
    if hasattr(type(assigned), "withColumn"):
        return assigned.withColumn("is_current", assigned["as_of_date"] == as_of_date)
    schema = assigned.schema.append(pa.field("is_current", pa.bool_()))
    today = pa.scalar(as_of_date, pa.date32())

    def marked() -> Iterator[pa.RecordBatch]:
        for batch in assigned:
            is_current = pc.equal(batch.column("as_of_date"), today)
            yield pa.RecordBatch.from_arrays([*batch.columns, is_current], schema=schema)

    return pa.RecordBatchReader.from_batches(schema, marked())


def key_ordered(relation: Any, *further_keys: str) -> Any:
    """A source of the relation's rows by customer_id and further keys; each call starts again.

    Where an engine holds customers that Python never sees whole, it is that engine's source of
    them; `api_of` gives the steps that take it.
    """
    if hasattr(type(relation), "customers"):
        return relation.customers()
    ordered = relation.order(", ".join(("customer_id", *further_keys)))

    def batches() -> Iterator[pa.RecordBatch]:
        yield from ordered.to_arrow_reader(BATCH_ROWS)

    return batches


def api_of(source: Any) -> ModuleType:
    """The learning steps for a source: those of its engine, or those on batches."""
    return getattr(source, "api", api)


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
    fields = ("feature", "position", "scaled_value", "original_value")
    for entry in (
        centroids.filter(chosen).order("segment_id, position").to_arrow_table().to_pylist()
    ):
        by_segment.setdefault(entry["segment_id"], []).append(
            {name: entry[name] for name in fields}
        )
    for row in rows:
        row["lineage_from"] = None  # text in the tables, and of the past only
        row["centroid"] = by_segment.get(row["segment_id"], [])
    return pa.Table.from_pylist(rows)
