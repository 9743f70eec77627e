"""Feature weights: those of the definitions, or weights that the customers' own groups give.

The definitions say what matters to the business. Where customers fall into groups that differ in
features of low weight, the scatter of the heavy features drowns them. So weights are also searched
for in the data, for each k: cluster with some weights, measure the share R2 of each feature's
variance that the clusters explain, weight the feature by

    w = 1 / (1 - R2)        (the inverse of its variance within clusters; features of variance 1)

and cluster again. K-means with these weights climbs the classification likelihood of normal
clusters with one common diagonal covariance (Celeux and Govaert 1995, Pattern Recognition 28(5));
up to constants that is, for each customer, half of

    J = sum over features of -ln(1 - R2)

which does not depend on the weights that found the clusters, so starts compete by it. A feature
that the clusters do not explain keeps weight 1; none gets more than `MAXIMUM_RATIO`. Choosing
weights by what clusters explain is old: Makarenkov and Legendre 2001 (Journal of Classification
18(2)), Witten and Tibshirani 2010 (JASA 105(490), weights from the sum of squares between
clusters, judged against permuted features); Steinley and Brusco 2008 (Psychometrika 73(1)) compare
eight procedures that select features.

Weights that were searched for fit noise too. So the references without structure have their
weights searched for as well, separation is measured in half samples on the half that did not find
the clusters (the weights did see both halves), and the definitions' weights stay unless the groups
are clear and clearer.

Groups that are all combinations of unrelated columns (the corners of a square) are not found: the
permuted reference has them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from models_py import kmeans
from models_py.config import FitSettings
from models_py.features import BatchSource
from models_py.metrics import mean_silhouette
from models_py.parallel import ordered_map
from models_py.references import KINDS, reference
from models_py.sample import sampled_rows
from models_py.scaling import DEFINITIONS, STRUCTURE, Scaler, learned_with_sample
from models_py.scan import quiet_and_single
from models_py.stability import HalfSample, half_sample

# First number of the seed path of each random task (scan and stability have those below).
START_PATH, REFERENCE_PATH, REFERENCE_START_PATH = 11, 12, 13

# A feature nearly constant within clusters would own the distance: R2 counts up to 0.9.
MAXIMUM_RATIO = 10.0
ITERATIONS = 8  # most searches settle in 3 or 4
FIRST_ITERATIONS = 3  # of a start, after which the best go on
FINALISTS = 2
SETTLED = 1e-3  # gain in J from which on another iteration is not worth its time
FIRST_STARTS = 2  # k-means++ starts with the first weights
# Two telling features among eight of noise: a start with half of the features finds the groups in
# 4 of 10 tries, one with equal weights in 1 to 3. With 12, one search of 36 missed the groups among
# 5 to 8 columns of noise, 6 of 24 among 12 to 16.
RANDOM_STARTS = 12
BEGINNING_ROWS = 1_500  # rows that starts see
HALF_SAMPLES = 4  # splits: separation is a mean over both halves of each
HALF_SAMPLE_STARTS = 2
REFERENCE_DRAWS = 2  # of each kind of reference, each with a search of its own
CANDIDATES = 8  # values of k that are looked at, evenly spread when the scan has more
LEAST_ROWS = 40  # rows for each cluster: separation needs 20 a side in either half

# Weights are a choice between two, no claim of structure, so less is asked than for a verdict.
# Matrices without structure that pass on separation (uniform boxes reach 0.15) have a gap of 0.016
# at most; worlds without structure have a separation of 0.03 at most, Complete Journey below -0.2.
# Planted worlds have a gap of at least 0.03 (one hard world 0.01).
FOUND_GAP = 0.02
FOUND_SEPARATION = 0.08
FOUND_JACCARD = 0.6  # Hennig: from here on a cluster is a pattern in the data
# Clearly more: so much more separation than the segments of the definitions' weights have.
MORE_SEPARATION = 0.10


@dataclass(frozen=True)
class Weighted:
    """Clusters of one k and the weights they give.

    weights: (features), mean 1. centres: float32 (k x features), in units of weight 1. labels:
    (rows). explained: (features) R2. likelihood: J.
    """

    weights: np.ndarray
    centres: np.ndarray
    labels: np.ndarray
    explained: np.ndarray
    likelihood: float


@dataclass(frozen=True)
class Apartness:
    """Half-sample evidence of one k: means over the splits of the least of its clusters."""

    k: int
    smallest_share: float
    jaccard: float
    separation: float


def explained_shares(rows: np.ndarray, labels: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Share of each feature's variance between clusters, 0 to 1, and the means (k x features)."""
    sizes = np.bincount(labels, minlength=k)
    means = np.empty((k, rows.shape[1]))
    shares = np.zeros(rows.shape[1])
    for feature in range(rows.shape[1]):
        line = rows[:, feature].astype(np.float64)
        means[:, feature] = np.bincount(labels, weights=line, minlength=k) / np.maximum(sizes, 1)
        total = np.square(line - line.mean()).sum()
        between = (sizes * np.square(means[:, feature] - line.mean())).sum()
        shares[feature] = min(between / total, 1.0) if total > 0 else 0.0
    return shares, means


