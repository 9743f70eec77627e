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

What no weights make clear is a cut through a continuum, and the weights found show it no worse than
the definitions' do: of twenty planted worlds in which neither were clear, found weights came nearer
to what was planted in all. So where the ladder has nothing better, a cut in found weights is shown,
by a rule of half samples alone (`WeightSearch.agreed`, `WeightSearch.dependable`): the bars here
decide how it is called.

Groups that are all combinations of unrelated columns (the corners of a square) are not found: the
permuted reference has them too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models_py.arrays import Matrix, Vector
from models_py.config import FitSettings
from models_py.feature_passes import Passes
from models_py.features import BatchSource
from models_py.metrics import adjusted_rand, contingency
from models_py.parallel import one_blas_thread
from models_py.scaler import Scaler
from models_py.scaling import DEFINITIONS, STRUCTURE, learned_with_sample
from models_py.selection import STABLE_ADJUSTED_RAND
from models_py.stability import split
from models_py.weight_evidence import (
    DISPLACING,
    FOUND,
    STAYING,
    clearest,
    clustered,
    evidence_of,
)
from models_py.weight_search import LEAST_SHARE, Weighted, searched

# First number of the seed path of each random task (others are in `scan`, `weight_evidence`).
START_PATH, HALVES_PATH = 11, 14

LEAST_START = 1e-3  # of the mean weight: where a search starts for features of weight 0
CANDIDATES = 8  # values of k that are looked at, evenly spread when the scan has more
LEAST_ROWS = 40  # rows for each cluster: separation needs 20 a side in either half
# Clearly more: so much more separation than the segments of the definitions' weights have.
MORE_SEPARATION = 0.10
# Newly found weights displace found active ones where their J is so much of itself higher.
HIGHER_LIKELIHOOD = 0.10
# A cut is dependable where half samples, searched each for itself, agree so much. Worlds without
# structure reach 0.63, Complete Journey and Online Retail 0.76. In hard worlds cuts that come near
# the planted segments reach 0.82 to 0.94, others mostly stay below.
DEPENDABLE_ADJUSTED_RAND = 0.80
SEARCHED_SPLITS = 10
FIRST_SPLITS = 3  # after which what is far from dependable is not looked at further
FAR_FROM_DEPENDABLE = 0.10
# Each cluster differs from the average in two features by half a standard deviation. Where one has
# the average in everything, needs say more (`needs_search`).
TELLING_FEATURES, TELLING_DIFFERENCE = 2, 0.5


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
class Agreed:
    """A k, weights (mean 1) and how much half samples agree on their clusters."""

    k: int
    weights: Vector
    agreement: float


