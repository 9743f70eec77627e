"""The whole learning step from Parquet: scaling, k scan, fit, assignment with silhouettes.

A program of its own: `speed_step.py MATRIX.parquet THREADS` prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.process_memory import peak_bytes, resident_bytes, seconds_since_start
from models_py import fit_steps
from models_py.config import FitSettings
from models_py.ladder import scaling_of
from models_py.metrics import adjusted_rand, contingency

BATCH_ROWS = 65_536  # as a build reads
# Read column chunks in pieces and not whole: held at once they would be most of the memory.
BUFFER_BYTES = 65_536


def definitions(names: list[str]) -> pa.Table:
    """Four families of five features; the skewed half is taken by its logarithm."""
    count = len(names)
    return pa.table(
        {
            "feature": names,
            "position": list(range(1, count + 1)),
            "family": [f"family_{4 * number // count}" for number in range(count)],
            "transform": ["log1p" if 2 * number < count else "identity" for number in range(count)],
            "weight": [1.0] * count,
            "missing_value": ["median"] * count,
            "is_clustered": [True] * count,
        }
    )


def main() -> None:
    """Run the step and print what it took."""
    after_imports = resident_bytes()
    path, threads = sys.argv[1], int(sys.argv[2])
    file = pq.ParquetFile(path)
    names = [name for name in file.schema_arrow.names if name.startswith("feature")]

    def source() -> Iterator[pa.RecordBatch]:
        matrix = pq.ParquetFile(path, buffer_size=BUFFER_BYTES, pre_buffer=False)
        yield from matrix.iter_batches(
            BATCH_ROWS, columns=["customer_id", *names], use_threads=False
        )

    with tempfile.TemporaryDirectory() as folder:
        settings = FitSettings(threads=threads, tmp_dir=folder)
        scan = fit_steps.k_scan_step(source, definitions(names), settings)
        scaling = scaling_of(scan)
        segments = fit_steps.fit_step(source, scaling, scan, None, 1, settings)
        labels = np.empty(file.metadata.num_rows, dtype=np.int8)
        first = 0
        for batch in fit_steps.assign_step(source, scaling, segments, settings):
            labels[first : first + batch.num_rows] = batch.column("segment_id").to_numpy()
            first += batch.num_rows
    seconds, peak = seconds_since_start(), peak_bytes()
    planted = file.read(columns=["planted"]).column(0).to_numpy()
    found = int(labels.max())
    table = contingency(planted, labels - 1, int(planted.max()) + 1, found)
    result = {
        "seconds": seconds,
        "peak": peak,
        "after_imports": after_imports,
        "k": found,
        "index": adjusted_rand(table),
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
