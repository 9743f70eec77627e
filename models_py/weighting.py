"""Feature weights: those of the definitions, or weights that the customers' own groups give.

The definitions say what matters to the business. Where customers fall into groups that differ in
features of low weight, the scatter of the heavy features drowns them. So weights are also searched
for in the data, for each k: cluster with some weights, measure the share R2 of each feature's
variance that the clusters explain, weight the feature by

    w = 1 / (1 - R2)        (the inverse of its variance within clusters; features of variance 1)

and cluster again. K-means with these weights climbs the classification likelihood of normal
clusters with one common diagonal covariance (Celeux and Govaert 1995, Pattern Recognition 28(5)).
A feature that the clusters do not explain keeps weight 1; none gets more than `MAXIMUM_RATIO`.
Starts compete by the same likelihood with any common covariance,

    J = ln det T - ln det W     (total and within-cluster covariance)

(Friedman and Rubin 1967, JASA 62(320)), which counts features that say the same (the shares of two
channels; spend and orders) once, and does not depend on the weights that found the clusters. The
sum over features of -ln(1 - R2) found groups that differ in spend 0.05 worse in the mean adjusted
Rand index of six worlds of order lines, and others alike. Choosing weights by what clusters explain
is old: Makarenkov and Legendre 2001 (Journal of Classification 18(2)), Witten and Tibshirani 2010
(JASA 105(490), weights from the sum of squares between clusters, judged against permuted features);
Steinley and Brusco 2008 (Psychometrika 73(1)) compare eight procedures that select features.

Weights that were searched for fit noise too. So the references without structure have their
weights searched for as well, separation is measured in half samples on the half that did not find
the clusters (the weights did see both halves), and the definitions' weights stay unless the groups
are clear and clearer.

At a refit the weights in force have a home right, as k has (`selection`): a refit that finds other
weights in nearly the same customers moves their ids for nothing. Found weights stay, to the digit,
while their groups are there at all and neither the definitions' nor newly found weights are clearly
better; the definitions' weights stay unless found ones pass twice the bar.

Groups that are all combinations of unrelated columns (the corners of a square) are not found: the
permuted reference has them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

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
LEAST_START = 1e-3  # of the mean weight: where a search starts for features of weight 0
SETTLED = 1e-3  # gain in likelihood from which on another iteration is not worth its time
RIDGE = 0.05  # variance added to each feature for J: features that say the same have no volume
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
# Clearly more: so much more separation than the segments of the definitions' weights have.
MORE_SEPARATION = 0.10


@dataclass(frozen=True)
class Bar:
    """What groups must reach to count: gap, separation (see `Apartness`), least Jaccard."""

    gap: float
    separation: float
    jaccard: float


# Hennig: from a Jaccard coefficient of 0.6 on a cluster is a pattern, below 0.5 it is dissolved.
FOUND = Bar(0.02, 0.08, 0.6)
# At a refit: twice as much to displace the definitions, any at all to stay in force.
DISPLACING = Bar(2 * FOUND.gap, 2 * FOUND.separation, FOUND.jaccard)
STAYING = Bar(0.0, 0.0, 0.5)
# Newly found weights displace found ones in force where their J is so much of itself higher.
HIGHER_LIKELIHOOD = 0.10


@dataclass(frozen=True)
class InForce:
    """Where the weights of the stored fit come from, and the weight of each feature it used."""

    weighting: str
    weights: dict[str, float]

    @classmethod
    def from_table(cls, stored: pa.Table | None) -> "InForce | None":
        """Read the stored fit's rows of `history.fit_features`; None where there is no fit."""
        rows = [] if stored is None else stored.to_pylist()
        if not rows:
            return None
        weights = {row["feature"]: float(row["weight"]) for row in rows if row["is_used"]}
        return cls(rows[0]["weighting"], weights)

    def of_features(self, features: Sequence[str]) -> np.ndarray | None:
        """Found weights of exactly these features (mean 1); None where there are none."""
        if self.weighting != STRUCTURE or set(features) != set(self.weights):
            return None
        weights = np.array([self.weights[feature] for feature in features])
        return weights / weights.mean()


