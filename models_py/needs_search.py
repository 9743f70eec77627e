"""The cut along axes of needs that half samples agree on, or the finding that there is none.

Axes are tried from many to few and thresholds from low to high. The first cut is chosen whose
segments come back where each half of the customers is learned from separately.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models_py.arrays import Labels, Vector
from models_py.errors import LearningError
from models_py.metrics import adjusted_rand, contingency
from models_py.needs import Needs, scores, segments
from models_py.needs_counts import CustomerCounts
from models_py.needs_learning import MINIMUM_ROWS, components, rotated
from models_py.parallel import one_blas_thread, ordered_map
from models_py.stability import split

MINIMUM_CUSTOMERS = 2 * MINIMUM_ROWS  # half samples are learned from


@dataclass(frozen=True, kw_only=True)
class NeedsSettings:
    """Settings of the search. `threads` never changes a result.

    The bars were worked out on two real shops, at two dates each;
    docs/quality.md shows how near to them shops lie.
    """

    seed: int = 20170101
    threads: int = 2
    axes: tuple[int, ...] = (4, 3, 2)  # tried in this order: more axes say more
    thresholds: tuple[float, ...] = (0.8, 1.0, 1.2)  # lower ones leave fewer customers out
    draws: int = 20  # of random signs, for eigenvalues by chance
    chance_factor: float = 1.5  # of the largest of those
    split_count: int = 40  # of half samples; with 10 the mean is uncertain by 0.05
    minimum_agreement: float = 0.70  # adjusted Rand index less its standard error
    minimum_share: float = 0.05  # of customers in the smallest segment


DEFAULT_SETTINGS = NeedsSettings()


@dataclass(frozen=True)
class Candidate:
    """A cut and how dependable it is.

    agreement, standard_error: adjusted Rand index of half samples fitted separately, its mean
    over splits. smallest_share: of customers in the smallest segment.
    """

    axes: int
    threshold: float
    agreement: float
    standard_error: float
    smallest_share: float

    def passes(self, settings: NeedsSettings) -> bool:
        """Is it dependable, and every segment large enough?"""
        return (
            self.agreement - self.standard_error >= settings.minimum_agreement
            and self.smallest_share >= settings.minimum_share
        )


@dataclass(frozen=True)
class NeedsSearch:
    """What the search found.

    axes_that_return: eigenvalues well above chance. candidates: in the order tried, all of them.
    chosen: the first that passes; needs: its parameters. None where needs do not differ or no
    cut is dependable, which `finding` says.
    """

    customer_count: int
    axes_that_return: int
    eigenvalues: Vector
    chance: float
    candidates: tuple[Candidate, ...]
    chosen: Candidate | None
    needs: Needs | None

    @property
    def finding(self) -> str:
        """One sentence: what there is, or why there are no segments."""
        if not self.axes_that_return:
            return "needs do not differ: nothing of what customers buy comes back beyond chance"
        if self.chosen is None:
            return "needs differ, but half samples agree on no segments large enough"
        return (
            f"{self.chosen.axes} axes, {1 + 2 * self.chosen.axes} segments that half samples "
            f"agree on at {self.chosen.agreement:.2f}"
        )


def search(
    whole: CustomerCounts,
    odd: CustomerCounts,
    even: CustomerCounts,
    settings: NeedsSettings = DEFAULT_SETTINGS,
) -> NeedsSearch:
    """Learn the needs of customers with two orders or more, or find that there are none.

    whole: counts of all orders of the window; odd, even: of every second order of each customer.

    Raises LearningError for other customers in the parts than in the whole, for too few, and for
    too few columns.
    """
    if len(whole) < MINIMUM_CUSTOMERS:
        raise LearningError(
            f"needs: expected at least {MINIMUM_CUSTOMERS} customers with two orders or more, "
            f"found {len(whole)}; take a longer window"
        )
    for part in (odd, even):
        if not part.customer_ids.equals(whole.customer_ids) or part.products != whole.products:
            raise LearningError(
                "needs: expected the same customers and products in odd orders, even orders and "
                "all; give customers with two orders or more"
            )
    with one_blas_thread():
        found = components(whole, odd, even, seed=settings.seed, draws=settings.draws)
        returning = found.axes_that_return(settings.chance_factor)
        tried = [axes for axes in settings.axes if axes <= returning]
        fits = {
            (axes, threshold): rotated(found, axes, threshold)
            for axes in tried
            for threshold in settings.thresholds
        }
        agreements = _agreements(whole, odd, even, tried, settings)
        candidates = []
        for (axes, threshold), needs in fits.items():
            sizes = np.bincount(segments(scores(needs, whole), threshold), minlength=1 + 2 * axes)
            values = agreements[axes, threshold]
            candidates.append(
                Candidate(
                    axes,
                    threshold,
                    float(values.mean()),
                    float(values.std() / np.sqrt(len(values))),
                    float(sizes.min() / len(whole)),
                )
            )
    chosen = next((one for one in candidates if one.passes(settings)), None)
    return NeedsSearch(
        len(whole),
        returning,
        found.eigenvalues,
        found.chance,
        tuple(candidates),
        chosen,
        fits[chosen.axes, chosen.threshold] if chosen else None,
    )


def _agreements(
    whole: CustomerCounts,
    odd: CustomerCounts,
    even: CustomerCounts,
    tried: list[int],
    settings: NeedsSettings,
) -> dict[tuple[int, float], Vector]:
    """Adjusted Rand index of each split (splits) by axes and threshold, on all customers."""

    def labels(rows: Labels) -> Iterator[Labels]:
        parts = (counts.take(rows) for counts in (whole, odd, even))
        found = components(*parts, seed=settings.seed, draws=0)
        for axes in tried:
            scored = scores(rotated(found, axes, 0.0), whole)
            for threshold in settings.thresholds:
                yield segments(scored, threshold)

    def compared(number: int) -> list[float]:
        pairs = zip(*map(labels, split(len(whole), settings.seed, number)), strict=True)
        values = []
        for first, second in pairs:
            k = 1 + int(max(first.max(), second.max()))
            values.append(adjusted_rand(contingency(first, second, k, k)))
        return values

    if not tried:
        return {}
    found = ordered_map(compared, range(settings.split_count), threads=settings.threads)
    keys = [(axes, threshold) for axes in tried for threshold in settings.thresholds]
    return dict(zip(keys, np.array(list(found)).T, strict=True))
