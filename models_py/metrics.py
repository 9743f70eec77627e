"""Measures of a clustering, each a pure function of labels or distances."""

import numpy as np

from models_py.arrays import Counts, Labels, Matrix, Vector


def silhouette_from_distances(
    squared: Matrix, labels: Labels, sizes: Counts, radii: Vector
) -> Vector:
    """Silhouette with squared Euclidean distance, of each row, in O(n k).

    The mean squared distance of a row to the members of a cluster is its squared distance to the
    cluster's mean plus the cluster's mean squared radius (the identity of Huygens and Steiner),
    so Rousseeuw's (1987) a and b follow without pairs; equal to scikit-learn's
    `silhouette_samples(metric="sqeuclidean")` up to rounding.

    squared: (k x rows) squared distances to the means; labels: (rows) index of the own cluster;
    sizes, radii: (k). Returns (rows), from -1 to 1; 0 for the only member of a cluster, as in
    scikit-learn. Empty clusters are nobody's neighbour.
    """
    rows = np.arange(labels.size)
    apart = squared + radii[:, None]
    own_size = sizes[labels]
    a = apart[labels, rows] * own_size / np.maximum(own_size - 1, 1)
    apart[labels, rows] = np.inf
    apart[sizes == 0] = np.inf
    b = apart.min(axis=0)
    larger = np.maximum(a, b)
    is_defined = (own_size > 1) & (larger > 0) & np.isfinite(b)
    return np.where(is_defined, (b - a) / np.where(is_defined, larger, 1.0), 0.0)


def mean_silhouette(rows: Matrix, labels: Labels, k: int) -> float:
    """Mean silhouette with squared Euclidean distance of rows (rows x features) held in memory."""
    rows = rows.astype(np.float64)
    sizes = np.bincount(labels, minlength=k)
    means = np.zeros((k, rows.shape[1]))
    for feature in range(rows.shape[1]):
        means[:, feature] = np.bincount(labels, weights=rows[:, feature], minlength=k)
    means /= np.maximum(sizes, 1)[:, None]
    squared = np.maximum(
        np.einsum("ij,ij->i", rows, rows)[None, :]
        - 2 * (means @ rows.T)
        + np.einsum("ij,ij->i", means, means)[:, None],
        0,
    )
    own = squared[labels, np.arange(labels.size)]
    radii = np.bincount(labels, weights=own, minlength=k) / np.maximum(sizes, 1)
    return float(silhouette_from_distances(squared, labels, sizes, radii).mean())


def contingency(first: Labels, second: Labels, rows: int, columns: int) -> Counts:
    """Counts (rows x columns) of items labelled i by the first and j by the second."""
    index = first.astype(np.int64) * columns + second
    return np.bincount(index, minlength=rows * columns).reshape(rows, columns)


def adjusted_rand(table: Counts) -> float:
    """Adjusted Rand index (Hubert and Arabie 1985) of a contingency table.

    1 for the same partition, about 0 for independent ones; 1 when both are a single cluster.
    """

    def pairs(counts: Counts) -> float:
        counts = counts.astype(np.float64)
        return float((counts * (counts - 1) / 2).sum())

    together = pairs(table)
    first, second = pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    every = pairs(np.array([table.sum()]))
    if every == 0:
        return 1.0
    expected = first * second / every
    largest = (first + second) / 2
    return 1.0 if largest == expected else (together - expected) / (largest - expected)


def best_pairs(similarity: Matrix) -> tuple[Labels, Labels]:
    """Rows and columns of the pairs whose similarities have the greatest sum (Hungarian algorithm).

    similarity: (rows x columns); each row and each column is in one pair at most.
    """
    # Only where a fit is learned: a tenth of a second to import.
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(-similarity)
    return rows, columns


def jaccard_matrix(table: Counts) -> Matrix:
    """Jaccard coefficient of every pair of clusters: shared / in either; 0 to 1."""
    either = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    return np.where(either > 0, table / np.maximum(either, 1), 0.0)
