"""K-means with many seeded starts on a sample, polished over all rows by trimmed Lloyd passes.

float32 throughout: this is the search. What is reported about its centres is float64
(`evaluation`). Extreme rows neither seed a centre (the squared distances that k-means++ draws by
are capped) nor pull one (rows beyond a robust distance are left out of the means): trimmed K-means,
Cuesta-Albertos, Gordaliza and Matran (1997), Annals of Statistics 25(2).
"""

from typing import TypedDict

import numpy as np

from models_py.arrays import Labels, Matrix, Vector

# `lloyd` says why the kernel is called without the estimator.
from models_py.lloyd_kernel import lloyd_iter_chunked_dense

LLOYD_TOLERANCE = 1e-4  # scikit-learn's default: shift of the centres against the variance
CENTRE_DIGITS = 9  # significant digits of a stored centre


class StartSettings(TypedDict):
    """How a seeded start runs; see `start`."""

    iterations: int
    seeding_size: int
    trim_share: float


def rng_for(seed: int, *path: int) -> np.random.Generator:
    """The random numbers of one task, derived from the seed and the task's place only."""
    return np.random.default_rng(np.random.SeedSequence([seed, *path]))


def rounded(values: Matrix, digits: int = CENTRE_DIGITS) -> Matrix:
    """Round to significant digits, so that a stored centre is the same wherever it is read."""
    flat = [float(f"{value:.{digits - 1}e}") for value in np.ravel(values)]
    return np.array(flat, dtype=np.float64).reshape(np.shape(values)) + 0.0


class Rows:
    """Rows held in memory, with what each of many starts on them would compute again.

    values: float32 (rows x features). squares: (rows) squared lengths. centred: the values about
    their mean. tolerance: squared shift of the centres at which Lloyd's iterations stop.
    """

    def __init__(self, values: Matrix, *, squares: Vector | None = None) -> None:
        self.values = np.ascontiguousarray(values)
        self.squares = squared_lengths(self.values) if squares is None else squares
        self.mean = self.values.mean(axis=0)
        self.centred = self.values - self.mean
        variances = np.square(self.centred).sum(axis=0) / self.values.dtype.type(len(values))
        self.tolerance = variances.mean() * LLOYD_TOLERANCE if variances.size else 0.0

    @classmethod
    def of(cls, rows: "Matrix | Rows") -> "Rows":
        """The rows, prepared if they are not yet."""
        return rows if isinstance(rows, Rows) else cls(rows)

    def __len__(self) -> int:
        """Give the number of rows."""
        return len(self.values)

    def squared_distances(self, centres: Matrix) -> Matrix:
        """Squared distances (centres x rows), float32; see `squared_distances`."""
        return squared_distances(self.values, centres, squares=self.squares)

    def labels(self, centres: Matrix) -> Labels:
        """Number of the nearest centre of each row, ties to the lowest."""
        nearest: Labels = self.squared_distances(centres).argmin(axis=0)
        return nearest


def squared_lengths(rows: Matrix) -> Vector:
    """Squared length of each row."""
    squares: Vector = np.einsum("ij,ij->i", rows, rows)
    return squares


def squared_distances(rows: Matrix, centres: Matrix, *, squares: Vector | None = None) -> Matrix:
    """Squared distances (centres x rows) by |x|^2 - 2 x.c + |c|^2, at least 0; a search by BLAS.

    rows: (rows x features); squares: their squared lengths, if known. What is reported is summed
    feature by feature instead (`row_blocks.squared_distances`): slower, and the same to the bit in
    any engine that adds in that order.
    """
    # Centres first: sums, minima and comparisons then run along the rows, several times as fast.
    product: Matrix = centres @ rows.T
    product *= -2
    product += squared_lengths(rows) if squares is None else squares
    product += squared_lengths(centres)[:, None]
    np.maximum(product, 0, out=product)
    return product


def seeded(
    rows: Matrix, squares: Vector, k: int, rng: np.random.Generator, *, trim_share: float
) -> Matrix:
    """Greedy k-means++ (Arthur and Vassilvitskii 2007) with capped squared distances.

    rows: float32 (rows x features); squares: their squared lengths. The squared distances that
    centres are drawn by and compared by are capped at their (1 - trim_share) quantile: a lone
    extreme row gains nothing by being a centre. Returns float32 (k x features).
    """
    tries = 2 + int(np.log(k))
    centres = np.empty((k, rows.shape[1]), dtype=np.float32)
    centres[0] = rows[rng.integers(rows.shape[0])]
    nearest = squared_distances(rows, centres[:1], squares=squares)[0]
    for number in range(1, k):
        cap = np.quantile(nearest, 1 - trim_share, method="lower")
        capped = np.minimum(nearest, cap) if cap > 0 else nearest
        cumulated = np.cumsum(capped, dtype=np.float64)
        drawn = np.searchsorted(cumulated, rng.random(tries) * cumulated[-1])
        drawn = np.minimum(drawn, rows.shape[0] - 1)
        candidates = np.minimum(squared_distances(rows, rows[drawn], squares=squares), nearest)
        gain = np.minimum(candidates, cap) if cap > 0 else candidates
        best = int(np.argmin(gain.sum(axis=1, dtype=np.float64)))
        centres[number] = rows[drawn[best]]
        nearest = candidates[best]
    return centres