class WeightSearch:
    """Clusters and weights that fit each other, for each k, and which of them hold.

    rows: float32 (rows x features), each feature with variance 1. given: (features) shares of
    variance that the definitions give. families: of the features. held: found weights active
    (mean 1), which come back as they are where they stay.

    On one thread: on so few rows two take turns at Python and are slower (2.6 s against 2.0 s with
    20 features; with 60 as slow).
    """

    def __init__(
        self,
        rows: Matrix,
        given: Vector,
        families: Sequence[str],
        settings: FitSettings,
        held: Vector | None = None,
    ) -> None:
        self.rows, self.given, self.settings, self.held = rows, given, settings, held
        sizes = np.array([families.count(family) for family in families])
        least = LEAST_START * given.mean()
        self.firsts = [np.ones(rows.shape[1]), 1 / sizes, np.maximum(given, least)]
        if held is not None:
            self.firsts.append(held)
        ks = [k for k in _candidates(settings) if k >= 2 and LEAST_ROWS * k <= len(rows)]
        self.ks = ks if rows.shape[1] >= 2 else []
        self.found = {k: searched(rows, k, self.firsts, settings, START_PATH) for k in self.ks}
        self.measured = evidence_of(rows, self.found, settings)

    def clear(self, *, is_defined: bool = False) -> Vector | None:
        """Weights whose groups are clear, or None where the definitions' weights should stay.

        is_defined: the definitions' weights are active.
        """
        if not self.ks:
            return None
        rows, settings, found, held = self.rows, self.settings, self.found, self.held
        bar = DISPLACING if is_defined else FOUND
        ours = clearest(rows, found, self.measured, settings, is_searched=True, bar=bar)
        best, measured, is_held = found, self.measured, False
        if held is not None:
            kept = self._with_weights_of(held, 1 + len(self.firsts))
            there = evidence_of(rows, kept, settings)
            standing = clearest(rows, kept, there, settings, is_searched=False, bar=STAYING)
            if standing is not None and (
                ours is None
                or found[ours.k].likelihood < (1 + HIGHER_LIKELIHOOD) * kept[ours.k].likelihood
            ):
                ours, best, measured, is_held = standing, kept, there, True
        if ours is None:
            return None
        defined = self._with_weights_of(self.given, 3)
        there = evidence_of(rows, defined, settings)
        theirs = clearest(rows, defined, there, settings, is_searched=False)
        if theirs is not None:
            # More separated groups are clearer in themselves; as clusters of a larger k are nearer
            # to each other, separations of the same k may be compared, too.
            is_finer = ours.k > theirs.k + is_defined
            more = max(ours.separation, measured(theirs.k).separation) - theirs.separation
            if not is_finer and more < _needed(is_held=is_held, is_defined=is_defined):
                return None
        return held if is_held else best[ours.k].weights

    def agreed(self, active_k: int | None) -> Agreed | None:
        """The cut that half samples agree on, chosen as k is without structure (`selection`).

        None where there are too few rows for any.
        """
        kept = self._kept(active_k)
        if kept is not None or not self.ks:
            return kept
        tried = [k for k in self.ks if self._is_large(k)] or self.ks
        stable = [k for k in tried if self.measured(k).agreement >= STABLE_ADJUSTED_RAND]
        k = max(stable) if stable else max(tried, key=lambda k: self.measured(k).agreement)
        return Agreed(k, self.found[k].weights, self.measured(k).agreement)

    def dependable(self, active_k: int | None) -> Agreed | None:
        """The cut of the largest k that half samples agree on when each is searched for itself.

        The held weights stay, with the active k, while half samples agree in them.
        """
        kept = self._kept(active_k)
        if kept is not None:
            return kept
        for k in reversed(self.ks):
            if not self._is_large(k) or not _is_telling(self.found[k]):
                continue
            # In weights of all rows half samples agree more: cheap to look at first.
            if self.measured(k).agreement < DEPENDABLE_ADJUSTED_RAND:
                continue
            agreement = self._agreement_of_searches(k)
            if agreement >= DEPENDABLE_ADJUSTED_RAND:
                return Agreed(k, self.found[k].weights, agreement)
        return None

    def _kept(self, active_k: int | None) -> Agreed | None:
        """The held weights and the active k, while half samples agree in them."""
        if self.held is None or active_k is None or active_k not in self.ks:
            return None
        one = clustered(self.rows, active_k, self.held, self.settings, START_PATH, 0)
        agreement = evidence_of(self.rows, {active_k: one}, self.settings)(active_k).agreement
        is_stable = agreement >= STABLE_ADJUSTED_RAND
        return Agreed(active_k, self.held, agreement) if is_stable else None

    def _with_weights_of(self, weights: Vector, number: int) -> dict[int, Weighted]:
        return {
            k: clustered(self.rows, k, weights, self.settings, START_PATH, number) for k in self.ks
        }

    def _is_large(self, k: int) -> bool:
        return self.found[k].smallest_share >= max(LEAST_SHARE, self.settings.min_segment_share)

    def _agreement_of_searches(self, k: int) -> float:
        """Adjusted Rand index of halves that found weights and clusters each for itself."""
        found: list[float] = []
        for number in range(SEARCHED_SPLITS):
            first, second = (
                searched(
                    np.ascontiguousarray(self.rows[half]),
                    *(k, self.firsts, self.settings, HALVES_PATH, number, side),
                ).labels_of(self.rows)
                for side, half in enumerate(split(len(self.rows), self.settings.seed, number))
            )
            found.append(adjusted_rand(contingency(first, second, k, k)))
            is_far = np.mean(found) < DEPENDABLE_ADJUSTED_RAND - FAR_FROM_DEPENDABLE
            if len(found) == FIRST_SPLITS and is_far:
                break
        return float(np.mean(found))


def _is_telling(found: Weighted) -> bool:
    """Does each cluster differ from the average in several features?"""
    differs = np.abs(found.centres) >= TELLING_DIFFERENCE
    return int(differs.sum(axis=1).min()) >= TELLING_FEATURES


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


@dataclass(frozen=True)
class WeightedScaling:
    """A scaling of all features, and the search for weights that it was decided by.

    search: None where weights are not searched for. unit: the features that weights are of.
    """

    scaling: pa.Table
    unit: Scaler
    search: WeightSearch | None = None

    def in_agreed_weights(self, active_k: int | None) -> tuple[pa.Table, Agreed] | None:
        """The scaling in the weights of the cut that half samples agree on, and the cut.

        None where no weights were searched for, or where the scaling has found weights.
        """
        if self.search is None or self.scaling.column("weighting")[0].as_py() == STRUCTURE:
            return None
        with one_blas_thread():
            found = self.search.agreed(active_k)
        return None if found is None else (self._of(found.weights), found)

    def _of(self, weights: Vector) -> pa.Table:
        assert self.search is not None, "weights come from a search"
        return with_weights(self.scaling, self.unit, weights * self.search.given.mean())

    @classmethod
    def learned(
        cls,
        source: BatchSource | Passes,
        definitions: pa.Table,
        settings: FitSettings,
        stored: pa.Table | None = None,
    ) -> "WeightedScaling":
        """Learn the scaling and decide on the weights (see `fit_steps.scaling_step`)."""
        active = ActiveWeights.from_table(stored)
        with one_blas_thread():
            scaling, unit, sample = learned_with_sample(source, definitions, settings)
            if settings.weighting == DEFINITIONS or len(unit.features) < 2:
                return cls(scaling, unit)
            described = {row["feature"]: row for row in scaling.to_pylist()}
            own = [described[feature] for feature in unit.features]
            factors = np.array([row["scale_factor"] or 0.0 for row in own])
            given = np.square(factors * unit.deviation)
            if not given.any():
                return cls(scaling, unit)
            search = WeightSearch(
                np.ascontiguousarray(unit.scale(sample).T, dtype=np.float32),
                given,
                [row["family"] for row in own],
                settings,
                held=None if active is None else active.of_features(unit.features),
            )
            is_defined = active is not None and active.weighting != STRUCTURE
            weights = search.clear(is_defined=is_defined)
        found = cls(scaling, unit, search)
        return found if weights is None else cls(found._of(weights), unit, search)


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
