"""The search for clusters and feature weights that fit each other (see `weighting`).

K-means and weights in turn climb from many starts. Starts with k clusters miss groups that differ
in few features: one cluster ends on two groups and two on another, and no step of K-means leads
out of that. So some starts have more clusters than asked for, of which the pairs that lose least
are merged (the idea of split-and-merge: Ueda, Nakano, Ghahramani and Hinton 2000, Neural
Computation 12(9)). On 29 planted worlds that raised the mean adjusted Rand index at the planted k
from 0.826 to 0.856 (starting from the truth gives 0.867); four times as many starts gave 0.831.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from models_py import kmeans
from models_py.arrays import Labels, Matrix, Vector
from models_py.config import FitSettings
from models_py.sample import sampled_rows

# A feature nearly constant within clusters would own the distance: R2 counts up to 0.9.
MAXIMUM_RATIO = 10.0
ITERATIONS = 8  # most searches settle in 3 or 4
FIRST_ITERATIONS = 3  # of a start, after which the best go on
FINALISTS = 2
SETTLED = 1e-3  # gain in likelihood from which on another iteration is not worth its time
RIDGE = 0.05  # variance added to each feature for J: features that say the same have no volume
# Two telling features among eight of noise: a start with half of the features finds the groups in
# 4 of 10 tries, one with equal weights in 1 to 3. With 12, one search of 36 missed the groups among
# 5 to 8 columns of noise, 6 of 24 among 12 to 16.
RANDOM_STARTS = 12
# Weights are for all customers: a group of fewer is no reason for other ones. Online Retail has 3 %
# who order at odd hours, as far apart as planted groups, which tell nothing of what others spend.
LEAST_SHARE = 0.04
MORE_CLUSTERS = 2  # than asked for, of starts that are merged; 1 misses easy worlds, 3 as well
MERGED_STARTS = 4  # of these, the best
BEGINNING_ROWS = 1_500  # rows that starts see


@dataclass(frozen=True)
class Weighted:
    """Clusters of one k and the weights they give.

    weights: (features), mean 1. centres: float32 (k x features), in units of weight 1. labels:
    (rows). likelihood: J.
    """

    weights: Vector
    centres: Matrix
    labels: Labels
    likelihood: float

    @property
    def smallest_share(self) -> float:
        """Share of the rows in the smallest cluster."""
        return float(np.bincount(self.labels, minlength=len(self.centres)).min()) / len(self.labels)

    def labels_of(self, rows: Matrix) -> Labels:
        """The nearest clusters of rows, float32 (rows x features)."""
        scaled = kmeans.Rows(in_units_of(rows, self.weights))
        return scaled.labels(in_units_of(self.centres, self.weights))


class Spread:
    """How rows of variance 1 are spread, for the measures of many clusterings of them.

    rows: float32 (rows x features).
    """

    def __init__(self, rows: Matrix) -> None:
        self.rows = rows
        self._lines = np.ascontiguousarray(rows.T, dtype=np.float64)
        self._means = self._lines.mean(axis=1)
        self._squares = np.square(self._lines - self._means[:, None]).sum(axis=1)
        self.covariance = np.atleast_2d(np.cov(self._lines, bias=True))

    def explained_shares(self, labels: Labels, k: int) -> tuple[Vector, Matrix]:
        """Share of each feature's variance between clusters, 0 to 1; means (k x features)."""
        sizes = np.bincount(labels, minlength=k)
        totals = [np.bincount(labels, weights=line, minlength=k) for line in self._lines]
        means = np.stack(totals) / np.maximum(sizes, 1)
        between = (sizes * np.square(means - self._means[:, None])).sum(axis=1)
        has_spread = self._squares > 0
        shares = np.where(has_spread, between / np.where(has_spread, self._squares, 1.0), 0.0)
        return np.minimum(shares, 1.0), np.ascontiguousarray(means.T)

    def within(self, shares: Vector, means: Matrix) -> Matrix:
        """Covariance within clusters of these shares and means, with the ridge."""
        apart = means - shares @ means
        ridge = RIDGE * np.eye(len(self.covariance))
        covariance: Matrix = self.covariance - (apart.T * shares) @ apart + ridge
        return covariance

    def likelihood_of(self, labels: Labels, means: Matrix) -> float:
        """J of clusters with these means; 0 and up."""
        shares = np.bincount(labels, minlength=len(means)) / len(self.rows)
        total = self.covariance + RIDGE * np.eye(len(self.covariance))
        return float(np.linalg.slogdet(total)[1] - np.linalg.slogdet(self.within(shares, means))[1])


def weights_of(explained: Vector) -> Vector:
    """1 / (1 - R2), at most `MAXIMUM_RATIO` times the least possible, divided by the mean."""
    weights = 1 / np.maximum(1 - explained, 1 / MAXIMUM_RATIO)
    scaled: Vector = weights / weights.mean()
    return scaled


def diagonal_likelihood(explained: Vector) -> float:
    """Sum of -ln(1 - R2), each feature up to ln `MAXIMUM_RATIO`; what clustering in turn climbs."""
    return float(-np.log(np.maximum(1 - explained, 1 / MAXIMUM_RATIO)).sum())


