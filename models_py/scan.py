"""Every candidate k: searched, polished, measured, compared with references and half samples."""

from dataclasses import dataclass

import numpy as np

from models_py import kmeans, polish
from models_py.arrays import Matrix, Vector
from models_py.config import FitSettings
from models_py.evaluation import Evaluation, evaluate
from models_py.features import BatchSource
from models_py.identity import business_order
from models_py.metrics import mean_silhouette
from models_py.null_references import KINDS, reference
from models_py.parallel import one_blas_thread, ordered_map
from models_py.sample import sampled_rows
from models_py.scaled_file import ScaledMatrix, scaled_matrix
from models_py.scaler import Scaler
from models_py.stability import HalfSample, Halves

# First number of the seed path of each random task, so that no two share random numbers.
SAMPLE_PATH, START_PATH, REFERENCE_PATH, REFERENCE_START_PATH = 1, 2, 5, 6


@dataclass
class Structure:
    """Silhouettes of references without structure, for one k: the hardest kind's."""

    mean: float
    spread: float
    kind: str


@dataclass
class Stability:
    """Half-sample results of one k, means over the splits."""

    adjusted_rand: float
    jaccards: Vector
    separation: float


@dataclass
class Candidate:
    """All that is known about one k before the choice."""

    k: int
    evaluation: Evaluation
    structure: Structure | None
    stability: Stability | None


def distinct_rows(matrix: ScaledMatrix, needed: int) -> int:
    """Number of distinct rows, counted only as far as `needed`."""
    if matrix.shape[1] == 0:
        return min(1, matrix.shape[0])
    seen: set[bytes] = set()
    for block in matrix.blocks(4096):
        block += 0.0  # -0.0 and 0.0 are the same value
        seen.update(row.tobytes() for row in np.unique(block, axis=0))
        if len(seen) >= needed:
            return needed
    return len(seen)


