"""Scores of a whole fit: Davies-Bouldin and Calinski-Harabasz."""

import numpy as np

from models_py.arrays import Matrix, Vector
from models_py.row_blocks import squared_distances


def davies_bouldin(means: Matrix, mean_distances: Vector) -> float | None:
    """Davies and Bouldin (1979): mean over clusters of the worst (s_i + s_j) / |m_i - m_j|.

    means: (k x features); mean_distances: (k) mean Euclidean distance of members to their mean.
    0 and up, lower is better; None for fewer than two clusters or means that coincide.
    """
    if len(means) < 2:
        return None
    apart = np.sqrt(squared_distances(means.T, means))
    np.fill_diagonal(apart, np.inf)
    if not (apart > 0).all():
        return None
    return float(((mean_distances[:, None] + mean_distances[None, :]) / apart).max(axis=1).mean())


def calinski_harabasz(between: float, within: float, k: int, row_count: int) -> float | None:
    """Calinski and Harabasz (1974): (between / (k - 1)) / (within / (n - k)).

    0 and up, higher is better; None for one cluster, a cluster per row, or no spread within.
    """
    if k < 2 or row_count <= k or within <= 0:
        return None
    return (between / (k - 1)) / (within / (row_count - k))