@dataclass(frozen=True)
class Weighted:
    """Clusters of one k and the weights they give.

    weights: (features), mean 1. centres: float32 (k x features), in units of weight 1. labels:
    (rows). likelihood: J.
    """

    weights: np.ndarray
    centres: np.ndarray
    labels: np.ndarray
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


def diagonal_likelihood(explained: np.ndarray) -> float:
    """Sum of -ln(1 - R2), each feature up to ln `MAXIMUM_RATIO`; what clustering in turn climbs."""
    return float(-np.log(np.maximum(1 - explained, 1 / MAXIMUM_RATIO)).sum())


def likelihood_of(rows: np.ndarray, labels: np.ndarray, means: np.ndarray) -> float:
    """J of clusters with these means; 0 and up. rows: (rows x features) of variance 1."""
    total = np.atleast_2d(np.cov(rows.T.astype(np.float64), bias=True))
    shares = np.bincount(labels, minlength=len(means)) / len(rows)
    apart = means - shares @ means
    between = (apart.T * shares) @ apart
    ridge = RIDGE * np.eye(len(total))
    return float(
        np.linalg.slogdet(total + ridge)[1] - np.linalg.slogdet(total - between + ridge)[1]
    )


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
        first = Weighted(weights, centres / np.sqrt(weights), np.empty(0), 0.0)
        begun.append(_climbed(small, first, settings, FIRST_ITERATIONS))
    begun.sort(key=lambda one: -one.likelihood)
    ended = [_climbed(rows, one, settings, ITERATIONS) for one in begun[:FINALISTS]]
    return max(ended, key=lambda one: one.likelihood)


def _climbed(rows: np.ndarray, start: Weighted, settings: FitSettings, iterations: int) -> Weighted:
    """Cluster and weight in turn, from the centres of a start, until that gains nothing."""
    weights, means = start.weights, start.centres
    best, highest = None, -np.inf
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
        height = diagonal_likelihood(explained)
        is_settled = height < highest + SETTLED
        if height > highest:
            best, highest = (weights, means, labels), height
        if is_settled:
            break
    weights, means, labels = best
    return Weighted(weights, means, labels, likelihood_of(rows, labels, means))


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
    _, means = explained_shares(rows, labels, k)
    return Weighted(weights, means, labels, likelihood_of(rows, labels, means))


def clearest(
    rows: np.ndarray,
    found: dict[int, Weighted],
    measured: dict[int, Apartness],
    settings: FitSettings,
    *,
    is_searched: bool,
    bar: Bar = FOUND,
) -> Apartness | None:
    """The largest k whose clusters are apart, come back and beat the references; or None."""
    for k in sorted(measured, reverse=True):
        one = measured[k]
        if (
            one.smallest_share >= settings.min_segment_share
            and one.separation >= bar.separation
            and one.jaccard >= bar.jaccard
            and gap_of(rows, found[k], settings, is_searched=is_searched) >= bar.gap
        ):
            return one
    return None


