"""Measures on examples worked out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn import metrics as reference

from models_py import evaluation, fit_scores, metrics, row_blocks


def test_four_point_silhouettes_worked_out_by_hand():
    """Points 0, 2 | 10, 12: a = 4; b of the inner points (64 + 100) / 2, of the outer more."""
    rows = np.array([0.0, 2.0, 10.0, 12.0])
    labels = np.array([0, 0, 1, 1])
    means, radii, sizes = np.array([1.0, 11.0]), np.array([1.0, 1.0]), np.array([2, 2])
    squared = np.square(rows[None, :] - means[:, None])
    found = metrics.silhouette_from_distances(squared, labels, sizes, radii)
    outer, inner = 1 - 4 / 122, 1 - 4 / 82
    assert found == pytest.approx([outer, inner, inner, outer], abs=1e-15)
    mean = metrics.mean_silhouette(rows[:, None], labels, 2)
    assert mean == pytest.approx((outer + inner) / 2)


def test_lone_member_has_silhouette_zero():
    squared = np.array([[0.0, 25.0, 36.0], [30.25, 0.25, 0.25]])
    found = metrics.silhouette_from_distances(
        squared, np.array([0, 1, 1]), np.array([1, 2]), np.array([0.0, 0.25])
    )
    assert found[0] == 0
    assert found[1] == pytest.approx(1 - 1 / 25)


def test_identical_points_have_silhouette_zero():
    found = metrics.silhouette_from_distances(
        np.zeros((2, 4)), np.array([0, 0, 1, 1]), np.array([2, 2]), np.zeros(2)
    )
    assert (found == 0).all()


def test_adjusted_rand_worked_out_by_hand():
    """Table [[2, 1], [0, 3]]: 4 pairs together, 6 and 7 apart, 15 in all, expected 2.8."""
    table = metrics.contingency(np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1]), 2, 2)
    assert table.tolist() == [[2, 1], [0, 3]]
    assert metrics.adjusted_rand(table) == pytest.approx((4 - 2.8) / (6.5 - 2.8))
    assert metrics.adjusted_rand(np.array([[5]])) == 1
    assert metrics.adjusted_rand(np.array([[3, 0], [0, 4]])) == 1


def test_jaccard_worked_out_by_hand():
    found = metrics.jaccard_matrix(np.array([[2, 1], [0, 3]]))
    assert found == pytest.approx(np.array([[2 / 3, 1 / 6], [0, 3 / 4]]))
    assert metrics.jaccard_matrix(np.zeros((1, 1), dtype=int))[0, 0] == 0


def test_measures_equal_scikit_learn():
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((400, 5)) + 2 * rng.integers(0, 3, (400, 1))
    labels = rng.integers(0, 4, 400)
    assert metrics.mean_silhouette(rows, labels, 4) == pytest.approx(
        reference.silhouette_score(rows, labels, metric="sqeuclidean"), abs=1e-12
    )
    other = rng.integers(0, 3, 400)
    table = metrics.contingency(labels, other, 4, 3)
    assert metrics.adjusted_rand(table) == pytest.approx(
        reference.adjusted_rand_score(labels, other), abs=1e-12
    )
    means = np.stack([rows[labels == number].mean(axis=0) for number in range(4)])
    apart = np.sqrt(np.square(rows - means[labels]).sum(axis=1))
    scatter = np.array([apart[labels == number].mean() for number in range(4)])
    assert fit_scores.davies_bouldin(means, scatter) == pytest.approx(
        reference.davies_bouldin_score(rows, labels)
    )
    within = float(np.square(apart).sum())
    between = float(np.square(rows - rows.mean(axis=0)).sum()) - within
    assert fit_scores.calinski_harabasz(between, within, 4, 400) == pytest.approx(
        reference.calinski_harabasz_score(rows, labels)
    )


def test_squared_distances_worked_out_by_hand():
    scaled = np.array([[0.0, 3.0], [0.0, 4.0]])
    centres = np.array([[0.0, 0.0], [3.0, 0.0]])
    assert row_blocks.squared_distances(scaled, centres).tolist() == [[0, 25], [9, 16]]
    assert row_blocks.squared_distances(np.empty((0, 2)), np.empty((1, 0))).tolist() == [[0, 0]]


def test_exact_assignment_by_blocks_is_that_of_distances_summed_feature_by_feature():
    """Also of rows half way between two centres, and of centres that coincide."""
    rng = np.random.default_rng(4)
    scaled = rng.standard_normal((16, row_blocks.BLOCK_ROWS + 700))
    scaled[:, ::3] = np.round(scaled[:, ::3])
    centres = np.round(2 * rng.standard_normal((5, 16)))
    centres[3] = centres[1]
    models = [centres, centres[:1], rng.standard_normal((7, 16)), rng.standard_normal((3, 16))]
    for centres, (label, nearest, sums) in zip(
        models, row_blocks.assigned(scaled, models), strict=True
    ):
        squared = row_blocks.squared_distances(scaled, centres)
        expected = squared.argmin(axis=0)
        assert (label == expected).all()
        assert (nearest == squared.min(axis=0)).all()
        k = len(centres)
        assert sums.sizes.tolist() == np.bincount(expected, minlength=k).tolist()
        assert sums.inertias == pytest.approx(np.bincount(expected, nearest, k))
        totals = np.stack([np.bincount(expected, line, k) for line in scaled], axis=1)
        assert sums.totals == pytest.approx(totals)


def test_a_lone_row_is_assigned_as_among_others():
    """Numpy adds a single column in pairs, and many in order."""
    rng = np.random.default_rng(5)
    scaled, centres = rng.standard_normal((20, 50)), rng.standard_normal((3, 20))
    _, together, _ = next(row_blocks.assigned(scaled, [centres]))
    alone = [next(row_blocks.assigned(scaled[:, [at]], [centres]))[1][0] for at in range(50)]
    assert alone == together.tolist()


def test_silhouettes_by_blocks_are_those_of_the_rows():
    rng = np.random.default_rng(6)
    labels = rng.integers(0, 4, 2 * row_blocks.BLOCK_ROWS + 5)
    rows = rng.standard_normal((labels.size, 3)) + 3 * labels[:, None]
    scaled, one = exact_evaluation(rows, labels, 4)
    (sums,) = evaluation.silhouette_sums(scaled, [labels], [one])
    one.take_silhouettes(sums)
    assert one.silhouette == pytest.approx(metrics.mean_silhouette(rows, labels, 4), abs=1e-12)
    apart = np.sqrt(np.square(rows - one.means[labels]).sum(axis=1))
    assert sums[1] == pytest.approx(np.bincount(labels, apart))


def exact_evaluation(rows, labels, k):
    """Rows turned, and the evaluation of the means of their groups."""
    scaled = np.ascontiguousarray(rows.T)
    means = np.stack([rows[labels == one].mean(axis=0) for one in range(k)])
    own = np.square(rows - means[labels]).sum(axis=1)
    sizes = np.bincount(labels, minlength=k)
    sums = row_blocks.Sums(sizes, means * sizes[:, None], np.bincount(labels, own, k))
    return scaled, evaluation.Evaluation.of_sums(means, sums, labels=labels, nearest=own)
