"""Axes of needs, learned from a sample of customers.

Columns are standardised with spend taken out, and blocks are balanced (multiple factor analysis,
Escofier and Pages 1994). The axes are the first components, rotated so that each has few large
loadings, and evened over spend; what is stored is rounded first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models_py.arrays import Labels, Matrix, Vector
from models_py.kmeans import rng_for, rounded
from models_py.needs import (
    EVENING_BOUNDS,
    MEASURE,
    NeedsColumn,
    NeedsModel,
    Values,
    column_values,
    log_spend,
    whole_count,
)

# Of the intraclass correlation of lines: 1 / correlation - 1 is the prior count.
CORRELATION_BOUNDS = (1e-4, 0.999)
LEAST_DEVIATION = 1e-9  # of a column that says anything
ROTATION_TOLERANCE = 1e-12
ROTATION_ITERATIONS = 1_000
MINIMUM_COLUMNS = 4
MINIMUM_PAIRS = 100  # customers with orders in both halves
PERMUTATION_PATH = 31  # seed path; others are in `scan` and `weighting`


def prior_count(parts: Matrix, whole: Vector) -> tuple[float, Vector]:
    """Prior count m and mean shares mu (groups) of shares, by moments.

    parts: (rows x groups), counts that leave a rest of whole (rows). The Dirichlet-multinomial
    has variance mu (1 - mu) (1 + (n - 1) rho) / n of a share of n, rho = 1 / (m + 1) (Mosimann
    1962; moments as for beta-binomial proportions, Kleinman 1973). With shares weighted by n,
    S their squared distance to mu summed over groups, V = sum mu (1 - mu) and W = rows / sum n:

        rho = (S / V - W) / (1 - W), held within `CORRELATION_BOUNDS`
    """
    is_counted = whole > 0
    parts, whole = parts[is_counted], whole[is_counted]
    total = float(whole.sum())
    least, most = CORRELATION_BOUNDS
    if not total:
        return 1 / least - 1, np.zeros(parts.shape[1])
    groups = np.column_stack([parts, whole - parts.sum(axis=1)])
    mean = groups.sum(axis=0) / total
    variance = float((mean * (1 - mean)).sum())
    noise = len(whole) / total
    if variance <= 0 or noise >= 1:
        return 1 / least - 1, mean[:-1]
    squares = np.square(groups / whole[:, None] - mean).sum(axis=1)
    observed = float((whole * squares).sum()) / total
    correlation = min(max((observed / variance - noise) / (1 - noise), least), most)
    return 1 / correlation - 1, mean[:-1]


def with_priors(columns: Sequence[NeedsColumn], given: Values) -> list[NeedsColumn]:
    """Columns with the prior counts and mean shares of these customers.

    Shares of one block that are of the same count and cannot exceed it together, as those of
    categories, have one prior count.
    """
    families: dict[tuple[str, str, str], list[int]] = {}
    for at, column in enumerate(columns):
        if column.share_of != MEASURE:
            alone = "" if column.feature.startswith("category_") else column.feature
            families.setdefault((column.block, column.share_of, alone), []).append(at)
    found = list(columns)
    for (_, share_of, _), places in families.items():
        whole = whole_count(given, share_of)
        shares = np.column_stack([given[columns[at].feature] for at in places])
        whole = np.where(np.isnan(shares).any(axis=1), 0.0, whole)
        parts = np.clip(np.nan_to_num(shares), 0.0, 1.0) * whole[:, None]
        prior, means = prior_count(parts, whole)
        stored = rounded(np.array([prior, *means]))
        for at, mean in zip(places, stored[1:], strict=True):
            found[at] = replace(found[at], prior_count=float(stored[0]), mean_share=float(mean))
    return found


@dataclass(frozen=True)
class Components:
    """Combinations of columns, those that explain most first.

    standardised: (rows x columns), spend taken out, unit variance. powers: (rows x 3) 1, log spend
    and its square. trends: (3 x columns) and deviations (columns) of the column values. weights:
    (columns) of blocks. eigenvalues: descending; vectors: (columns x columns).
    """

    columns: tuple[NeedsColumn, ...]
    standardised: Matrix
    powers: Matrix
    trends: Matrix
    deviations: Vector
    weights: Vector
    eigenvalues: Vector
    vectors: Matrix

    def chance(self, seed: int, draws: int) -> float:
        """The largest eigenvalue after the rows of each column are permuted."""
        values = self.standardised * self.weights
        largest = 0.0
        for number in range(draws):
            rng = rng_for(seed, PERMUTATION_PATH, number)
            drawn = np.column_stack([rng.permutation(line) for line in values.T])
            eigenvalues = np.linalg.eigvalsh(drawn.T @ drawn / len(drawn))
            largest = max(largest, float(eigenvalues[-1]))
        return largest


def taken(given: Values, rows: Labels) -> dict[str, Vector]:
    """Some of the customers."""
    return {name: line[rows] for name, line in given.items()}


def components(columns: Sequence[NeedsColumn], given: Values) -> Components | None:
    """The components of these customers; None with too few columns that vary."""
    learned = with_priors(columns, given)
    spend = log_spend(given)
    powers = np.column_stack([np.ones(len(spend)), spend, spend * spend])
    values = np.column_stack(column_values(learned, given))
    trends = np.linalg.lstsq(powers, values, rcond=None)[0]
    residuals = values - powers @ trends
    deviations = residuals.std(axis=0)
    kept = np.flatnonzero(deviations > LEAST_DEVIATION)
    if len(kept) < MINIMUM_COLUMNS:
        return None
    learned = [learned[at] for at in kept]
    standardised = residuals[:, kept] / deviations[kept]
    covariance = standardised.T @ standardised / len(standardised)
    weights = np.ones(len(kept))
    blocks = np.array([one.block for one in learned])
    for block in np.unique(blocks):
        own = np.flatnonzero(blocks == block)
        weights[own] = 1 / np.sqrt(np.linalg.eigvalsh(covariance[np.ix_(own, own)])[-1])
    balanced = covariance * weights * weights[:, None]
    eigenvalues, vectors = np.linalg.eigh(balanced)
    return Components(
        tuple(learned),
        standardised,
        powers,
        trends[:, kept],
        deviations[kept],
        weights,
        eigenvalues[::-1],
        _with_signs(vectors[:, ::-1]),
    )


def _with_signs(vectors: Matrix) -> Matrix:
    """Turn each vector so that its largest element is positive."""
    largest = np.abs(vectors).argmax(axis=0)
    signed: Matrix = vectors * np.sign(vectors[largest, np.arange(vectors.shape[1])])
    return signed


def varimax(loadings: Matrix) -> Matrix:
    """Rotation (axes x axes) after which each axis has few large loadings (Kaiser 1958).

    By singular value decompositions, as in R's `varimax` without normalising rows.
    """
    rotation = np.eye(loadings.shape[1])
    for _ in range(ROTATION_ITERATIONS):
        turned = loadings @ rotation
        cubes = turned**3 - turned * np.square(turned).mean(axis=0)
        left, _, right = np.linalg.svd(loadings.T @ cubes)
        before, rotation = rotation, left @ right
        if np.abs(rotation - before).max() < ROTATION_TOLERANCE:
            break
    return rotation


def rotated(found: Components, axes: int, threshold: float) -> NeedsModel:
    """Axes of the first components: uncorrelated, varimax, even over spend, unit variance.

    In the order of what they explain of the columns, each with its largest loading positive.
    """
    values, count = found.standardised, len(found.standardised)
    coefficients = found.weights[:, None] * found.vectors[:, :axes]
    scored = values @ coefficients
    size, directions = np.linalg.eigh(scored.T @ scored / count)
    coefficients = coefficients @ (directions / np.sqrt(size) @ directions.T)
    loadings = values.T @ (values @ coefficients) / count
    coefficients = coefficients @ varimax(loadings)
    loadings = values.T @ (values @ coefficients) / count
    explained = np.square(found.weights[:, None] * loadings).sum(axis=0)
    order = np.argsort(-rounded(explained), kind="stable")
    coefficients, loadings = coefficients[:, order], loadings[:, order]
    signs = np.sign(loadings[np.abs(loadings).argmax(axis=0), np.arange(loadings.shape[1])])
    coefficients, loadings = coefficients * signs, loadings * signs
    scored = values @ coefficients
    line = found.powers[:, :2]
    spreads = rounded(np.linalg.lstsq(line, np.square(scored), rcond=None)[0])
    evened = scored / np.sqrt(np.clip(line @ spreads, *EVENING_BOUNDS))
    stored = coefficients / found.deviations[:, None]
    return NeedsModel(
        found.columns,
        rounded(stored),
        rounded(loadings),
        rounded(found.trends @ stored),
        spreads,
        rounded(evened.std(axis=0)),
        threshold,
    )


def reliabilities(model: NeedsModel, halves: Sequence[Mapping[str, Vector]]) -> Vector:
    """Correlation (axes) of the scores of the same customers in two halves of their orders.

    0 where too few customers have orders in both, or where scores do not vary. What is not
    counted by halves, as coupons are, counts as missing.
    """
    first, second = (model.scores(_complete(half, model.read_features)) for half in halves)
    if first.shape[1] < MINIMUM_PAIRS:
        return np.zeros(model.axes)
    first, second = (one - one.mean(axis=1, keepdims=True) for one in (first, second))
    size = np.sqrt(np.square(first).sum(axis=1) * np.square(second).sum(axis=1))
    together = (first * second).sum(axis=1)
    found: Vector = np.divide(together, size, out=np.zeros(model.axes), where=size > 0)
    return found


def _complete(given: Values, names: Sequence[str]) -> dict[str, Vector]:
    """These features, NaN for those that are not given."""
    missing = np.full(len(next(iter(given.values()))), np.nan)
    return {name: given.get(name, missing) for name in names}
