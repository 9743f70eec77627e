"""The cut along axes of needs that half samples agree on, or the finding that there is none.

Axes are tried from many to few and thresholds from low to high. The first cut is chosen whose axes
come back in the other half of each customer's orders, and whose segments come back where each half
of the customers is learned from separately. Where half samples agree on none that well, the one
of most agreement is shown all the same, and called weak: a bar decides the word.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from models_py.arrays import Labels, Matrix, Vector
from models_py.config import FitSettings
from models_py.metrics import adjusted_rand, best_pairs, contingency, jaccard_matrix
from models_py.needs import NeedsColumn, NeedsModel, Values, column_values, segments
from models_py.needs_learning import components, reliabilities, rotated, taken
from models_py.parallel import one_blas_thread, ordered_map
from models_py.stability import split

MINIMUM_CUSTOMERS = 400  # half samples are learned from, and are cut in up to nine
AXES = (4, 3, 2)  # tried in this order: more axes say more
THRESHOLDS = (0.8, 1.0, 1.2)  # lower ones leave fewer customers without a pronounced need
DRAWS = 5  # permutations of each column, for eigenvalues by chance
SPLITS = 20  # of half samples; with 10 the mean is uncertain by 0.05
# The bars were worked out on two real shops at two dates each (docs/quality.md).
LEAST_RELIABILITY = 0.2  # correlation of an axis over halves of each customer's orders
LEAST_AGREEMENT = 0.70  # adjusted Rand index less its standard error
KEEPING_AGREEMENT = 0.60  # of the active cut: it stays unless half samples clearly disagree
WEAK_AGREEMENT = 0.50  # below it segments are dissolved (Hennig's bar for Jaccard coefficients)
LEAST_SHARE = 0.05  # of customers in the smallest segment


@dataclass(frozen=True)
class Cut:
    """Axes and a threshold, and how dependable the segments are.

    agreement, standard_error: adjusted Rand index of half samples learned separately, its mean
    over splits. jaccards: (segments) Jaccard coefficient of each with the nearest of a half
    sample, mean over halves. shares: (segments) of customers. means: (axes x segments) of scores.
    reliability: the least of the axes, over halves of each customer's orders.
    """

    model: NeedsModel
    agreement: float
    standard_error: float
    jaccards: Vector
    shares: Vector
    means: Matrix
    reliability: float

    @property
    def k(self) -> int:
        """Number of segments."""
        return 1 + 2 * self.model.axes

    @property
    def smallest_share(self) -> float:
        """Share of customers in the smallest segment."""
        return float(self.shares.min())

    def problem(self, *, is_active: bool) -> str | None:
        """Why the cut is not dependable; None where it is."""
        return self.short_of(KEEPING_AGREEMENT if is_active else LEAST_AGREEMENT)

    def short_of(self, needed: float) -> str | None:
        """What the cut falls short of, asked for so much agreement; None for nothing."""
        if self.reliability < LEAST_RELIABILITY:
            return (
                "a need that one half of the orders shows does not come back in the other "
                f"(correlation {self.reliability:.2f}; {LEAST_RELIABILITY} is needed)"
            )
        if self.agreement - self.standard_error < needed:
            return (
                f"half samples agree at {self.agreement:.2f}, less a standard error of "
                f"{self.standard_error:.2f}; {needed:.2f} is needed"
            )
        if self.smallest_share < LEAST_SHARE:
            return (
                f"its smallest segment has {self.smallest_share:.1%} of customers, less than "
                f"{LEAST_SHARE:.0%}"
            )
        return None


@dataclass(frozen=True)
class NeedsSearch:
    """What the search found: all cuts, in the order tried, and the one chosen, maybe a weak one.

    finding: why there is none, where the data gives no cut to try; empty otherwise.
    """

    cuts: tuple[Cut, ...]
    chosen: Cut | None
    active: tuple[int, float] | None
    finding: str = ""

    @property
    def keeps_active(self) -> bool:
        """Is the cut of the stored fit chosen, and still to be depended on?"""
        best = self.chosen
        return best is not None and self.is_active(best) and best.problem(is_active=True) is None

    def is_active(self, cut: Cut) -> bool:
        """Has the stored fit as many axes and the same threshold?"""
        return self.active == (cut.model.axes, cut.model.threshold)


def search(
    columns: Sequence[NeedsColumn],
    given: Values,
    halves: Sequence[Mapping[str, Vector]] | None,
    settings: FitSettings,
    stored: NeedsModel | None = None,
) -> NeedsSearch:
    """Learn the needs of these customers, or find that there are none that can be depended on.

    given: a sample of the customers. halves: the same features of odd and even weeks of some
    customers with orders in both; None does not ask for it. stored: the axes of the fit before,
    whose order and signs are kept, and whose number and threshold stay while they hold.
    """
    active = None if stored is None else (stored.axes, stored.threshold)
    count = len(next(iter(given.values()))) if given else 0
    if count < MINIMUM_CUSTOMERS:
        return NeedsSearch((), None, active, f"fewer than {MINIMUM_CUSTOMERS} customers")
    with one_blas_thread():
        found = components(columns, given)
        if found is None:
            return NeedsSearch((), None, active, "too few columns in which customers differ")
        chance = found.chance(settings.seed, DRAWS)
        beyond = int((found.eigenvalues > chance).sum())
        tried = [axes for axes in AXES if axes <= beyond and 1 + 2 * axes in settings.candidates]
        if not tried:
            return NeedsSearch((), None, active, _untried(beyond, settings.candidates))
        # The axes are the same whatever the threshold.
        models = {axes: _kept(rotated(found, axes, THRESHOLDS[0]), stored, given) for axes in tried}
        values = column_values(found.columns, given)
        scored = {axes: model.scores(given, values) for axes, model in models.items()}
        labels = {
            (axes, threshold): segments(scored[axes], threshold)
            for axes in tried
            for threshold in THRESHOLDS
        }
        compared = _compared(columns, given, labels, settings)
        reliability = {axes: _reliability(model, halves) for axes, model in models.items()}
        cuts = [
            _cut(
                replace(models[axes], threshold=threshold),
                labels[axes, threshold],
                scored[axes],
                reliability[axes],
                *compared[axes, threshold],
            )
            for axes, threshold in labels
        ]
    result = NeedsSearch(tuple(cuts), None, active)
    order = sorted(cuts, key=lambda cut: not result.is_active(cut))
    dependable = [cut for cut in order if cut.problem(is_active=result.is_active(cut)) is None]
    weak = [cut for cut in cuts if cut.short_of(WEAK_AGREEMENT) is None]
    weak.sort(key=lambda cut: -cut.agreement)
    return replace(result, chosen=next(iter(dependable + weak), None))


def _untried(beyond: int, candidates: Sequence[int]) -> str:
    """Why no number of axes is tried, of so many that are beyond chance."""
    if beyond < min(AXES):
        return "columns go together no more than by chance"
    numbers = " or ".join(str(1 + 2 * axes) for axes in sorted(AXES) if axes <= beyond)
    asked = " to ".join(str(k) for k in sorted({min(candidates), max(candidates)}))
    return f"they would be {numbers} segments, and {asked} may be chosen"


def _kept(model: NeedsModel, stored: NeedsModel | None, given: Values) -> NeedsModel:
    """The axes as the fit before has them, where it has as many."""
    if stored is None or stored.axes != model.axes:
        return model
    return aligned(model, stored, given)


def _reliability(model: NeedsModel, halves: Sequence[Mapping[str, Vector]] | None) -> float:
    """The least of the axes; 1 where nothing is asked of halves."""
    return 1.0 if halves is None else float(reliabilities(model, halves).min())


def _cut(
    model: NeedsModel,
    labels: Labels,
    scored: Matrix,
    reliability: float,
    agreements: Vector,
    jaccards: Matrix,
) -> Cut:
    k = 1 + 2 * model.axes
    sizes = np.bincount(labels, minlength=k)
    totals = np.stack([np.bincount(labels, line, minlength=k) for line in scored])
    return Cut(
        model,
        float(agreements.mean()),
        float(agreements.std() / np.sqrt(len(agreements))),
        jaccards.mean(axis=0),
        sizes / len(labels),
        totals / np.maximum(sizes, 1),
        reliability,
    )


def aligned(model: NeedsModel, stored: NeedsModel, given: Values) -> NeedsModel:
    """The axes in the order and with the signs of the stored ones that they correlate with most."""
    correlation = np.corrcoef(model.scores(given), stored.scores(given))
    between = np.nan_to_num(correlation[: model.axes, model.axes :])
    new, old = best_pairs(np.abs(between))
    order = [int(new[list(old).index(axis)]) for axis in range(stored.axes)]
    signs = [1.0 if between[order[axis], axis] >= 0 else -1.0 for axis in range(stored.axes)]
    return model.moved(order, signs)


def _compared(
    columns: Sequence[NeedsColumn],
    given: Values,
    whole: Mapping[tuple[int, float], Labels],
    settings: FitSettings,
) -> dict[tuple[int, float], tuple[Vector, Matrix]]:
    """Adjusted Rand index (splits) and Jaccard coefficients (splits x segments) of half samples.

    whole: the labels of the whole sample, by axes and threshold. Each half labels all of it.
    """
    count = len(next(iter(given.values())))

    def labels(rows: Labels) -> Iterator[Labels]:
        found = components(columns, taken(given, rows))
        # Axes of the same components are of the same columns, whatever their number.
        values = [] if found is None else column_values(found.columns, given)
        scored: dict[int, Matrix] = {}
        for axes, threshold in whole:
            if found is None:
                yield np.zeros(count, dtype=np.int64)
                continue
            if axes not in scored:
                scored[axes] = rotated(found, axes, threshold).scores(given, values)
            yield segments(scored[axes], threshold)

    def compared(number: int) -> list[tuple[float, Vector]]:
        halves = map(labels, split(count, settings.seed, number))
        values = []
        for (axes, _), full, *pair in zip(whole, whole.values(), *halves, strict=True):
            k = 1 + 2 * axes
            nearest = [jaccard_matrix(contingency(full, half, k, k)).max(axis=1) for half in pair]
            agreement = adjusted_rand(contingency(pair[0], pair[1], k, k))
            values.append((agreement, np.mean(nearest, axis=0)))
        return values

    found = list(ordered_map(compared, range(SPLITS), threads=settings.threads))
    return {
        place: (
            np.array([one[at][0] for one in found]),
            np.stack([one[at][1] for one in found]),
        )
        for at, place in enumerate(whole)
    }


def learned_again(
    columns: Sequence[NeedsColumn], given: Values, axes: int, threshold: float
) -> NeedsModel | None:
    """So many axes learned from other customers, without a search; None where there are none."""
    with one_blas_thread():
        found = components(columns, given)
        if found is None or len(found.eigenvalues) < axes:
            return None
        return rotated(found, axes, threshold)
