"""A rule for each segment: at most three conditions that select its customers as well as they can.

A condition is a closed range of one feature in original units, with one bound or two. Rules are
searched one segment against all others by F1, the harmonic mean of precision and coverage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from models_py.arrays import Labels, Mask, Matrix, Vector
from models_py.config import FitSettings
from models_py.features import BatchSource, chunk_limits, chunks
from models_py.round_numbers import Figure, figure_text, roundest
from models_py.sample import RowSample

MAX_CONDITIONS = 3  # what a reader keeps in mind
# F1 that each bound must add: a shorter rule is worth a hundredth.
BOUND_COST = 0.01
BEAM = 8  # rules that go on from one condition to the next
PERCENTILES = np.arange(101) / 100  # between which bounds are looked for
ASSIGNED_COLUMN = "assigned_segment_id"

RULES_SCHEMA = pa.schema(
    [
        ("segment_id", pa.int64()),
        ("position", pa.int64()),
        ("feature", pa.string()),
        ("lower_bound", pa.string()),
        ("upper_bound", pa.string()),
        ("lower_percent", pa.string()),
        ("upper_percent", pa.string()),
    ]
)


def rules_step(source: BatchSource, features: Sequence[str], settings: FitSettings) -> pa.Table:
    """Find a rule for each segment; one row per condition.

    source: one row per customer with the features and `assigned_segment_id`, in key order. Above
    `sample_size` customers the rules are learned on a seeded sample of as many. features: names of
    the columns that conditions may be on, of which the first win ties.

    Returns segment_id, position (1 to 3), feature, lower_bound and upper_bound (the range, both
    ends included, as plain decimal text, null for none) and the same times 100. A segment whose
    customers no condition tells from the others has no row.
    """
    sample = RowSample(len(features) + 1, settings.sample_size, settings.seed)
    for chunk in chunks(source, [*features, ASSIGNED_COLUMN], **chunk_limits(settings)):
        sample.add(chunk.values)
    rows = sample.values()
    return rules_of(rows[:-1], rows[-1].astype(np.int64), features)


def rules_of(values: Matrix, segments: Labels, features: Sequence[str]) -> pa.Table:
    """Rules of customers in memory (see `rules_step`); values: (features x rows), NaN for null."""
    scales = [Scale.of(line) for line in values]
    rows = []
    for segment in np.unique(segments).tolist():
        search = _Search(scales, segments == segment)
        for number, condition in enumerate(search.best_rule().conditions):
            lower, upper = scales[condition.feature].bounds(condition)
            rows.append(
                {
                    "segment_id": segment,
                    "position": number + 1,
                    "feature": features[condition.feature],
                    "lower_bound": figure_text(lower),
                    "upper_bound": figure_text(upper),
                    "lower_percent": figure_text(lower, shift=2),
                    "upper_percent": figure_text(upper, shift=2),
                }
            )
    return pa.Table.from_pylist(rows, schema=RULES_SCHEMA)


@dataclass(frozen=True, order=True)
class Condition:
    """A closed range of a feature, by the numbers of its bounds on the feature's scale, -1: none.

    The order of conditions decides between rules that are otherwise equal.
    """

    feature: int
    lower: int
    upper: int

    @property
    def bound_count(self) -> int:
        """Bounds that are given."""
        return (self.lower >= 0) + (self.upper >= 0)


@dataclass(frozen=True)
class Rule:
    """Conditions in the order of features, and how well they select a segment."""

    conditions: tuple[Condition, ...]
    score: float
    digit_count: int

    @property
    def order(self) -> tuple[float, int, int, tuple[Condition, ...]]:
        """The best rule comes first; of equals, the shorter and rounder."""
        return -self.score, len(self.conditions), self.digit_count, self.conditions


@dataclass(frozen=True)
class Scale:
    """The bounds that conditions on a feature may have, and where each customer lies among them.

    figures: the bounds, ascending. digits: int64, digits of each bound. places: uint16 (rows),
    0 below the first bound, 2 i + 1 on bound i, 2 i + 2 between it and the next; a null lies past
    all of them, so that it meets no condition.
    """

    figures: tuple[Figure, ...]
    digits: npt.NDArray[np.int64]
    places: npt.NDArray[np.uint16]

    @classmethod
    def of(cls, values: Vector) -> Scale:
        """Take the bounds of a feature's values from round numbers between its percentiles."""
        is_null = np.isnan(values)
        known = values[~is_null]
        edges: list[float] = []
        if known.size:
            edges = np.unique(np.quantile(known, PERCENTILES, method="inverted_cdf")).tolist()
        found = {
            figure
            for low, high in pairwise(edges)
            for includes_low in (True, False)
            if (figure := roundest(low, high, includes_low=includes_low)) is not None
        }
        figures = tuple(sorted(found))
        limits = np.array([float(figure) for figure in figures])
        places = np.searchsorted(limits, values, side="left")
        places += np.searchsorted(limits, values, side="right")
        places[is_null] = 2 * len(figures) + 1
        digits = np.array([_digit_count(figure) for figure in figures], dtype=np.int64)
        return cls(figures, digits, places.astype(np.uint16))

    def bounds(self, condition: Condition) -> tuple[Figure | None, Figure | None]:
        """Lower and upper bound of a condition."""
        lower = self.figures[condition.lower] if condition.lower >= 0 else None
        upper = self.figures[condition.upper] if condition.upper >= 0 else None
        return lower, upper

    def meets(self, condition: Condition) -> Mask:
        """Whether each customer meets a condition."""
        end = 2 * (condition.upper if condition.upper >= 0 else len(self.figures)) + 1
        start = 2 * condition.lower + 1 if condition.lower >= 0 else 0
        last = end if condition.upper >= 0 else end - 1
        is_met: Mask = (self.places >= start) & (self.places <= last)
        return is_met


