"""What the learning steps are handed of the active fit."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import duckdb
import pyarrow as pa
import pytest

from models_py.config import FitSettings
from models_py.dbt_inputs import (
    ActiveFit,
    active_fit_from,
    customers_of,
    customers_with_segments,
    definitions_of,
    learned_rows,
    rule_features,
    settings_of_fit,
    stored_customers,
    tables_of_fit,
    value_ranges,
    with_current,
    with_previous_segments,
)

TODAY = date(2026, 1, 7)
EARLIER = date(2025, 12, 8)
ACTIVE = ActiveFit(number=2, slot_set="candidate", is_refit=True, as_of_date=TODAY)


def test_the_backtest_is_learned_by_the_settings_of_the_active_fit() -> None:
    """A seed and a weighting that changed while the stored fit goes on do not count."""
    with duckdb.connect() as connection:

        def fit(seed: int, weighting: str) -> duckdb.DuckDBPyRelation:
            return connection.sql(f"select {seed} as seed, {weighting} as weighting_setting")

        asked = FitSettings(seed=99, weighting="auto")
        active = settings_of_fit(asked, fit(7, "'definitions'"))
        assert (active.seed, active.weighting) == (7, "definitions")
        # Of a fit from before it was stored, the weighting of today counts.
        before = settings_of_fit(asked, fit(8, "null"))
        assert (before.seed, before.weighting) == (8, "auto")


def test_definitions_are_those_that_the_fit_was_learned_by() -> None:
    """Not the weights that were found in the data, and not what stood in for null as a number."""
    with duckdb.connect() as connection:
        features = connection.sql(
            "select 'spend' as feature, 1 as position, 'value' as family, 'log1p' as transform, "
            "0.4 as weight, 2.0 as defined_weight, 'zero' as missing_rule, 0.0 as missing_value, "
            "true as is_clustered, unnest([2, null]) as fit_number"
        )
        (row,) = definitions_of(features).to_pylist()
    assert row == {
        "feature": "spend",
        "position": 1,
        "family": "value",
        "transform": "log1p",
        "weight": 2.0,
        "is_clustered": True,
        "missing_value": "zero",
    }


def test_the_backtest_learns_from_its_date_by_the_segments_of_the_active_fit() -> None:
    """Nothing is learned where there is no such date, or nobody at it."""
    with duckdb.connect() as connection:
        customers = connection.sql(
            "select 'a' as customer_id, date '2026-01-07' as as_of_date "
            "union all select unnest(['a', 'b']), date '2025-12-08'"
        )
        assignments = connection.sql(
            "select 'a' as customer_id, date '2025-12-08' as as_of_date, 4 as segment_id "
            "union all select 'a', date '2026-01-07', 5"
        )
        snapshots = connection.sql(
            "select unnest([date '2026-01-07', date '2025-12-08']) as as_of_date, "
            "unnest([false, true]) as is_backtest"
        )
        learned = learned_rows(customers, snapshots, assignments)
        assert learned.order("customer_id").fetchall() == [("a", EARLIER, 4), ("b", EARLIER, None)]
        assert learned.columns == ["customer_id", "as_of_date", "previous_segment_id"]
        assert learned_rows(customers, snapshots.filter("not is_backtest"), assignments) is None
        assert learned_rows(customers.filter("false"), snapshots, assignments) is None


def test_segments_are_matched_by_the_stored_fit_or_else_by_where_customers_were_last() -> None:
    with duckdb.connect() as connection:
        customers = connection.sql("select unnest(['a', 'b', 'c']) as customer_id, 1.5 as spend")
        stored = connection.sql("select 'a' as customer_id, 1 as segment_id")
        spells = connection.sql(
            "select * from (values ('a', 2, null), ('b', 3, 1), ('b', 4, null), ('gone', 5, null)) "
            "as spells (customer_id, segment_id, last_run_number)"
        )
        found = with_previous_segments(customers, stored, spells)
        assert found.columns == ["customer_id", "spend", "previous_segment_id"]
        rows = found.project("customer_id, previous_segment_id").order("customer_id").fetchall()
    assert rows == [("a", 1), ("b", 4), ("c", None)]


@pytest.fixture
def features():
    """Three customers of today, one of them new, one lapsed customer and an earlier date."""
    with duckdb.connect() as connection:
        yield connection.sql(
            "select * from (values "
            "('b', 'candidate', 2.0::double, true, true, false, date '2026-01-07'), "
            "('a', 'candidate', 1.0, true, true, false, date '2026-01-07'), "
            "('a', 'stored', 5.0, true, true, false, date '2026-01-07'), "
            "('a', 'candidate', 9.0, false, true, false, date '2025-12-08'), "
            "('new', 'candidate', 7.0, true, false, false, date '2026-01-07'), "
            "('gone', 'candidate', 8.0, false, false, true, date '2025-12-08')) "
            'as t(customer_id, slot_set, "spend ""x""", is_current, has_sufficient_history, '
            "is_lapsed, as_of_date)"
        )


