"""The reasons of every customer cut down to what is shown: the three that weigh most."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from models_py.config import FitSettings
from models_py.features import BatchSource
from models_py.fit_steps import reasons_step

TOLD = 3  # more than three reasons are not read
# Features that say the same contribute the same: what sums in another order add to that is no
# difference, so decimals past these do not decide which comes first.
TIE_DIGITS = 9
REASON_FIELDS = (
    ("feature", pa.string()),
    ("value", pa.float64()),
    ("segment_value", pa.float64()),
    ("runner_up_value", pa.float64()),
    ("contribution", pa.float64()),
)
CHANGE_COLUMNS = (
    ("change_feature", pa.string()),
    ("change_from_value", pa.float64()),
    ("change_to_value", pa.float64()),
    ("change_to_segment_id", pa.int64()),
)
TOP_REASONS_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("margin", pa.float64()),
        *(
            (f"reason_{rank}_{name}", kind)
            for rank in range(1, TOLD + 1)
            for name, kind in REASON_FIELDS
        ),
        *CHANGE_COLUMNS,
    ]
)


def top_reasons(
    source: BatchSource,
    scaling: pa.Table,
    segments: pa.Table,
    ranges: pa.Table,
    settings: FitSettings,
) -> pa.RecordBatchReader:
    """Stream one row per customer: margin, the three largest contributions, the smallest change.

    A contribution (see `reasons`) is listed from the largest down, ties in position order, and only
    when it speaks for the segment (is above 0); further ones are null. With one segment there is
    no runner-up and every reason is null.
    """
    whole = reasons_step(source, scaling, segments, ranges, settings)

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in whole:
            yield cut(batch)

    return pa.RecordBatchReader.from_batches(TOP_REASONS_SCHEMA, batches())


def cut(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Cut the reasons of some customers down to what is shown."""
    rows = batch.num_rows
    entries = batch.column("contributions").flatten()
    width = len(entries) // rows if rows else 0
    weights = entries.field("contribution").fill_null(0.0).to_numpy(zero_copy_only=False)
    by_row = weights.reshape(rows, width)
    order = np.argsort(-np.round(by_row, TIE_DIGITS), axis=1, kind="stable")[:, :TOLD]
    columns = [batch.column("customer_id"), batch.column("margin")]
    for rank in range(TOLD):
        if rank < width:
            at = order[:, rank]
            is_told = by_row[np.arange(rows), at] > 0
            index = pa.array(np.arange(rows) * width + at, mask=~is_told)
            columns += [entries.field(name).take(index) for name, _ in REASON_FIELDS]
        else:
            columns += [pa.nulls(rows, kind) for _, kind in REASON_FIELDS]
    columns += [batch.column(name) for name, _ in CHANGE_COLUMNS]
    return pa.RecordBatch.from_arrays(columns, schema=TOP_REASONS_SCHEMA)
