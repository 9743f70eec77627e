"""Squared distances of rows to centres, block by block, in memory that is taken once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from models_py.arrays import Counts, Labels, Matrix, Vector

BLOCK_ROWS = 4_096  # rows measured at once: their distances stay in the cache
# Of the squared lengths of a row and a centre: what rounding can add to a product of the two, many
# times over.
ROUNDING = 1e-12


def squared_distances(scaled: Matrix, centres: Matrix) -> Matrix:
    """Squared distances (centres x rows) of scaled rows (features x rows), float64."""
    out = np.zeros((centres.shape[0], scaled.shape[1]))
    step = np.empty(scaled.shape[1])
    for number, centre in enumerate(centres):
        total = out[number]
        for feature, value in enumerate(centre):
            np.subtract(scaled[feature], value, out=step)
            np.multiply(step, step, out=step)
            np.add(total, step, out=total)
    return out


def sums_of(scaled: Matrix, centres: Matrix) -> "Sums":
    """Sums over rows by their nearest centre; scaled: float64 (features x rows)."""
    ((_, _, sums),) = assigned(scaled, [centres])
    return sums


@dataclass
class Sums:
    """Sums over rows by their nearest centre: sizes (k), totals (k x features), inertias (k)."""

    sizes: Counts
    totals: Matrix
    inertias: Vector

    @classmethod
    def of_none(cls, centres: Matrix) -> "Sums":
        """Sums over no rows."""
        k = len(centres)
        return cls(np.zeros(k, dtype=np.int64), np.zeros(centres.shape), np.zeros(k))

    def add(self, other: "Sums") -> None:
        """Add the sums over other rows."""
        self.sizes += other.sizes
        self.totals += other.totals
        self.inertias += other.inertias


def assigned(scaled: Matrix, models: Sequence[Matrix]) -> Iterator[tuple[Labels, Vector, Sums]]:
    """For each set of centres: label, squared distance to the nearest (rows), and sums.

    scaled: float64 (features x rows). Labels and distances are those of `squared_distances` to the
    bit: products of matrices only say which centre that is, and where two come so near that
    rounding could tell, all distances are computed.
    """
    count = scaled.shape[1]
    labels = [np.empty(count, dtype=np.int16) for _ in models]
    nearest = [np.empty(count) for _ in models]
    found = [Sums.of_none(centres) for centres in models]
    room = Room(scaled.shape[0], max((len(centres) for centres in models), default=0))
    for first in range(0, count, BLOCK_ROWS):
        block = room.take(scaled, first)
        span = slice(first, first + block.shape[1])
        for centres, label, own, sums in zip(models, labels, nearest, found, strict=True):
            members = room.members(centres)
            label[span] = np.arange(len(centres), dtype=np.float64) @ members
            own[span] = room.own_distances(centres, members)
            sums.sizes += members.sum(axis=1).astype(np.int64)
            sums.totals += members @ block.T
            sums.inertias += members @ own[span]
    yield from zip(labels, nearest, found, strict=True)


class Room:
    """Memory for a block of rows and what is measured of it, taken once and used for each block.

    Arrays of this size are fetched from the system each time, which takes longer than to
    fill them.
    """

    def __init__(self, width: int, k: int) -> None:
        self._rows, self._steps = np.empty((2, width, BLOCK_ROWS))
        self._compared, self._members = np.empty((2, k, BLOCK_ROWS))
        self._is_near = np.empty((k, BLOCK_ROWS), dtype=bool)
        self._count = 0
        self._lengths = np.empty(0)

    def take(self, scaled: Matrix, first: int) -> Matrix:
        """Rows from `first`, as many as there is room for; float64 (features x rows)."""
        rows = scaled[:, first : first + BLOCK_ROWS]
        self._count = rows.shape[1]
        if self._count < BLOCK_ROWS:
            self._rows = np.empty(rows.shape)
        np.copyto(self._rows, rows)
        steps = self._view(self._steps, len(rows))
        self._lengths = np.square(self._rows, out=steps).sum(axis=0)
        return self._rows

    def _view(self, held: Matrix, rows: int) -> Matrix:
        """So many lines of the block's length, contiguous, of an array."""
        return held.reshape(-1)[: rows * self._count].reshape(rows, self._count)

    def products(self, centres: Matrix) -> Matrix:
        """|c|^2 - 2 c.x of the block (centres x rows): squared distances but for |x|^2."""
        compared = self._view(self._compared, len(centres))
        np.matmul(centres, self._rows, out=compared)
        compared *= -2
        compared += np.square(centres).sum(axis=1)[:, None]
        return compared

    def squared_distances(self, centres: Matrix) -> Matrix:
        """Squared distances of the block (centres x rows) but for rounding; at least 0."""
        squared = self.products(centres)
        squared += self._lengths
        np.maximum(squared, 0.0, out=squared)
        return squared

    def members(self, centres: Matrix) -> Matrix:
        """1 for the nearest centre of each row and 0 for the others, float64 (centres x rows)."""
        compared = self.products(centres)
        bound = ROUNDING * (self._lengths + np.square(centres).sum(axis=1).max(initial=0.0))
        bound += compared.min(axis=0)
        is_near = np.less_equal(compared, bound, out=self._view(self._is_near, len(centres)))
        members = self._view(self._members, len(centres))
        np.copyto(members, is_near)
        undecided = np.flatnonzero(members.sum(axis=0) != 1)
        if undecided.size:
            label = squared_distances(self._rows[:, undecided], centres).argmin(axis=0)
            members[:, undecided] = np.arange(len(centres))[:, None] == label
        return members

    def members_of(self, label: Labels, k: int) -> Matrix:
        """1 for the centre with the number of each row and 0 for the others."""
        numbers = np.arange(k, dtype=label.dtype)[:, None]
        is_member = np.equal(numbers, label, out=self._view(self._is_near, k))
        members = self._view(self._members, k)
        np.copyto(members, is_member)
        return members

    def own_distances(self, centres: Matrix, members: Matrix) -> Vector:
        """Squared distance of each row to its centre (rows), as `squared_distances` gives it."""
        steps = self._view(self._steps, len(self._rows))
        np.matmul(centres.T, members, out=steps)
        np.subtract(self._rows, steps, out=steps)
        np.square(steps, out=steps)
        distances: Vector = steps.sum(axis=0)
        if self._count == 1 and len(steps):
            distances = steps.cumsum(axis=0)[-1]  # of a lone row numpy adds in pairs, not in order
        return distances
