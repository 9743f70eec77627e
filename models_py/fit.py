"""The fit: cold against warm start, exact measures, identity of the segments."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

import numpy as np
import pyarrow as pa

from models_py import kmeans
from models_py.arrays import Counts, Labels, Mask, Matrix, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.evaluation import Evaluation, add_silhouettes, assign_all
from models_py.features import BatchSource, chunks
from models_py.fit_table import Jaccards, segments_table
from models_py.identity import (
    Match,
    business_order,
    centre_closeness,
    match_segments,
)
from models_py.metrics import contingency
from models_py.model import SegmentRow, active_segments
from models_py.needs import NEEDS
from models_py.parallel import one_blas_thread
from models_py.sample import sampled_rows
from models_py.scaled_file import scaled_matrix
from models_py.scaler import Scaler
from models_py.scan import SAMPLE_PATH, Search

NO_SEGMENT = -1  # stands for null in an array of previous ids; ids start at 1
COLD, WARM = "cold", "warm"


def mapped_centres(previous: list[SegmentRow], scaler: Scaler) -> tuple[Matrix, Mask]:
    """Centres of the fit before on the new scaling.

    Returns (previous x used features), scaled, 0 (the mean) where a feature was not in the fit
    before; and bool (used features), which features both have.
    """
    centres = np.zeros((len(previous), len(scaler.features)))
    known = np.zeros(len(scaler.features), dtype=bool)
    for row, segment in enumerate(previous):
        originals = {item["feature"]: item["original_value"] for item in segment["centroid"]}
        for column, feature in enumerate(scaler.features):
            value = originals.get(feature)
            if value is not None:
                known[column] = True
                centres[row, column] = scaler.scale_one(column, np.array([value]))[0]
    return centres, known


def warm_start(previous: list[SegmentRow], mapped: Matrix, k: int, search: Search) -> Matrix:
    """K centres from the fit before: its largest, filled up by the sample's farthest groups."""
    sizes = np.array([row["customer_count"] for row in previous])
    order = np.lexsort((np.arange(len(previous)), -sizes))
    centres = mapped[np.sort(order[:k])].astype(np.float32)
    centres = filled_up(centres, k, search)
    return kmeans.lloyd(search.sample, centres, iterations=search.settings.search_iterations)


def filled_up(centres: Matrix, k: int, search: Search) -> Matrix:
    """K centres, float32: the given ones, filled up by the sample's farthest groups."""
    rng = kmeans.rng_for(search.settings.seed, 7)
    while len(centres) < k:
        nearest = kmeans.squared_distances(search.sample, centres).min(axis=0)
        cap = np.quantile(nearest, 1 - search.settings.trim_share, method="lower")
        weights = np.cumsum(np.minimum(nearest, cap) if cap > 0 else nearest, dtype=np.float64)
        drawn = min(int(np.searchsorted(weights, rng.random() * weights[-1])), len(nearest) - 1)
        centres = np.vstack([centres, search.sample[drawn]])
    return centres


def previous_ids(source: BatchSource, settings: FitSettings, *, row_count: int) -> Labels:
    """Segment of each customer by the fit before, int64 (rows), NO_SEGMENT for null."""
    ids = np.full(row_count, NO_SEGMENT, dtype=np.int64)
    for chunk in chunks(
        source, (), chunk_rows=settings.chunk_rows, absurd_value=settings.absurd_value
    ):
        span = slice(chunk.first_row, chunk.first_row + chunk.row_count)
        ids[span] = chunk.previous_ids.fill_null(NO_SEGMENT).to_numpy(zero_copy_only=False)
    return ids


def unmatched_ids(count: int, known: Labels, next_segment_id: int) -> Labels:
    """Ids that segments in business order would get without matching: the old ones in order."""
    ids = sorted(int(one) for one in known)[:count]
    return np.array([*ids, *range(next_segment_id, next_segment_id + count - len(ids))])


