"""What is reported about a fit: float64, over all rows, from the stored (rounded) centres.

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
from models_py.kmeans import rounded
from models_py.metrics import silhouette_from_distances
from models_py.parallel import map_stream
from models_py.scaling import Scaler

MEMBER_DIGITS = 11  # significant digits: silhouettes to 9 digits, and room for rounding
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
        cls, centres: Matrix, sums: "Sums", *, labels: Labels, nearest: Vector
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
    for sums in map_stream(assign, _stream(source, scaler, settings), threads=settings.threads):
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
    for sums in map_stream(add, _stream(source, scaler, settings), threads=settings.threads):
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


def sums_of(scaled: Matrix, centres: Matrix) -> "Sums":
    """Sums over rows by their nearest centre; scaled: float64 (features x rows)."""
    ((_, _, sums),) = assigned(scaled, [centres])
    return sums


def _stream(source: BatchSource, scaler: Scaler, settings: FitSettings) -> Iterator[Chunk]:
    return chunks(
        source,
        scaler.features,
        chunk_rows=settings.chunk_rows,
        absurd_value=settings.absurd_value,
    )


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
    room = _Room(scaled.shape[0], max((len(centres) for centres in models), default=0))
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


class _Room:
    """Memory for a block of rows and what is measured of it, taken once and used for each block.

    Arrays of this size are fetched from the system anew each time, which takes longer than to
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
    for sums in map_stream(score, _stream(source, scaler, settings), threads=settings.threads):
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
    room = _Room(scaled.shape[0], max(len(one.sizes) for one in measured))
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


def davies_bouldin(means: Matrix, mean_distances: Vector) -> float | None:
    """Davies and Bouldin (1979): mean over clusters of the worst (s_i + s_j) / |m_i - m_j|.

    means: (k x features); mean_distances: (k) mean Euclidean distance of members to their mean.
    0 and up, lower is better; None for fewer than two clusters or means that coincide.
    """
    if len(means) < 2:
        return None
    apart = np.sqrt(squared_distances(means.T, means))
    np.fill_diagonal(apart, np.inf)
    if not (apart > 0).all():
        return None
    return float(((mean_distances[:, None] + mean_distances[None, :]) / apart).max(axis=1).mean())


def calinski_harabasz(between: float, within: float, k: int, row_count: int) -> float | None:
    """Calinski and Harabasz (1974): (between / (k - 1)) / (within / (n - k)).

    0 and up, higher is better; None for one cluster, a cluster per row, or no spread within.
    """
    if k < 2 or row_count <= k or within <= 0:
        return None
    return (between / (k - 1)) / (within / (row_count - k))