def structure_weights(
    rows: np.ndarray,
    definition_weights: np.ndarray,
    families: Sequence[str],
    settings: FitSettings,
    *,
    held: np.ndarray | None = None,
    is_defined: bool = False,
) -> np.ndarray | None:
    """Weights found in the rows (mean 1), or None where the definitions' weights should stay.

    rows: float32 (rows x features), each feature with variance 1; definition_weights: (features)
    shares of variance that the definitions give; families: of the features; held: found weights
    in force (mean 1), which come back as they are where they stay; is_defined: the definitions'
    weights are in force.
    """
    ks = [k for k in _candidates(settings) if k >= 2 and LEAST_ROWS * k <= len(rows)]
    if not ks or rows.shape[1] < 2:
        return None
    sizes = np.array([families.count(family) for family in families])
    least = LEAST_START * definition_weights.mean()
    firsts = [np.ones(rows.shape[1]), 1 / sizes, np.maximum(definition_weights, least)]
    if held is not None:
        firsts.append(held)

    def search(k: int) -> Weighted:
        return searched(rows, k, firsts, settings, START_PATH)

    def with_weights_of(weights: np.ndarray, number: int) -> dict[int, Weighted]:
        def at(k: int) -> Weighted:
            return clustered(rows, k, weights, settings, START_PATH, number)

        return dict(zip(ks, ordered_map(at, ks, threads=settings.threads), strict=True))

    found = dict(zip(ks, ordered_map(search, ks, threads=settings.threads), strict=True))
    measured = stability_of(rows, found, settings)
    bar = DISPLACING if is_defined else FOUND
    ours = clearest(rows, found, measured, settings, is_searched=True, bar=bar)
    best, is_held = found, False
    if held is not None:
        kept = with_weights_of(held, 1 + len(firsts))
        there = stability_of(rows, kept, settings)
        standing = clearest(rows, kept, there, settings, is_searched=False, bar=STAYING)
        if standing is not None and (
            ours is None
            or found[ours.k].likelihood < (1 + HIGHER_LIKELIHOOD) * kept[ours.k].likelihood
        ):
            ours, best, measured, is_held = standing, kept, there, True
    if ours is None:
        return None
    given = with_weights_of(definition_weights, 3)
    theirs = clearest(rows, given, stability_of(rows, given, settings), settings, is_searched=False)
    if theirs is not None:
        # Clusters of a larger k are nearer to each other: the same k may be compared, too.
        more = max(ours.separation, measured[theirs.k].separation) - theirs.separation
        needed = 2 * MORE_SEPARATION if is_defined else MORE_SEPARATION
        if more < (-MORE_SEPARATION if is_held else needed):
            return None
    return held if is_held else best[ours.k].weights


def _candidates(settings: FitSettings) -> list[int]:
    """The scan's values of k, or `CANDIDATES` of them, evenly spread."""
    ks = settings.candidates
    if len(ks) <= CANDIDATES:
        return list(ks)
    places = np.linspace(0, len(ks) - 1, CANDIDATES).round().astype(int)
    return [ks[place] for place in places]


def weighted_scaling(
    source: BatchSource,
    definitions: pa.Table,
    settings: FitSettings,
    in_force: InForce | None = None,
) -> pa.Table:
    """Learn the scaling and decide on the weights (see `steps.scaling_step`)."""
    with quiet_and_single():
        scaling, unit, sample = learned_with_sample(source, definitions, settings)
        if settings.weighting == DEFINITIONS or len(unit.features) < 2:
            return scaling
        described = {row["feature"]: row for row in scaling.to_pylist()}
        own = [described[feature] for feature in unit.features]
        factors = np.array([row["scale_factor"] or 0.0 for row in own])
        given = np.square(factors * unit.deviation)
        if not given.any():
            return scaling
        weights = structure_weights(
            np.ascontiguousarray(unit.scale(sample).T, dtype=np.float32),
            given,
            [row["family"] for row in own],
            settings,
            held=None if in_force is None else in_force.of_features(unit.features),
            is_defined=in_force is not None and in_force.weighting == DEFINITIONS,
        )
    return scaling if weights is None else with_weights(scaling, unit, weights * given.mean())


def with_weights(scaling: pa.Table, unit: Scaler, weights: np.ndarray) -> pa.Table:
    """The scaling table with other weights (shares of variance) of the unit scaler's features."""
    place = {feature: number for number, feature in enumerate(unit.features)}
    rows = []
    for row in scaling.to_pylist():
        number = place.get(row["feature"])
        if number is not None:
            row |= {"is_used": True, "dropped_reason": None, "weight": float(weights[number])}
            row["scale_factor"] = float(np.sqrt(weights[number]) / unit.deviation[number])
        rows.append(row | {"weighting": STRUCTURE})
    return pa.Table.from_pylist(rows, schema=scaling.schema)