class Customers(ABC):
    """All customers that a fit is made from, scaled; their holder runs the passes."""

    @abstractmethod
    def search(self) -> AbstractContextManager[Search]:
        """The search over them."""

    @abstractmethod
    def assigned(self, models: Sequence[Matrix]) -> list[Evaluation]:
        """Measure several sets of centres but for their silhouettes (see `exact.assign_all`)."""

    @abstractmethod
    def add_silhouettes(self, results: Sequence[Evaluation]) -> None:
        """Measure the silhouettes, too."""

    @abstractmethod
    def crossed(self, one: Evaluation) -> dict[int, Counts]:
        """Customers by their segment in the fit before and by nearest centre, int64 (k) each.

        Customers without a segment in the fit before are not among them.
        """

    @abstractmethod
    def sampled_nearest(self, one: Evaluation) -> Vector:
        """Squared distances to the nearest centre, of up to `quantile_sample_size` customers."""


class StreamedCustomers(Customers):
    """Customers out of a source of batches."""

    def __init__(
        self, source: BatchSource, scaler: Scaler, settings: FitSettings, *, row_count: int
    ) -> None:
        self._source = source
        self._scaler = scaler
        self._settings = settings
        self._row_count = row_count

    @contextmanager
    def search(self) -> Iterator[Search]:
        """The search over their scaled matrix, which is on disk meanwhile."""
        with scaled_matrix(
            self._source, self._scaler, self._settings, row_count=self._row_count
        ) as matrix:
            yield Search(matrix, self._settings)

    def assigned(self, models: Sequence[Matrix]) -> list[Evaluation]:
        """Measure several sets of centres but for their silhouettes."""
        return assign_all(
            self._source,
            self._scaler,
            models,
            self._settings,
            row_count=self._row_count,
            keep_nearest=True,
        )

    def add_silhouettes(self, results: Sequence[Evaluation]) -> None:
        """Measure the silhouettes, too."""
        add_silhouettes(self._source, self._scaler, results, self._settings)

    def crossed(self, one: Evaluation) -> dict[int, Counts]:
        """Customers by their segment in the fit before and by nearest centre."""
        ids = previous_ids(self._source, self._settings, row_count=self._row_count)
        known = np.unique(ids[ids != NO_SEGMENT])
        has_segment = ids != NO_SEGMENT
        place = np.searchsorted(known, ids[has_segment])
        table = contingency(place, one.labels[has_segment], len(known), len(one.centres))
        return {int(known[row]): table[row] for row in range(len(known))}

    def sampled_nearest(self, one: Evaluation) -> Vector:
        """From all rows up to a number, above it from a seeded sample, as quantiles are."""
        rng = kmeans.rng_for(self._settings.seed, SAMPLE_PATH, 3)
        rows = sampled_rows(len(one.nearest), self._settings.quantile_sample_size, rng)
        nearest: Vector = one.nearest[rows]
        return nearest


