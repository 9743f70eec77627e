"""Silhouettes of fits, over all rows, in a pass of their own."""

from collections.abc import Sequence

import numpy as np

from models_py.arrays import Labels, Matrix
from models_py.config import FitSettings
from models_py.evaluation import Evaluation, chunks_of
from models_py.features import BatchSource, Chunk
from models_py.metrics import silhouette_from_distances
from models_py.parallel import map_stream
from models_py.row_blocks import BLOCK_ROWS, Room
from models_py.scaler import Scaler


def add_silhouettes(
    source: BatchSource, scaler: Scaler, results: Sequence[Evaluation], settings: FitSettings
) -> None:
    """Silhouettes, Davies-Bouldin and Calinski-Harabasz into the evaluations, in another pass."""
    measured = [one for one in results if len(one.centres) > 1]
    if not measured:
        return

    def score(chunk: Chunk) -> list[Matrix]:
        scaled = scaler.scale(chunk.values)
        span = slice(chunk.first_row, chunk.first_row + chunk.row_count)
        return silhouette_sums(scaled, [one.labels[span] for one in measured], measured)

    totals = [np.zeros((2, len(one.sizes))) for one in measured]
    for sums in map_stream(score, chunks_of(source, scaler, settings), threads=settings.threads):
        for held, own in zip(totals, sums, strict=True):
            held += own
    for one, held in zip(measured, totals, strict=True):
        one.take_silhouettes(held)


def silhouette_sums(
    scaled: Matrix, labels: Sequence[Labels], measured: Sequence[Evaluation]
) -> list[Matrix]:
    """For each set of centres sums (2 x k) of silhouettes and of distances to the own mean.

    scaled: float64 (features x rows); labels: (rows) of each set. Distances to the own mean are
    those of `squared_distances`, the others have the rounding of a product of matrices.
    """
    found: list[Matrix] = [np.zeros((2, len(one.sizes))) for one in measured]
    room = Room(scaled.shape[0], max(len(one.sizes) for one in measured))
    for first in range(0, scaled.shape[1], BLOCK_ROWS):
        span = slice(first, first + room.take(scaled, first).shape[1])
        for label, one, sums in zip(labels, measured, found, strict=True):
            at = label[span].astype(np.intp)
            members = room.members_of(at, len(one.sizes))
            own = room.own_distances(one.means, members)
            squared = room.squared_distances(one.means)
            squared[at, np.arange(at.size)] = own
            sums[0] += members @ silhouette_from_distances(squared, at, one.sizes, one.radii)
            sums[1] += members @ np.sqrt(own)
    return found
