"""Population stability index worked out by hand, and what drift says of moved customers."""

import numpy as np
import pyarrow as pa
import pytest

from models_py import drift, drift_steps, fit_steps
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.ladder import scaling_of
from synthetic_tables import planted, tables

SETTINGS = FitSettings(threads=1, fixed_k=3, start_count=2, half_sample_count=1, reference_count=1)


def test_index_worked_out_by_hand():
    found = drift.population_stability_index(np.array([0.5, 0.5]), np.array([0.25, 0.75]))
    assert found == pytest.approx(-0.25 * np.log(0.5) + 0.25 * np.log(1.5))
    assert drift.population_stability_index(np.array([0.2, 0.8]), np.array([0.2, 0.8])) == 0
    assert np.isfinite(drift.population_stability_index(np.array([1.0, 0]), np.array([0, 1.0])))


def test_bins_put_an_edge_below_and_join_repeated_values():
    assert drift.bin_counts(np.array([1.0, 2.0, 2.5, 9.0]), np.array([2.0, 3.0])).tolist() == [
        2,
        1,
        1,
    ]
    edges = drift.bin_edges(np.array([0.0] * 90 + list(range(1, 11))), 10)
    assert edges.tolist() == [0.0]
    assert drift.bin_edges(np.full(5, 3.0), 10).tolist() == []


def test_values_too_near_to_be_told_apart_are_in_one_bin():
    # Two thirds without a discount; the others have one of 35%, rounded to cents.
    matrix, _ = planted(1, "easy", rows=600)
    rates = np.where(np.arange(600) % 3 == 0, 0.2593 + np.linspace(-1e-4, 1e-4, 600), 0.0)
    matrix[:, 0] = rates
    source, definitions = tables(matrix)
    scaling = fit_steps.scaling_step(source, definitions, SETTINGS)
    baseline = drift_steps.baseline_step(source, scaling, SETTINGS).to_pylist()
    assert baseline[0]["bin_edges"] == [0.0]
    assert baseline[0]["bin_shares"] == pytest.approx([2 / 3, 1 / 3])
    # Of values that are spread, no edge is left out.
    assert len(baseline[1]["bin_edges"]) == 9


def test_edges_too_near_to_the_next_are_left_out():
    edges = np.array([0.0, 1.0, 1.02, 1.04, 1.06, 2.0])
    kept = drift.edges_apart(edges, edges, 2.01)
    assert kept.tolist() == [0.0, 1.0, 1.06]


@pytest.fixture(scope="module")
def fitted():
    matrix, _ = planted(1, "easy", rows=1000)
    source, definitions = tables(matrix)
    scan = fit_steps.k_scan_step(source, definitions, SETTINGS)
    scaling = scaling_of(scan)
    segments = fit_steps.fit_step(source, scaling, scan, None, 1, SETTINGS)
    return matrix, scaling, segments, drift_steps.baseline_step(source, scaling, SETTINGS)


def test_a_scaling_holds_the_bins_of_the_features_that_are_used(fitted):
    _, scaling, _, baseline = fitted
    rows = scaling.to_pylist()
    unused = {**rows[0], "feature": "profiled", "is_used": False}
    held = drift.with_bins(pa.Table.from_pylist([*rows, unused], schema=scaling.schema), baseline)
    others = [name for name in scaling.column_names if name not in drift.BINS]
    before = pa.Table.from_pylist([*rows, unused], schema=scaling.schema)
    assert held.select(others).equals(before.select(others))
    (last,) = held.slice(len(rows)).to_pylist()
    assert last["bin_edges"] is last["bin_shares"] is None
    names = ["feature", "position", "bin_edges", "bin_shares"]
    assert held.slice(0, len(rows)).select(names).to_pylist() == baseline.to_pylist()


def test_same_customers_have_not_drifted(fitted):
    matrix, scaling, segments, baseline = fitted
    source, _ = tables(matrix)
    found = drift_steps.drift_step(source, scaling, segments, baseline, SETTINGS).to_pylist()
    assert all(row["population_stability_index"] == 0 for row in found)
    assert not any(row["is_drifted"] for row in found)
    assigned = fit_steps.assign_step(source, scaling, segments, SETTINGS).read_all()
    assert sum(assigned.column("is_outlier").to_pylist()) <= 0.01 * len(matrix)


def test_moved_and_vanished_features_have_drifted(fitted):
    matrix, scaling, segments, baseline = fitted
    moved = matrix.copy()
    moved[:, 0] += 3 * matrix[:, 0].std()
    source, _ = tables(moved)
    found = drift_steps.drift_step(source, scaling, segments, baseline, SETTINGS).to_pylist()
    assert [row["is_drifted"] for row in found] == [True] + [False] * (len(found) - 1)
    lacking, _ = tables(matrix[:, :-1])
    last = drift_steps.drift_step(lacking, scaling, segments, baseline, SETTINGS).to_pylist()[-1]
    assert (last["population_stability_index"], last["is_drifted"]) == (None, True)


def test_a_stored_fit_whose_features_no_longer_exist_is_one_clear_error(fitted):
    matrix, scaling, segments, _ = fitted
    lacking, _ = tables(matrix[:, :-1])
    with pytest.raises(LearningError, match=r"found none for feature_.*fit again"):
        fit_steps.assign_step(lacking, scaling, segments, SETTINGS).read_all()


def test_no_customers_have_no_drift(fitted):
    _, scaling, segments, baseline = fitted
    nobody = lambda: iter(())  # noqa: E731
    found = drift_steps.drift_step(nobody, scaling, segments, baseline, SETTINGS).to_pylist()
    assert not any(row["is_drifted"] for row in found)
    assert fit_steps.assign_step(nobody, scaling, segments, SETTINGS).read_all().num_rows == 0


def test_tables_that_do_not_belong_together_are_refused(fitted):
    matrix, scaling, segments, baseline = fitted
    source, _ = tables(matrix)
    with pytest.raises(LearningError, match="baseline"):
        drift_steps.drift_step(source, scaling, segments, baseline.slice(1), SETTINGS)
    with pytest.raises(LearningError, match="scaling stored with the same fit"):
        fit_steps.assign_step(source, scaling.slice(1), segments, SETTINGS)
    with pytest.raises(LearningError, match="fit first"):
        fit_steps.assign_step(source, scaling, segments.slice(0, 0), SETTINGS)
    assert isinstance(segments, pa.Table)
