"""Learning in Spark: planted segments are found, and what Python finds on the same customers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

import needs_tables
from models_py import api as on_batches
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.ladder import scaling_of
from models_py.metrics import adjusted_rand, contingency
from models_py.rules import ASSIGNED_COLUMN
from models_py.scaler import Scaler
from synthetic_tables import planted, structureless, tables

pytestmark = pytest.mark.spark

# The objective of independent fits differs by at most so much.
OBJECTIVE = 0.005
FAST = {
    "weighting": "definitions",
    "k_max": 6,
    "half_sample_count": 4,
    "half_sample_starts": 2,
    "reference_count": 2,
    "reference_starts": 2,
}


@pytest.fixture(scope="module")
def on_spark(session):
    """The learning steps on Spark."""
    from models_spark import api

    return api


def customers_of(session, source, shuffled: int = 1):
    """The rows of a source as customers in Spark, in another order."""
    from models_spark.customers import SparkCustomers

    table = pa.Table.from_batches(source())
    order = np.random.default_rng(shuffled).permutation(table.num_rows)
    return SparkCustomers(session.createDataFrame(table.take(order)).repartition(3))


def learned(steps, customers, definitions, settings, previous=None, following=1):
    """Scaling, scan and segments."""
    scan = steps.k_scan_step(customers, definitions, settings)
    scaling = scaling_of(scan)
    segments = steps.fit_step(customers, scaling, scan, previous, following, settings)
    return scaling, scan, segments


def by_key(rows) -> list[dict]:
    """Rows of either engine in key order."""
    table = rows.read_all() if isinstance(rows, pa.RecordBatchReader) else rows.toArrow()
    return table.sort_by([("customer_id", "ascending")]).to_pylist()


def agreement(first: np.ndarray, second: np.ndarray) -> float:
    """Adjusted Rand index of two labellings."""
    return adjusted_rand(contingency(first, second, first.max() + 1, second.max() + 1))


def chosen(scan: pa.Table) -> dict:
    """The row of the chosen k."""
    return next(row for row in scan.to_pylist() if row["is_chosen"])


@pytest.mark.parametrize("seed", [1, 6])
def test_planted_segments_are_found_as_python_finds_them(session, on_spark, seed: int) -> None:
    matrix, labels = planted(seed, "easy", rows=2000)
    source, definitions = tables(matrix)
    settings = FitSettings(threads=2, **FAST)
    scaling, scan, segments = learned(
        on_spark, customers_of(session, source), definitions, settings
    )
    own_scaling, own_scan, own_segments = learned(on_batches, source, definitions, settings)

    columns = ("lower_value", "upper_value", "mean_value", "standard_deviation", "scale_factor")
    for column in columns:
        assert scaling.column(column).to_pylist() == pytest.approx(
            own_scaling.column(column).to_pylist(), rel=1e-9
        )
    ours, theirs = chosen(scan), chosen(own_scan)
    assert (ours["k"], ours["verdict"]) == (theirs["k"], theirs["verdict"])
    assert ours["inertia"] == pytest.approx(theirs["inertia"], rel=OBJECTIVE)
    for row, own in zip(scan.to_pylist(), own_scan.to_pylist(), strict=True):
        assert row["inertia"] <= own["inertia"] * (1 + 2 * OBJECTIVE)
    found = by_key(on_spark.assign_step(customers_of(session, source), scaling, segments, settings))
    own = by_key(on_batches.assign_step(source, own_scaling, own_segments, settings))
    ids, own_ids = (np.array([row["segment_id"] for row in rows]) for rows in (found, own))
    assert agreement(ids, own_ids) >= 0.95
    # How well K-means finds what was planted is not for the engine to say.
    assert agreement(ids, labels) >= agreement(own_ids, labels) - 0.01


def test_no_structure_is_said_on_both(session, on_spark) -> None:
    source, definitions = tables(structureless(0, rows=1500))
    settings = FitSettings(threads=2, **FAST)
    _, scan, _ = learned(on_spark, customers_of(session, source), definitions, settings)
    _, own_scan, _ = learned(on_batches, source, definitions, settings)
    assert chosen(scan)["verdict"] == chosen(own_scan)["verdict"] == "weak"


def test_needs_are_those_that_python_finds(session, on_spark) -> None:
    (whole, *halves), _ = needs_tables.shop(1, taste=0.8, has_kinds=False)
    customers, definitions = needs_tables.table(whole), needs_tables.definitions()
    settings = FitSettings(threads=2, **FAST | {"weighting": "auto", "k_min": 5, "k_max": 5})

    def source():
        return iter(customers.to_batches(max_chunksize=300))

    scans, found = {}, {}
    for steps, given in ((on_spark, customers_of(session, source)), (on_batches, source)):
        scan = steps.k_scan_step(
            given, definitions, settings, None, needs_tables.halves_table(halves)
        )
        scaling = scaling_of(scan)
        scored = steps.with_scores(given, scaling)
        segments = steps.fit_step(scored, scaling, scan, None, 1, settings)
        scans[steps] = chosen(scan)
        found[steps] = by_key(steps.assign_step(scored, scaling, segments, settings, scored))
    ours, theirs = scans[on_spark], scans[on_batches]
    assert (ours["rung"], ours["k"]) == (theirs["rung"], theirs["k"]) == ("needs", 5)
    assert ours["stability"] == pytest.approx(theirs["stability"], rel=1e-9)
    assert ours["inertia"] == pytest.approx(theirs["inertia"], rel=1e-9)
    for own, other in zip(found[on_spark], found[on_batches], strict=True):
        assert own.keys() == other.keys()
        assert own["segment_id"] == other["segment_id"]
        for name in ("need_1", "need_2", "squared_distance", "silhouette"):
            assert own[name] == pytest.approx(other[name], rel=1e-9, abs=1e-9)


@pytest.fixture(scope="module")
def fitted():
    """A world with a fit, made in Python."""
    matrix, _ = planted(3, "medium", rows=1200)
    source, definitions = tables(matrix)
    settings = FitSettings(threads=2, **FAST)
    return source, definitions, settings, learned(on_batches, source, definitions, settings)


def test_given_centres_give_every_customer_the_same_segment_and_reasons(
    session, on_spark, fitted
) -> None:
    source, _, settings, (scaling, _, segments) = fitted
    there = customers_of(session, source)
    own = by_key(on_batches.assign_step(source, scaling, segments, settings, source))
    assert by_key(on_spark.assign_step(there, scaling, segments, settings, there)) == own

    features = Scaler.from_table(scaling).features
    ranges = pa.table(
        {
            "feature": list(features),
            "minimum_value": [-1e9] * len(features),
            "maximum_value": [1e9] * len(features),
        }
    )
    shown = by_key(on_spark.top_reasons(there, scaling, segments, ranges, settings))
    assert shown == by_key(on_batches.top_reasons(source, scaling, segments, ranges, settings))


def test_baselines_and_drift_are_the_same(session, on_spark, fitted) -> None:
    source, _, settings, (scaling, _, segments) = fitted
    there = customers_of(session, source)
    baseline = on_batches.baseline_step(source, scaling, settings)
    assert on_spark.baseline_step(there, scaling, settings).equals(baseline)
    moved = pa.Table.from_batches(source())
    first = moved.schema.names.index("f0") if "f0" in moved.schema.names else 1
    name = moved.schema.names[first]
    values = moved.column(name).to_numpy() * 3
    moved = moved.set_column(first, name, pa.array(values))
    here = lambda: iter(moved.to_batches())  # noqa: E731 - a source is a function
    own = on_batches.drift_step(here, scaling, segments, baseline, settings)
    assert any(row["is_drifted"] for row in own.to_pylist())
    found = on_spark.drift_step(customers_of(session, here), scaling, segments, baseline, settings)
    assert found.to_pylist() == own.to_pylist()


def test_a_refit_keeps_ids(session, on_spark, fitted) -> None:
    source, definitions, settings, (scaling, _, segments) = fitted
    own = by_key(on_batches.assign_step(source, scaling, segments, settings))
    before = pa.array([row["segment_id"] for row in own], pa.int64())
    table = pa.Table.from_batches(source()).append_column("previous_segment_id", before)
    there = customers_of(session, lambda: iter(table.to_batches()))
    settings = replace(settings, active_k=segments.num_rows)
    _, _, again = learned(on_spark, there, definitions, settings, segments, 50)
    active = [row for row in again.to_pylist() if row["lineage"] != "retired"]
    assert {row["segment_id"] for row in active} == set(segments.column("segment_id").to_pylist())
    assert {row["lineage"] for row in active} == {"kept"}
    assert active[0]["moved_share"] < 0.05
    assert active[0]["relabelled_share"] is not None


def test_the_backtest_fit_names_segments_by_their_members(session, on_spark) -> None:
    ids = [3, 4, 7, 9, 12, 15, 20]
    matrix, labels = planted(4, "easy", rows=900)
    source, definitions = tables(matrix)
    in_force = pa.array(np.array(ids)[labels], pa.int64())
    table = pa.Table.from_batches(source()).append_column("previous_segment_id", in_force)
    there = customers_of(session, lambda: iter(table.to_batches()))
    assigned = by_key(
        on_spark.backtest_step(there, there, definitions, ids, FitSettings(threads=2, **FAST))
    )
    assert np.mean([row["segment_id"] for row in assigned] == np.array(ids)[labels]) > 0.95


def test_more_customers_than_the_driver_may_be_told_of(session, on_spark, monkeypatch) -> None:
    from models_spark import customers as module

    monkeypatch.setattr(module, "PARTITION_ROWS", 10_000)
    rng = np.random.default_rng(5)
    labels = rng.integers(0, 4, 60_000)
    matrix = rng.standard_normal((60_000, 4)) + 12 * np.eye(4)[labels]
    source, definitions = tables(matrix)
    there = customers_of(session, source)
    # Four numbers for each of 60,000 customers take more than the megabyte of the session.
    with pytest.raises(Exception, match="maxResultSize"):
        there.frame.toArrow()
    settings = FitSettings(threads=2, **FAST)
    scaling, scan, segments = learned(on_spark, there, definitions, settings)
    assert chosen(scan)["k"] == 4
    assigned = on_spark.assign_step(there, scaling, segments, settings)
    sizes = [row["count"] for row in assigned.groupBy("segment_id").count().collect()]
    assert sorted(sizes) == sorted(np.bincount(labels).tolist())
    assert sum(row["customer_count"] for row in segments.to_pylist()) == 60_000


def with_segments(matrix: np.ndarray, segments: np.ndarray, definitions: pa.Table):
    """A source of customers with their segments, under names that need quotes."""
    names = [f'a `{name}`, "or" <b>' for name in definitions.column("feature").to_pylist()]
    columns = {"customer_id": [f"c{number:06}" for number in range(len(matrix))]}
    columns |= {name: matrix[:, number] for number, name in enumerate(names)}
    table = pa.table(columns | {ASSIGNED_COLUMN: segments.astype(np.int64)})
    return (lambda: table.to_batches(max_chunksize=700)), names


def test_rules_are_the_same(session, on_spark) -> None:
    matrix, labels = planted(3, "medium", rows=1200)
    _, definitions = tables(matrix)
    source, names = with_segments(matrix, labels, definitions)
    settings = FitSettings(threads=2)
    own = on_batches.rules_step(source, names, settings)
    assert own.num_rows >= 4
    assert on_spark.rules_step(customers_of(session, source), names, settings).equals(own)


def test_rules_of_more_customers_than_the_driver_may_be_told_of(session, on_spark) -> None:
    rng = np.random.default_rng(5)
    matrix = rng.uniform(0, 100, (60_000, 4))
    _, definitions = tables(matrix)
    source, names = with_segments(matrix, matrix[:, 1] > 30, definitions)
    there = customers_of(session, source)
    rules = on_spark.rules_step(there, names, FitSettings(threads=2)).to_pylist()
    assert [(row["segment_id"], row["feature"]) for row in rules] == [(0, names[1]), (1, names[1])]
    assert all(29 <= float(row["lower_bound"] or row["upper_bound"]) <= 31 for row in rules)


@pytest.mark.parametrize(
    ("text", "bytes_"), [("1m", 2**20), ("512", 512), ("2gb", 2**31), ("0", 64 * 2**20)]
)
def test_sizes_are_read_as_spark_reads_them(text: str, bytes_: int) -> None:
    from models_spark.customers import byte_count

    assert byte_count(text) == bytes_


def test_silhouettes_are_those_of_spark(session, on_spark, fitted) -> None:
    from pyspark.ml.evaluation import ClusteringEvaluator
    from pyspark.ml.functions import array_to_vector
    from pyspark.sql import functions as f

    from models_spark.search import scaled_customers

    source, _, settings, (scaling, scan, segments) = fitted
    scaler = Scaler.from_table(scaling)
    there = customers_of(session, source)
    with scaled_customers(there, scaler, settings, row_count=1200) as scaled:
        centres = np.array(chosen(scan)["centroids"])
        (one,) = scaled.evaluated([centres])
        labels = on_spark.assign_step(there, scaling, segments, settings)
        rows = scaled.frame.join(labels, "customer_id").select(
            array_to_vector("scaled").alias("features"),
            f.col("segment_id").cast("double").alias("prediction"),
        )
        evaluator = ClusteringEvaluator(distanceMeasure="squaredEuclidean")
        assert one.silhouette == pytest.approx(evaluator.evaluate(rows), abs=1e-9)


def test_a_value_past_all_bounds_is_refused_by_name(session, on_spark, fitted) -> None:
    from models_spark.session import told_plainly

    source, definitions, settings, _ = fitted
    table = pa.Table.from_batches(source())
    name = table.schema.names[1]
    values = table.column(name).to_numpy().copy()
    values[17] = np.inf
    table = table.set_column(1, name, pa.array(values))
    there = customers_of(session, lambda: iter(table.to_batches()))
    with pytest.raises(LearningError, match=f"feature {name}: expected a number"), told_plainly():
        on_spark.scaling_step(there, definitions, settings)


def test_a_customer_that_is_there_twice_is_refused(session, on_spark, fitted) -> None:
    source, definitions, settings, _ = fitted
    table = pa.Table.from_batches(source())
    table = pa.concat_tables([table, table.slice(4, 1)])
    there = customers_of(session, lambda: iter(table.to_batches()))
    with pytest.raises(LearningError, match="expected one row per customer, found 1201 rows"):
        on_spark.scaling_step(there, definitions, settings)