def searched(
    rows: Matrix, k: int, first_weights: Sequence[Vector], settings: FitSettings, *path: int
) -> Weighted:
    """Weights and clusters of the highest J over starts with the given and with random weights.

    rows: float32 (rows x features), each feature with variance 1. Ties go to the earlier start.
    """
    path = (*path, k)
    drawn = sampled_rows(len(rows), BEGINNING_ROWS, kmeans.rng_for(settings.seed, *path, 0))
    small = Spread(rows[drawn])
    begun = _begun(small, k, first_weights, settings, *path)
    larger = _begun(small, k + MORE_CLUSTERS, first_weights, settings, *path, MORE_CLUSTERS)
    begun += [
        _climbed(small, merged(small, one, k), settings, FIRST_ITERATIONS)
        for one in sorted(larger, key=lambda one: -one.likelihood)[:MERGED_STARTS]
    ]

    def height(one: Weighted) -> tuple[bool, float]:
        """Clusters of few customers (bulk buyers, say) only where there are no others."""
        return one.smallest_share >= LEAST_SHARE, one.likelihood

    begun.sort(key=height, reverse=True)
    whole = Spread(rows)
    ended = [_climbed(whole, one, settings, ITERATIONS) for one in begun[:FINALISTS]]
    return max(ended, key=height)


def _begun(
    spread: Spread, k: int, first_weights: Sequence[Vector], settings: FitSettings, *path: int
) -> list[Weighted]:
    """Starts with the given weights and with random ones, after a few iterations.

    A random start has half of the features, so that some start is without most of the noise.
    """
    rng = kmeans.rng_for(settings.seed, *path, 0)
    width = spread.rows.shape[1]
    firsts = list(first_weights)
    for _ in range(RANDOM_STARTS):
        is_in = rng.permutation(width) < (width + 1) // 2
        firsts.append(np.where(is_in, 1.0, 1 / MAXIMUM_RATIO))
    begun = []
    for number, weights in enumerate(firsts):
        weights = weights / weights.mean()
        scaled = kmeans.Rows(in_units_of(spread.rows, weights))
        centres = kmeans.start_centres(
            scaled,
            k,
            kmeans.rng_for(settings.seed, *path, 1 + number),
            seeding_size=settings.seeding_sample_size,
            iterations=settings.search_iterations,
            trim_share=settings.trim_share,
        )
        first = Weighted(weights, centres / np.sqrt(weights), np.empty(0, dtype=np.intp), 0.0)
        begun.append(_climbed(spread, first, settings, FIRST_ITERATIONS, scaled=scaled))
    return begun


def merged(spread: Spread, one: Weighted, k: int) -> Weighted:
    """Merge, one after the other, the two clusters that cost least of J, until k are left.

    Merging clusters of shares p and q and means apart by m multiplies det W by
    1 + p q / (p + q) m' W^-1 m. Without a likelihood, for whoever climbs on measures it anew.
    """
    shares = np.bincount(one.labels, minlength=len(one.centres)) / len(one.labels)
    labels = one.labels
    means: Matrix = one.centres.astype(np.float64)
    while len(means) > k:
        turned = np.linalg.solve(spread.within(shares, means), means.T)
        products = means @ turned
        own = np.diag(products)
        squared = own[:, None] + own - products - products.T
        both = np.maximum(shares[:, None] + shares, np.finfo(float).tiny)
        costs = squared * (shares[:, None] * shares) / both
        costs[np.tril_indices(len(means))] = np.inf
        first, second = np.unravel_index(int(costs.argmin()), costs.shape)
        means[first] = np.average(
            means[[first, second]], axis=0, weights=shares[[first, second]] + np.finfo(float).tiny
        )
        shares[first] += shares[second]
        means, shares = np.delete(means, second, axis=0), np.delete(shares, second)
        labels = np.where(labels == second, first, labels)
        labels = labels - (labels > second)
    explained, means = spread.explained_shares(labels, len(means))
    return Weighted(weights_of(explained), means, labels, np.nan)


def _climbed(
    spread: Spread,
    start: Weighted,
    settings: FitSettings,
    iterations: int,
    *,
    scaled: kmeans.Rows | None = None,
) -> Weighted:
    """Cluster and weight in turn, from the centres of a start, until that gains nothing.

    scaled: the rows in units of the start's weights, where they are there.
    """
    weights, means = start.weights, start.centres
    best, highest = (weights, means, start.labels), -np.inf
    for _ in range(iterations):
        if scaled is None:
            scaled = kmeans.Rows(in_units_of(spread.rows, weights))
        centres = kmeans.lloyd(
            scaled, in_units_of(means, weights), iterations=settings.search_iterations
        )
        labels = scaled.labels(centres)
        scaled = None
        explained, means = spread.explained_shares(labels, len(means))
        weights = weights_of(explained)
        height = diagonal_likelihood(explained)
        is_settled = height < highest + SETTLED
        if height > highest:
            best, highest = (weights, means, labels), height
        if is_settled:
            break
    weights, means, labels = best
    return Weighted(weights, means, labels, spread.likelihood_of(labels, means))


def in_units_of(rows: Matrix, weights: Vector) -> Matrix:
    """Rows or centres of variance 1, stretched so that squared distances weigh the features."""
    return np.ascontiguousarray(rows * np.sqrt(weights), dtype=np.float32)