def weights_of(explained: np.ndarray) -> np.ndarray:
    """1 / (1 - R2), at most `MAXIMUM_RATIO` times the least possible, divided by the mean."""
    weights = 1 / np.maximum(1 - explained, 1 / MAXIMUM_RATIO)
    return weights / weights.mean()


def likelihood_of(explained: np.ndarray) -> float:
    """J, the sum of -ln(1 - R2), each feature up to ln `MAXIMUM_RATIO`; 0 and up."""
    return float(-np.log(np.maximum(1 - explained, 1 / MAXIMUM_RATIO)).sum())


def searched(
    rows: np.ndarray, k: int, first_weights: Sequence[np.ndarray], settings: FitSettings, *path: int
) -> Weighted:
    """Weights and clusters of the highest J over starts with the given and with random weights.

    rows: float32 (rows x features), each feature with variance 1. A random start has half of the
    features, so that some start is without most of the noise. Ties go to the earlier start.
    """
    path = (*path, k)
    rng = kmeans.rng_for(settings.seed, *path, 0)
    small = rows[sampled_rows(len(rows), BEGINNING_ROWS, rng)]
    width = rows.shape[1]
    firsts = list(first_weights)
    for _ in range(RANDOM_STARTS):
        is_in = rng.permutation(width) < (width + 1) // 2
        firsts.append(np.where(is_in, 1.0, 1 / MAXIMUM_RATIO))
    begun = []
    for number, weights in enumerate(firsts):
        weights = weights / weights.mean()
        scaled = _scaled(small, weights)
        tried = [
            kmeans.start(
                scaled,
                k,
                kmeans.rng_for(settings.seed, *path, 1 + number, place),
                seeding_size=settings.seeding_sample_size,
                iterations=settings.search_iterations,
                trim_share=settings.trim_share,
            )
            for place in range(FIRST_STARTS)
        ]
        centres = min(tried, key=lambda one: one[0])[1]
        first = Weighted(weights, centres / np.sqrt(weights), np.empty(0), np.empty(0), 0.0)
        begun.append(_climbed(small, first, settings, FIRST_ITERATIONS))
    begun.sort(key=lambda one: -one.likelihood)
    ended = [_climbed(rows, one, settings, ITERATIONS) for one in begun[:FINALISTS]]
    return max(ended, key=lambda one: one.likelihood)


