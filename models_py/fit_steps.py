"""Scaling, choice of k, fit, segments and reasons, as dbt models call them: Arrow in, Arrow out.

A source is a function without arguments that gives record batches in order of customer_id, each
time from the start: `customer_id` string, `previous_segment_id` int64 (may lack), one float64
column per feature. Every function raises `LearningError` for input it cannot use.
"""

import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from models_py import scoring
from models_py.arrays import Matrix
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.evaluation import Evaluation, evaluate, members_of
from models_py.feature_passes import StreamedPasses
from models_py.features import BatchSource, Chunk
from models_py.fit import StreamedCustomers, fit
from models_py.ladder import JOINT, SCALING_TYPE, climbed, settings_of_rung
from models_py.model import Model
from models_py.needs import source_with_scores
from models_py.scaler import Scaler
from models_py.scan import Candidate, scan
from models_py.selection import Evidence, Judgement, choose
from models_py.weighting import WeightedScaling

K_SCAN_SCHEMA = pa.schema(
    [
        ("rung", pa.string()),
        ("k", pa.int64()),
        ("customer_count", pa.int64()),
        ("is_feasible", pa.bool_()),
        ("inertia", pa.float64()),
        ("explained_variance_share", pa.float64()),
        ("silhouette", pa.float64()),
        ("reference_silhouette", pa.float64()),
        ("reference_spread", pa.float64()),
        ("structure_gap", pa.float64()),
        ("davies_bouldin", pa.float64()),
        ("calinski_harabasz", pa.float64()),
        ("stability", pa.float64()),
        ("minimum_jaccard", pa.float64()),
        ("smallest_segment_share", pa.float64()),
        ("score", pa.float64()),
        ("is_chosen", pa.bool_()),
        ("choice_reason", pa.string()),
        ("verdict", pa.string()),
        ("verdict_reason", pa.string()),
        ("candidate_segments", pa.string()),
        ("centroids", pa.list_(pa.list_(pa.float64()))),
        ("cluster_sizes", pa.list_(pa.int64())),
        ("cluster_silhouettes", pa.list_(pa.float64())),
        ("cluster_jaccards", pa.list_(pa.float64())),
        ("minimum_separation", pa.float64()),
        ("reference_kind", pa.string()),
        ("reliability", pa.float64()),
        ("scaling", SCALING_TYPE),
    ]
)


def scaling_step(
    source: BatchSource,
    definitions: pa.Table,
    settings: FitSettings,
    stored: pa.Table | None = None,
) -> pa.Table:
    """Learn how each feature is scaled; one row per definition, in position order.

    Features that are absent, constant, null for every customer, of weight 0 or profiled only are
    not used and say why in `dropped_reason`; the last two are scaled all the same, without a
    factor. scaled = (clip(transform(value), lower, upper) - mean) * scale_factor. Quantiles and
    medians are exact up to `quantile_sample_size` rows, above that from a seeded sample of as many;
    means and deviations are always over all rows.

    `weighting` is the same in every row. 'definitions': `weight` is the definition's, and
    scale_factor follows from it. 'structure': customers fall into clear groups under weights found
    in the data (see `weighting`); `weight` is then the variance that the scaled feature has, with
    the same sum over features as the definitions give, and scale_factor its square root over
    the standard deviation; features of weight 0 take part. `settings.weighting` 'definitions'
    rules the latter out. stored: the rows of the fit before, an earlier result of this function;
    its weights stay unless others are clearly better. `k_scan_step` may choose a cut in found
    weights whose groups are not clear (see `ladder`).
    """
    return WeightedScaling.learned(source, definitions, settings, stored).scaling


def row_count_of(scaling: pa.Table) -> int:
    """Customers that a scaling was learned from.

    Raises:
        LearningError: there is no scaling.
    """
    if scaling.num_rows == 0:
        raise LearningError("expected a scaling with at least one row, found none; learn it first")
    return int(scaling.column("row_count")[0].as_py())


