"""The segments of a fit as a table."""

from typing import TypeAlias

import numpy as np
import pyarrow as pa

from models_py import kmeans, polish
from models_py.arrays import Vector
from models_py.config import FitSettings
from models_py.evaluation import Evaluation
from models_py.identity import (
    RETIRED,
    Match,
)
from models_py.model import SEGMENTS_SCHEMA
from models_py.scaler import Scaler

Jaccards: TypeAlias = list[float | None]
"""Of each cluster, from half samples; None where there were too few customers for them."""


def _centroid(scaler: Scaler, scaled: Vector, original: Vector) -> list[dict[str, object]]:
    """A centre, feature by feature."""
    return [
        {
            "feature": feature,
            "position": scaler.positions[column],
            "scaled_value": float(scaled[column]),
            "original_value": float(original[column]),
        }
        for column, feature in enumerate(scaler.features)
    ]


def segments_table(
    best: Evaluation,
    nearest: Vector,
    match: Match,
    scaler: Scaler,
    settings: FitSettings,
    jaccards: Jaccards,
    start: str,
    moved: float | None,
    unmatched: float | None,
) -> pa.Table:
    """The segments of the fit, and those that it retired (see `fit_steps.fit_step`)."""
    threshold = polish.extreme_threshold(
        np.sqrt(nearest),
        trim_share=settings.trim_share,
        trim_deviations=settings.trim_deviations,
    )
    outlier = float(kmeans.rounded(np.array(threshold**2)))
    originals = kmeans.rounded(scaler.unscale(best.centres))
    shared = {
        "outlier_squared_distance": outlier,
        "start": start,
        "moved_share": moved,
        "relabelled_share": unmatched,
    }
    rows = []
    for number in np.argsort(match.segment_ids):
        silhouette = best.cluster_silhouettes[number]
        rows.append(
            {
                **shared,
                "segment_id": int(match.segment_ids[number]),
                "lineage": match.lineages[number],
                "lineage_from": list(match.origins[number]),
                "customer_count": int(best.sizes[number]),
                "inertia": float(best.inertias[number]),
                "mean_squared_radius": float(best.inertias[number] / max(best.sizes[number], 1)),
                "silhouette": None if np.isnan(silhouette) else float(silhouette),
                "jaccard": jaccards[number],
                "centroid": _centroid(scaler, best.centres[number], originals[number]),
            }
        )
    for segment_id in match.retired:
        rows.append(
            {
                "segment_id": segment_id,
                "lineage": RETIRED,
                "lineage_from": [segment_id],
                "start": start,
                "moved_share": moved,
                "relabelled_share": unmatched,
                "centroid": [],
            }
        )
    names = SEGMENTS_SCHEMA.names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=SEGMENTS_SCHEMA
    )
