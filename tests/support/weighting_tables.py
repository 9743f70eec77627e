"""Groups that features of low weight hide, for tests of weights found in the data."""

from __future__ import annotations

import numpy as np

from models_py.config import FitSettings

# The groups are four at most: trying up to 5 takes half as long as up to 8.
SETTINGS = FitSettings(threads=2, k_max=5)


def hidden_groups(rows: int = 1200) -> tuple[np.ndarray, np.ndarray]:
    """Eight columns of noise; the last two have four groups, each at a corner of a zigzag.

    Not at the corners of a square: those are two unrelated columns, which permuting keeps.
    """
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 4, rows)
    matrix = rng.standard_normal((rows, 10))
    matrix[:, 8] += np.array([0, 4, 8, 12])[labels]
    matrix[:, 9] += np.array([0, 8, 0, 8])[labels]
    return matrix, labels


HEAVY = [1.0] * 8 + [0.1] * 2
