"""What is reported about a fit: float64, over all rows, from the stored (rounded) centres.

Distances to the nearest centre are summed feature by feature in position order, without BLAS, so
that any scorer which adds squares in that order gets the same numbers; products of matrices only
tell which centre is the nearest, and how far the others are for a silhouette. Sums over rows are
taken within blocks and chunks of a fixed size and then over them in order. Ties go to the lowest
row number of the centres.
"""

from collections.abc import Sequence

import numpy as np

from models_py.arrays import Matrix
from models_py.config import FitSettings
from models_py.evaluation import MEMBER_DIGITS, Evaluation, chunks_of
from models_py.features import BatchSource, Chunk
from models_py.kmeans import rounded
from models_py.parallel import map_stream
from models_py.row_blocks import Sums, assigned, sums_of
from models_py.scaler import Scaler
from models_py.silhouettes import add_silhouettes


def evaluate(
    source: BatchSource,
    scaler: Scaler,
    models: Sequence[Matrix],
    settings: FitSettings,
    *,
    row_count: int,
) -> list[Evaluation]:
    """Measure several sets of centres in two streamed passes over the source.

    The first pass assigns and gives sizes, means and radii, the second the silhouettes, which
    need them. Labels are held as one int16 per row and set of centres.
    """
    results = assign_all(source, scaler, models, settings, row_count=row_count)
    add_silhouettes(source, scaler, results, settings)
    return results


def assign_all(
    source: BatchSource,
    scaler: Scaler,
    models: Sequence[Matrix],
    settings: FitSettings,
    *,
    row_count: int,
    keep_nearest: bool = False,
) -> list[Evaluation]:
    """Measure several sets of centres but for their silhouettes, in one streamed pass."""
    labels = [np.zeros(row_count, dtype=np.int16) for _ in models]
    nearest = [np.zeros(row_count if keep_nearest else 0) for _ in models]

    def assign(chunk: Chunk) -> list[Sums]:
        span = slice(chunk.first_row, chunk.first_row + chunk.row_count)
        sums = []
        for number, (label, own, totals) in enumerate(assigned(scaler.scale(chunk.values), models)):
            labels[number][span] = label
            if keep_nearest:
                nearest[number][span] = own
            sums.append(totals)
        return sums

    found = [Sums.of_none(centres) for centres in models]
    for sums in map_stream(assign, chunks_of(source, scaler, settings), threads=settings.threads):
        for held, own in zip(found, sums, strict=True):
            held.add(own)
    return [
        Evaluation.of_sums(centres, held, labels=label, nearest=near)
        for centres, held, label, near in zip(models, found, labels, nearest, strict=True)
    ]


def members_of(
    source: BatchSource, scaler: Scaler, centres: Matrix, settings: FitSettings
) -> Evaluation:
    """Sizes, means and radii of the rows nearest to each centre, in one streamed pass; no labels.

    centres: (k x features), scaled.
    """

    def add(chunk: Chunk) -> "Sums":
        return sums_of(scaler.scale(chunk.values), centres)

    found = Sums.of_none(centres)
    for sums in map_stream(add, chunks_of(source, scaler, settings), threads=settings.threads):
        found.add(sums)
    return members_of_sums(centres, found)


def members_of_sums(centres: Matrix, sums: "Sums") -> Evaluation:
    """Sizes, means and radii, to digits that the sizes of chunks do not change."""
    found = Evaluation.of_sums(
        centres, sums, labels=np.empty(0, dtype=np.int16), nearest=np.empty(0)
    )
    found.means = rounded(found.means, MEMBER_DIGITS)
    found.radii = rounded(found.radii, MEMBER_DIGITS)
    return found
