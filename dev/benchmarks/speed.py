"""The whole learning step on two million customers, against a notebook's, each a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.report import Target, markdown_table
from common.console import Problem
from common.json_types import JsonObject

ROWS, FEATURES, SEGMENTS = 2_000_000, 20, 5
CHUNK_ROWS = 100_000
TIMES_FASTER = 5.0
MATRICES = 2  # float32 matrices that the peak may lie above the process after its imports
THREADS = 2
HERE = Path(__file__).resolve().parent
PROGRAMS = {"the step": HERE / "speed_step.py", "a notebook": HERE / "speed_notebook.py"}


@dataclass(frozen=True)
class Measured:
    """One process. seconds: wall time from its start to its end. Sizes in bytes."""

    name: str
    seconds: float
    peak: int
    after_imports: int
    k: int | None
    index: float | None


def write_matrix(path: Path, rows: int, seed: int) -> None:
    """Write planted customers as Parquet: customer_id, 20 doubles (half of them skewed), truth.

    Customers are in key order. Five segments of uneven size, noise of unit variance.
    """
    rng = np.random.default_rng([seed, 81])
    centres = 1.2 * rng.standard_normal((SEGMENTS, FEATURES))
    shares = np.array([0.35, 0.25, 0.2, 0.12, 0.08])
    names = feature_names()
    fields = [("customer_id", pa.string()), *((name, pa.float64()) for name in names)]
    schema = pa.schema([*fields, ("planted", pa.int8())])
    with pq.ParquetWriter(path, schema) as writer:
        for first in range(0, rows, CHUNK_ROWS):
            count = min(CHUNK_ROWS, rows - first)
            planted = rng.choice(SEGMENTS, size=count, p=shares)
            values = centres[planted] + rng.standard_normal((count, FEATURES))
            values[:, : FEATURES // 2] = np.exp(values[:, : FEATURES // 2])
            ids = [f"c{number:09d}" for number in range(first, first + count)]
            arrays = [pa.array(ids), *(pa.array(column) for column in values.T)]
            arrays.append(pa.array(planted.astype(np.int8)))
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


def feature_names() -> list[str]:
    """Names of the features of the matrix."""
    return [f"feature_{number:02d}" for number in range(1, FEATURES + 1)]


def measure(path: Path, name: str) -> Measured:
    """Run one of the two programs on the matrix.

    Raises Problem when it fails.
    """
    # BLAS and OpenMP of the step are held to one thread as in a build; a notebook has both cores.
    single = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys(single, "1") if name == "the step" else {}
    kept = {key: value for key, value in os.environ.items() if key not in single}
    done = subprocess.run(
        [sys.executable, str(PROGRAMS[name]), str(path), str(THREADS)],
        env=kept | limits,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Problem(f"{PROGRAMS[name].name} failed:\n{done.stderr[-3000:]}")
    return Measured(name=name, **json.loads(done.stdout.splitlines()[-1]))


def targets(step: Measured, recipe: Measured, rows: int) -> list[Target]:
    """Time and memory; compared with its target at full size only."""
    faster = recipe.seconds / step.seconds
    allowed = step.after_imports + MATRICES * rows * FEATURES * np.dtype(np.float32).itemsize
    is_full = rows >= ROWS
    return [
        Target(
            f"whole step on {rows:,} x {FEATURES}, times faster than a notebook",
            f"{faster:.1f} ({step.seconds:.1f} s against {recipe.seconds:.1f} s)",
            f"at least {TIMES_FASTER:.0f}",
            faster >= TIMES_FASTER if is_full else None,
        ),
        Target(
            f"whole step on {rows:,} x {FEATURES}, peak of memory",
            f"{step.peak / 1e6:.0f} MB (after imports {step.after_imports / 1e6:.0f} MB)",
            f"at most {allowed / 1e6:.0f} MB",
            step.peak <= allowed if is_full else None,
        ),
    ]


def table(found: list[Measured]) -> str:
    """Markdown: a line for each process."""
    head = ["process", "seconds", "peak MB", "after imports MB", "k", "index"]
    rows = [
        [
            one.name,
            f"{one.seconds:.1f}",
            f"{one.peak / 1e6:.0f}",
            f"{one.after_imports / 1e6:.0f}",
            "" if one.k is None else one.k,
            "" if one.index is None else f"{one.index:.3f}",
        ]
        for one in found
    ]
    return markdown_table(head, rows)


def as_rows(found: list[Measured]) -> list[JsonObject]:
    """Measurements as plain dictionaries, for JSON."""
    return [asdict(one) for one in found]
