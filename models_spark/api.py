"""The learning steps on customers in Spark, under the names of `models_py.api`.

Each gives the table that the step of that name gives; rows for customers are a DataFrame, whose
rows never leave Spark. Steps that are about customers one by one run the code of `models_py` in
Spark's workers, so that a customer's segment, reasons and distances are the same on both engines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f
from pyspark.sql.types import DoubleType, StructField, StructType

from models_py import drift, scoring
from models_py.arrays import Counts, Matrix, Vector
from models_py.backtest import chosen_centres, renamed, scaled_again
from models_py.config import FitSettings
from models_py.drift_steps import baseline_table, drift_table, shares_of, stored_edges
from models_py.evaluation import Evaluation, members_of_sums
from models_py.features import CUSTOMER_COLUMN, Chunk, lacking_columns
from models_py.fit import fit
from models_py.fit_steps import k_scan_table, row_count_of
from models_py.ladder import climbed, settings_of_rung
from models_py.model import Model
from models_py.monitoring import features_gone, gone
from models_py.needs import NeedsModel, batch_with_scores, centres
from models_py.parallel import one_blas_thread
from models_py.row_blocks import Sums, sums_of
from models_py.rules import ASSIGNED_COLUMN, rules_of
from models_py.scaler import Scaler
from models_py.scan import Candidate, cold_models
from models_py.top_reasons import TOP_REASONS_SCHEMA, cut
from models_py.weighting import WeightedScaling
from models_spark.customers import SparkCustomers, quoted, sample_limit, values_of
from models_spark.customers import halves_read as halves_read
from models_spark.scaling import SparkPasses
from models_spark.search import ScaledCustomers, SparkSearch, scaled_customers
from models_spark.session import ship


def scaling_step(
    customers: SparkCustomers,
    definitions: pa.Table,
    settings: FitSettings,
    stored: pa.Table | None = None,
) -> pa.Table:
    """Learn how each feature is scaled and weighted (see `models_py.fit_steps`)."""
    return _weighted(customers, definitions, settings, stored).scaling


def _weighted(
    customers: SparkCustomers,
    definitions: pa.Table,
    settings: FitSettings,
    stored: pa.Table | None = None,
) -> WeightedScaling:
    return WeightedScaling.learned(SparkPasses(customers, settings), definitions, settings, stored)


def with_scores(customers: SparkCustomers, scaling: pa.Table | None) -> SparkCustomers:
    """Customers with the scores of the needs of a fit.

    The same customers where it has none, or where a column that they need is gone.
    """
    model = NeedsModel.from_table(scaling)
    if model is None or not set(model.read_features) <= customers.columns:
        return customers
    ship(customers.session)

    def part(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch_with_scores(batch, model)

    frame = customers.frame
    schema = StructType([*frame.schema, *(StructField(one, DoubleType()) for one in model.names)])
    return SparkCustomers(frame.mapInArrow(part, schema))


def k_scan_step(
    customers: SparkCustomers,
    definitions: pa.Table,
    settings: FitSettings,
    stored: pa.Table | None = None,
    halves: pa.Table | None = None,
) -> pa.Table:
    """Try every candidate by MLlib and choose one (see `models_py.fit_steps`)."""
    first = _weighted(customers, definitions, settings, stored)
    row_count = row_count_of(first.scaling)

    def scanned(own: pa.Table, rung: str) -> pa.Table:
        tried, limit = _scan(customers, Scaler.from_table(own), settings, row_count)
        own_settings = settings_of_rung(settings, stored, rung)
        return k_scan_table(tried, limit, own_settings, row_count=row_count)

    def evaluated(own: pa.Table, found: Matrix) -> Evaluation:
        scored, rescaler = with_scores(customers, own), Scaler.from_table(own)
        with scaled_customers(scored, rescaler, settings, row_count=row_count) as scaled:
            return scaled.evaluated([found])[0]

    passes = SparkPasses(customers, settings)
    return climbed(first, definitions, passes, halves, stored, settings, scanned, evaluated)


def _scan(
    customers: SparkCustomers, scaler: Scaler, settings: FitSettings, row_count: int
) -> tuple[list[Candidate], int]:
    """Try every candidate k by MLlib (see `models_py.scan`)."""
    with (
        one_blas_thread(),
        scaled_customers(customers, scaler, settings, row_count=row_count) as scaled,
    ):
        limit = scaled.distinct(max(settings.candidates))
        ks = [k for k in settings.candidates if k <= limit] or [limit]
        search = SparkSearch(scaled, scaled.sample())
        models = cold_models(search, scaler, ks)
        stabilities = search.stabilities(models)
        structures = search.structures(ks)
        evaluations = scaled.evaluated(models)
    tried = [
        Candidate(k, evaluation, structures.get(k), stability)
        for k, evaluation, stability in zip(ks, evaluations, stabilities, strict=True)
    ]
    return tried, limit


def fit_step(
    customers: SparkCustomers,
    scaling: pa.Table,
    k_scan: pa.Table,
    previous: pa.Table | None,
    next_segment_id: int,
    settings: FitSettings,
) -> pa.Table:
    """Fit the chosen k and give ids (see `models_py.fit_steps`)."""
    scaler = Scaler.from_table(scaling)
    row_count = row_count_of(scaling)
    with scaled_customers(customers, scaler, settings, row_count=row_count) as scaled:
        return fit(scaled, scaler, k_scan, previous, next_segment_id, settings)


def assign_step(
    customers: SparkCustomers,
    scaling: pa.Table,
    segments: pa.Table,
    settings: FitSettings,
    members: SparkCustomers | None = None,
) -> DataFrame:
    """Score customers with a stored fit (see `models_py.fit_steps`)."""
    scaler = Scaler.from_table(scaling)
    model = Model.from_tables(segments, scaler)
    _check_columns(customers, scaler)
    measured = None if members is None else _members_of(members, scaler, model.centres, settings)

    def score(chunk: Chunk) -> pa.RecordBatch:
        return scoring.assign_batch(chunk, scaler, model, measured)

    return customers.scored(scaler.features, score, scoring.ASSIGN_SCHEMA, settings)


def _members_of(
    members: SparkCustomers, scaler: Scaler, centres: Matrix, settings: FitSettings
) -> Evaluation:
    """Sizes, means and radii of the members of each segment (see `models_py.evaluation`)."""

    def add(stream: Iterator[Chunk]) -> Sums:
        found = Sums.of_none(centres)
        for chunk in stream:
            found.add(sums_of(scaler.scale(chunk.values), centres))
        return found

    total = Sums.of_none(centres)
    with members.in_partitions(scaler.features) as held:
        for sums in held.passed(scaler.features, add, settings):
            total.add(sums)
    return members_of_sums(centres, total)


def top_reasons(
    customers: SparkCustomers,
    scaling: pa.Table,
    segments: pa.Table,
    ranges: pa.Table,
    settings: FitSettings,
) -> DataFrame:
    """Reasons of every customer (see `models_py.top_reasons`)."""
    scaler = Scaler.from_table(scaling)
    model = Model.from_tables(segments, scaler)
    lowest, highest = scoring.natural_range(ranges, scaler)
    _check_columns(customers, scaler)

    def score(chunk: Chunk) -> pa.RecordBatch:
        return cut(scoring.reasons_batch(chunk, scaler, model, lowest, highest))

    return customers.scored(scaler.features, score, TOP_REASONS_SCHEMA, settings)


def rules_step(
    customers: SparkCustomers, features: Sequence[str], settings: FitSettings
) -> pa.Table:
    """Find a rule for each segment, on a sample the driver can hold (see `models_py.rules`)."""
    names = [*features, ASSIGNED_COLUMN]
    numbers = (f.col(quoted(name)).cast("double") for name in names)
    limit = sample_limit(customers.session, settings.sample_size, len(names))
    sample = customers.sampled(
        customers.frame.select(CUSTOMER_COLUMN, *numbers),
        customers.row_count(),
        limit,
        settings.seed,
    )
    rows = values_of(sample, names)
    return rules_of(rows[:-1], rows[-1].astype(np.int64), features)


def _check_columns(customers: SparkCustomers, scaler: Scaler) -> None:
    lacking = [feature for feature in scaler.features if feature not in customers.columns]
    if lacking and customers.row_count():
        raise lacking_columns(lacking)


def _lacking(customers: SparkCustomers, scaling: pa.Table) -> list[str]:
    """Features of a stored fit without a column; none where there are no customers."""
    lacking = features_gone(customers.columns, scaling)
    return lacking if lacking and customers.row_count() else []


def baseline_step(customers: SparkCustomers, scaling: pa.Table, settings: FitSettings) -> pa.Table:
    """Bins of each used feature and the share of customers in each (see `models_py.fit_steps`)."""
    scaler = Scaler.from_table(scaling)
    _check_columns(customers, scaler)
    limit = sample_limit(customers.session, settings.quantile_sample_size, len(scaler.features))
    numbers = (f.col(quoted(name)).cast("double") for name in scaler.features)
    sample = customers.sampled(
        customers.frame.select(CUSTOMER_COLUMN, *numbers),
        row_count_of(scaling),
        limit,
        settings.seed,
    )
    values = scaler.filled(values_of(sample, scaler.features))
    edges = [
        drift.feature_edges(scaler, at, line, settings.drift_bin_count)
        for at, line in enumerate(values)
    ]
    return baseline_table(scaler, edges, _bin_shares(customers, scaler, edges, settings))


def _bin_shares(
    customers: SparkCustomers, scaler: Scaler, edges: list[Vector], settings: FitSettings
) -> list[Vector]:
    def count(stream: Iterator[Chunk]) -> list[Counts]:
        counts: list[Counts] = [np.zeros(len(edge) + 1, dtype=np.int64) for edge in edges]
        for chunk in stream:
            for at, line in enumerate(scaler.filled(chunk.values)):
                counts[at] += drift.bin_counts(line, edges[at])
        return counts

    there = [feature for feature in scaler.features if feature in customers.columns]
    if len(there) < len(scaler.features):
        # A column that is gone is null for everybody, as in batches that lack it.
        customers = SparkCustomers(
            customers.frame.withColumns(
                {
                    feature: f.lit(None).cast("double")
                    for feature in scaler.features
                    if feature not in there
                }
            )
        )
    totals = [np.zeros(len(edge) + 1, dtype=np.int64) for edge in edges]
    for part in customers.passed(scaler.features, count, settings):
        for held, own in zip(totals, part, strict=True):
            held += own
    return shares_of(totals)


def drift_step(
    customers: SparkCustomers,
    scaling: pa.Table,
    segments: pa.Table,
    baseline: pa.Table,
    settings: FitSettings,
) -> pa.Table:
    """Drift of every used feature (see `models_py.fit_steps`)."""
    scaler = Scaler.from_table(scaling)
    Model.from_tables(segments, scaler)
    edges = stored_edges(scaler, baseline)
    columns = customers.columns if customers.row_count() else frozenset()
    shares = _bin_shares(customers, scaler, edges, settings)
    return drift_table(scaler, baseline, columns, shares, settings)


def assignments_by_stored_fit(
    customers: SparkCustomers, scaling: pa.Table, segments: pa.Table, settings: FitSettings
) -> DataFrame | pa.Table:
    """Assign as `assign_step`; without rows when a feature of the stored fit is gone."""
    if _lacking(customers, scaling):
        return scoring.ASSIGN_SCHEMA.empty_table()
    return assign_step(customers, scaling, segments, settings)


def check_stored_features(customers: SparkCustomers, scaling: pa.Table, fit_number: int) -> None:
    """Raise LearningError when the active fit uses features that are no longer there."""
    if lacking := _lacking(customers, scaling):
        raise gone(lacking, fit_number)


def backtest_step(
    learned: SparkCustomers,
    customers: SparkCustomers,
    definitions: pa.Table,
    segment_ids: list[int],
    settings: FitSettings,
    active: pa.Table | None = None,
) -> DataFrame:
    """Learn segments from `learned`, and assign `customers` to them (see `models_py.backtest`)."""
    settings = replace(settings, fixed_k=len(segment_ids), active_k=None)
    first = _weighted(learned, definitions, settings)
    scaling, again = scaled_again(active, first, SparkPasses(learned, settings), settings)
    if again is not None:
        learned, customers = (with_scores(one, scaling) for one in (learned, customers))
    scaler = Scaler.from_table(scaling)
    row_count = row_count_of(scaling)
    with (
        one_blas_thread(),
        scaled_customers(learned, scaler, settings, row_count=row_count) as scaled,
    ):
        if again is None:
            k = scaled.distinct(len(segment_ids))
            (found,) = cold_models(SparkSearch(scaled, scaled.sample()), scaler, [k])
        else:
            found = centres(again.axes, again.threshold)
        segments = fit(scaled, scaler, chosen_centres(found, again), None, 1, settings)
        shared = _shared(scaled, scaler, segments, segment_ids)
    active_ids = np.array(segment_ids, dtype=np.int64)
    return assign_step(customers, scaling, renamed(segments, shared, active_ids), settings)


def _shared(
    scaled: ScaledCustomers, scaler: Scaler, segments: pa.Table, segment_ids: list[int]
) -> Counts:
    """Customers by segment (numbered from 1, ascending) and by active id."""
    model = Model.from_tables(segments, scaler)
    (one,) = scaled.evaluated([model.centres])
    crossed = scaled.crossed(one)
    no_customers = np.zeros(len(model.centres), dtype=np.int64)
    return np.stack([crossed.get(segment_id, no_customers) for segment_id in segment_ids], axis=1)
