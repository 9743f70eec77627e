"""Planted and structureless worlds through the whole pipeline, against their oracle."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benchmarks import pipeline
from benchmarks.baselines import filled, notebook, rfm_cells, supervised
from benchmarks.real import standardised_features
from benchmarks.report import markdown_table
from benchmarks.world_files import write_world
from benchmarks.world_oracle import oracle_labels
from benchmarks.world_shape import (
    CUSTOMERS,
    KINDS,
    THEMES,
    WITHOUT_STRUCTURE,
    Orders,
    World,
)
from benchmarks.worlds import make_world
from common.json_types import JsonObject
from models_py.config import FitSettings
from models_py.metrics import adjusted_rand, contingency
from models_py.selection import CONSTRUCTIVE

WORLDS = 20


@dataclass(frozen=True)
class WorldResult:
    """One world: what was planted, what the pipeline found, what the others found.

    Indices are adjusted Rand indices against the planted segments of the segmented customers,
    None without structure.
    """

    name: str
    kind: str
    theme: str
    differing: tuple[str, ...]
    customers: int
    separation: float
    planted_k: int | None
    k: int
    verdict: str
    verdict_reason: str
    choice_reason: str
    oracle_index: float | None
    index: float | None
    index_at_planted_k: float | None
    supervised_index: float | None
    notebook_k: int
    notebook_index: float | None
    rfm_index: float | None
    seconds: float

    @property
    def shortfall(self) -> float:
        """How far the index lies under the oracle's."""
        assert self.oracle_index is not None and self.index is not None, "structure was planted"
        return self.oracle_index - self.index


def run_worlds(
    folder: Path, seed: int, count: int, *, customers: int = CUSTOMERS, keep: Path | None = None
) -> Iterator[WorldResult]:
    """Run `count` worlds of each kind, half of each theme; yields results as they come.

    folder: where files and warehouse lie meanwhile. keep: folder to save each world's feature
    matrix, definitions and truth in, for whoever works on the learning step.
    """
    for number in range(count):
        for kind in KINDS:
            theme = THEMES[number % len(THEMES)]
            yield run_world(folder, seed, kind, theme, number, customers=customers, keep=keep)


def run_world(
    folder: Path,
    seed: int,
    kind: str,
    theme: str,
    number: int,
    *,
    customers: int = CUSTOMERS,
    keep: Path | None = None,
) -> WorldResult:
    """Make one world, run it through load and dbt, and measure."""
    started = time.monotonic()
    world, orders = make_world(seed, kind, theme, number, customers=customers)
    data = folder / "data"
    shutil.rmtree(data, ignore_errors=True)
    truth = write_world(world, orders, data)
    oracle = dict(zip(truth, oracle_labels_of(world, orders), strict=True))
    settings = pipeline.settings_of(folder / "warehouse", source="own_files", data=data)
    learned = pipeline.read(pipeline.run(settings))
    result = measured(world, learned, truth, oracle, time.monotonic() - started)
    if keep is not None:
        _keep(keep / world.name, learned, truth)
    return result


def oracle_labels_of(world: World, orders: Orders) -> Sequence[int]:
    """Labels of the oracle; without structure there is one segment."""
    if world.kind == WITHOUT_STRUCTURE:
        return [0] * world.customer_count
    labels: list[int] = oracle_labels(world, orders).tolist()
    return labels


def index_of(first: np.ndarray, second: np.ndarray) -> float:
    """Adjusted Rand index of two labellings of whatever numbers."""
    first, second = (np.unique(one, return_inverse=True)[1] for one in (first, second))
    return adjusted_rand(contingency(first, second, int(first.max()) + 1, int(second.max()) + 1))


def measured(
    world: World,
    learned: pipeline.Learned,
    truth: dict[str, int],
    oracle: dict[str, int],
    seconds: float,
) -> WorldResult:
    """Compare what was learned with what was planted."""
    ids = learned.customer_ids
    planted = np.array([truth[one] for one in ids])
    rows = filled(learned.matrix, learned.used_features)
    notebook_k, notebook_labels = notebook(rows, world.seed[0])
    is_planted = world.kind != WITHOUT_STRUCTURE

    def against_truth(labels: np.ndarray) -> float | None:
        return index_of(planted, labels) if is_planted else None

    return WorldResult(
        name=world.name,
        kind=world.kind,
        theme=world.theme,
        differing=world.differing,
        customers=len(ids),
        separation=world.separation,
        planted_k=world.segment_count if is_planted else None,
        k=learned.chosen["k"],
        verdict=learned.chosen["verdict"],
        verdict_reason=learned.chosen["verdict_reason"],
        choice_reason=learned.chosen["choice_reason"],
        oracle_index=against_truth(np.array([oracle[one] for one in ids])),
        index=against_truth(learned.segments),
        index_at_planted_k=_index_at(learned, world.segment_count, planted) if is_planted else None,
        supervised_index=(
            index_of(planted, _taught(learned, planted, world.seed[0])) if is_planted else None
        ),
        notebook_k=notebook_k,
        notebook_index=against_truth(notebook_labels),
        rfm_index=against_truth(rfm_cells(learned.matrix)),
        seconds=seconds,
    )


