"""Family weights against k: what prediction, stability and families give for each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pyarrow as pa

from benchmarks import pipeline
from benchmarks.real import Quality, Shop, quality_cells, quality_of
from benchmarks.report import markdown_table
from common.json_types import JsonObject
from models_py import fit_steps
from models_py.config import FitSettings
from models_py.ladder import scaling_of

# Weight of a family: the expected squared distance from the mean that it contributes.
GRID: dict[str, tuple[float, ...]] = {
    "preference": (0.1, 0.2, 0.4, 0.66, 1.0, 1.5),
    "promotion": (0.02, 0.05, 0.1, 0.3, 0.5),
    "channel and time": (0.02, 0.1, 0.3),
}
# Weights are what is tried here, so none are searched for in the data; references are not looked
# at and would take half of the time.
FAST = FitSettings(
    weighting="definitions", reference_count=1, reference_sample_size=500, reference_starts=1
)


@dataclass(frozen=True)
class Point:
    """One weighting and one k. is_default: weights and k are those of the build."""

    weights: dict[str, float]
    quality: Quality
    is_default: bool


def family_weights(definitions: pa.Table) -> dict[str, float]:
    """Weight of each family that is clustered: the mean weight of its features that have one."""
    found: dict[str, list[float]] = {}
    for row in definitions.to_pylist():
        if row["is_clustered"] and row["weight"] > 0:
            found.setdefault(row["family"], []).append(row["weight"])
    return {family: float(np.mean(weights)) for family, weights in found.items()}


def with_weights(definitions: pa.Table, weights: Mapping[str, float]) -> pa.Table:
    """The definitions with these family weights; weights within a family keep their ratios."""
    present = family_weights(definitions)
    rows = definitions.to_pylist()
    for row in rows:
        family = row["family"]
        if row["is_clustered"] and family in weights and family in present:
            row["weight"] *= weights[family] / present[family]
    return pa.Table.from_pylist(rows, schema=definitions.schema)


def points(shop: Shop, definitions: pa.Table, *, settings: FitSettings = FAST) -> list[Quality]:
    """Segments of every k from 3 to 8 under these definitions, from the matrix of the build."""
    matrix = shop.learned.matrix
    source = pipeline.source_of(matrix)
    scan = fit_steps.k_scan_step(source, definitions, settings)
    scaling = scaling_of(scan)
    found = []
    for row in scan.to_pylist():
        if row["cluster_sizes"]:
            labels = pipeline.segments_at(matrix, scaling, scan, row["k"], settings)
            found.append(quality_of(shop, labels, stability=row["stability"]))
    return found


def weightings(shop: Shop, grid: Mapping[str, Sequence[float]]) -> list[dict[str, float]]:
    """Every combination of the grid over families that the shop's data has."""
    default = family_weights(shop.learned.definitions)
    base = {family: weight for family, weight in default.items() if family in shop.families}
    families = [family for family in grid if family in base]
    combined = itertools.product(*(grid[family] for family in families))
    return [base | dict(zip(families, weights, strict=True)) for weights in combined]


def frontier(shop: Shop, grid: Mapping[str, Sequence[float]] = GRID) -> Iterator[Point]:
    """Measure the weights of the definitions, then every weighting of the grid, at every k."""
    definitions = shop.learned.definitions
    default = family_weights(definitions)
    present = {family: weight for family, weight in default.items() if family in shop.families}
    chosen = shop.learned.chosen["k"]
    for quality in points(shop, definitions):
        yield Point(present, quality, is_default=quality.k == chosen)
    for weights in weightings(shop, grid):
        for quality in points(shop, with_weights(definitions, weights)):
            yield Point(weights, quality, is_default=False)


def not_dominated(found: Sequence[Point]) -> list[Point]:
    """Points that no other one beats in prediction, stability and both families at once."""

    def measures(point: Point) -> np.ndarray:
        one = point.quality
        families = [one.family_variance.get(f, 0.0) for f in ("preference", "promotion")]
        return np.array([one.prediction_share, one.stability or 0.0, *families])

    values = np.stack([measures(point) for point in found])
    kept = []
    for at, own in enumerate(values):
        beaten = (values >= own).all(axis=1) & (values > own).any(axis=1)
        if not beaten.any():
            kept.append(found[at])
    return kept


def table(found: Sequence[Point], families: Sequence[str]) -> str:
    """Markdown: a line for each point."""
    head = [*(f"weight of {family}" for family in families), "k", "next spend", "of the ceiling"]
    head += ["half samples", "smallest", "preference", "promotion", "channel and time", "misses"]
    rows = []
    for point in found:
        weights = [f"{point.weights.get(family, 0):.2f}" for family in families]
        misses = ", ".join(point.quality.misses()) or "none"
        rows.append([*weights, *quality_cells(point.quality), misses])
    return markdown_table(head, rows)


def text(shop: Shop, found: Sequence[Point]) -> str:
    """Markdown: the active weights at every k, what misses no target, what no other beats."""
    families = [family for family in GRID if family in shop.families]
    in_force = found[0].weights
    own = [point for point in found if point.weights == in_force]
    feasible = [point for point in found if not point.quality.misses()]
    usable = [p for p in found if not {"stability", "size"} & set(p.quality.misses())]
    best = sorted(not_dominated(usable), key=lambda point: -point.quality.prediction_share)
    parts = [
        f"{shop.name}, the weights of the definitions, at every k:",
        table(own, families),
        f"{shop.name}, what misses no target ({len(feasible)} of {len(found)} points):",
        table(feasible, families),
        f"{shop.name}, what is stable and beaten by no other stable point "
        "in prediction, stability and both families at once:",
        table(best, families),
    ]
    return "\n\n".join(parts)


def as_row(point: Point) -> JsonObject:
    """A point as a plain dictionary, for JSON."""
    return asdict(point)