def lloyd(rows: Matrix | Rows, centres: Matrix, *, iterations: int) -> Matrix:
    """Lloyd's iterations from the given centres, float32 (k x features).

    Gives what KMeans(init=centres, n_init=1, tol=LLOYD_TOLERANCE) gives, to the bit. The estimator
    checks its input, prepares the rows and counts labels in Python at each fit; on the small
    samples of half fits and weights, of which there are thousands, that takes longer than the
    iterations, and holds up the other threads.
    """
    rows = Rows.of(rows)
    size, k = len(rows), len(centres)
    present = (centres - rows.mean).astype(np.float32)
    following = np.empty_like(present)
    ones = np.ones(size, dtype=np.float32)
    labels, before = np.empty(size, dtype=np.int32), np.full(size, -1, dtype=np.int32)
    counts, shifts = np.zeros(k, dtype=np.float32), np.zeros(k, dtype=np.float32)
    for _ in range(iterations):
        lloyd_iter_chunked_dense(rows.centred, ones, present, following, counts, labels, shifts, 1)
        present, following = following, present
        if (labels == before).all() or np.square(shifts).sum() <= rows.tolerance:
            break
        labels, before = before, labels
    ended: Matrix = present + rows.mean
    return ended


def start_centres(
    rows: Rows,
    k: int,
    rng: np.random.Generator,
    *,
    seeding_size: int,
    iterations: int,
    trim_share: float,
) -> Matrix:
    """One start: seed and iterate; centres float32 (k x features)."""
    size = len(rows)
    values, squares = rows.values, rows.squares
    if size > seeding_size:
        drawn = np.sort(rng.choice(size, seeding_size, replace=False))
        values, squares = values[drawn], squares[drawn]
    centres = seeded(values, squares, k, rng, trim_share=trim_share)
    return lloyd(rows, centres, iterations=iterations)


def start(
    rows: Matrix | Rows,
    k: int,
    rng: np.random.Generator,
    *,
    seeding_size: int,
    iterations: int,
    trim_share: float,
) -> tuple[float, Matrix]:
    """One start, measured by the sum of all but the largest squared distances.

    Returns (trimmed objective, centres float32 (k x features)).
    """
    rows = Rows.of(rows)
    centres = start_centres(
        rows, k, rng, seeding_size=seeding_size, iterations=iterations, trim_share=trim_share
    )
    return trimmed_objective(rows, centres, trim_share=trim_share), centres


def refined(
    rows: Matrix | Rows, centres: Matrix, *, iterations: int, trim_share: float
) -> tuple[float, Matrix]:
    """Iterate from the centres; returns (trimmed objective, centres float32 (k x features))."""
    rows = Rows.of(rows)
    centres = lloyd(rows, centres, iterations=iterations)
    return trimmed_objective(rows, centres, trim_share=trim_share), centres


def trimmed_objective(rows: Matrix | Rows, centres: Matrix, *, trim_share: float) -> float:
    """Sum of all but the largest squared distances of the rows to their nearest centre."""
    nearest = Rows.of(rows).squared_distances(centres).min(axis=0)
    kept = max(1, int(np.ceil(nearest.size * (1 - trim_share))))
    if kept < nearest.size:
        nearest = np.partition(nearest, kept - 1)[:kept]
    return float(nearest.sum(dtype=np.float64))


def best_of_starts(
    rows: Matrix | Rows,
    k: int,
    seed: int,
    path: tuple[int, ...],
    *,
    starts: int,
    iterations: int,
    seeding_size: int,
    trim_share: float,
) -> Matrix:
    """Best of several starts on one worker; ties go to the earlier start."""
    rows = Rows.of(rows)
    tried = [
        start(
            rows,
            k,
            rng_for(seed, *path, number),
            seeding_size=seeding_size,
            iterations=iterations,
            trim_share=trim_share,
        )
        for number in range(starts)
    ]
    return min(tried, key=lambda one: one[0])[1]
