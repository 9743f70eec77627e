"""Planted and structureless matrices that the rule for k and the verdict are calibrated on."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from models_py import fit_steps
from models_py.config import FitSettings
from models_py.ladder import scaling_of
from models_py.metrics import adjusted_rand, contingency

SEPARATIONS = {"easy": (0.99, 1.0), "medium": (0.90, 0.97), "hard": (0.75, 0.90)}


def _oracle_index(rows, labels, means, factors, shares, tail) -> float:
    """Adjusted Rand index of the classifier that knows shares, means and covariances."""
    k, d = means.shape
    scores = []
    for number in range(k):
        solved = np.linalg.solve(factors[number], (rows - means[number]).T)
        distance = np.square(solved).sum(axis=0)
        density = -(tail + d) / 2 * np.log1p(distance / tail)
        scores.append(np.log(shares[number]) - np.linalg.slogdet(factors[number])[1] + density)
    return adjusted_rand(contingency(labels, np.argmax(scores, axis=0), k, k))


def planted(seed: int, separation: str, *, rows: int = 3000) -> tuple[np.ndarray, np.ndarray]:
    """Rows (rows x features) and labels: 3 to 8 clusters, uneven, heavy-tailed, correlated.

    The distance between the means is tuned until the oracle's index lies in the wanted band.
    """
    low, high = SEPARATIONS[separation]
    for attempt in range(50):
        rng = np.random.default_rng([seed, attempt])
        k, d = int(rng.integers(3, 9)), int(rng.integers(4, 13))
        tail = float(rng.choice([5, 8, 30]))
        shares = rng.dirichlet(np.full(k, 4.0)) * (1 - 0.05 * k) + 0.05
        labels = np.sort(rng.choice(k, size=rows, p=shares))
        directions = rng.standard_normal((k, d))
        factors = []
        for _ in range(k):
            mixing = np.eye(d) + 0.35 * rng.standard_normal((d, d)) / np.sqrt(d)
            factors.append(mixing * rng.uniform(0.75, 1.3))
        noise = rng.standard_normal((rows, d)) / np.sqrt(rng.chisquare(tail, (rows, 1)) / tail)
        bent = np.stack([factors[label] @ step for label, step in zip(labels, noise, strict=True)])
        smallest, largest = 0.0, 40.0
        for _ in range(25):
            spread = (smallest + largest) / 2
            means = spread * directions
            index = _oracle_index(means[labels] + bent, labels, means, factors, shares, tail)
            if low <= index <= high and not (separation == "easy" and index > 0.998):
                order = rng.permutation(rows)
                return (means[labels] + bent)[order], labels[order]
            if index < low:
                smallest = spread
            else:
                largest = spread
    raise AssertionError("no world in the band")


def structureless(seed: int, *, rows: int = 3000) -> np.ndarray:
    """Rows without clusters: correlated normal, uniform, skewed, skewed with many zeros."""
    rng = np.random.default_rng([seed, 99])
    d = int(rng.integers(3, 13))
    kind = seed % 4
    loadings = rng.standard_normal((d, max(1, d // 3)))
    mixing = np.hstack([loadings, np.diag(rng.uniform(0.4, 1.2, d))])
    normal = rng.standard_normal((rows, mixing.shape[1])) @ mixing.T
    normal /= normal.std(axis=0)
    if kind == 0:
        return normal
    if kind == 1:
        return rng.uniform(-1, 1, (rows, d)) * rng.uniform(0.3, 3, d)
    if kind == 2:
        return np.exp(normal * rng.uniform(0.3, 1.0, d))
    counts = np.exp(normal * 0.7)
    hidden = rng.random(d) < 0.3
    counts[:, hidden] = rng.poisson(counts[:, hidden] * 0.5)
    return counts


def tables(rows: np.ndarray, weights: Sequence[float] | None = None, *, batch_rows: int = 1000):
    """A source and definitions (a family for each feature) of a matrix (rows x features).

    weights: of the features; without any they are equal.
    """
    names = [f"feature_{number:02d}" for number in range(rows.shape[1])]
    columns = {"customer_id": [f"c{number:07d}" for number in range(len(rows))]}
    columns.update({name: rows[:, number] for number, name in enumerate(names)})
    table = pa.table(columns)
    count = len(names)
    definitions = pa.table(
        {
            "feature": names,
            "position": list(range(1, count + 1)),
            "family": names,
            "transform": ["identity"] * count,
            "weight": [1.0] * count if weights is None else list(weights),
            "missing_value": ["zero"] * count,
            "is_clustered": [True] * count,
        }
    )
    return (lambda: iter(table.to_batches(max_chunksize=batch_rows))), definitions


def tried(kind: str, seed: int, *, rows: int, threads: int = 1) -> dict:
    """Scan one world: planted k (None without structure), chosen k, verdict, recovery index."""
    labels = None
    if kind == "structureless":
        matrix = structureless(seed, rows=rows)
    else:
        matrix, labels = planted(seed, kind, rows=rows)
    settings = FitSettings(threads=threads)
    source, definitions = tables(matrix)
    scan = fit_steps.k_scan_step(source, definitions, settings)
    scaling = scaling_of(scan)
    chosen = next(row for row in scan.to_pylist() if row["is_chosen"])
    result = {"kind": kind, "seed": seed, "chosen": chosen["k"], "verdict": chosen["verdict"]}
    if labels is not None:
        segments = fit_steps.fit_step(source, scaling, scan, None, 1, settings)
        found = fit_steps.assign_step(source, scaling, segments, settings).read_all()
        found = found.column("segment_id").to_numpy() - 1
        result["planted"] = int(labels.max()) + 1
        table = contingency(labels, found, result["planted"], chosen["k"])
        result["index"] = adjusted_rand(table)
    return result


def calibration(seeds: range, *, rows: int) -> list[dict]:
    """All four kinds of worlds for the seeds; slow, run by hand to justify the thresholds."""
    kinds = (*SEPARATIONS, "structureless")
    return [tried(kind, seed, rows=rows) for seed in seeds for kind in kinds]
