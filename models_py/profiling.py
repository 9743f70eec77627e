"""Scaling of the features that customers are described by and not clustered by.

Profiles and names of segments speak of every feature in standard deviations, so every feature
needs its transform, winsor limits, mean and deviation, clustered or not.
"""

import pyarrow as pa

from models_py.config import FitSettings
from models_py.features import BatchSource
from models_py.scaling import SCALING_SCHEMA, learn_scaling
from models_py.weighting import weighted_scaling

PROFILED_ONLY = "profiled, not clustered"


def scaling_of_all(source: BatchSource, definitions: pa.Table, settings: FitSettings) -> pa.Table:
    """Learn the scaling of every definition; those not clustered are marked as not used.

    Returns a table in SCALING_SCHEMA, one row per definition in position order. A profiled
    feature has `is_used` false, `dropped_reason` "profiled, not clustered" (or why it has no
    scaling at all) and no scale factor. Raises LearningError as `learn_scaling` does.
    """
    rows = weighted_scaling(source, definitions, settings).to_pylist()
    weighting = rows[0]["weighting"]
    profiled = [row for row in definitions.to_pylist() if not row["is_clustered"]]
    if profiled:
        asked = pa.Table.from_pylist(
            [row | {"is_clustered": True, "weight": 1.0} for row in profiled],
            schema=definitions.schema,
        )
        weights = {row["feature"]: row["weight"] for row in profiled}
        for row in learn_scaling(source, asked, settings).to_pylist():
            row["dropped_reason"] = row["dropped_reason"] or PROFILED_ONLY
            row |= {"is_used": False, "scale_factor": None, "weight": weights[row["feature"]]}
            rows.append(row | {"weighting": weighting})
    rows.sort(key=lambda row: (row["position"], row["feature"]))
    return pa.Table.from_pylist(rows, schema=SCALING_SCHEMA)
