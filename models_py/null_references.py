"""Data without cluster structure, made from the data itself, to read a silhouette against.

Clustering anything gives some silhouette: uniform noise scores 0.59 with squared distances. So a
silhouette counts only by what it has over the same number of clusters found in data that has
none. Three kinds, and the hardest (highest silhouette) is the one that counts:

permuted: each feature keeps its values (spikes, skew) and loses its relation to the others.
uniform: a box in the principal components with their variances (Tibshirani, Walther and Hastie
    2001, reference b of the gap statistic).
skewed: correlated as the data is, with each feature's skew and tails but without its modes. A
    normal copula with the data's rank correlation, put through a quantile curve of each feature
    that is smooth between a few quantiles. Without it, any correlated skewed cloud, which is what
    recency, frequency and spend are, would pass for structure.
"""

import numpy as np
from scipy.special import ndtri

from models_py.arrays import Matrix

KINDS = ("permuted", "uniform", "skewed")
CURVE_LEVELS = (0.01, 0.10, 0.50, 0.90, 0.99)  # enough for skew and tails, too few for modes


def reference(kind: str, rows: Matrix, rng: np.random.Generator) -> Matrix:
    """Draw a reference of one kind with the shape of `rows` (rows x features), float32."""
    makers = {"permuted": permuted, "uniform": uniform, "skewed": skewed}
    return np.ascontiguousarray(makers[kind](rows, rng), dtype=np.float32)


def permuted(rows: Matrix, rng: np.random.Generator) -> Matrix:
    """Each column in an order of its own."""
    return rng.permuted(rows, axis=0)


def uniform(rows: Matrix, rng: np.random.Generator) -> Matrix:
    """Uniform in the principal components, with the variance of each."""
    centre = rows.mean(axis=0, dtype=np.float64)
    variance, axes = np.linalg.eigh(np.atleast_2d(np.cov((rows - centre).T, bias=True)))
    half_width = np.sqrt(3 * np.maximum(variance, 0))  # a box of half width h has variance h^2 / 3
    drawn: Matrix = rng.uniform(-1, 1, size=rows.shape) * half_width @ axes.T + centre
    return drawn


def skewed(rows: Matrix, rng: np.random.Generator) -> Matrix:
    """Normal scores with the data's rank correlation through a smooth quantile curve each."""
    size, width = rows.shape
    scores = ndtri((average_ranks(rows) - 0.5) / size)
    deviation = scores.std(axis=0)
    scores = (scores - scores.mean(axis=0)) / np.where(deviation > 0, deviation, 1)
    variance, axes = np.linalg.eigh(scores.T @ scores / size)
    drawn = rng.standard_normal((size, width)) * np.sqrt(np.maximum(variance, 0)) @ axes.T
    # Only where a fit is learned: a sixth of a second to import.
    from scipy.interpolate import PchipInterpolator

    levels = ndtri(CURVE_LEVELS)
    out = np.empty((size, width))
    for column in range(width):
        knots = np.quantile(rows[:, column].astype(np.float64), CURVE_LEVELS)
        curve = PchipInterpolator(levels, knots, extrapolate=True)
        inside = np.clip(drawn[:, column], levels[0], levels[-1])
        out[:, column] = curve(inside)
    return out


def average_ranks(rows: np.ndarray) -> np.ndarray:
    """Rank of each value in its column from 1 on, equal values by their mean (rows x features).

    What scipy.stats.rankdata gives; importing scipy.stats takes longer than clustering small data.
    """
    ranks = np.empty(rows.shape)
    for column, values in enumerate(rows.T):
        _, place, count = np.unique(values, return_inverse=True, return_counts=True)
        ranks[:, column] = (np.cumsum(count) - (count - 1) / 2)[place]
    return ranks