def keys(source) -> list[tuple[str, date]]:
    """Customers and dates of a source, in its order."""
    rows = [row for batch in source() for row in batch.to_pylist()]
    return [(row["customer_id"], row["as_of_date"]) for row in rows]


def test_the_active_fit_is_one_row() -> None:
    with duckdb.connect() as connection:
        row = connection.sql(
            "select 2 as fit_number, 'candidate' as slot_set, true as is_refit, "
            "date '2026-01-07' as as_of_date"
        )
        assert active_fit_from(row) == ACTIVE


def test_the_model_is_what_this_run_learned_or_what_was_stored() -> None:
    with duckdb.connect() as connection:
        learned = (
            connection.sql("select true as is_chosen, [{'feature': 'new'}] as scaling"),
            connection.sql("select 7 as segment_id, 'opened' as lineage"),
        )
        stored = (
            connection.sql("select 1 as fit_number, 'old' as feature union all select 2, 'gone'"),
            connection.sql("select 1 as fit_number, 3 as segment_id, null as lineage_from"),
            connection.sql(
                "select 1 as fit_number, 3 as segment_id, 'old' as feature, 1 as position, "
                "0.5::double as scaled_value, 2.0::double as original_value"
            ),
        )
        scaling, segments = tables_of_fit(ACTIVE, learned, stored)
        assert scaling.column("feature").to_pylist() == ["new"]
        assert segments.column("segment_id").to_pylist() == [7]
        before = replace(ACTIVE, number=1, is_refit=False)
        scaling, segments = tables_of_fit(before, learned, stored)
        assert scaling.column("feature").to_pylist() == ["old"]
        (row,) = segments.to_pylist()
        assert row["segment_id"] == 3
        assert [entry["scaled_value"] for entry in row["centroid"]] == [0.5]


def test_customers_are_those_that_the_active_fit_reads(features) -> None:
    assert keys(customers_of(features, ACTIVE)) == [("a", TODAY), ("b", TODAY)]
    assert keys(customers_of(features, ACTIVE, at_every_date=True)) == [
        ("a", EARLIER),
        ("a", TODAY),
        ("b", TODAY),
        ("gone", EARLIER),
    ]


def test_the_stored_fit_reads_features_by_its_own_names(features) -> None:
    assert keys(stored_customers(features)) == [("a", TODAY)]


def test_ranges_are_those_of_the_customers_of_today(features) -> None:
    scaling = pa.table({"feature": ['spend "x"', "no longer there"]})
    assert value_ranges(features, ACTIVE, scaling).to_pylist() == [
        {"feature": 'spend "x"', "minimum_value": 1.0, "maximum_value": 2.0}
    ]


def test_needs_range_over_a_few_standard_deviations(features) -> None:
    scaling = pa.table({"feature": ["need_1", 'spend "x"']})
    assert value_ranges(features, ACTIVE, scaling).to_pylist() == [
        {"feature": 'spend "x"', "minimum_value": 1.0, "maximum_value": 2.0},
        {"feature": "need_1", "minimum_value": -4.0, "maximum_value": 4.0},
    ]


def test_assignments_of_the_current_date_are_marked() -> None:
    dates = pa.array([TODAY, EARLIER], pa.date32())
    batches = pa.table({"customer_id": ["a", "b"], "as_of_date": dates}).to_reader()
    marked = with_current(batches, TODAY).read_all()
    assert marked.column("is_current").to_pylist() == [True, False]


def test_rules_are_learned_from_todays_customers_and_their_segments(features) -> None:
    """Not from earlier dates, nor from who is new, lapsed or seen by another slot set."""
    rows = features.to_arrow_table()
    with duckdb.connect() as connection:
        assignments = connection.sql(
            "select 'a' as customer_id, 4 as segment_id, true as is_current "
            "union all select 'b', 5, true union all select 'a', 6, false"
        )
        source = customers_with_segments(connection.from_arrow(rows), ACTIVE, assignments)
        table = pa.Table.from_batches(source())
    columns = ["customer_id", 'spend "x"', "assigned_segment_id"]
    assert [tuple(row.values()) for row in table.select(columns).to_pylist()] == [
        ("a", 1.0, 4),
        ("b", 2.0, 5),
    ]


def test_rules_use_features_that_are_measured_and_that_people_can_read(features) -> None:
    with duckdb.connect() as connection:
        catalog = connection.sql(
            "select * from (values "
            "('as_of_date', 3, 'value', 1.0), ('spend \"x\"', 2, 'value', 0.0), "
            "('slot_set', 1, 'needs', 1.0), ('customer_id', 1, 'value', null), "
            "('no longer there', 1, 'value', 1.0)) as t(feature, position, family, mean_value)"
        )
        assert rule_features(catalog, features) == ['spend "x"', "as_of_date"]