def _digit_count(figure: Figure) -> int:
    """Significant digits."""
    return len(figure.normalize().as_tuple().digits) if figure else 0


class _Search:
    """The search for the rule of one segment."""

    def __init__(self, scales: Sequence[Scale], is_member: Mask) -> None:
        self._scales = scales
        self._is_member = is_member
        self._member_count = int(is_member.sum())

    def best_rule(self) -> Rule:
        """Find the best rule that the search meets.

        Beam search, one condition after the other; from the best rule on, conditions are left
        out, exchanged and added until that gains nothing. No condition at all is a rule too: it
        selects everybody.
        """
        beam = _first(self._extended(()))
        for _ in range(MAX_CONDITIONS - 1):
            beam = _first(rule for kept in beam for rule in self._extended(kept.conditions))
        best = beam[0]
        while (better := min(self._neighbours(best), key=_order)).score > best.score:
            best = better
        return best

    def _neighbours(self, rule: Rule) -> Iterator[Rule]:
        """The rule, and rules with one condition more, one less or another one."""
        yield from self._extended(rule.conditions)
        for left_out in rule.conditions:
            kept = tuple(one for one in rule.conditions if one != left_out)
            yield from self._extended(kept)

    def _extended(self, conditions: tuple[Condition, ...]) -> Iterator[Rule]:
        """The rule of these conditions, and those with the best one on each further feature."""
        is_met = np.ones(self._is_member.size, dtype=bool)
        for condition in conditions:
            is_met &= self._scales[condition.feature].meets(condition)
        rows = np.flatnonzero(is_met)
        members = rows[self._is_member[rows]]
        cost = BOUND_COST * sum(condition.bound_count for condition in conditions)
        digits = sum(self._digits(condition) for condition in conditions)
        score = 2 * members.size / (rows.size + self._member_count)
        yield Rule(conditions, score - cost, digits)
        taken = {condition.feature for condition in conditions}
        if len(taken) < MAX_CONDITIONS:
            for feature, scale in enumerate(self._scales):
                if scale.figures and feature not in taken:
                    added, score = self._best_condition(feature, rows, members)
                    longer = tuple(sorted((*conditions, added)))
                    yield Rule(longer, score - cost, digits + self._digits(added))

    def _digits(self, condition: Condition) -> int:
        digits = self._scales[condition.feature].digits
        return sum(int(digits[bound]) for bound in (condition.lower, condition.upper) if bound >= 0)

    def _best_condition(
        self, feature: int, rows: Labels, members: Labels
    ) -> tuple[Condition, float]:
        """The best condition on a feature beside others, and F1 less what its bounds cost.

        rows, members: numbers of the customers, and of those in the segment, who meet the others.
        """
        scale = self._scales[feature]
        count = len(scale.figures)
        selected = _counts_in_ranges(scale.places[rows], count)
        covered = _counts_in_ranges(scale.places[members], count)
        score = 2 * covered / (selected + self._member_count)
        is_given = np.arange(count + 1) > 0
        score -= BOUND_COST * (is_given[:, None].astype(np.int64) + is_given)
        score[0, 0] = -np.inf  # no bound is no condition
        digits = np.concatenate([[0], scale.digits])
        best = np.argwhere(score == score.max())
        digit_counts = digits[best].sum(axis=1)
        rounder = best[digit_counts == digit_counts.min()]
        # Where no customer lies between equals, the bound in the middle is the safest.
        lower, upper = rounder[(len(rounder) - 1) // 2].tolist()
        return Condition(feature, lower - 1, upper - 1), float(score[lower, upper])


def _counts_in_ranges(places: npt.NDArray[np.uint16], count: int) -> npt.NDArray[np.int64]:
    """Customers in each range: (lower bounds x upper bounds), none first, then each of `count`.

    0 where the lower bound is above the upper one.
    """
    below = np.concatenate([[0], np.cumsum(np.bincount(places, minlength=2 * count + 2))])
    numbers = np.arange(count)
    before_lower = np.concatenate([[0], below[2 * numbers + 1]])
    to_upper = np.concatenate([[below[2 * count + 1]], below[2 * numbers + 2]])
    found: npt.NDArray[np.int64] = np.maximum(to_upper - before_lower[:, None], 0)
    return found


def _order(rule: Rule) -> tuple[float, int, int, tuple[Condition, ...]]:
    return rule.order


def _first(rules: Iterable[Rule]) -> list[Rule]:
    """The best rules, each once."""
    return sorted({rule.conditions: rule for rule in rules}.values(), key=_order)[:BEAM]
