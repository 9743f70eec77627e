"""What is measured of one set of centres, over all rows."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from models_py.arrays import Counts, Labels, Matrix, Vector
from models_py.config import FitSettings
from models_py.features import BatchSource, Chunk, chunks
from models_py.fit_scores import calinski_harabasz, davies_bouldin
from models_py.row_blocks import Sums
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


def chunks_of(source: BatchSource, scaler: Scaler, settings: FitSettings) -> Iterator[Chunk]:
    """Yield the chunks of a source with the features that a fit uses."""
    return chunks(
        source,
        scaler.features,
        chunk_rows=settings.chunk_rows,
        absurd_value=settings.absurd_value,
    )