def k_scan_step(
    source: BatchSource,
    definitions: pa.Table,
    settings: FitSettings,
    stored: pa.Table | None = None,
    halves: pa.Table | None = None,
) -> pa.Table:
    """Try every candidate and choose one; one row per rung and k (see `ladder`, `selection`).

    Silhouettes, Davies-Bouldin and Calinski-Harabasz are exact over all customers and null for
    k = 1; stability and references come from samples and are null for too few customers. A k
    above the number of distinct customers has a row with null measures that says so; when no
    candidate is possible, one further row has the largest k that is (at least 1).
    """
    first = WeightedScaling.learned(source, definitions, settings, stored)
    row_count = row_count_of(first.scaling)

    def scanned(own: pa.Table, rung: str) -> pa.Table:
        tried, limit = scan(source, Scaler.from_table(own), settings, row_count=row_count)
        own_settings = settings_of_rung(settings, stored, rung)
        return k_scan_table(tried, limit, own_settings, row_count=row_count)

    def evaluated(own: pa.Table, centres: Matrix) -> Evaluation:
        scored, rescaler = source_with_scores(source, own), Scaler.from_table(own)
        return evaluate(scored, rescaler, [centres], settings, row_count=row_count)[0]

    passes = StreamedPasses(source, settings)
    return climbed(first, definitions, passes, halves, stored, settings, scanned, evaluated)


def k_scan_table(
    tried: Sequence[Candidate], limit: int, settings: FitSettings, *, row_count: int
) -> pa.Table:
    """Choose among the candidates tried (see `k_scan_step`); limit: the largest possible k."""
    judged = choose([_evidence(one, row_count) for one in tried], settings, limit=limit)
    rows = [
        _scan_row(one, judgement, row_count) for one, judgement in zip(tried, judged, strict=True)
    ]
    known = {one.k for one in tried}
    for k in settings.candidates:
        if k not in known:
            rows.append(
                {
                    "rung": JOINT,
                    "k": k,
                    "customer_count": row_count,
                    "is_feasible": False,
                    "is_chosen": False,
                    "choice_reason": f"not possible: {k} segments need as many distinct "
                    f"customers, there are only {limit}",
                    "verdict": "weak",
                    "verdict_reason": "not tried",
                    "centroids": [],
                    "cluster_sizes": [],
                    "cluster_silhouettes": [],
                    "cluster_jaccards": [],
                }
            )
    rows.sort(key=lambda row: row["k"])
    names = K_SCAN_SCHEMA.names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=K_SCAN_SCHEMA
    )


def _gap(one: Candidate) -> float | None:
    if one.structure is None or one.evaluation.silhouette is None:
        return None
    return one.evaluation.silhouette - one.structure.mean


def _evidence(one: Candidate, row_count: int) -> Evidence:
    stability = one.stability
    return Evidence(
        one.k,
        float(one.evaluation.sizes.min()) / row_count,
        _gap(one),
        None if one.structure is None else one.structure.spread,
        None if stability is None else stability.adjusted_rand,
        None if stability is None else float(stability.jaccards.min()),
        None if stability is None else stability.separation,
    )


