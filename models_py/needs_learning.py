"""Columns and axes of needs, learned from counts of whole windows and of half the orders.

The same columns are computed from the odd and the even orders of each customer. A combination of
columns that says something lasting of a customer has the same sign in both, so the axes are
eigenvectors of their cross-covariance, and only eigenvalues well above those by chance count
(`Components.axes_that_return`). They are rotated so that each has few large loadings, their
spread is made even over spend, and what is stored is rounded first.

Chance is the same halves with the sign of each customer's even orders drawn at random. Pairing
customers at random would not do: columns of customers who buy little are noisier, a random
pairing spreads that noise evenly, and shops whose customers differ in nothing but volume then
have eigenvalues up to 1.9 times the largest by chance (1.1 times with random signs).

Learning holds three dense float64 matrices (customers x columns): give it a sample of the
customers where there are many.
"""

from dataclasses import dataclass, replace

import numpy as np

from models_py.arrays import Matrix, Vector
from models_py.errors import LearningError
from models_py.kmeans import rng_for, rounded
from models_py.needs import (
    BASKET,
    EVENING_BOUNDS,
    Needs,
    NeedsColumns,
    column_values,
    standardised,
)
from models_py.needs_counts import MEASURE, PRODUCT, CustomerCounts

# Of the intraclass correlation of lines: 1 / correlation - 1 is the prior count.
CORRELATION_BOUNDS = (1e-4, 0.999)
WINSOR_SHARE = 0.005  # of customers, on each side of columns but of products
LEAST_DEVIATION = 1e-9  # of a column that says anything
ROTATION_TOLERANCE = 1e-12
ROTATION_ITERATIONS = 1_000
MINIMUM_ROWS = 100  # fewer customers estimate covariances of columns by chance
MINIMUM_COLUMNS = 4


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


def learn_columns(counts: CustomerCounts) -> NeedsColumns:
    """Learn how columns are standardised; those without spread are left out.

    Raises LearningError with too few customers or too few columns that vary.
    """
    if len(counts) < MINIMUM_ROWS:
        raise LearningError(
            f"needs: expected at least {MINIMUM_ROWS} customers to learn from, found "
            f"{len(counts)}; take a longer window"
        )
    products, others = counts.products, counts.definitions
    width = len(products) + len(others)
    prior, share = np.full(width, np.nan), np.full(width, np.nan)
    basket = np.zeros((len(counts), len(products)))
    basket[counts.row, counts.product] = counts.count
    first = len(products)
    prior[:first], share[:first] = prior_count(basket, counts.lines)
    for at, one in enumerate(others):
        if one.kind != MEASURE:
            found = prior_count(counts.values[:, [at]], counts.trials[:, at])
            prior[first + at], share[first + at] = found[0], found[1][0]
    mean, deviation = counts.log_spend.mean(), counts.log_spend.std()
    columns = NeedsColumns(
        (*products, *(one.name for one in others)),
        (*(BASKET for _ in products), *(one.block for one in others)),
        (*(PRODUCT for _ in products), *(one.kind for one in others)),
        rounded(prior),
        rounded(share),
        np.full(width, -np.inf),
        np.full(width, np.inf),
        np.zeros((3, width)),
        np.ones(width),
        float(rounded(mean)),
        float(rounded(deviation)) if deviation > LEAST_DEVIATION else 1.0,
    )
    values = column_values(columns, counts)
    levels = np.quantile(values[:, first:], [WINSOR_SHARE, 1 - WINSOR_SHARE], axis=0)
    columns.lower[first:], columns.upper[first:] = rounded(levels)
    values = np.clip(values, columns.lower, columns.upper)
    powers = columns.powers(counts.log_spend)
    trends = rounded(np.linalg.lstsq(powers, values, rcond=None)[0])
    spread = (values - powers @ trends).std(axis=0)
    return _of_spread(replace(columns, trends=trends, deviations=rounded(spread)))


