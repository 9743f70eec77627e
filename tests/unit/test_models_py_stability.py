"""Separation, half samples and references on clouds whose answer is plain."""

import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from models_py import kmeans, null_references, polish, stability


def test_separation_of_two_clouds_and_of_one_cut_in_two():
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((4000, 2))
    apart = rows + np.array([10.0, 0.0])
    centres = np.array([[0.0, 0.0], [10.0, 0.0]])
    assert stability.separation(rows, apart, *centres) > 0.95
    left, right = rows[rows[:, 0] < 0], rows[rows[:, 0] >= 0]
    cut = stability.separation(left, right, left.mean(axis=0), right.mean(axis=0))
    assert cut < 0.1
    assert stability.separation(rows[:10], apart, *centres) == 0
    assert stability.separation(rows, apart, centres[0], centres[0]) == 0


def test_halves_are_disjoint_and_together_everything():
    first, second = stability.split(11, 1, 0)
    assert sorted([*first, *second]) == list(range(11))
    assert len(first) == 5
    assert stability.split(11, 1, 1)[0].tolist() != first.tolist()


def test_clear_clusters_come_back_in_half_samples():
    rng = np.random.default_rng(1)
    labels = np.arange(600) % 3
    places = np.array([[0, 0], [20, 0], [0, 20]])
    rows = (places[labels] + rng.standard_normal((600, 2))).astype(np.float32)
    found = stability.Halves(kmeans.Rows(rows), 1, 0).compared(
        labels, 3, starts=2, iterations=20, seeding_size=600, trim_share=0.01
    )
    assert found.adjusted_rand == 1
    assert found.jaccards.tolist() == [1, 1, 1]
    assert found.separation > 0.9


@pytest.fixture(scope="module")
def rows() -> np.ndarray:
    rng = np.random.default_rng(2)
    first = rng.standard_normal(5000)
    second = 0.8 * first + 0.6 * rng.standard_normal(5000)
    return np.column_stack([first, np.exp(second)]).astype(np.float32)


def test_permuted_reference_keeps_values_and_loses_relations(rows):
    found = null_references.reference("permuted", rows, kmeans.rng_for(1, 0))
    assert (np.sort(found, axis=0) == np.sort(rows, axis=0)).all()
    assert abs(np.corrcoef(found.T)[0, 1]) < 0.05


def test_uniform_reference_keeps_means_and_covariance(rows):
    found = null_references.reference("uniform", rows, kmeans.rng_for(1, 0))
    assert found.mean(axis=0) == pytest.approx(rows.mean(axis=0), abs=0.1)
    assert np.cov(found.T) == pytest.approx(np.cov(rows.T), rel=0.1)


def test_skewed_reference_keeps_quantiles_and_rank_correlation(rows):
    found = null_references.reference("skewed", rows, kmeans.rng_for(1, 0))
    for level in (0.1, 0.5, 0.9):
        assert np.quantile(found, level, axis=0) == pytest.approx(
            np.quantile(rows, level, axis=0), abs=0.12
        )
    ranks = np.argsort(np.argsort(found, axis=0), axis=0)
    assert np.corrcoef(ranks.T)[0, 1] == pytest.approx(0.786, abs=0.03)


def test_capped_seeding_does_not_start_at_a_lone_extreme_row():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((1000, 3)).astype(np.float32)
    rows[500:, 0] += 12
    rows[7] = 400
    for number in range(20):
        squares = kmeans.squared_lengths(rows)
        centres = kmeans.seeded(rows, squares, 2, kmeans.rng_for(number), trim_share=0.01)
        if not (centres[0] > 100).all():
            assert (centres < 100).all()


def test_threshold_lets_at_most_the_trimmed_share_be_extreme():
    distances = np.concatenate([np.linspace(1, 2, 900), np.linspace(50, 60, 100)])
    bound = polish.extreme_threshold(distances, trim_share=0.01, trim_deviations=5)
    assert 0 < np.mean(distances > bound) <= 0.01
    even = polish.extreme_threshold(np.linspace(1, 2, 1000), trim_share=0.01, trim_deviations=5)
    assert even > 2
    assert polish.extreme_threshold(np.empty(0), trim_share=0.01, trim_deviations=5) == np.inf


@pytest.mark.parametrize("iterations", [2, 60])
@pytest.mark.parametrize("size", [40, 1_500, 6_000])
@pytest.mark.parametrize("k", [1, 3, 6])
def test_lloyd_gives_what_the_estimator_gives_to_the_bit(k, size, iterations):
    rng = np.random.default_rng(size + k)
    rows = (rng.standard_normal((size, 7)) + 4 * rng.integers(0, 3, (size, 1))).astype(np.float32)
    centres = rows[rng.choice(size, k, replace=False)]
    if k == 6:
        centres[1], centres[2] = centres[0], 1e3  # a tie, and a centre that nobody is near
    model = KMeans(k, init=centres, n_init=1, max_iter=iterations, tol=kmeans.LLOYD_TOLERANCE)
    with threadpool_limits(limits=1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        expected = model.fit(rows).cluster_centers_
        assert (kmeans.lloyd(rows, centres, iterations=iterations) == expected).all()


@pytest.mark.parametrize("is_coarse", [False, True])
def test_a_pass_by_block_is_lloyds_step_without_the_trimmed(is_coarse):
    """Coarse: whole numbers, of which many lie half way between two centres: to the first."""
    rng = np.random.default_rng(9)
    rows = 2 * rng.standard_normal((3000, 4))
    rows = (np.round(rows) if is_coarse else rows).astype(np.float32)
    centres = rows[:5] if is_coarse else rows[:5] + np.float32(0.1)
    squared = np.square(rows[:, None].astype(np.float64) - centres).sum(axis=2)
    label, nearest = squared.argmin(axis=1), squared.min(axis=1)
    bound = 9.5
    kept = nearest <= bound
    sums, counts, objective = polish.block_pass(rows, centres, bound)
    assert counts.tolist() == np.bincount(label[kept], minlength=5).tolist()
    assert sums == pytest.approx(
        np.stack([rows[kept & (label == one)].sum(axis=0) for one in range(5)]), abs=1e-2
    )
    assert objective == pytest.approx(np.minimum(nearest, bound).sum(), rel=1e-5)
