"""The stored fit on today's customers: where it would put them, and whether it can."""

from collections.abc import Collection

import pyarrow as pa

from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.features import BatchSource, source_columns
from models_py.fit_steps import assign_step
from models_py.needs import NeedsModel
from models_py.scaler import Scaler
from models_py.scoring import ASSIGN_SCHEMA


def lacking_features(source: BatchSource, scaling: pa.Table) -> list[str]:
    """Features a stored fit uses that the source has no column for; none for an empty source."""
    columns = source_columns(source)
    return features_gone(columns, scaling) if columns else []


def features_gone(columns: Collection[str], scaling: pa.Table) -> list[str]:
    """Features a fit uses that are no columns; of a fit by needs those that scores are made of."""
    model = NeedsModel.from_table(scaling)
    read = Scaler.from_table(scaling).features if model is None else model.read_features
    return [name for name in read if name not in columns]


def assignments_by_stored_fit(
    source: BatchSource, scaling: pa.Table, segments: pa.Table, settings: FitSettings
) -> pa.RecordBatchReader:
    """Assign as `assign_step`; without rows when a feature of the stored fit is gone."""
    if lacking_features(source, scaling):
        return pa.RecordBatchReader.from_batches(ASSIGN_SCHEMA, iter(()))
    return assign_step(source, scaling, segments, settings)


def check_stored_features(source: BatchSource, scaling: pa.Table, fit_number: int) -> None:
    """Raise LearningError when the active fit uses features that are no longer there."""
    lacking = lacking_features(source, scaling)
    if lacking:
        raise gone(lacking, fit_number)


def gone(lacking: list[str], fit_number: int) -> LearningError:
    """The error of a stored fit whose features are not there any more."""
    return LearningError(
        f"stored fit {fit_number}: expected the features it was learned from, found no column "
        f"for {', '.join(lacking)}; define them again, or learn again with REFIT=always"
    )
