"""Would other customers from the same population have given the same segments?

The sample is split into halves, each half is clustered from scratch, and both clusterings are
put on all rows of the sample. Stable clusters come back (Hennig 2007, Computational Statistics
and Data Analysis 52: clusterwise stability by the Jaccard coefficient). The halves also show
whether neighbouring clusters are apart: along the line between two centres that one half found,
the rows of the other half are either thinner in between or they are not.
"""

from dataclasses import dataclass

import numpy as np

from models_py.arrays import Labels, Matrix, Vector
from models_py.kmeans import Rows, best_of_starts, rng_for, squared_distances
from models_py.metrics import adjusted_rand, contingency, jaccard_matrix

PROFILE_BINS = 32  # bins of the line through two centres, from -0.5 to 1.5 of their distance
PROFILE_SMOOTHING = np.array([1, 4, 6, 4, 1]) / 16  # binomial, width of about an eighth
PROFILE_VARIANCE = float(np.square(PROFILE_SMOOTHING).sum())  # of a smoothed count, in counts
NEIGHBOURS = 2  # pairs looked at: each cluster with its two nearest


@dataclass(frozen=True)
class HalfSample:
    """What one split says about one k.

    adjusted_rand: agreement of the two halves' clusterings on all rows of the sample.
    jaccards: (k) for each cluster of the full fit, the mean over both halves of its best match.
    separation: how clearly the least separated pair of neighbours is apart, mean of both halves.
    """

    adjusted_rand: float
    jaccards: Vector
    separation: float


def split(row_count: int, seed: int, number: int) -> tuple[Labels, Labels]:
    """Row numbers of two halves, each ascending."""
    order = rng_for(seed, 3, number).permutation(row_count)
    middle = row_count // 2
    return np.sort(order[:middle]), np.sort(order[middle:])


class Halves:
    """Split `number` of a sample into two halves, which serves every k."""

    def __init__(self, rows: Rows, seed: int, number: int) -> None:
        self._rows, self._seed, self._number = rows, seed, number
        self._halves = split(len(rows), seed, number)
        self._held = [Rows(rows.values[half], squares=rows.squares[half]) for half in self._halves]

    def compared(
        self,
        full_labels: Labels,
        k: int,
        *,
        starts: int,
        iterations: int,
        seeding_size: int,
        trim_share: float,
    ) -> HalfSample:
        """Cluster both halves and compare them, and each with the full fit.

        full_labels: (rows) of the full fit.
        """
        labels, separations = [], []
        for side in range(2):
            centres = best_of_starts(
                self._held[side],
                k,
                self._seed,
                (4, k, self._number, side),
                starts=starts,
                iterations=iterations,
                seeding_size=seeding_size,
                trim_share=trim_share,
            )
            label = self._rows.labels(centres)
            labels.append(label)
            other = self._held[1 - side].values
            separations.append(least_separation(other, label[self._halves[1 - side]], centres))
        jaccards = np.mean(
            [jaccard_matrix(contingency(full_labels, label, k, k)).max(axis=1) for label in labels],
            axis=0,
        )
        return HalfSample(
            adjusted_rand(contingency(labels[0], labels[1], k, k)),
            jaccards,
            float(np.mean(separations)),
        )


def least_separation(rows: Matrix, labels: Labels, centres: Matrix) -> float:
    """The smallest separation over neighbouring pairs of clusters (see `separation`)."""
    apart = squared_distances(centres, centres)
    np.fill_diagonal(apart, np.inf)
    nearest = np.argsort(apart, axis=0, kind="stable")[:NEIGHBOURS]
    pairs = {
        (min(i, int(j)), max(i, int(j)))
        for i in range(len(centres))
        for j in nearest[:, i]
        if int(j) != i
    }
    members = [rows[labels == number] for number in range(len(centres))]
    return min(
        (separation(members[i], members[j], centres[i], centres[j]) for i, j in sorted(pairs)),
        default=0.0,
    )


def separation(first: Matrix, second: Matrix, first_centre: Vector, second_centre: Vector) -> float:
    """1 - density in the valley between two clusters / density of the lower of their peaks.

    Rows are projected on the line through the centres (0 at the first, 1 at the second). 1: nobody
    in between; 0 or less: no valley, the two are one cloud cut in two. Below 20 rows a side: 0.
    """
    if min(len(first), len(second)) < 20:
        return 0.0
    line = second_centre - first_centre
    length = float(line @ line)
    if length <= 0:
        return 0.0
    # Not a BLAS product: its vector kernels raise false alarms of invalid values on few rows.
    offsets = np.concatenate([first, second]) - first_centre
    where = np.einsum("ij,j->i", offsets, line / length)
    counts, edges = np.histogram(where, bins=PROFILE_BINS, range=(-0.5, 1.5))
    density = np.convolve(counts, PROFILE_SMOOTHING, mode="same")
    middles = (edges[:-1] + edges[1:]) / 2
    between = (middles > 0.2) & (middles < 0.8)
    at = int(np.flatnonzero(between)[np.argmin(density[between])])
    lower_peak = min(density[:at].max(), density[at + 1 :].max())
    # The lowest of several noisy bins is low by chance: lift it by one standard error (Poisson).
    valley = density[at] + np.sqrt(PROFILE_VARIANCE * density[at])
    return float(1 - valley / lower_peak) if lower_peak > 0 else 0.0