def _climbed(rows: np.ndarray, start: Weighted, settings: FitSettings, iterations: int) -> Weighted:
    """Cluster and weight in turn, from the centres of a start, until J stands still."""
    weights, means = start.weights, start.centres
    best: Weighted | None = None
    for _ in range(iterations):
        scaled = _scaled(rows, weights)
        centres = kmeans.refined(
            scaled,
            _scaled(means, weights),
            iterations=settings.search_iterations,
            trim_share=settings.trim_share,
        )[1]
        labels = kmeans.squared_distances(scaled, centres).argmin(axis=1)
        explained, means = explained_shares(rows, labels, k=len(means))
        weights = weights_of(explained)
        present = Weighted(weights, means, labels, explained, likelihood_of(explained))
        is_settled = best is not None and present.likelihood < best.likelihood + SETTLED
        if best is None or present.likelihood > best.likelihood:
            best = present
        if is_settled:
            break
    return best


def _scaled(rows: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(rows * np.sqrt(weights), dtype=np.float32)


def stability_of(
    rows: np.ndarray, found: dict[int, Weighted], settings: FitSettings
) -> dict[int, Apartness]:
    """Half samples of each k in the space of its own weights."""
    spaces = {k: _scaled(rows, one.weights) for k, one in found.items()}

    def halves(task: tuple[int, int]) -> HalfSample:
        k, number = task
        return half_sample(
            spaces[k],
            found[k].labels,
            k,
            settings.seed,
            number,
            starts=HALF_SAMPLE_STARTS,
            iterations=settings.search_iterations,
            seeding_size=settings.seeding_sample_size,
            trim_share=settings.trim_share,
        )

    tasks = [(k, number) for k in found for number in range(HALF_SAMPLES)]
    results = list(ordered_map(halves, tasks, threads=settings.threads))
    measured = {}
    for place, (k, one) in enumerate(found.items()):
        own = results[place * HALF_SAMPLES : (place + 1) * HALF_SAMPLES]
        measured[k] = Apartness(
            k,
            float(np.bincount(one.labels, minlength=k).min()) / len(rows),
            float(np.mean([half.jaccards for half in own], axis=0).min()),
            float(np.mean([half.separation for half in own])),
        )
    return measured


def gap_of(rows: np.ndarray, found: Weighted, settings: FitSettings, *, is_searched: bool) -> float:
    """Silhouette of the clusters over that of the hardest kind of reference without structure.

    is_searched: the weights were found in the rows, so each reference is searched for its own.
    """
    k = len(found.centres)
    equal = [np.ones(rows.shape[1])]

    def without_structure(task: tuple[str, int]) -> float:
        kind, number = task
        place = KINDS.index(kind)
        drawn = reference(kind, rows, kmeans.rng_for(settings.seed, REFERENCE_PATH, place, number))
        path = (REFERENCE_START_PATH, place, number)
        if is_searched:
            one = searched(drawn, k, equal, settings, *path)
        else:
            one = clustered(drawn, k, found.weights, settings, *path)
        return mean_silhouette(_scaled(drawn, one.weights), one.labels, k)

    tasks = [(kind, number) for kind in KINDS for number in range(REFERENCE_DRAWS)]
    empty = np.array(list(ordered_map(without_structure, tasks, threads=settings.threads)))
    hardest = float(empty.reshape(len(KINDS), REFERENCE_DRAWS).mean(axis=1).max())
    return mean_silhouette(_scaled(rows, found.weights), found.labels, k) - hardest


def clustered(
    rows: np.ndarray, k: int, weights: np.ndarray, settings: FitSettings, *path: int
) -> Weighted:
    """Clusters with given weights."""
    weights = weights / weights.mean()
    scaled = _scaled(rows, weights)
    centres = kmeans.best_of_starts(
        scaled,
        k,
        settings.seed,
        (*path, k),
        starts=FIRST_STARTS,
        iterations=settings.search_iterations,
        seeding_size=settings.seeding_sample_size,
        trim_share=settings.trim_share,
    )
    labels = kmeans.squared_distances(scaled, centres).argmin(axis=1)
    explained, means = explained_shares(rows, labels, k)
    return Weighted(weights, means, labels, explained, likelihood_of(explained))


def clearest(
    rows: np.ndarray, found: dict[int, Weighted], settings: FitSettings, *, is_searched: bool
) -> Apartness | None:
    """The largest k whose clusters are apart, come back and beat the references; or None."""
    measured = stability_of(rows, found, settings)
    for k in sorted(measured, reverse=True):
        one = measured[k]
        if (
            one.smallest_share >= settings.min_segment_share
            and one.separation >= FOUND_SEPARATION
            and one.jaccard >= FOUND_JACCARD
            and gap_of(rows, found[k], settings, is_searched=is_searched) >= FOUND_GAP
        ):
            return one
    return None


def structure_weights(
    rows: np.ndarray, definition_weights: np.ndarray, families: Sequence[str], settings: FitSettings
) -> np.ndarray | None:
    """Weights found in the rows (mean 1), or None where the definitions' weights should stay.

    rows: float32 (rows x features), each feature with variance 1; definition_weights: (features)
    shares of variance that the definitions give; families: of the features.
    """
    ks = [k for k in _candidates(settings) if k >= 2 and LEAST_ROWS * k <= len(rows)]
    if not ks or rows.shape[1] < 2:
        return None
    sizes = np.array([families.count(family) for family in families])
    firsts = [np.ones(rows.shape[1]), 1 / sizes, definition_weights]

    def search(k: int) -> Weighted:
        return searched(rows, k, firsts, settings, START_PATH)

    found = dict(zip(ks, ordered_map(search, ks, threads=settings.threads), strict=True))
    ours = clearest(rows, found, settings, is_searched=True)
    if ours is None:
        return None

    def defined(k: int) -> Weighted:
        return clustered(rows, k, definition_weights, settings, START_PATH, len(firsts))

    given = dict(zip(ks, ordered_map(defined, ks, threads=settings.threads), strict=True))
    theirs = clearest(rows, given, settings, is_searched=False)
    if theirs is not None and ours.separation < theirs.separation + MORE_SEPARATION:
        return None
    return found[ours.k].weights


def _candidates(settings: FitSettings) -> list[int]:
    """The scan's values of k, or `CANDIDATES` of them, evenly spread."""
    ks = settings.candidates
    if len(ks) <= CANDIDATES:
        return list(ks)
    places = np.linspace(0, len(ks) - 1, CANDIDATES).round().astype(int)
    return [ks[place] for place in places]


def weighted_scaling(source: BatchSource, definitions: pa.Table, settings: FitSettings) -> pa.Table:
    """Learn the scaling and decide on the weights (see `steps.scaling_step`)."""
    with quiet_and_single():
        scaling, sample = learned_with_sample(source, definitions, settings)
        if settings.weighting == DEFINITIONS:
            return scaling
        scaler = Scaler.from_table(scaling)
        if len(scaler.features) < 2:
            return scaling
        given = np.square(scaler.factor * scaler.deviation)
        unit = replace(scaler, factor=1 / scaler.deviation).scale(sample)
        rows = np.ascontiguousarray(unit.T, dtype=np.float32)
        family = {row["feature"]: row["family"] for row in scaling.to_pylist()}
        families = [family[feature] for feature in scaler.features]
        weights = structure_weights(rows, given, families, settings)
    return scaling if weights is None else with_weights(scaling, scaler, weights * given.mean())


def with_weights(scaling: pa.Table, scaler: Scaler, weights: np.ndarray) -> pa.Table:
    """The scaling table with other weights of the used features (shares of variance)."""
    place = {feature: number for number, feature in enumerate(scaler.features)}
    rows = []
    for row in scaling.to_pylist():
        number = place.get(row["feature"])
        if number is not None:
            row["weight"] = float(weights[number])
            row["scale_factor"] = float(np.sqrt(weights[number]) / scaler.deviation[number])
        rows.append(row | {"weighting": STRUCTURE})
    return pa.Table.from_pylist(rows, schema=scaling.schema)
