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
are clear, and either more of them or more clearly apart.

At a refit the active weights stay by hysteresis, as k does (`selection`): a refit that finds other
weights in nearly the same customers moves their ids for nothing. Found weights stay, to the digit,
while their groups are there at all and neither the definitions' nor newly found weights are clearly
better; the definitions' weights stay unless found ones pass twice the bar.

Groups that are all combinations of unrelated columns (the corners of a square) are not found: the
permuted reference has them too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa

from models_py import kmeans
from models_py.arrays import Matrix, Vector
from models_py.config import FitSettings
from models_py.feature_passes import Passes
from models_py.features import BatchSource
from models_py.metrics import mean_silhouette
from models_py.null_references import KINDS, reference
from models_py.parallel import one_blas_thread
from models_py.scaler import Scaler
from models_py.scaling import DEFINITIONS, STRUCTURE, learned_with_sample
from models_py.stability import Halves
from models_py.weight_search import (
    LEAST_SHARE,
    Spread,
    Weighted,
    in_units_of,
    searched,
)

# First number of the seed path of each random task (scan and stability have those below).
START_PATH, REFERENCE_PATH, REFERENCE_START_PATH = 11, 12, 13

CLUSTERING_STARTS = 2  # k-means++ starts with given weights
LEAST_START = 1e-3  # of the mean weight: where a search starts for features of weight 0
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
# At a refit: twice as much to displace the definitions, any at all to stay active.
DISPLACING = Bar(2 * FOUND.gap, 2 * FOUND.separation, FOUND.jaccard)
STAYING = Bar(0.0, 0.0, 0.5)
# Newly found weights displace found active ones where their J is so much of itself higher.
HIGHER_LIKELIHOOD = 0.10


@dataclass(frozen=True)
class ActiveWeights:
    """Where the weights of the stored fit come from, and the weight of each feature it used."""

    weighting: str
    weights: dict[str, float]

    @classmethod
    def from_table(cls, stored: pa.Table | None) -> "ActiveWeights | None":
        """Read the stored fit's rows of `history.fit_features`; None where there is no fit."""
        rows = [] if stored is None else stored.to_pylist()
        if not rows:
            return None
        weights = {row["feature"]: float(row["weight"]) for row in rows if row["is_used"]}
        return cls(rows[0]["weighting"], weights)

    def of_features(self, features: Sequence[str]) -> Vector | None:
        """Found weights of exactly these features (mean 1); None where there are none."""
        if self.weighting != STRUCTURE or set(features) != set(self.weights):
            return None
        weights = np.array([self.weights[feature] for feature in features])
        scaled: Vector = weights / weights.mean()
        return scaled


@dataclass(frozen=True)
class Apartness:
    """Half-sample evidence of one k: means over the splits of the least of its clusters."""

    k: int
    jaccard: float
    separation: float


def evidence_of(
    rows: Matrix, found: dict[int, Weighted], settings: FitSettings
) -> Callable[[int], Apartness]:
    """Half samples of a k in the space of its own weights, taken when they are asked for."""

    @cache
    def evidence(k: int) -> Apartness:
        space = kmeans.Rows(in_units_of(rows, found[k].weights))
        own = [
            Halves(space, settings.seed, number).compared(
                found[k].labels,
                k,
                starts=HALF_SAMPLE_STARTS,
                iterations=settings.search_iterations,
                seeding_size=settings.seeding_sample_size,
                trim_share=settings.trim_share,
            )
            for number in range(HALF_SAMPLES)
        ]
        return Apartness(
            k,
            float(np.mean([half.jaccards for half in own], axis=0).min()),
            float(np.mean([half.separation for half in own])),
        )

    return evidence


def gap_of(rows: Matrix, found: Weighted, settings: FitSettings, *, is_searched: bool) -> float:
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
        return mean_silhouette(in_units_of(drawn, one.weights), one.labels, k)

    tasks = [(kind, number) for kind in KINDS for number in range(REFERENCE_DRAWS)]
    empty = np.array([without_structure(task) for task in tasks])
    hardest = float(empty.reshape(len(KINDS), REFERENCE_DRAWS).mean(axis=1).max())
    return mean_silhouette(in_units_of(rows, found.weights), found.labels, k) - hardest


def clustered(rows: Matrix, k: int, weights: Vector, settings: FitSettings, *path: int) -> Weighted:
    """Clusters with given weights."""
    weights = weights / weights.mean()
    scaled = kmeans.Rows(in_units_of(rows, weights))
    centres = kmeans.best_of_starts(
        scaled,
        k,
        settings.seed,
        (*path, k),
        starts=CLUSTERING_STARTS,
        iterations=settings.search_iterations,
        seeding_size=settings.seeding_sample_size,
        trim_share=settings.trim_share,
    )
    labels = scaled.labels(centres)
    spread = Spread(rows)
    _, means = spread.explained_shares(labels, k)
    return Weighted(weights, means, labels, spread.likelihood_of(labels, means))


