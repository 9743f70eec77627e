"""Steps that compare the customers of today with those that a fit was learned from."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from models_py import drift, scoring
from models_py.arrays import Counts, Vector
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.features import BatchSource, chunks, source_columns
from models_py.model import Model
from models_py.sample import RowSample
from models_py.scaler import Scaler


def baseline_step(source: BatchSource, scaling: pa.Table, settings: FitSettings) -> pa.Table:
    """Bins of each used feature (original units, nulls replaced) and the share of rows in each.

    Stored with a fit; `drift_step` compares later customers with it. Edges are deciles, fewer
    where values repeat or are too near to be distinguished; shares are over all rows.
    """
    scaler = Scaler.from_table(scaling)
    held = RowSample(len(scaler.features), settings.quantile_sample_size, settings.seed)
    for chunk in scoring.stored_chunks(source, scaler, settings):
        held.add(scaler.filled(chunk.values))
    edges = [
        drift.feature_edges(scaler, at, line, settings.drift_bin_count)
        for at, line in enumerate(held.values())
    ]
    return baseline_table(scaler, edges, _bin_shares(source, scaler, edges, settings))


def baseline_table(scaler: Scaler, edges: list[Vector], shares: list[Vector]) -> pa.Table:
    """One row per used feature: its bins and the share of rows in each."""
    rows = [
        {
            "feature": feature,
            "position": scaler.positions[at],
            "bin_edges": edges[at].tolist(),
            "bin_shares": shares[at].tolist(),
        }
        for at, feature in enumerate(scaler.features)
    ]
    return pa.Table.from_pylist(rows, schema=drift.BASELINE_SCHEMA)


def _bin_shares(
    source: BatchSource, scaler: Scaler, edges: list[Vector], settings: FitSettings
) -> list[Vector]:
    counts = [np.zeros(len(edge) + 1, dtype=np.int64) for edge in edges]
    for chunk in chunks(
        source,
        scaler.features,
        chunk_rows=settings.chunk_rows,
        absurd_value=settings.absurd_value,
    ):
        for at, line in enumerate(scaler.filled(chunk.values)):
            counts[at] += drift.bin_counts(line, edges[at])
    return shares_of(counts)


def shares_of(counts: Sequence[Counts]) -> list[Vector]:
    """Share of the rows in each bin, of each feature."""
    return [count / max(int(count.sum()), 1) for count in counts]


def drift_step(
    source: BatchSource,
    scaling: pa.Table,
    segments: pa.Table,
    baseline: pa.Table,
    settings: FitSettings,
) -> pa.Table:
    """Population stability index of each used feature of the stored fit against its baseline.

    A feature that the source has no column for has a null index and counts as drifted. Without
    customers the index is null and nothing has drifted. `segments` is taken to check that the
    tables belong together.
    """
    scaler = Scaler.from_table(scaling)
    Model.from_tables(segments, scaler)
    columns = source_columns(source)
    edges = stored_edges(scaler, baseline)
    shares = _bin_shares(source, scaler, edges, settings)
    return drift_table(scaler, baseline, columns, shares, settings)


def stored_edges(scaler: Scaler, baseline: pa.Table) -> list[Vector]:
    """Bin edges of each used feature, from the baseline stored with the same fit.

    Raises:
        LearningError: a feature has none.
    """
    stored = {row["feature"]: row for row in baseline.to_pylist()}
    lacking = [feature for feature in scaler.features if feature not in stored]
    if lacking:
        raise LearningError(
            f"expected a baseline for each used feature, found none for {', '.join(lacking)}; "
            "use the baseline stored with the same fit"
        )
    return [np.array(stored[feature]["bin_edges"], dtype=float) for feature in scaler.features]


def drift_table(
    scaler: Scaler,
    baseline: pa.Table,
    columns: frozenset[str],
    shares: list[Vector],
    settings: FitSettings,
) -> pa.Table:
    """One row per used feature (see `drift_step`); columns: those there now, none for no rows."""
    stored = {row["feature"]: row for row in baseline.to_pylist()}
    rows = []
    for at, feature in enumerate(scaler.features):
        index = None
        if feature in columns and shares[at].sum() > 0:
            index = drift.population_stability_index(stored[feature]["bin_shares"], shares[at])
        is_gone = bool(columns) and feature not in columns
        rows.append(
            {
                "feature": feature,
                "population_stability_index": index,
                "is_drifted": is_gone or (index or 0.0) > settings.drift_threshold,
            }
        )
    return pa.Table.from_pylist(rows, schema=drift.DRIFT_SCHEMA)
