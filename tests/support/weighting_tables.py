"""Tables of groups that features of low weight hide, for tests of weights found in the data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from models_py.config import FitSettings

# The groups are four at most: trying up to 5 takes half as long as up to 8.
SETTINGS = FitSettings(threads=2, k_max=5)


def tables(rows: np.ndarray, weights: list[float], *, batch_rows: int = 500):
    """A source and definitions (a family for each feature) of a matrix (rows x features)."""
    names = [f"feature_{number:02d}" for number in range(rows.shape[1])]
    columns = {"customer_id": [f"c{number:07d}" for number in range(len(rows))]}
    columns |= {name: rows[:, number] for number, name in enumerate(names)}
    table = pa.table(columns)
    count = len(names)
    definitions = pa.table(
        {
            "feature": names,
            "position": list(range(1, count + 1)),
            "family": names,
            "transform": ["identity"] * count,
            "weight": weights,
            "missing_value": ["zero"] * count,
            "is_clustered": [True] * count,
        }
    )
    return (lambda: iter(table.to_batches(max_chunksize=batch_rows))), definitions


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