def clearest(
    rows: Matrix,
    found: dict[int, Weighted],
    evidence: Callable[[int], Apartness],
    settings: FitSettings,
    *,
    is_searched: bool,
    bar: Bar = FOUND,
) -> Apartness | None:
    """The largest k whose clusters are apart, come back and beat the references; or None."""
    for k in sorted(found, reverse=True):
        if found[k].smallest_share < max(LEAST_SHARE, settings.min_segment_share):
            continue
        one = evidence(k)
        if (
            one.separation >= bar.separation
            and one.jaccard >= bar.jaccard
            and gap_of(rows, found[k], settings, is_searched=is_searched) >= bar.gap
        ):
            return one
    return None


def structure_weights(
    rows: Matrix,
    definition_weights: Vector,
    families: Sequence[str],
    settings: FitSettings,
    *,
    held: Vector | None = None,
    is_defined: bool = False,
) -> Vector | None:
    """Weights found in the rows (mean 1), or None where the definitions' weights should stay.

    rows: float32 (rows x features), each feature with variance 1; definition_weights: (features)
    shares of variance that the definitions give; families: of the features; held: found weights
    active (mean 1), which come back as they are where they stay; is_defined: the definitions'
    weights are active.

    On one thread: on so few rows two take turns at Python and are slower (2.6 s against 2.0 s with
    20 features; with 60 as slow).
    """
    ks = [k for k in _candidates(settings) if k >= 2 and LEAST_ROWS * k <= len(rows)]
    if not ks or rows.shape[1] < 2:
        return None
    sizes = np.array([families.count(family) for family in families])
    least = LEAST_START * definition_weights.mean()
    firsts = [np.ones(rows.shape[1]), 1 / sizes, np.maximum(definition_weights, least)]
    if held is not None:
        firsts.append(held)

    def with_weights_of(weights: Vector, number: int) -> dict[int, Weighted]:
        def at(k: int) -> Weighted:
            return clustered(rows, k, weights, settings, START_PATH, number)

        return {k: at(k) for k in ks}

    found = {k: searched(rows, k, firsts, settings, START_PATH) for k in ks}
    measured = evidence_of(rows, found, settings)
    bar = DISPLACING if is_defined else FOUND
    ours = clearest(rows, found, measured, settings, is_searched=True, bar=bar)
    best, is_held = found, False
    if held is not None:
        kept = with_weights_of(held, 1 + len(firsts))
        there = evidence_of(rows, kept, settings)
        standing = clearest(rows, kept, there, settings, is_searched=False, bar=STAYING)
        if standing is not None and (
            ours is None
            or found[ours.k].likelihood < (1 + HIGHER_LIKELIHOOD) * kept[ours.k].likelihood
        ):
            ours, best, measured, is_held = standing, kept, there, True
    if ours is None:
        return None
    given = with_weights_of(definition_weights, 3)
    theirs = clearest(rows, given, evidence_of(rows, given, settings), settings, is_searched=False)
    if theirs is not None:
        # More separated groups are clearer in themselves; as clusters of a larger k are nearer to
        # each other, separations of the same k may be compared, too.
        is_finer = ours.k > theirs.k + is_defined
        more = max(ours.separation, measured(theirs.k).separation) - theirs.separation
        if not is_finer and more < _needed(is_held=is_held, is_defined=is_defined):
            return None
    return held if is_held else best[ours.k].weights


def _needed(*, is_held: bool, is_defined: bool) -> float:
    """How much more separation found weights need, to be used in place of the definitions'."""
    if is_held:
        return -MORE_SEPARATION
    return 2 * MORE_SEPARATION if is_defined else MORE_SEPARATION


def _candidates(settings: FitSettings) -> list[int]:
    """The scan's values of k, or `CANDIDATES` of them, evenly spread."""
    ks = settings.candidates
    if len(ks) <= CANDIDATES:
        return list(ks)
    places = np.linspace(0, len(ks) - 1, CANDIDATES).round().astype(int)
    return [ks[place] for place in places]


def weighted_scaling(
    source: BatchSource | Passes,
    definitions: pa.Table,
    settings: FitSettings,
    active: ActiveWeights | None = None,
) -> pa.Table:
    """Learn the scaling and decide on the weights (see `fit_steps.scaling_step`)."""
    with one_blas_thread():
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
            held=None if active is None else active.of_features(unit.features),
            is_defined=active is not None and active.weighting != STRUCTURE,
        )
    return scaling if weights is None else with_weights(scaling, unit, weights * given.mean())


def with_weights(scaling: pa.Table, unit: Scaler, weights: Vector) -> pa.Table:
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
