"""The model is a table: read centres and what goes with them back from stored rows."""

from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import pyarrow as pa

from models_py.arrays import Counts, Labels, Matrix, Vector
from models_py.errors import LearningError
from models_py.identity import RETIRED
from models_py.scaler import Scaler

CENTROID_TYPE = pa.list_(
    pa.struct(
        [
            ("feature", pa.string()),
            ("position", pa.int64()),
            ("scaled_value", pa.float64()),
            ("original_value", pa.float64()),
        ]
    )
)

SEGMENTS_SCHEMA = pa.schema(
    [
        ("segment_id", pa.int64()),
        ("lineage", pa.string()),
        ("lineage_from", pa.list_(pa.int64())),
        ("customer_count", pa.int64()),
        ("inertia", pa.float64()),
        ("mean_squared_radius", pa.float64()),
        ("outlier_squared_distance", pa.float64()),
        ("silhouette", pa.float64()),
        ("jaccard", pa.float64()),
        ("start", pa.string()),
        ("moved_share", pa.float64()),
        ("relabelled_share", pa.float64()),
        ("centroid", CENTROID_TYPE),
    ]
)


class StoredCentre(TypedDict):
    """One feature of a stored centre, as in `CENTROID_TYPE`."""

    feature: str
    position: int
    scaled_value: float
    original_value: float


class SegmentRow(TypedDict):
    """A row of a stored fit, as in `SEGMENTS_SCHEMA`."""

    segment_id: int
    lineage: str
    lineage_from: list[int]
    customer_count: int
    inertia: float
    mean_squared_radius: float
    outlier_squared_distance: float
    silhouette: float | None
    jaccard: float | None
    start: str
    moved_share: float | None
    relabelled_share: float | None
    centroid: list[StoredCentre]


@dataclass(frozen=True)
class Model:
    """The active segments of a fit, in ascending order of id.

    segment_ids, sizes: int64 (k). centres: float64 (k x used features), scaled, in the order of
    the scaler. originals: the same in original units. radii: (k) mean squared distance of the
    members to the stored centre. outlier_squared_distance: past it a customer is an outlier.
    """

    segment_ids: Labels
    sizes: Counts
    centres: Matrix
    originals: Matrix
    radii: Vector
    outlier_squared_distance: float

    @classmethod
    def from_tables(cls, segments: pa.Table, scaler: Scaler) -> "Model":
        """Read what `fit_step` made; LearningError when the tables do not belong together."""
        rows = active_segments(segments)
        if not rows:
            raise LearningError(
                "expected at least one active segment in the stored fit, found none; fit first"
            )
        centres = np.zeros((len(rows), len(scaler.features)))
        originals = np.zeros_like(centres)
        for number, row in enumerate(rows):
            stored = {item["feature"]: item for item in row["centroid"]}
            if stored.keys() != set(scaler.features):
                raise LearningError(
                    f"expected the centre of segment {row['segment_id']} to have the features of "
                    f"its scaling, found a difference in "
                    f"{', '.join(sorted(stored.keys() ^ set(scaler.features)))}; "
                    "use the scaling stored with the same fit"
                )
            for column, feature in enumerate(scaler.features):
                centres[number, column] = stored[feature]["scaled_value"]
                originals[number, column] = stored[feature]["original_value"]
        return cls(
            np.array([row["segment_id"] for row in rows], dtype=np.int64),
            np.array([row["customer_count"] for row in rows], dtype=np.int64),
            centres,
            originals,
            np.array([row["mean_squared_radius"] for row in rows]),
            float(rows[0]["outlier_squared_distance"]),
        )


def active_segments(segments: pa.Table) -> list[SegmentRow]:
    """Rows of a stored fit without the retired ones, by ascending id."""
    rows = [row for row in segments.to_pylist() if row["lineage"] != RETIRED]
    return sorted(rows, key=lambda row: row["segment_id"])
