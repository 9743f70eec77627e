"""Weights found in the data: worked out by hand, taken where groups are clear, else not at all."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models_py import fit_steps
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.metrics import adjusted_rand, contingency
from models_py.parallel import one_blas_thread
from models_py.scaler import Scaler
from models_py.scaling import SCALING_SCHEMA
from models_py.weight_search import (
    RIDGE,
    Spread,
    Weighted,
    diagonal_likelihood,
    merged,
    searched,
    weights_of,
)
from synthetic_tables import tables
from weighting_tables import HEAVY, SETTINGS, hidden_groups


@pytest.fixture(scope="module")
def hidden():
    matrix, labels = hidden_groups()
    source, definitions = tables(matrix, HEAVY)
    return source, definitions, labels, fit_steps.scaling_step(source, definitions, SETTINGS)


def test_weights_worked_out_by_hand():
    """Clusters {0, 2} and {10, 12}: total 104, between 100. {1, 3} and {1, 3}: between 0."""
    rows = np.array([[0, 1, 0], [2, 3, 0], [10, 1, 7], [12, 3, 7]], dtype=np.float32)
    explained, means = Spread(rows).explained_shares(np.array([0, 0, 1, 1]), 2)
    assert explained == pytest.approx([100 / 104, 0, 1])
    assert means.tolist() == [[1, 2, 0], [11, 2, 7]]
    # 1 / (1 - R2) is 26, 1 and infinite; no feature has more than 10 times the least.
    assert weights_of(explained) == pytest.approx(np.array([10, 1, 10]) / 7)
    assert weights_of(np.array([0.5, 0.75])) == pytest.approx(np.array([2, 4]) / 3)
    assert diagonal_likelihood(np.array([0.5, 0.75])) == pytest.approx(np.log(8))


def test_likelihood_counts_a_repeated_feature_once():
    """Two features of variance 1, the first explained to 3/4: det T / det W = 1.05 / 0.30."""
    corners = np.array([[-1.0, -1.0], [-1.0, 1.0], [1.0, -1.0], [1.0, 1.0]])
    centre = np.sqrt(0.75)
    labels = np.repeat([0, 1], 4)
    rows = np.vstack([corners * [0.5, 1] - [centre, 0], corners * [0.5, 1] + [centre, 0]])
    means = np.array([[-centre, 0], [centre, 0]])
    once = np.log((1 + RIDGE) / (0.25 + RIDGE))
    assert Spread(rows).likelihood_of(labels, means) == pytest.approx(once)
    # The first feature twice: (2 + ridge) / (0.5 + ridge), not the square of it.
    twice = Spread(rows[:, [0, 0, 1]]).likelihood_of(labels, means[:, [0, 0, 1]])
    assert twice == pytest.approx(np.log((2 + RIDGE) / (0.5 + RIDGE)))
    assert twice < 1.15 * once


def test_search_ends_where_its_weights_are_those_of_its_clusters():
    matrix, labels = hidden_groups()
    rows = ((matrix - matrix.mean(axis=0)) / matrix.std(axis=0)).astype(np.float32)
    with one_blas_thread():
        found = searched(rows, 4, [np.ones(10)], SETTINGS, 1)
    assert adjusted_rand(contingency(labels, found.labels, 4, 4)) > 0.95
    explained, means = Spread(rows).explained_shares(found.labels, 4)
    assert found.weights == pytest.approx(weights_of(explained))
    assert found.likelihood == pytest.approx(Spread(rows).likelihood_of(found.labels, means))
    assert found.weights[8:].min() > 4 * found.weights[:8].max()


def test_merging_joins_what_costs_least():
    """Six at 0, 1, 10, 12, 30 (twice as many) and nobody: 0 and 1 go together, then 10 and 12."""
    rng = np.random.default_rng(5)
    labels = np.repeat([0, 1, 2, 3, 4], [40, 40, 40, 40, 80])
    rows = np.array([0, 1, 10, 12, 30])[labels][:, None] + 0.1 * rng.standard_normal((240, 1))
    rows = ((rows - rows.mean()) / rows.std()).astype(np.float32)
    _, means = Spread(rows).explained_shares(labels, 6)
    many = Weighted(np.ones(1), means, labels, 0.0)
    for k, joined in (
        (5, [0, 1, 2, 3, 4]),
        (4, [0, 0, 1, 2, 3]),
        (3, [0, 0, 1, 1, 2]),
        (2, [0, 0, 0, 0, 1]),
    ):
        found = merged(Spread(rows), many, k)
        assert found.centres.shape == (k, 1)
        expected = np.array(joined)[labels]
        assert adjusted_rand(contingency(expected, found.labels, k, k)) == 1
        assert found.centres == pytest.approx(Spread(rows).explained_shares(found.labels, k)[1])


@pytest.mark.parametrize("seed", [1, 3, 4])
def test_merging_leads_out_of_two_groups_in_one_cluster(seed):
    """Two small groups differ in 2 features of 14, six large ones in all.

    Without starts that are merged the two are one cluster, and the index is 0.93, for each seed.
    """
    rng = np.random.default_rng(seed)
    labels = rng.choice(8, size=1500, p=[0.05, 0.05, *[0.9 / 6] * 6])
    means = 2.2 * rng.standard_normal((8, 14))
    means[1] = means[0] + [*[0] * 12, -3, 3]
    rows = means[labels] + rng.standard_normal((1500, 14))
    rows = ((rows - rows.mean(axis=0)) / rows.std(axis=0)).astype(np.float32)
    with one_blas_thread():
        found = searched(rows, 8, [np.ones(14)], SETTINGS, 1)
    assert adjusted_rand(contingency(labels, found.labels, 8, 8)) > 0.99


def test_a_few_extreme_customers_are_no_group():
    """Three groups and 1% far away: the far ones would be a cluster of higher likelihood."""
    rng = np.random.default_rng(4)
    labels = rng.integers(0, 3, 1500)
    rows = rng.standard_normal((1500, 3))
    rows[:, 0] += 5 * labels
    rows[:15] += 12
    rows = ((rows - rows.mean(axis=0)) / rows.std(axis=0)).astype(np.float32)
    with one_blas_thread():
        found = searched(rows, 3, [np.ones(3)], SETTINGS, 1)
    assert np.bincount(found.labels).min() > 300


def test_groups_in_columns_of_low_weight_are_found(hidden):
    source, definitions, labels, scaling = hidden
    assert scaling.schema.equals(SCALING_SCHEMA)
    assert scaling.column("weighting").to_pylist() == ["structure"] * 10
    used = Scaler.from_table(scaling)
    weights = np.array(scaling.column("weight").to_pylist())
    assert np.square(used.factor * used.deviation) == pytest.approx(weights)
    assert weights.sum() == pytest.approx(sum(HEAVY))  # total influence stays what it was
    assert weights[8:].min() > weights[:8].max()
    scan = fit_steps.k_scan_step(source, definitions, SETTINGS)
    chosen = next(row for row in scan.to_pylist() if row["is_chosen"])
    assert chosen["k"] == 4
    segments = fit_steps.fit_step(source, scaling, scan, None, 1, SETTINGS)
    found = fit_steps.assign_step(source, scaling, segments, SETTINGS).read_all()
    found = found.column("segment_id").to_numpy() - 1
    assert adjusted_rand(contingency(labels, found, 4, 4)) > 0.95


def test_definitions_on_request_keep_the_definitions(hidden):
    source, definitions, _, scaling = hidden
    asked = replace(SETTINGS, weighting="definitions")
    plain = fit_steps.scaling_step(source, definitions, asked)
    assert plain.column("weight").to_pylist() == HEAVY
    assert plain.column("weighting").to_pylist() == ["definitions"] * 10
    changed = {"weight", "scale_factor", "weighting"}
    same = [name for name in SCALING_SCHEMA.names if name not in changed]
    assert plain.select(same).equals(scaling.select(same))


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize("kind", ["normal", "correlated and skewed", "uniform"])
def test_without_structure_the_table_is_that_of_the_definitions(kind):
    rng = np.random.default_rng(4)
    matrix = rng.standard_normal((1200, 10))
    if kind == "correlated and skewed":
        matrix = np.exp(0.7 * (matrix + rng.standard_normal((1200, 1))))
    elif kind == "uniform":
        matrix = rng.uniform(-1, 1, matrix.shape)
    source, definitions = tables(matrix, HEAVY)
    asked = replace(SETTINGS, weighting="definitions")
    found = fit_steps.scaling_step(source, definitions, SETTINGS)
    assert found.equals(fit_steps.scaling_step(source, definitions, asked))


@pytest.mark.many_builds
@pytest.mark.short
def test_same_weights_for_any_thread_count_and_batch_size(hidden):
    _, definitions, _, expected = hidden
    matrix, _ = hidden_groups()
    for threads, size in ((1, 1200), (4, 37)):
        source, _ = tables(matrix, HEAVY, batch_rows=size)
        found = fit_steps.scaling_step(source, definitions, replace(SETTINGS, threads=threads))
        assert found.equals(expected)


@pytest.mark.many_builds
@pytest.mark.short
def test_profiled_features_are_scaled_beside_the_found_weights(hidden):
    source, definitions, _, _ = hidden
    rows = definitions.to_pylist()
    rows[0]["is_clustered"] = False
    changed = pa.Table.from_pylist(rows, schema=definitions.schema)
    found = fit_steps.scaling_step(source, changed, SETTINGS).to_pylist()
    assert [row["weighting"] for row in found] == ["structure"] * 10
    assert (found[0]["dropped_reason"], found[0]["is_used"]) == ("profiled, not clustered", False)
    assert found[0]["scale_factor"] is None
    assert found[0]["standard_deviation"] == pytest.approx(1, abs=0.1)
    assert found[0]["weight"] == HEAVY[0]
    assert found[9]["weight"] > HEAVY[9]


@pytest.mark.many_builds
@pytest.mark.short
def test_features_of_weight_0_count_where_weights_are_found_and_nowhere_else():
    matrix, _ = hidden_groups()
    source, definitions = tables(matrix, [1.0] * 8 + [0.0] * 2)
    asked = replace(SETTINGS, weighting="definitions")
    plain = fit_steps.scaling_step(source, definitions, asked).to_pylist()
    assert [row["dropped_reason"] for row in plain] == [None] * 8 + ["weight 0"] * 2
    assert plain[8]["standard_deviation"] > 0
    found = fit_steps.scaling_step(source, definitions, SETTINGS)
    assert found.column("weighting").to_pylist() == ["structure"] * 10
    assert found.column("dropped_reason").to_pylist() == [None] * 10
    assert sum(found.column("weight").to_pylist()) == pytest.approx(8)
    rows = Scaler.from_table(found).scale(matrix.T).T
    assert rows[:, 8:].var() > rows[:, :8].var()


@pytest.mark.parametrize("rows", [1, 2, 30, 119])
def test_too_few_customers_keep_the_definitions(rows):
    matrix, _ = hidden_groups()
    source, definitions = tables(matrix[:rows], HEAVY)
    found = fit_steps.scaling_step(source, definitions, SETTINGS)
    assert set(found.column("weighting").to_pylist()) == {"definitions"}


def test_one_segment_and_one_feature_keep_the_definitions():
    matrix, _ = hidden_groups()
    source, definitions = tables(matrix, HEAVY)
    found = fit_steps.scaling_step(source, definitions, FitSettings(fixed_k=1))
    assert found.column("weighting")[0].as_py() == "definitions"
    source, definitions = tables(matrix[:, 9:], [0.1])
    found = fit_steps.scaling_step(source, definitions, SETTINGS)
    assert found.column("weighting").to_pylist() == ["definitions"]


def test_unknown_weighting_is_one_clear_error():
    with pytest.raises(LearningError, match="weighting auto or definitions"):
        FitSettings(weighting="equal")
    with pytest.raises(LearningError, match="weighting_sample_size"):
        FitSettings(weighting_sample_size=50_000)
