"""The search for centres: starts by MLlib's K-means over all customers, polished in Spark.

MLlib starts by k-means|| (Bahmani and others 2012, Proceedings of the VLDB Endowment 5(7)) and
iterates over all customers, from several seeds for each k. The starts of `models_py`, on a sample
of a bounded size, compete with them: MLlib knows no trimming and draws its centres once, so that on
planted worlds its best of four starts of k = 8 was worse often enough to change the choice of k.
Trimming, what stability and references say, and the choice of k are those of `models_py`, on totals
and on that sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.ml.clustering import KMeans
from pyspark.ml.functions import array_to_vector
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from models_py import kmeans, polish
from models_py.arrays import Counts, Labels, Matrix, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.evaluation import Evaluation, silhouette_sums
from models_py.features import CUSTOMER_COLUMN, PREVIOUS_COLUMN, Chunk
from models_py.fit import NO_SEGMENT, Customers, filled_up
from models_py.metrics import contingency
from models_py.parallel import ordered_map
from models_py.row_blocks import Sums, assigned
from models_py.scaled_file import ScaledMatrix
from models_py.scaler import Scaler
from models_py.scan import Search
from models_spark.customers import BlockPass, SparkCustomers, sample_limit

SEEDS = 3  # k-means|| starts for each k
START_PATH = 21  # seed path of the starts; others are in `scan` and `weighting`
SCALED, VECTOR = "scaled", "scaled_vector"
SCALED_SCHEMA = pa.schema(
    [
        (CUSTOMER_COLUMN, pa.string()),
        (PREVIOUS_COLUMN, pa.int64()),
        (SCALED, pa.list_(pa.float64())),
    ]
)


class HeldRows(ScaledMatrix):
    """The sample, float32 (rows x features), in memory, as a matrix for `scan.Search`."""

    def __init__(self, rows: Matrix) -> None:
        super().__init__("the sample", *rows.shape)
        self._rows = rows

    def block(self, first: int, count: int, *, out: Matrix | None = None) -> Matrix:
        """A copy of the rows from `first`, at most `count`."""
        return self._rows[first : first + count].copy()

    def take(self, numbers: Labels) -> Matrix:
        """The rows with these numbers."""
        rows: Matrix = self._rows[numbers]
        return rows


class SparkSearch(Search):
    """The search over customers in Spark: what reads all of them runs there."""

    def __init__(self, customers: ScaledCustomers, sample: Matrix) -> None:
        super().__init__(HeldRows(sample), customers.settings)
        self._customers = customers

    def cold_centres(self, ks: list[int]) -> list[Matrix]:
        """Best start for each k, float32: MLlib's over all customers, and those on the sample.

        All are compared by the trimmed objective of the sample; ties go to MLlib's.
        """
        settings = self.settings
        vectors = self._customers.frame.select(array_to_vector(SCALED).alias(VECTOR)).persist()
        try:

            def begin(task: tuple[int, int]) -> Matrix:
                k, number = task
                seed = int(kmeans.rng_for(settings.seed, START_PATH, k, number).integers(2**31))
                return self._fitted(vectors, k, seed)

            tasks = [(k, number) for k in ks for number in range(SEEDS)]
            begun = list(ordered_map(begin, tasks, threads=settings.threads))
        finally:
            vectors.unpersist()
        sampled = super().cold_centres(ks)
        return [
            min((*begun[at * SEEDS : (at + 1) * SEEDS], sampled[at]), key=self._objective)
            for at in range(len(ks))
        ]

    def _objective(self, centres: Matrix) -> float:
        return kmeans.trimmed_objective(self.sample, centres, trim_share=self.settings.trim_share)

    def _fitted(self, vectors: DataFrame, k: int, seed: int) -> Matrix:
        if k == 1:
            mean: Matrix = self.sample.mean(axis=0, dtype=np.float64)[None].astype(np.float32)
            return mean
        model = KMeans(
            featuresCol=VECTOR,
            k=k,
            initMode="k-means||",
            maxIter=self.settings.search_iterations,
            tol=kmeans.LLOYD_TOLERANCE,
            seed=seed,
            distanceMeasure="euclidean",
        ).fit(vectors)
        centres = np.array(model.clusterCenters(), dtype=np.float32)
        # k-means|| gives fewer where it drew equal rows.
        return filled_up(centres, k, self)

    def polished(self, starts: list[Matrix]) -> list[Matrix]:
        """Polish each set of centres over all customers; float64. A pass serves all sets."""
        return polish.polished_together(
            starts,
            self.trims_squared(starts),
            self._customers.block_passes,
            iterations=self.settings.polish_iterations,
            tolerance=self.settings.polish_tolerance,
        )


class ScaledCustomers(Customers):
    """All customers of a fit, scaled and held in Spark."""

    def __init__(self, frame: DataFrame, width: int, settings: FitSettings, row_count: int) -> None:
        self.frame = frame
        self.settings = settings
        self.row_count = row_count
        self._width = width
        self._held = SparkCustomers(frame)
        self._sample: Matrix | None = None

    def distinct(self, needed: int) -> int:
        """Number of distinct rows, counted only as far as `needed`."""
        if self._width == 0:
            return min(1, self.row_count)
        # As float32, and -0.0 as 0.0: what the search can tell apart.
        rows = self.frame.select(f.transform(SCALED, lambda x: (x + 0.0).cast("float")).alias("r"))
        return int(rows.distinct().limit(needed).count())

    def sample(self) -> Matrix:
        """Rows for the search, float32 (rows x features), in key order."""
        if self._sample is None:
            limit = sample_limit(self._held.session, self.settings.sample_size, self._width)
            frame = self.frame.select(CUSTOMER_COLUMN, SCALED)
            table = self._held.sampled(frame, self.row_count, limit, self.settings.seed)
            flat = table.column(SCALED).combine_chunks().flatten().to_numpy(zero_copy_only=False)
            self._sample = flat.reshape(table.num_rows, self._width).astype(np.float32)
        return self._sample

    @contextmanager
    def search(self) -> Iterator[SparkSearch]:
        """The search over them."""
        yield SparkSearch(self, self.sample())

    def block_passes(self, wanted: Sequence[tuple[Matrix, float]]) -> list[polish.Totals]:
        """`polish.block_pass` over all customers for several (centres, bound)."""

        def run(blocks: Iterator[Matrix]) -> list[polish.Totals]:
            found: list[polish.Totals]
            found = [(np.zeros(c.shape), np.zeros(len(c)), 0.0) for c, _ in wanted]
            for rows in blocks:
                single = rows.astype(np.float32)
                found = [
                    polish.added(held, polish.block_pass(single, *one))
                    for held, one in zip(found, wanted, strict=True)
                ]
            return found

        parts = self._passed(run)
        totals: list[polish.Totals] = parts[0]
        for part in parts[1:]:
            totals = [polish.added(held, own) for held, own in zip(totals, part, strict=True)]
        return totals

    def evaluated(self, models: Sequence[Matrix]) -> list[Evaluation]:
        """Measure several sets of centres, float64, in two passes over all customers."""
        results = self.assigned(models)
        self.add_silhouettes(results)
        return results

    def assigned(self, models: Sequence[Matrix]) -> list[Evaluation]:
        """Measure several sets of centres but for their silhouettes. Labels stay in Spark."""

        def assign(blocks: Iterator[Matrix]) -> list[Sums]:
            found = [Sums.of_none(centres) for centres in models]
            for rows in blocks:
                scored = assigned(features_first(rows), models)
                for held, (_, _, own) in zip(found, scored, strict=True):
                    held.add(own)
            return found

        sums = [Sums.of_none(centres) for centres in models]
        for part in self._passed(assign):
            for held, own in zip(sums, part, strict=True):
                held.add(own)
        no_labels, none = np.empty(0, dtype=np.int16), np.empty(0)
        return [
            Evaluation.of_sums(centres, held, labels=no_labels, nearest=none)
            for centres, held in zip(models, sums, strict=True)
        ]

    def add_silhouettes(self, results: Sequence[Evaluation]) -> None:
        """Measure the silhouettes, too."""
        measured = [one for one in results if len(one.centres) > 1]

        def score(blocks: Iterator[Matrix]) -> list[Matrix]:
            found: list[Matrix] = [np.zeros((2, len(one.sizes))) for one in measured]
            for rows in blocks:
                turned = features_first(rows)
                scored = assigned(turned, [one.centres for one in measured])
                labels = [label for label, _, _ in scored]
                for held, own in zip(found, silhouette_sums(turned, labels, measured), strict=True):
                    held += own
            return found

        if measured:
            parts = self._passed(score)
            for at, one in enumerate(measured):
                one.take_silhouettes(np.sum([part[at] for part in parts], axis=0))

    def crossed(self, one: Evaluation) -> dict[int, Counts]:
        """Customers by their segment in the fit before and by nearest centre."""
        k = len(one.centres)

        def run(blocks: Iterator[tuple[Matrix, Labels]]) -> dict[int, Counts]:
            found: dict[int, Counts] = {}
            for rows, before in blocks:
                label = next(assigned(features_first(rows), [one.centres]))[0]
                for known in np.unique(before[before != NO_SEGMENT]):
                    own = contingency(
                        np.zeros(int((before == known).sum()), dtype=np.int64),
                        label[before == known],
                        1,
                        k,
                    )[0]
                    found[int(known)] = found.get(int(known), 0) + own
            return found

        totals: dict[int, Counts] = {}
        for part in self._passed(run, with_previous=True):
            for known, counts in part.items():
                totals[known] = totals.get(known, 0) + counts
        return dict(sorted(totals.items()))

    def sampled_nearest(self, one: Evaluation) -> Vector:
        """Squared distances of the sample to the nearest centre."""
        return next(assigned(self.sample().T.astype(np.float64), [one.centres]))[1]

    def _passed(self, run: BlockPass, *, with_previous: bool = False) -> list[Any]:
        """What `run` makes of the scaled rows of each partition, as blocks (rows x features)."""
        return self._held.passed_blocks(SCALED, self._width, run, with_previous=with_previous)


def features_first(rows: Matrix) -> Matrix:
    """Rows turned: each feature one run of memory."""
    return np.ascontiguousarray(rows.T)


@contextmanager
def scaled_customers(
    customers: SparkCustomers, scaler: Scaler, settings: FitSettings, *, row_count: int
) -> Iterator[ScaledCustomers]:
    """Scale all customers in one pass and hold them in Spark for the passes that follow.

    Raises:
        LearningError: there are not as many as the scaling was learned from.
    """
    width = len(scaler.features)

    def scale(chunk: Chunk) -> pa.RecordBatch:
        rows = np.ascontiguousarray(scaler.scale(chunk.values).T)
        offsets = pa.array(np.arange(chunk.row_count + 1, dtype=np.int32) * width)
        scaled = pa.ListArray.from_arrays(offsets, pa.array(rows.ravel()))
        return pa.RecordBatch.from_arrays(
            [chunk.customer_ids, chunk.previous_ids, scaled], schema=SCALED_SCHEMA
        )

    with customers.in_partitions(scaler.features) as held:
        frame = held.scored(scaler.features, scale, SCALED_SCHEMA, settings).persist()
        try:
            found = frame.count()
            if found != row_count:
                raise LearningError(
                    f"expected the {row_count} customers that the scaling was learned from, found "
                    f"{found}; learn the scaling again from the same source"
                )
            yield ScaledCustomers(frame, width, settings, row_count)
        finally:
            frame.unpersist()
