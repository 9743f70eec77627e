"""The stored fit on today's customers: drift against its baseline, and where it would put them."""

import pyarrow as pa

from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.features import BatchSource, source_columns
from models_py.scaling import Scaler
from models_py.scoring import ASSIGN_SCHEMA
from models_py.steps import assign_step, drift_step, far_share

DRIFT_SCHEMA = pa.schema(
    [
        ("feature", pa.string()),
        ("population_stability_index", pa.float64()),
        ("is_drifted", pa.bool_()),
        ("far_share", pa.float64()),
    ]
)


def lacking_features(source: BatchSource, scaling: pa.Table) -> list[str]:
    """Features a stored fit uses that the source has no column for; none for an empty source."""
    columns = source_columns(source)
    if not columns:
        return []
    return [name for name in Scaler.from_table(scaling).features if name not in columns]


def drift_of_stored_fit(
    source: BatchSource,
    scaling: pa.Table,
    segments: pa.Table,
    baseline: pa.Table,
    settings: FitSettings,
) -> pa.Table:
    """Drift of every used feature, and on each row the share of customers far from every centre.

    population_stability_index: see `drift`; null for a feature that is gone. far_share: 0 to 1,
    null when a feature is gone, for then distances cannot be taken. Raises LearningError as
    `drift_step` does.
    """
    drift = drift_step(source, scaling, segments, baseline, settings)
    is_whole = not lacking_features(source, scaling)
    share = far_share(source, scaling, segments, settings) if is_whole else None
    shares = pa.array([share] * drift.num_rows, pa.float64())
    return drift.append_column("far_share", shares).cast(DRIFT_SCHEMA)


def assignments_by_stored_fit(
    source: BatchSource, scaling: pa.Table, segments: pa.Table, settings: FitSettings
) -> pa.RecordBatchReader:
    """Assign as `assign_step`; without rows when a feature of the stored fit is gone."""
    if lacking_features(source, scaling):
        return pa.RecordBatchReader.from_batches(ASSIGN_SCHEMA, iter(()))
    return assign_step(source, scaling, segments, settings)


def check_stored_features(source: BatchSource, scaling: pa.Table, fit_number: int) -> None:
    """Raise LearningError when the fit in force uses features that are no longer there."""
    lacking = lacking_features(source, scaling)
    if lacking:
        raise gone(lacking, fit_number)


def gone(lacking: list[str], fit_number: int) -> LearningError:
    """The error of a stored fit whose features are not there any more."""
    return LearningError(
        f"stored fit {fit_number}: expected the features it was learned from, found no column "
        f"for {', '.join(lacking)}; define them again, or learn anew with REFIT=always"
    )
