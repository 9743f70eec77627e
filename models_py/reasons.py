"""Why a customer is in its segment, and what single change would put it into another."""

from dataclasses import dataclass

import numpy as np

from models_py.arrays import Labels, Matrix, Vector
from models_py.row_blocks import squared_distances
from models_py.scaler import Scaler, transformed, untransformed

NUDGE = 1e-7  # how far past the border, in scaled units: the border itself belongs to either
MINIMUM_LEVER = 1e-6  # centres closer than this along a feature are not separated by it


def contributions(scaled: Matrix, own: Matrix, runner_up: Matrix) -> Matrix:
    """Scaled squared difference to the runner-up's centre minus that to the own, per feature.

    scaled, own, runner_up: (features x rows). Sums over features to the margin, the difference
    of the squared distances (to 1e-9). Positive: this feature speaks for the own segment.
    """
    parts: Matrix = np.square(scaled - runner_up) - np.square(scaled - own)
    return parts


@dataclass(frozen=True)
class Change:
    """The smallest change of one feature that moves each row to another segment.

    feature: int64 (rows), index of the feature, -1 where none suffices.
    value: float64 (rows), the feature's new value in original units; NaN where none suffices.
    target: int64 (rows), index of the segment it moves to; -1 where none suffices.
    """

    feature: Labels
    value: Vector
    target: Labels


def smallest_change(
    values: Matrix,
    scaler: Scaler,
    centres: Matrix,
    lowest: Vector,
    highest: Vector,
) -> Change:
    """Find the smallest single-feature change for each row.

    values: float64 (features x rows), original units without nulls. lowest, highest: (features)
    natural range in original units. Along one feature the difference of the squared distances to
    two centres is linear, so each border is met at

        scaled + (distance to the other - distance to the own) / (2 (other - own centre))

    and the nearest border in either direction, over all other segments, is the smallest change of
    that feature. A value past the winsor bounds counts as the bound, so a border there is never
    met. Features are compared in standard deviations of the transformed values, since their
    units differ; ties go to the lower position. Candidates are scored again, and one that does
    not move the row is not reported.
    """
    width, rows = values.shape
    found = Change(np.full(rows, -1), np.full(rows, np.nan), np.full(rows, -1))
    if width == 0 or len(centres) < 2 or rows == 0:
        return found
    scaled = scaler.scale(values)
    squared = squared_distances(scaled, centres)
    own = squared.argmin(axis=0)
    every = np.arange(rows)
    margin = squared - squared[own, every]
    best = np.full(rows, np.inf)
    for feature in range(width):
        low, high = scaler.scale_one(feature, np.array([lowest[feature], highest[feature]]))
        original = values[feature]
        present = transformed(original, scaler.transforms[feature])
        lever = centres[:, feature, None] - centres[own, feature][None, :]
        for direction in (1.0, -1.0):
            is_able = lever * direction > MINIMUM_LEVER
            shift = np.where(is_able, margin / (2 * np.where(is_able, lever, 1.0)), np.inf)
            step = np.abs(shift).min(axis=0)
            with np.errstate(invalid="ignore"):
                border = scaled[feature] + direction * (step + NUDGE)
                inside = np.isfinite(step) & (border <= high if direction > 0 else border >= low)
            line = np.where(inside, border, 0.0) / scaler.factor[feature] + scaler.mean[feature]
            size = np.abs(line - present) / scaler.deviation[feature]
            better = np.flatnonzero(inside & (size < best))
            if better.size == 0:
                continue
            candidate = untransformed(line[better], scaler.transforms[feature])
            is_natural = (candidate >= lowest[feature]) & (candidate <= highest[feature])
            moved = scaled[:, better].copy()
            moved[feature] = scaler.scale_one(feature, candidate)
            target = squared_distances(moved, centres).argmin(axis=0)
            good = is_natural & (target != own[better])
            better, candidate, target = better[good], candidate[good], target[good]
            best[better] = size[better]
            found.feature[better] = feature
            found.value[better] = candidate
            found.target[better] = target
    return found
