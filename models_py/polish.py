"""Centres polished on all rows: Lloyd's iterations with extreme rows held back, block by block."""

import threading
from collections.abc import Callable, Generator, Sequence

import numpy as np

from models_py.arrays import Matrix, Vector
from models_py.kmeans import squared_lengths
from models_py.parallel import ordered_map

# `lloyd` says why the kernel is called without the estimator.
from models_py.scaled_file import ScaledMatrix

# Of a pass: sums (k x features), counts (k), objective.
Totals = tuple[Matrix, Vector, float]
MAD_TO_DEVIATION = 1.4826  # median absolute deviation of a normal, in standard deviations
POLISH_ROWS = 65_536  # rows of a polish block: scores of eight centres fit the cache


def extreme_threshold(distances: Vector, *, trim_share: float, trim_deviations: float) -> float:
    """Distance (not squared) from its nearest centre past which a row is extreme.

    median + `trim_deviations` robust standard deviations, but never so low that more than
    `trim_share` of the rows lie beyond it. Infinite for no rows.
    """
    if distances.size == 0:
        return float("inf")
    middle = np.median(distances)
    spread = MAD_TO_DEVIATION * np.median(np.abs(distances - middle))
    floor = np.quantile(distances, 1 - trim_share, method="higher")
    return float(max(middle + trim_deviations * spread, floor))


def polish(
    matrix: ScaledMatrix,
    starts: Sequence[Matrix],
    *,
    trims_squared: Sequence[float],
    iterations: int,
    tolerance: float,
    threads: int = 1,
) -> list[Matrix]:
    """Trimmed Lloyd passes over all rows of a float32 matrix, block by block.

    A pass serves all sets of centres. Rows with a squared distance above the set's entry of
    `trims_squared` to their nearest centre are left out of the means. A set stops when its capped
    objective gains less than `tolerance` of itself. Returns, for each, the centres with the best
    objective, float64 (k x features).
    """

    def passes(wanted: Sequence[tuple[Matrix, float]]) -> list[Totals]:
        return _passes(matrix, wanted, threads=threads)

    return polished_together(
        starts, trims_squared, passes, iterations=iterations, tolerance=tolerance
    )


def polished_together(
    starts: Sequence[Matrix],
    trims_squared: Sequence[float],
    passes: Callable[[Sequence[tuple[Matrix, float]]], list[Totals]],
    *,
    iterations: int,
    tolerance: float,
) -> list[Matrix]:
    """The iterations of `polish`, whatever runs its passes.

    passes: what `block_pass` gives, summed over all rows, for several (centres, bound).
    """
    running = [polishing(one, iterations=iterations, tolerance=tolerance) for one in starts]
    asked = {at: next(steps) for at, steps in enumerate(running)}
    ended: dict[int, Matrix] = {}
    while asked:
        totals = passes([(asked[at], trims_squared[at]) for at in asked])
        following = {}
        for at, total in zip(asked, totals, strict=True):
            try:
                following[at] = running[at].send(total)
            except StopIteration as stopped:
                ended[at] = stopped.value
        asked = following
    return [ended[at] for at in range(len(starts))]


def polishing(
    centres: Matrix, *, iterations: int, tolerance: float
) -> Generator[Matrix, Totals, Matrix]:
    """The iterations of one set of centres.

    Yields the centres to pass over all rows with, float32, is sent what `block_pass` gives, summed
    over the rows, and returns the best centres.
    """
    best, best_objective = centres.astype(np.float64), np.inf
    present = best
    for _ in range(iterations + 1):
        sums, counts, objective = yield present.astype(np.float32)
        gain = best_objective - objective
        if gain > 0:
            best, best_objective = present, objective
        if not gain > tolerance * objective:
            break
        has_rows = counts > 0
        present = np.where(has_rows[:, None], sums / np.maximum(counts, 1)[:, None], present)
    return best


def added(first: Totals, second: Totals) -> Totals:
    """Totals over the rows of both."""
    return first[0] + second[0], first[1] + second[1], first[2] + second[2]


def _passes(
    matrix: ScaledMatrix, wanted: Sequence[tuple[Matrix, float]], *, threads: int
) -> list[Totals]:
    """What `block_pass` gives for several (centres, bound), summed over all rows."""
    rooms = threading.local()

    def run(first: int) -> list[Totals]:
        # A worker reads into the same memory each time: allocating it takes longer than reading.
        if not hasattr(rooms, "rows"):
            rooms.rows = np.empty((min(POLISH_ROWS, len(matrix)), matrix.shape[1]), np.float32)
        rows = matrix.block(first, POLISH_ROWS, out=rooms.rows)
        lengths = squared_lengths(rows)
        return [block_pass(rows, *one, lengths=lengths) for one in wanted]

    found: list[Totals] = [(np.zeros(c.shape), np.zeros(len(c)), 0.0) for c, _ in wanted]
    for own in ordered_map(run, range(0, len(matrix), POLISH_ROWS), threads=threads):
        found = [added(held, one) for held, one in zip(found, own, strict=True)]
    return found


def block_pass(
    rows: Matrix,
    centres: Matrix,
    trim_squared: float,
    *,
    lengths: Vector | None = None,
) -> Totals:
    """Sums (k x features), counts (k) of the rows not trimmed, and the capped objective.

    lengths: squared lengths of the rows, where they are known.
    """
    half = squared_lengths(centres) / 2
    scores = centres @ rows.T
    scores -= half[:, None]
    best = scores.max(axis=0)
    squared = squared_lengths(rows) if lengths is None else lengths.copy()
    squared -= 2 * best
    np.maximum(squared, 0, out=squared)
    is_member = scores == best
    members = is_member.astype(np.float32)
    tied = np.flatnonzero(members.sum(axis=0) > 1)
    if tied.size:  # to the first
        members[:, tied] = np.arange(len(centres))[:, None] == scores[:, tied].argmax(axis=0)
    members *= squared <= trim_squared
    return (
        members @ rows,
        members.sum(axis=1, dtype=np.float64),
        float(np.minimum(squared, trim_squared).sum(dtype=np.float64)),
    )