def _index_at(learned: pipeline.Learned, k: int, planted: np.ndarray) -> float:
    """Index of the segments had the planted k been chosen: what the choice costs or saves."""
    return index_of(planted, pipeline.joint_segments(learned, k, FitSettings()))


def _taught(learned: pipeline.Learned, planted: np.ndarray, seed: int) -> np.ndarray:
    """Labels of a classifier taught the truth, on every feature that varies."""
    _, _, rows = standardised_features(learned)
    return supervised(rows, planted, seed)


def _keep(folder: Path, learned: pipeline.Learned, truth: dict[str, int]) -> None:
    """Save what is needed to try the learning step on this world without SQL."""
    folder.mkdir(parents=True, exist_ok=True)
    matrix = learned.matrix.append_column("planted", [[truth[one] for one in learned.customer_ids]])
    pq.write_table(matrix, folder / "matrix.parquet")
    pq.write_table(learned.definitions, folder / "definitions.parquet")


def tables(results: Sequence[WorldResult]) -> str:
    """Markdown: one line for each kind and theme, then one for each world."""
    summary = []
    for kind in KINDS:
        for theme in THEMES:
            own = [one for one in results if (one.kind, one.theme) == (kind, theme)]
            if own:
                summary.append(_summary_row(kind, theme, own))
    head = ["world", "theme", "worlds", "k exact", "index", "at planted k", "oracle", "taught"]
    head += ["notebook", "RFM cells", "verdicts"]
    each_head = ["world", "differs in", "k planted", "k", "notebook k", "index", "at planted k"]
    each_head += ["oracle", "taught", "notebook", "RFM cells", "verdict"]
    each = [
        [
            one.name,
            ", ".join(one.differing),
            one.planted_k or "",
            one.k,
            one.notebook_k,
            *map(
                _index_text,
                (
                    one.index,
                    one.index_at_planted_k,
                    one.oracle_index,
                    one.supervised_index,
                    one.notebook_index,
                    one.rfm_index,
                ),
            ),
            one.verdict,
        ]
        for one in sorted(results, key=lambda one: (KINDS.index(one.kind), one.theme, one.name))
    ]
    return (
        "Medians of the adjusted Rand index:\n\n"
        + markdown_table(head, summary)
        + "\n\nEvery world:\n\n"
        + markdown_table(each_head, each)
    )


def _summary_row(kind: str, theme: str, own: Sequence[WorldResult]) -> list[object]:
    def median(name: str) -> str:
        values = [getattr(one, name) for one in own if getattr(one, name) is not None]
        return _index_text(float(np.median(values)) if values else None)

    verdicts = [one.verdict for one in own]
    counted = ", ".join(
        f"{verdicts.count(word)} {word}"
        for word in ("strong", "moderate", CONSTRUCTIVE, "weak")
        if word in verdicts
    )
    is_planted = kind != WITHOUT_STRUCTURE
    return [
        kind,
        theme,
        len(own),
        sum(one.k == one.planted_k for one in own) if is_planted else "",
        median("index"),
        median("index_at_planted_k"),
        median("oracle_index"),
        median("supervised_index"),
        median("notebook_index"),
        median("rfm_index"),
        counted,
    ]


def line(one: WorldResult) -> str:
    """One world in one line."""
    if one.planted_k is None:
        return f"{one.name:<16} k={one.k} {one.verdict} ({one.seconds:.0f} s)"
    return (
        f"{one.name:<16} planted {one.planted_k} found {one.k} {one.verdict:<8} "
        f"index {one.index:.3f} oracle {one.oracle_index:.3f} "
        f"notebook {one.notebook_index:.3f} ({one.seconds:.0f} s)"
    )


def _index_text(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def as_rows(results: Sequence[WorldResult]) -> list[JsonObject]:
    """Results as plain dictionaries, for JSON."""
    return [asdict(one) for one in results]
