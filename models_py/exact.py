"""What is reported about a fit: float64, over all rows, from the stored (rounded) centres.

Distances are summed feature by feature in position order, without BLAS, so that any scorer which
adds squares in that order gets the same numbers. Sums over rows are taken within chunks of a
fixed size and then over chunks in order. Ties go to the lowest row number of the centres.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from models_py.config import FitSettings
from models_py.features import BatchSource, chunks
from models_py.metrics import silhouette_from_distances
from models_py.parallel import ordered_map
from models_py.scaling import Scaler


def squared_distances(scaled: np.ndarray, centres: np.ndarray) -> np.ndarray:
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

    centres: np.ndarray
    labels: np.ndarray
    sizes: np.ndarray
    inertias: np.ndarray
    means: np.ndarray
    radii: np.ndarray
    total_squares: float
    cluster_silhouettes: np.ndarray
    silhouette: float | None = None
    davies_bouldin: float | None = None
    calinski_harabasz: float | None = None
    nearest: np.ndarray = field(default_factory=lambda: np.empty(0))

    @classmethod
    def of_sums(
        cls, centres: np.ndarray, sums: "Sums", *, labels: np.ndarray, nearest: np.ndarray
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

    def take_silhouettes(self, sums: np.ndarray) -> None:
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
    models: Sequence[np.ndarray],
    settings: FitSettings,
    *,
    row_count: int,
    keep_nearest: bool = False,
) -> list[Evaluation]:
    """Measure several sets of centres in two streamed passes over the source.

    The first pass assigns and gives sizes, means and radii, the second the silhouettes, which
    need them. Labels are held as one int16 per row and set of centres.
    """

    def stream():
        return chunks(
            source,
            scaler.features,
            chunk_rows=settings.chunk_rows,
            absurd_value=settings.absurd_value,
        )

    labels = [np.zeros(row_count, dtype=np.int16) for _ in models]
    nearest = [np.zeros(row_count if keep_nearest else 0) for _ in models]

    def assign(chunk):
        span = slice(chunk.first_row, chunk.first_row + chunk.row_count)
        sums = []
        for number, (label, own, totals) in enumerate(assigned(scaler.scale(chunk.values), models)):
            labels[number][span] = label
            if keep_nearest:
                nearest[number][span] = own
            sums.append(totals)
        return sums

    found = [Sums.of_none(centres) for centres in models]
    for sums in ordered_map(assign, stream(), threads=settings.threads):
        for held, own in zip(found, sums, strict=True):
            held.add(own)
    results = [
        Evaluation.of_sums(centres, held, labels=label, nearest=near)
        for centres, held, label, near in zip(models, found, labels, nearest, strict=True)
    ]
    measured = [one for one in results if len(one.centres) > 1]
    if measured:
        _silhouettes(stream(), scaler, measured, settings)
    return results


@dataclass
class Sums:
    """Sums over rows by their nearest centre: sizes (k), totals (k x features), inertias (k)."""

    sizes: np.ndarray
    totals: np.ndarray
    inertias: np.ndarray

    @classmethod
    def of_none(cls, centres: np.ndarray) -> "Sums":
        """Sums over no rows."""
        k = len(centres)
        return cls(np.zeros(k, dtype=np.int64), np.zeros(centres.shape), np.zeros(k))

    def add(self, other: "Sums") -> None:
        """Add the sums over other rows."""
        self.sizes += other.sizes
        self.totals += other.totals
        self.inertias += other.inertias


def assigned(
    scaled: np.ndarray, models: Sequence[np.ndarray]
) -> Iterator[tuple[np.ndarray, np.ndarray, Sums]]:
    """For each set of centres: label, squared distance to the nearest (rows), and sums.

    scaled: float64 (features x rows).
    """
    for centres in models:
        squared = squared_distances(scaled, centres)
        label = squared.argmin(axis=0)
        own = squared.min(axis=0)
        k = centres.shape[0]
        totals = np.empty(centres.shape)
        for feature in range(centres.shape[1]):
            totals[:, feature] = np.bincount(label, weights=scaled[feature], minlength=k)
        yield (
            label,
            own,
            Sums(
                np.bincount(label, minlength=k),
                totals,
                np.bincount(label, weights=own, minlength=k),
            ),
        )


def _silhouettes(stream, scaler: Scaler, measured: list[Evaluation], settings: FitSettings) -> None:
    """Second pass: silhouettes, Davies-Bouldin and Calinski-Harabasz into the evaluations."""

    def score(chunk):
        scaled = scaler.scale(chunk.values)
        span = slice(chunk.first_row, chunk.first_row + chunk.row_count)
        return [silhouette_sums(scaled, one.labels[span], one) for one in measured]

    totals = [np.zeros((2, len(one.sizes))) for one in measured]
    for sums in ordered_map(score, stream, threads=settings.threads):
        for held, own in zip(totals, sums, strict=True):
            held += own
    for one, held in zip(measured, totals, strict=True):
        one.take_silhouettes(held)


def silhouette_sums(scaled: np.ndarray, label: np.ndarray, one: Evaluation) -> np.ndarray:
    """Sums (2 x k) of silhouettes and of distances to the own mean, by label.

    scaled: float64 (features x rows); label: (rows).
    """
    squared = squared_distances(scaled, one.means)
    values = silhouette_from_distances(squared, label, one.sizes, one.radii)
    own = np.sqrt(squared[label, np.arange(label.size)])
    k = len(one.sizes)
    return np.stack(
        [
            np.bincount(label, weights=values, minlength=k),
            np.bincount(label, weights=own, minlength=k),
        ]
    )


def davies_bouldin(means: np.ndarray, mean_distances: np.ndarray) -> float | None:
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
