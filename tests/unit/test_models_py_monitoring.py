"""A stored fit on customers that lack one of its features, and K above the customers there are."""

import duckdb
import pyarrow.compute as pc
import pytest

from models_py import drift_steps, fit_steps, monitoring
from models_py.config import FitSettings
from models_py.dbt_inputs import StepSettings, check_fixed_k
from models_py.errors import LearningError
from models_py.ladder import scaling_of
from models_py.needs import source_with_scores
from needs_tables import definitions, halves_table, shop, table
from synthetic_tables import planted, tables

SETTINGS = FitSettings(threads=1, fixed_k=3, start_count=2, half_sample_count=1, reference_count=1)


@pytest.fixture(scope="module")
def fitted():
    matrix, _ = planted(1, "easy", rows=600)
    source, definitions = tables(matrix)
    scan = fit_steps.k_scan_step(source, definitions, SETTINGS)
    scaling = scaling_of(scan)
    segments = fit_steps.fit_step(source, scaling, scan, None, 1, SETTINGS)
    baseline = drift_steps.baseline_step(source, scaling, SETTINGS)
    return matrix, scaling, segments, baseline


def test_features_that_are_gone_are_named_by_an_error_that_says_what_to_do(fitted):
    matrix, scaling, _, _ = fitted
    gone = scaling.column("feature").to_pylist()[-1]
    lacking, _ = tables(matrix[:, :-1])
    with pytest.raises(LearningError, match=rf"stored fit 7: .* {gone}; .*REFIT=always"):
        monitoring.check_stored_features(lacking, scaling, 7)
    whole, _ = tables(matrix)
    monitoring.check_stored_features(whole, scaling, 7)
    monitoring.check_stored_features(lambda: iter(()), scaling, 7)


@pytest.fixture(scope="module")
def needs():
    """Customers, and scaling and segments of a fit by needs."""
    (whole, *halves), _ = shop(1, taste=0.8, has_kinds=False)
    customers = table(whole)
    settings = FitSettings(
        threads=1, fixed_k=5, start_count=2, half_sample_count=1, reference_count=1
    )

    def source():
        return iter(customers.to_batches())

    scan = fit_steps.k_scan_step(source, definitions(), settings, None, halves_table(halves))
    scaling = scaling_of(scan)
    scored = source_with_scores(source, scaling)
    return customers, scaling, fit_steps.fit_step(scored, scaling, scan, None, 1, settings)


def test_of_a_fit_by_needs_the_features_that_are_gone_are_named_and_no_scores(needs):
    customers, scaling, segments = needs
    assert pc.any(pc.equal(scaling.column("family"), "needs")).as_py()

    def source(*dropped: str):
        kept = customers.drop_columns(list(dropped))
        return source_with_scores(lambda: iter(kept.to_batches()), scaling)

    monitoring.check_stored_features(source(), scaling, 7)
    lacking = source("category_3_share", "lines_per_order")
    named = "found no column for category_3_share, lines_per_order;"
    with pytest.raises(LearningError, match=named) as raised:
        monitoring.check_stored_features(lacking, scaling, 7)
    assert "need_" not in str(raised.value)
    # Spend is part of no axis, and taken out of all.
    with pytest.raises(LearningError, match="found no column for spend_per_28_days;"):
        monitoring.check_stored_features(source("spend_per_28_days"), scaling, 7)
    assigned = monitoring.assignments_by_stored_fit(lacking, scaling, segments, SETTINGS)
    assert assigned.read_all().num_rows == 0
    assigned = monitoring.assignments_by_stored_fit(source(), scaling, segments, SETTINGS)
    assert assigned.read_all().num_rows == customers.num_rows


def test_a_feature_that_is_gone_has_drifted_and_distances_are_not_known(fitted):
    matrix, scaling, segments, baseline = fitted
    lacking, _ = tables(matrix[:, :-1])
    found = drift_steps.drift_step(lacking, scaling, segments, baseline, SETTINGS)
    *there, gone = found.to_pylist()
    assert (gone["population_stability_index"], gone["is_drifted"]) == (None, True)
    assert not any(row["is_drifted"] for row in there)
    reader = monitoring.assignments_by_stored_fit(lacking, scaling, segments, SETTINGS)
    assert reader.read_all().num_rows == 0


def test_with_all_its_features_few_of_its_own_customers_are_far(fitted):
    matrix, scaling, segments, _ = fitted
    source, _ = tables(matrix)
    found = monitoring.assignments_by_stored_fit(source, scaling, segments, SETTINGS).read_all()
    assert found.num_rows == len(matrix)
    far = sum(found.column("is_outlier").to_pylist())
    assert 0 <= far <= SETTINGS.trim_share * len(matrix)


@pytest.mark.parametrize(("asked", "is_refused"), [(None, False), (3, False), (4, True)])
def test_more_segments_than_customers_are_refused(asked, is_refused):
    settings = StepSettings(stored_fit_number=0, next_segment_id=1, fit=FitSettings(fixed_k=asked))
    with duckdb.connect() as connection:
        customers = connection.sql("select range as customer_id from range(3)")
        if is_refused:
            with pytest.raises(LearningError, match=r"^K=4: there are 3 customers"):
                check_fixed_k(customers, settings)
        else:
            check_fixed_k(customers, settings)