def fit(
    customers: Customers,
    scaler: Scaler,
    k_scan: pa.Table,
    previous: pa.Table | None,
    next_segment_id: int,
    settings: FitSettings,
) -> pa.Table:
    """Fit the chosen k and give ids (see `fit_steps.fit_step`)."""
    chosen = [row for row in k_scan.to_pylist() if row["is_chosen"]]
    if len(chosen) != 1:
        raise LearningError(
            f"expected exactly one chosen k in the scan, found {len(chosen)}; scan again"
        )
    row = chosen[0]
    cold = np.array(row["centroids"], dtype=np.float64).reshape(row["k"], len(scaler.features))
    before = [] if previous is None else active_segments(previous)
    mapped, known = mapped_centres(before, scaler)
    jaccards: Jaccards = row["cluster_jaccards"] or [None] * row["k"]

    with one_blas_thread():
        models: list[Matrix] = [cold]
        warm_jaccards: Jaccards | None = None
        if before and known.any() and row["k"] > 1 and row.get("rung") != NEEDS:
            with customers.search() as search:
                warm = warm_start(before, mapped, row["k"], search)
                warm, warm_jaccards = _polished(warm, scaler, search)
                models.append(warm)
                del search
        evaluations = customers.assigned(models)
    best, start = _better(evaluations, settings)
    if start == WARM:
        jaccards = warm_jaccards or [None] * row["k"]
    del evaluations
    if start == COLD and row.get("cluster_silhouettes"):
        # The scan measured the same centres on the same customers.
        best.cluster_silhouettes = np.array(row["cluster_silhouettes"], dtype=np.float64)
    else:
        with one_blas_thread():
            customers.add_silhouettes([best])

    crossed = customers.crossed(best) if before else {}
    active = np.array([one["segment_id"] for one in before], dtype=np.int64)
    next_segment_id = max([next_segment_id, *(_every_id(previous))])
    shared = _shared(crossed, active, len(best.centres))
    order = business_order(scaler.unscale(best.centres))
    match = _matched(best, shared, active, next_segment_id, order, mapped, known, settings)
    moved = moved_share(crossed, match.segment_ids)
    plain = np.empty(len(order), dtype=np.int64)
    plain[order] = unmatched_ids(len(order), active, next_segment_id)
    unmatched = moved_share(crossed, plain)
    nearest = customers.sampled_nearest(best)
    return segments_table(best, nearest, match, scaler, settings, jaccards, start, moved, unmatched)


def _polished(warm: Matrix, scaler: Scaler, search: Search) -> tuple[Matrix, Jaccards | None]:
    """Centres polished and in business order, with the Jaccards of half samples."""
    warm = kmeans.rounded(search.polished([warm])[0])
    warm = warm[business_order(scaler.unscale(warm))]
    stability = search.stabilities([warm])[0]
    return warm, None if stability is None else stability.jaccards.tolist()


def _matched(
    best: Evaluation,
    shared: Counts,
    active: Labels,
    next_segment_id: int,
    order: Labels,
    mapped: Matrix,
    known: Mask,
    settings: FitSettings,
) -> Match:
    """The ids of the new segments, by their customers and by how near their centres stayed."""
    closeness = (
        centre_closeness(best.centres[:, known], mapped[:, known])
        if active.size and known.any()
        else None
    )
    return match_segments(
        shared,
        active,
        next_segment_id,
        order,
        closeness=closeness,
        minimum_jaccard=settings.match_minimum_jaccard,
    )


def _shared(crossed: dict[int, Counts], active: Labels, k: int) -> Counts:
    """Customers by new cluster and by segment of the fit before, int64 (k x segments)."""
    no_customers = np.zeros(k, dtype=np.int64)
    columns = [crossed.get(int(one), no_customers) for one in active]
    return np.stack(columns, axis=1) if columns else np.zeros((k, 0), dtype=np.int64)


def _better(evaluations: Sequence[Evaluation], settings: FitSettings) -> tuple[Evaluation, str]:
    """The warm start where there is one that is nearly as good and has no empty segment."""
    cold = evaluations[0]
    for warm in evaluations[1:]:
        bound = cold.inertia * (1 + settings.warm_tolerance)
        if (warm.sizes > 0).all() and warm.inertia <= bound:
            return warm, WARM
    return cold, COLD


def moved_share(crossed: dict[int, Counts], ids: Labels) -> float | None:
    """Share of customers (0 to 1) with another id than before; None for no customers.

    crossed: see `Customers.crossed`. ids: int64 (k), of the new segments.
    """
    everybody = sum(int(counts.sum()) for counts in crossed.values())
    moved = sum(int(counts[ids != before].sum()) for before, counts in crossed.items())
    return moved / everybody if everybody else None


def _every_id(previous: pa.Table | None) -> list[int]:
    """One above each id that the stored fit names, retired ones included."""
    if previous is None:
        return []
    return [one + 1 for one in previous.column("segment_id").to_pylist()]
