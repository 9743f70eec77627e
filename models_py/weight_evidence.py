"""What half samples and references without structure say of clusters and their weights."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from models_py import kmeans
from models_py.arrays import Matrix, Vector
from models_py.config import FitSettings
from models_py.metrics import mean_silhouette
from models_py.null_references import KINDS, reference
from models_py.stability import Halves
from models_py.weight_search import LEAST_SHARE, Spread, Weighted, in_units_of, searched

# First number of the seed path of each random task (see `scan` for others).
REFERENCE_PATH, REFERENCE_START_PATH = 12, 13

CLUSTERING_STARTS = 2  # k-means++ starts with given weights
HALF_SAMPLES = 4  # splits: separation is a mean over both halves of each
HALF_SAMPLE_STARTS = 2
REFERENCE_DRAWS = 2  # of each kind of reference, each with a search of its own


@dataclass(frozen=True)
class Bar:
    """What groups must reach to count: gap, separation (see `Apartness`), least Jaccard."""

    gap: float
    separation: float
    jaccard: float


# Weights are a choice between two, no claim of structure, so less is asked than for a verdict.
# Matrices without structure that pass on separation (uniform boxes reach 0.15) have a gap of 0.016
# at most; worlds without structure have a separation of 0.03 at most, Complete Journey below -0.2.
# Planted worlds have a gap of at least 0.03 (one hard world 0.01).
# Hennig: from a Jaccard coefficient of 0.6 on a cluster is a pattern, below 0.5 it is dissolved.
FOUND = Bar(0.02, 0.08, 0.6)
# At a refit: twice as much to displace the definitions, any at all to stay active.
DISPLACING = Bar(2 * FOUND.gap, 2 * FOUND.separation, FOUND.jaccard)
STAYING = Bar(0.0, 0.0, 0.5)


@dataclass(frozen=True)
class Apartness:
    """Half-sample evidence of one k, means over the splits.

    jaccard, separation: of the least of its clusters. agreement: adjusted Rand index.
    """

    k: int
    jaccard: float
    separation: float
    agreement: float


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
            float(np.mean([half.adjusted_rand for half in own])),
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
