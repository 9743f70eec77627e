"""The backtest fit: segments as they would have been learned at an earlier date.

It is compared with what its customers did afterwards, so it sees nothing of that: scaling, weights
and centres are learned from the features of one earlier date. The number of segments and, in the
end, their ids are those of the active fit.
"""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from models_py.arrays import Counts, Labels, Matrix
from models_py.columns import ColumnsSearch, columns_again, sampled_values
from models_py.config import FitSettings
from models_py.feature_passes import Passes, StreamedPasses
from models_py.features import BatchSource
from models_py.fit import NO_SEGMENT, previous_ids
from models_py.fit_steps import assign_step, fit_step, row_count_of
from models_py.identity import paired_ids
from models_py.ladder import COLUMNS, JOINT, rung_of
from models_py.metrics import contingency
from models_py.needs import NEEDS, NeedsModel, centres, source_with_scores
from models_py.needs_search import learned_again
from models_py.parallel import one_blas_thread
from models_py.scaled_file import scaled_matrix
from models_py.scaler import Scaler
from models_py.scaling import STRUCTURE
from models_py.scan import Search, cold_models, distinct_rows
from models_py.weighting import WeightedScaling

CENTRES_SCHEMA = pa.schema(
    [
        ("rung", pa.string()),
        ("k", pa.int64()),
        ("is_chosen", pa.bool_()),
        ("centroids", pa.list_(pa.list_(pa.float64()))),
        ("cluster_jaccards", pa.list_(pa.float64())),
    ]
)


def backtest_step(
    learned: BatchSource,
    customers: BatchSource,
    definitions: pa.Table,
    segment_ids: list[int],
    settings: FitSettings,
    active: pa.Table | None = None,
) -> pa.RecordBatchReader:
    """Learn segments from `learned`, and assign `customers` to them as `assign_step` does.

    learned: customers of one date, `previous_segment_id` being their segment by the active fit.
    segment_ids: the active ids; as many segments are learned, fewer where there are fewer distinct
    customers, and each gets the id of the one it shares most members with (see
    `identity.paired_ids`). No half samples or references are drawn: nothing is chosen here.
    active: the scaling of the active fit, on whose rung the segments are learned (see `ladder`).
    """
    settings = replace(settings, fixed_k=len(segment_ids), active_k=None)
    first = WeightedScaling.learned(learned, definitions, settings)
    row_count = row_count_of(first.scaling)
    scaling, again = scaled_again(active, first, StreamedPasses(learned, settings), settings)
    if again is None:
        found = _joint_centres(learned, scaling, segment_ids, settings, row_count)
    else:
        found = centres(again.axes, again.threshold)
    learned, customers = (source_with_scores(one, scaling) for one in (learned, customers))
    segments = fit_step(learned, scaling, chosen_centres(found, again), None, 1, settings)
    renamed = _under_active_ids(learned, scaling, segments, segment_ids, settings, row_count)
    return assign_step(customers, scaling, renamed, settings)


def scaled_again(
    active: pa.Table | None, first: WeightedScaling, passes: Passes, settings: FitSettings
) -> tuple[pa.Table, NeedsModel | None]:
    """The scaling on the rung of the active fit, and its needs, learned from other customers.

    first: of the first rung, which stays where the others cannot be learned; in found weights
    where the active fit has them, clear groups or none.
    """
    scaling, rung = first.scaling, rung_of(active)
    if active is None:
        return scaling, None
    if rung == JOINT:
        has_found_weights = active.column("weighting")[0].as_py() == STRUCTURE
        found = first.in_agreed_weights(None) if has_found_weights else None
        return (scaling if found is None else found[0]), None
    columns = columns_again(active, scaling)
    given = sampled_values(columns, passes, settings)
    if given is None:
        return scaling, None
    if rung == COLUMNS:
        search = ColumnsSearch(scaling, columns, given, settings, None)
        return search.clear() or search.agreed() or scaling, None
    needs = NeedsModel.from_table(active)
    again = None if needs is None else learned_again(columns, given, needs.axes, needs.threshold)
    return (scaling, None) if again is None else (again.described(scaling), again)


def _joint_centres(
    learned: BatchSource,
    scaling: pa.Table,
    segment_ids: list[int],
    settings: FitSettings,
    row_count: int,
) -> Matrix:
    scaler = Scaler.from_table(scaling)
    with (
        one_blas_thread(),
        scaled_matrix(learned, scaler, settings, row_count=row_count) as matrix,
    ):
        k = distinct_rows(matrix, len(segment_ids))
        search = Search(matrix, settings)
        (found,) = cold_models(search, scaler, [k])
        del search, matrix
    return found


def chosen_centres(found: Matrix, needs: NeedsModel | None = None) -> pa.Table:
    """What a scan that chose these centres, of needs or others, would hand to the fit."""
    row = {
        "rung": JOINT if needs is None else NEEDS,
        "k": len(found),
        "is_chosen": True,
        "centroids": found.tolist(),
        "cluster_jaccards": [],
    }
    return pa.Table.from_pylist([row], schema=CENTRES_SCHEMA)


def _under_active_ids(
    learned: BatchSource,
    scaling: pa.Table,
    segments: pa.Table,
    segment_ids: list[int],
    settings: FitSettings,
    row_count: int,
) -> pa.Table:
    """Return the segments, numbered from 1, under the ids they are paired with."""
    active_ids = np.array(segment_ids, dtype=np.int64)
    before = previous_ids(learned, settings, row_count=row_count)
    batches = assign_step(learned, scaling, segments, settings)
    now = np.concatenate([batch.column("segment_id").to_numpy() for batch in batches]) - 1
    is_known = before != NO_SEGMENT
    place = np.searchsorted(active_ids, before[is_known])
    shared = contingency(now[is_known], place, segments.num_rows, len(active_ids))
    return renamed(segments, shared, active_ids)


def renamed(segments: pa.Table, shared: Counts, active_ids: Labels) -> pa.Table:
    """Segments, numbered from 1, under the active ids that they share most members with.

    shared: int64 (segments x active ids), customers by number and by id.
    """
    paired = paired_ids(shared, active_ids)
    own = segments.column("segment_id").to_numpy() - 1
    at = segments.schema.get_field_index("segment_id")
    return segments.set_column(at, "segment_id", pa.array(paired[own], pa.int64()))
