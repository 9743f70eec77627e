"""A notebook's recipe on the same Parquet: StandardScaler, KMeans(n_init=10) for k in 3 to 8.

A program of its own: `speed_notebook.py MATRIX.parquet THREADS` prints one line of JSON. It
chooses no k, for a silhouette over pairs of two million customers would never end.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import pyarrow.parquet as pq
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler

from benchmarks.process_memory import peak_bytes, resident_bytes, seconds_since_start

KS = range(3, 9)


def main() -> None:
    """Run the recipe and print what it took."""
    after_imports = resident_bytes()
    table = pq.read_table(sys.argv[1])
    names = [name for name in table.column_names if name.startswith("feature")]
    rows = np.column_stack([table.column(name).to_numpy() for name in names])
    del table
    scaled = StandardScaler().fit_transform(rows)
    for k in KS:
        KMeans(k, n_init=10, random_state=0).fit_predict(scaled)
    result = {
        "seconds": seconds_since_start(),
        "peak": peak_bytes(),
        "after_imports": after_imports,
        "k": None,
        "index": None,
    }
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
