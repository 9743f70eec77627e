"""Future spend and growth: by hand, with the future cut off, and in files of before."""

from datetime import date
from decimal import Decimal
from math import sqrt

import duckdb
import pytest

import chance_shop
from chance_shop import CUSTOMERS, JUDGED_DAY, day
from common.warehouse_paths import Warehouse
from shops import copy_warehouse
from store.history import copy_history

CHAINS = [{"chance": chance_shop.build_chance}, {"chance_cut_off": chance_shop.build_cut_off}]


@pytest.fixture(scope="module")
def cut_off(builds):
    return builds["chance_cut_off"]


# --- by hand, tests/fixtures/README.md


def test_yield_of_the_fixture_is_that_worked_out_by_hand(marts):
    names = {
        c: i
        for i, c in marts.execute(
            "select segment_id, customer_id from customer_segments "
            "where customer_id in ('c01', 'c09', 'c17')"
        ).fetchall()
    }
    found = {
        row[0]: row[1:]
        for row in marts.execute(
            "select segment_id, customer_count, future_spend, spend_before, "
            "future_spend_per_customer, future_spend_standard_error, future_active_share, "
            "first_spend, second_spend, fit_as_of_date, growth_from_date, growth_days "
            "from segment_yield where basis = 'backtest'"
        ).fetchall()
    }
    dates = (date(2024, 10, 28), date(2024, 9, 2), 77)
    money = [Decimal(n) for n in (2200, 2200, 3120, 3216, 0)]
    # c01 to c08: 12 orders of 18 + i, one of them 5 more; errors from 12 i, i = 1 to 8.
    error = 12 * sqrt(6) / sqrt(8)
    assert found[names["c01"]] == (
        8,
        money[0],
        money[1],
        275.0,
        pytest.approx(error, rel=1e-7),
        1.0,
        Decimal(2020),
        Decimal(1840),
        *dates,
    )
    # c09 to c16: two orders of 150 + 10 i, the variance of 20 i is 400 x 6.
    assert found[names["c09"]] == (
        8,
        money[2],
        money[3],
        390.0,
        pytest.approx(sqrt(400 * 6 / 8), rel=1e-7),
        1.0,
        Decimal(3120),
        Decimal(1560),
        *dates,
    )
    # c17 to c24 stopped in June.
    assert found[names["c17"]] == (8, money[4], money[4], 0.0, 0.0, 0.0, money[4], money[4], *dates)
    # Everybody: also c25 (30.00 - 10.00 - 5.50) and 007 (20.00).
    assert sum(row[1] for row in found.values()) == Decimal("5354.50")


def test_segments_too_small_to_tell_are_not_said_to_grow(marts):
    shown = marts.execute("select distinct growth_direction from segment_yield").fetchall()
    assert {direction for (direction,) in shown} <= {"too few customers", None}


# --- with the future cut off


@pytest.mark.many_builds
def test_the_judged_features_are_those_of_a_build_that_ends_there(chance, cut_off):
    columns = [
        name
        for (name,) in cut_off.query_build(
            "select column_name from duckdb_columns() where schema_name = 'features' "
            "and table_name = 'features_by_slot_set' and data_type = 'DOUBLE'"
        )
    ]
    chosen = ", ".join(f'"{column}"' for column in columns)
    judged = chance.query_build(
        f"select customer_id, {chosen} from features.features_by_slot_set "
        "where slot_set = 'backtest' and has_sufficient_history and as_of_date = ? order by 1",
        day(JUDGED_DAY),
    )
    then = cut_off.query_build(
        f"select customer_id, {chosen} from features.features_by_slot_set "
        "where is_current and has_sufficient_history order by 1"
    )
    assert len(judged) == CUSTOMERS
    assert len(columns) >= 20
    assert judged == then


@pytest.mark.many_builds
def test_the_judged_segments_are_those_of_a_build_that_ends_there(chance, cut_off):
    judged = chance.query_build(
        "select customer_id, segment_id from segmentation.learned_backtest_assignments "
        "where as_of_date = ?",
        day(JUDGED_DAY),
    )
    then = dict(
        cut_off.query(
            "select customer_id, segment_id from customer_segments where status = 'segmented'"
        )
    )
    pairs = {(segment, then[customer]) for customer, segment in judged}
    # The same groups under other ids.
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}) == 4


@pytest.mark.many_builds
def test_short_data_is_not_judged_and_the_run_says_why(cut_off):
    assert cut_off.query("select * from segment_yield") == []
    assert cut_off.query("select * from segment_baselines") == []
    shown, *measures = cut_off.current_run(
        "baseline_finding",
        "backtest_fit_as_of_date",
        "future_spend_variance_explained",
        "rfm_variance_explained",
        "future_spend_captured_share",
        "past_spend_captured_share",
    )
    assert shown.startswith("Not measured: the data is too short")
    assert shown in " ".join(cut_off.output.split())
    assert measures == [None] * 5
    assert cut_off.query(
        "select distinct future_spend_rank, growth_direction from segment_summary"
    ) == [(None, None)]


def test_a_file_published_before_the_measures_is_still_read(shop, tmp_path):
    measures = [
        "baseline_finding",
        "future_spend_variance_explained",
        "rfm_variance_explained",
        "future_spend_captured_share",
        "past_spend_captured_share",
        "backtest_fit_as_of_date",
    ]
    warehouse = Warehouse(copy_warehouse(shop, tmp_path / "warehouse"))
    warehouse.marts_db.chmod(0o644)
    with duckdb.connect(warehouse.marts_db) as connection:
        for measure in measures:
            connection.execute(f"alter table history.runs drop column {measure}")
    with duckdb.connect() as connection:
        copy_history(connection, warehouse)
        found = connection.execute(
            f"select run_number, k is null, {', '.join(measures)} from history.runs"
        ).fetchall()
    assert found == [(1, False, *[None] * len(measures))]