def _of_spread(columns: NeedsColumns) -> NeedsColumns:
    """The columns that vary."""
    kept = np.flatnonzero(columns.deviations > LEAST_DEVIATION)
    if len(kept) < MINIMUM_COLUMNS:
        raise LearningError(
            f"needs: expected at least {MINIMUM_COLUMNS} columns in which customers differ, found "
            f"{len(kept)} of {len(columns.names)}; needs cannot be learned from this data"
        )
    return replace(
        columns,
        names=tuple(columns.names[at] for at in kept),
        blocks=tuple(columns.blocks[at] for at in kept),
        kinds=tuple(columns.kinds[at] for at in kept),
        prior_counts=columns.prior_counts[kept],
        mean_shares=columns.mean_shares[kept],
        lower=columns.lower[kept],
        upper=columns.upper[kept],
        trends=np.ascontiguousarray(columns.trends[:, kept]),
        deviations=columns.deviations[kept],
    )


@dataclass(frozen=True)
class Components:
    """Combinations of columns, those that come back most first.

    standardised: (rows x p). powers: (rows x 3) of log spend. weights: (p) of blocks.
    eigenvalues: (p), descending, of the cross-covariance of odd and even orders; vectors:
    (p x p). chance: the largest eigenvalue of all draws of signs, 0 without any.
    """

    columns: NeedsColumns
    standardised: Matrix
    powers: Matrix
    weights: Vector
    eigenvalues: Vector
    vectors: Matrix
    chance: float

    def axes_that_return(self, chance_factor: float) -> int:
        """How many eigenvalues are well above chance; 0: needs do not differ."""
        return int((self.eigenvalues > chance_factor * self.chance).sum())


def components(
    whole: CustomerCounts,
    odd: CustomerCounts,
    even: CustomerCounts,
    *,
    seed: int,
    draws: int,
) -> Components:
    """Learn columns and the components that come back, from customers in the same order.

    Each block is divided by the root of its largest eigenvalue, so that many columns weigh no
    more than few (multiple factor analysis, Escofier and Pages 1994).
    """
    columns = learn_columns(whole)
    values = standardised(columns, whole, whole.log_spend)
    count = len(values)
    covariance = values.T @ values / count
    weights = np.ones(len(columns.names))
    blocks = np.array(columns.blocks)
    for block in np.unique(blocks):
        own = np.flatnonzero(blocks == block)
        weights[own] = 1 / np.sqrt(np.linalg.eigvalsh(covariance[np.ix_(own, own)])[-1])
    halves = (standardised(columns, half, whole.log_spend) for half in (odd, even))
    first, second = ((half - half.mean(axis=0)) * weights for half in halves)
    eigenvalues, vectors = np.linalg.eigh(_cross_covariance(first, second))
    chance = 0.0
    for number in range(draws):
        signs = rng_for(seed, 31, number).choice([-1.0, 1.0], size=(count, 1))
        drawn = _cross_covariance(first, second * signs)
        chance = max(chance, float(np.linalg.eigvalsh(drawn)[-1]))
    return Components(
        columns,
        values,
        columns.powers(whole.log_spend),
        weights,
        eigenvalues[::-1],
        _with_signs(vectors[:, ::-1]),
        chance,
    )


def _cross_covariance(first: Matrix, second: Matrix) -> Matrix:
    """Symmetric part of the covariance of two sets of centred columns (columns x columns)."""
    cross = first.T @ second
    covariance: Matrix = (cross + cross.T) / (2 * len(first))
    return covariance


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


def rotated(found: Components, axes: int, threshold: float) -> Needs:
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
    stored = rounded(coefficients * signs)
    scored = values @ stored
    line = found.powers[:, :2]
    spreads = rounded(np.linalg.lstsq(line, np.square(scored), rcond=None)[0])
    evened = scored / np.sqrt(np.clip(line @ spreads, *EVENING_BOUNDS))
    return Needs(
        found.columns,
        rounded(found.weights),
        rounded(loadings * signs),
        stored,
        spreads,
        rounded(evened.std(axis=0)),
        threshold,
    )