class Search:
    """The search over one scaled matrix: sample, starts, trimming, polish, stability."""

    def __init__(self, matrix: ScaledMatrix, settings: FitSettings) -> None:
        self.matrix = matrix
        self.settings = settings
        size = len(matrix)
        rows = sampled_rows(
            size, settings.sample_size, kmeans.rng_for(settings.seed, SAMPLE_PATH, 0)
        )
        self.sample = matrix.take(rows)
        rows = sampled_rows(
            len(self.sample),
            settings.stability_sample_size,
            kmeans.rng_for(settings.seed, SAMPLE_PATH, 1),
        )
        self.small = self.sample[rows]
        self.sample_rows, self.small_rows = kmeans.Rows(self.sample), kmeans.Rows(self.small)
        rows = sampled_rows(
            len(self.sample),
            settings.reference_sample_size,
            kmeans.rng_for(settings.seed, SAMPLE_PATH, 2),
        )
        self.smallest = self.sample[rows]
        self.search: kmeans.StartSettings = {
            "iterations": settings.search_iterations,
            "seeding_size": settings.seeding_sample_size,
            "trim_share": settings.trim_share,
        }

    def cold_centres(self, ks: list[int]) -> list[Matrix]:
        """Best of the seeded starts for each k, float32, not yet polished.

        All starts run on the small sample; the best few go on to the whole one. Ties go to the
        earlier start.
        """
        settings = self.settings
        tasks = [(k, number) for k in ks for number in range(settings.start_count)]

        def begin(task: tuple[int, int]) -> tuple[float, Matrix]:
            k, number = task
            rng = kmeans.rng_for(settings.seed, START_PATH, k, number)
            return kmeans.start(self.small_rows, k, rng, **self.search)

        def go_on(centres: Matrix) -> tuple[float, Matrix]:
            return kmeans.refined(
                self.sample_rows,
                centres,
                iterations=settings.search_iterations,
                trim_share=settings.trim_share,
            )

        begun = list(ordered_map(begin, tasks, threads=settings.threads))
        finalists = []
        for place in range(len(ks)):
            own = begun[place * settings.start_count : (place + 1) * settings.start_count]
            own = sorted(own, key=lambda one: one[0])[: settings.finalist_count]
            finalists.append([centres for _, centres in own])
        if len(self.sample) == len(self.small):
            return [own[0] for own in finalists]
        flat = [centres for own in finalists for centres in own]
        ended = iter(ordered_map(go_on, flat, threads=settings.threads))
        best = []
        for starts in finalists:
            best.append(min((next(ended) for _ in starts), key=lambda one: one[0])[1])
        return best

    def polished(self, starts: list[Matrix]) -> list[Matrix]:
        """Polish each set of centres over all rows; float64."""
        return polish.polish(
            self.matrix,
            starts,
            trims_squared=self.trims_squared(starts),
            iterations=self.settings.polish_iterations,
            tolerance=self.settings.polish_tolerance,
            threads=self.settings.threads,
        )

    def trims_squared(self, starts: list[Matrix]) -> list[float]:
        """Squared distance past which rows do not pull the centres, for each set of centres."""

        def bound(centres: Matrix) -> float:
            nearest = self.sample_rows.squared_distances(centres.astype(np.float32)).min(axis=0)
            threshold = polish.extreme_threshold(
                np.sqrt(nearest),
                trim_share=self.settings.trim_share,
                trim_deviations=self.settings.trim_deviations,
            )
            return threshold**2

        return list(ordered_map(bound, starts, threads=self.settings.threads))

    def stabilities(self, models: list[Matrix]) -> list[Stability | None]:
        """Half-sample stability of each set of centres; None for one cluster or too few rows."""
        wanted = [c for c in models if len(c) > 1 and len(self.small) // 2 >= len(c)]
        splits = self.settings.half_sample_count
        if not wanted:
            return [None for _ in models]
        labels = [self.small_rows.labels(c.astype(np.float32)) for c in wanted]

        def run(number: int) -> list[HalfSample]:
            halves = Halves(self.small_rows, self.settings.seed, number)
            return [
                halves.compared(
                    label,
                    len(centres),
                    starts=self.settings.half_sample_starts,
                    **self.search,
                )
                for centres, label in zip(wanted, labels, strict=True)
            ]

        results = list(ordered_map(run, range(splits), threads=self.settings.threads))
        found: dict[int, Stability] = {}
        for place, centres in enumerate(wanted):
            own = [one[place] for one in results]
            found[id(centres)] = Stability(
                float(np.mean([one.adjusted_rand for one in own])),
                np.mean([one.jaccards for one in own], axis=0),
                float(np.mean([one.separation for one in own])),
            )
        return [found.get(id(centres)) for centres in models]

    def structures(self, ks: list[int]) -> dict[int, Structure]:
        """For each k from 2 the silhouettes of the hardest kind of reference."""
        ks = [k for k in ks if 2 <= k <= len(self.smallest)]
        tasks = [
            (kind, number) for kind in KINDS for number in range(self.settings.reference_count)
        ]
        if not ks:
            return {}

        def run(task: tuple[str, int]) -> list[float]:
            kind, number = task
            place = KINDS.index(kind)
            rng = kmeans.rng_for(self.settings.seed, REFERENCE_PATH, place, number)
            rows = kmeans.Rows(reference(kind, self.smallest, rng))
            found = []
            for k in ks:
                centres = kmeans.best_of_starts(
                    rows,
                    k,
                    self.settings.seed,
                    (REFERENCE_START_PATH, place, number, k),
                    starts=self.settings.reference_starts,
                    **self.search,
                )
                found.append(mean_silhouette(rows.values, rows.labels(centres), k))
            return found

        results = np.array(list(ordered_map(run, tasks, threads=self.settings.threads)))
        results = results.reshape(len(KINDS), self.settings.reference_count, len(ks))
        means, spreads = results.mean(axis=1), results.std(axis=1)
        hardest = means.argmax(axis=0)
        return {
            k: Structure(
                float(means[hardest[at], at]), float(spreads[hardest[at], at]), KINDS[hardest[at]]
            )
            for at, k in enumerate(ks)
        }


def in_business_order(centres: Matrix, scaler: Scaler) -> Matrix:
    """Rounded centres in business order (see `identity.business_order`)."""
    centres = kmeans.rounded(centres)
    ordered: Matrix = centres[business_order(scaler.unscale(centres))]
    return ordered


def cold_models(search: Search, scaler: Scaler, ks: list[int]) -> list[Matrix]:
    """Polished centres for each k, rounded and in business order; one centre without features."""
    if len(scaler.features) == 0:
        return [np.zeros((1, 0)) for _ in ks]
    models = search.polished(search.cold_centres(ks))
    return [in_business_order(centres, scaler) for centres in models]


def scan(
    source: BatchSource, scaler: Scaler, settings: FitSettings, *, row_count: int
) -> tuple[list[Candidate], int]:
    """Try every candidate k. Returns the candidates tried and the largest k that is possible.

    A k above the number of distinct customers (counted as far as needed) is not tried; when none
    remains, the largest possible one is.
    """
    with one_blas_thread():
        with scaled_matrix(source, scaler, settings, row_count=row_count) as matrix:
            limit = distinct_rows(matrix, max(settings.candidates))
            ks = [k for k in settings.candidates if k <= limit] or [limit]
            search = Search(matrix, settings)
            models = cold_models(search, scaler, ks)
            stabilities = search.stabilities(models)
            structures = search.structures(ks)
            del search, matrix
        evaluations = evaluate(source, scaler, models, settings, row_count=row_count)
    candidates = [
        Candidate(k, evaluation, structures.get(k), stability)
        for k, evaluation, stability in zip(ks, evaluations, stabilities, strict=True)
    ]
    return candidates, limit