def _scan_row(one: Candidate, judgement: Judgement, row_count: int) -> dict[str, Any]:
    measured, stability, structure = one.evaluation, one.stability, one.structure
    return {
        "rung": JOINT,
        "k": one.k,
        "customer_count": row_count,
        "is_feasible": judgement.is_feasible,
        "inertia": measured.inertia,
        "explained_variance_share": measured.explained_variance_share,
        "silhouette": measured.silhouette,
        "reference_silhouette": None if structure is None else structure.mean,
        "reference_spread": None if structure is None else structure.spread,
        "structure_gap": _gap(one),
        "davies_bouldin": measured.davies_bouldin,
        "calinski_harabasz": measured.calinski_harabasz,
        "stability": None if stability is None else stability.adjusted_rand,
        "minimum_jaccard": None if stability is None else float(stability.jaccards.min()),
        "smallest_segment_share": float(measured.sizes.min()) / row_count,
        "score": judgement.score,
        "is_chosen": judgement.is_chosen,
        "choice_reason": judgement.choice_reason,
        "verdict": judgement.verdict,
        "verdict_reason": judgement.verdict_reason,
        "centroids": measured.centres.tolist(),
        "cluster_sizes": measured.sizes.tolist(),
        "cluster_silhouettes": [
            None if math.isnan(value) else value for value in measured.cluster_silhouettes.tolist()
        ],
        "cluster_jaccards": [] if stability is None else stability.jaccards.tolist(),
        "minimum_separation": None if stability is None else stability.separation,
        "reference_kind": None if structure is None else structure.kind,
    }


def fit_step(
    source: BatchSource,
    scaling: pa.Table,
    k_scan: pa.Table,
    previous: pa.Table | None,
    next_segment_id: int,
    settings: FitSettings,
) -> pa.Table:
    """Fit the chosen k and give ids; one row per segment, retired ones last.

    The scan's centres (cold) compete with those of `previous` (warm: an earlier result of this
    function, mapped through the new scaling); warm wins when its inertia is at most
    `warm_tolerance` worse. Segments are matched to `previous` by the members
    (`previous_segment_id` of the source) and centres. New ids start at `next_segment_id`, or
    above every id in `previous` if that is higher, in business order: descending original-unit
    centre of the first used feature. Retired rows have null numbers and an empty centroid.
    """
    scaler = Scaler.from_table(scaling)
    customers = StreamedCustomers(source, scaler, settings, row_count=row_count_of(scaling))
    return fit(customers, scaler, k_scan, previous, next_segment_id, settings)


def assign_step(
    source: BatchSource,
    scaling: pa.Table,
    segments: pa.Table,
    settings: FitSettings,
    members: BatchSource | None = None,
) -> pa.RecordBatchReader:
    """Score customers with a stored fit, streamed.

    confidence: 1 - distance / runner-up's distance, 0 on the border, 1 at the centre; null with
    one segment, like the runner-up columns and `silhouette`. Distances are sums of squares in
    position order, float64; ties go to the lowest id.

    members: the customers whose segments a silhouette compares a customer with. Their means are
    taken in a pass of its own: the stored centres are rounded, leave extreme customers out, and
    are of the day of the fit. Without members the silhouette is null.
    """
    scaler = Scaler.from_table(scaling)
    model = Model.from_tables(segments, scaler)
    measured = None
    if members is not None:
        measured = members_of(members, scaler, model.centres, settings)

    def score(chunk: Chunk) -> pa.RecordBatch:
        return scoring.assign_batch(chunk, scaler, model, measured)

    return scoring.scored(source, scaler, settings, score, scoring.ASSIGN_SCHEMA)


def reasons_step(
    source: BatchSource,
    scaling: pa.Table,
    segments: pa.Table,
    ranges: pa.Table,
    settings: FitSettings,
) -> pa.RecordBatchReader:
    """Reasons for every customer, streamed; one row per customer.

    ranges: feature, minimum_value, maximum_value: the natural range, in original units.
    `margin` is the runner-up's squared distance minus the own, the sum of the contributions.
    `change_...`: the smallest change of one feature (in standard deviations of its transformed
    values, given in original units) that moves the customer to another segment; null if none.
    """
    scaler = Scaler.from_table(scaling)
    model = Model.from_tables(segments, scaler)
    lowest, highest = scoring.natural_range(ranges, scaler)

    def score(chunk: Chunk) -> pa.RecordBatch:
        return scoring.reasons_batch(chunk, scaler, model, lowest, highest)

    return scoring.scored(source, scaler, settings, score, scoring.REASONS_SCHEMA)
