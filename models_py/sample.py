"""All rows up to a limit, above it a seeded sample that does not depend on batch sizes."""

import numpy as np

from models_py.arrays import Labels, Matrix, Vector


class RowSample:
    """Columns of up to `limit` rows of a stream, in the order of the stream.

    Each row draws a number, and the rows with the lowest numbers stay: every row has the same
    chance, and which rows stay depends on the seed and the number of rows only.
    """

    def __init__(self, width: int, limit: int, seed: int) -> None:
        self._limit = limit
        self._rng = np.random.default_rng(np.random.SeedSequence([seed, 0]))
        room = limit + max(limit // 4, 1)
        # Pages that no row was written to take no memory.
        self._values = np.empty((width, room))
        self._draws = np.empty(room)
        self._held = 0
        self._bound = np.inf

    def add(self, values: Matrix) -> None:
        """Offer the next rows, float64 (features x rows)."""
        draws: Vector = self._rng.random(int(values.shape[1]))
        if np.isfinite(self._bound):
            # Fewer rows are copied the longer the stream is.
            offered = np.flatnonzero(draws < self._bound)
            draws, values = draws[offered], values[:, offered]
        first = 0
        while first < draws.size:
            take = min(draws.size - first, self._draws.size - self._held)
            span = slice(self._held, self._held + take)
            self._draws[span] = draws[first : first + take]
            self._values[:, span] = values[:, first : first + take]
            self._held += take
            first += take
            if self._held == self._draws.size:
                self._prune()

    def _prune(self) -> None:
        """Keep the rows with the lowest draws, in place, one feature at a time."""
        draws = self._draws[: self._held]
        bound = np.partition(draws, self._limit - 1)[self._limit - 1]
        kept = np.flatnonzero(draws <= bound)[: self._limit]
        self._draws[: kept.size] = draws[kept]
        for line in self._values:
            line[: kept.size] = line[kept]
        self._held = kept.size
        self._bound = float(bound)

    def values(self) -> Matrix:
        """The rows held, float64 (features x rows); a view."""
        if self._held > self._limit:
            self._prune()
        return self._values[:, : self._held]


def sampled_rows(row_count: int, size: int, rng: np.random.Generator) -> Labels:
    """Row numbers of a sample without replacement, ascending; all rows when they are not more."""
    if row_count <= size:
        return np.arange(row_count)
    return np.sort(rng.choice(row_count, size, replace=False))
