"""What is measured and reported of sets of centres: float64, over all rows, from stored centres.

Distances to the nearest centre are summed feature by feature in position order, without BLAS, so
that any scorer which adds squares in that order gets the same numbers; products of matrices only
tell which centre is the nearest, and how far the others are for a silhouette. Sums over rows are
taken within blocks and chunks of a fixed size and then over them in order. Ties go to the lowest
row number of the centres.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from models_py.arrays import Counts, Labels, Matrix, Vector
from models_py.config import FitSettings
from models_py.features import BatchSource, Chunk, chunks
from models_py.fit_scores import calinski_harabasz, davies_bouldin
from models_py.kmeans import rounded
from models_py.metrics import silhouette_from_distances
from models_py.parallel import map_stream
from models_py.row_blocks import BLOCK_ROWS, Room, Sums, assigned, sums_of
from models_py.scaler import Scaler

MEMBER_DIGITS = 11  # significant digits: silhouettes to 9 digits, and room for rounding


@dataclass
class Evaluation:
    """One set of centres, measured on all rows.

    centres: (k x features), as stored. labels: int16 (rows), index of the nearest centre.
    sizes: int64 (k). inertias: (k) sums of squared distances to the centre.
    means: (k x features) of the members; radii: (k) mean squared distance to that mean. Centres
    differ from means a little where extreme rows were trimmed and by the last digit elsewhere.
    cluster_silhouettes: (k) mean simplified silhouette of the members, NaN for an empty one.
    silhouette: the mean over all rows; None for k = 1. So davies_bouldin, calinski_harabasz.
    nearest: (rows) squared distance to the nearest centre, only when asked for.
    """

    centres: Matrix
    labels: Labels
    sizes: Counts
    inertias: Vector
    means: Matrix
    radii: Vector
    total_squares: float
    cluster_silhouettes: Vector
    silhouette: float | None = None
    davies_bouldin: float | None = None
    calinski_harabasz: float | None = None
    nearest: Vector = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of_sums(
        cls, centres: Matrix, sums: Sums, *, labels: Labels, nearest: Vector
    ) -> "Evaluation":
        """Measures that follow from sums over all rows; silhouettes need another pass."""
        count = np.maximum(sums.sizes, 1)[:, None]
        means = np.where(sums.sizes[:, None] > 0, sums.totals / count, centres)
        shift = np.square(means - centres).sum(axis=1)
        radii = np.maximum(sums.inertias / count[:, 0] - shift, 0.0)
        overall = sums.totals.sum(axis=0) / max(int(sums.sizes.sum()), 1)
        apart = np.square(means - overall).sum(axis=1)
        return cls(
            centres,
            labels,
            sums.sizes,
            sums.inertias,
            means,
            radii,
            float((sums.sizes * (radii + apart)).sum()),
            np.full(len(centres), np.nan),
            nearest=nearest,
        )

    def take_silhouettes(self, sums: Matrix) -> None:
        """Take in what `silhouette_sums` gives over all rows."""
        values, own = sums
        has_rows = self.sizes > 0
        count = np.maximum(self.sizes, 1)
        self.cluster_silhouettes = np.where(has_rows, values / count, np.nan)
        row_count = int(self.sizes.sum())
        self.silhouette = float(values.sum() / row_count)
        self.davies_bouldin = davies_bouldin(self.means[has_rows], (own / count)[has_rows])
        within = float((self.sizes * self.radii).sum())
        self.calinski_harabasz = calinski_harabasz(
            self.total_squares - within, within, int(has_rows.sum()), row_count
        )

    @property
    def inertia(self) -> float:
        """Sum over all rows of the squared distance to the nearest centre."""
        return float(self.inertias.sum())

    @property
    def explained_variance_share(self) -> float | None:
        """1 - inertia / sum of squares about the overall mean; None for no spread."""
        return 1 - self.inertia / self.total_squares if self.total_squares > 0 else None


def chunks_of(source: BatchSource, scaler: Scaler, settings: FitSettings) -> Iterator[Chunk]:
    """Yield the chunks of a source with the features that a fit uses."""
    return chunks(
        source,
        scaler.features,
        chunk_rows=settings.chunk_rows,
        absurd_value=settings.absurd_value,
    )


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

    def add(chunk: Chunk) -> Sums:
        return sums_of(scaler.scale(chunk.values), centres)

    found = Sums.of_none(centres)
    for sums in map_stream(add, chunks_of(source, scaler, settings), threads=settings.threads):
        found.add(sums)
    return members_of_sums(centres, found)


def members_of_sums(centres: Matrix, sums: Sums) -> Evaluation:
    """Sizes, means and radii, to digits that the sizes of chunks do not change."""
    found = Evaluation.of_sums(
        centres, sums, labels=np.empty(0, dtype=np.int16), nearest=np.empty(0)
    )
    found.means = rounded(found.means, MEMBER_DIGITS)
    found.radii = rounded(found.radii, MEMBER_DIGITS)
    return found


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
