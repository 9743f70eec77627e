"""Future spend, growth, baselines: by hand, from raw rows, with the future cut off, by chance."""

import hashlib
from datetime import date
from decimal import Decimal
from math import log, sqrt
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from jinja2 import Environment
from scipy.stats import norm

import chance_shop
from chance_shop import CUSTOMERS, GROWTH_DAYS, GROWTH_FROM_DAY, HORIZON, JUDGED_DAY, day, orders
from common.warehouse_paths import Warehouse
from shops import ROOT, copy_warehouse
from store.history import copy_history

CHAINS = [{"chance": chance_shop.build_chance}, {"chance_cut_off": chance_shop.build_cut_off}]

METHODS = {
    "segments",
    "spend quintiles",
    "RFM cells",
    "recency and spend cells",
    "past spend ranking",
    "chance",
}


@pytest.fixture(scope="module")
def chance(builds):
    return builds["chance"]


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


# --- from raw rows


@pytest.fixture(scope="module")
def raw():
    return orders()


@pytest.fixture(scope="module")
def segment_of(chance):
    """Segment of each customer number on the dates of the backtest and of growth."""
    found = {}
    for as_of, customer, segment in chance.query_build(
        "select as_of_date, customer_id, segment_id from segmentation.learned_backtest_assignments"
    ):
        places = found.setdefault(as_of, np.zeros(CUSTOMERS, dtype=int))
        places[int(customer[1:])] = segment
    return found


@pytest.mark.many_builds
def test_yield_recomputes_from_raw_rows(chance, raw, segment_of):
    later = raw.spend(JUDGED_DAY, JUDGED_DAY + HORIZON)
    before = raw.spend(JUDGED_DAY - HORIZON, JUDGED_DAY)
    at = segment_of[day(JUDGED_DAY)]
    today = dict(chance.query("select segment_id, customer_count from segment_summary"))
    rows = chance.query(
        "select segment_id, customer_count, future_spend_per_customer, "
        "future_spend_standard_error, future_spend_high, spend_before_per_customer, "
        "future_active_share, projected_spend "
        "from segment_yield where basis = 'backtest' order by segment_id"
    )
    assert len(rows) == 4
    for segment, count, mean, error, high, past, active, projected in rows:
        own = later[at == segment]
        assert count == len(own)
        assert mean == pytest.approx(own.mean())
        assert error == pytest.approx(own.std(ddof=1) / sqrt(len(own)), rel=1e-6)
        assert high == pytest.approx(mean + norm.ppf(0.975) * error)
        assert past == pytest.approx(before[at == segment].mean())
        assert active == pytest.approx((own > 0).mean())
        assert projected == pytest.approx(today[segment] * mean)


@pytest.mark.many_builds
def test_errors_of_overlapping_windows_are_clustered_by_customer(chance, raw):
    placed = chance.query_build(
        "select segment_id, customer_id, as_of_date from segmentation.customer_assignments "
        "where as_of_date <= ?",
        day(JUDGED_DAY),
    )
    sums = {}
    for segment, customer, as_of in placed:
        start = (as_of - chance_shop.FIRST_DAY).days
        one = sums.setdefault(segment, {}).setdefault(customer, [0.0, 0])
        one[0] += raw.spend(start, start + HORIZON)[int(customer[1:])]
        one[1] += 1
    rows = chance.query(
        "select segment_id, future_spend_per_customer, future_spend_standard_error, snapshot_count "
        "from segment_yield where basis = 'current'"
    )
    for segment, mean, error, snapshots in rows:
        assert snapshots == 2
        own = np.array(list(sums[segment].values()))
        total, count = own.sum(axis=0)
        assert mean == pytest.approx(total / count)
        residuals = own[:, 0] - mean * own[:, 1]
        clusters = len(own)
        variance = clusters / (clusters - 1) * (residuals**2).sum() / count**2
        assert error == pytest.approx(sqrt(variance), rel=1e-6)


@pytest.mark.many_builds
def test_growth_recomputes_from_raw_rows(chance, raw, segment_of):
    start = GROWTH_FROM_DAY
    first = raw.spend(start, start + GROWTH_DAYS)
    second = raw.spend(start + GROWTH_DAYS, start + 2 * GROWTH_DAYS)
    before = raw.spend(start - HORIZON, start)
    at = segment_of[day(start)]
    known = at > 0
    first, second, before, at = first[known], second[known], before[known], at[known]
    count = len(at)
    cells = int(min(20, count // 50))
    ranks = np.searchsorted(np.sort(before), before)
    cell = cells * ranks // count
    expected_by_customer = np.zeros(count)
    for number in range(cells):
        inside = cell == number
        expected_by_customer[inside] = first[inside] * second[inside].sum() / first[inside].sum()
    rows = chance.query(
        "select segment_id, growth_days, growth_ratio, population_growth_ratio, relative_growth, "
        "relative_growth_high from segment_yield where basis = 'backtest'"
    )
    for segment, days, ratio, of_all, relative, high in rows:
        own = at == segment
        assert days == GROWTH_DAYS
        assert ratio == pytest.approx(second[own].sum() / first[own].sum())
        assert of_all == pytest.approx(second.sum() / first.sum())
        assert relative == pytest.approx(second[own].sum() / expected_by_customer[own].sum())
        assert log(high / relative) / norm.ppf(0.975) == pytest.approx(
            jackknife_error(first, second, cell, own), rel=0.05
        )


def jackknife_error(first, second, cell, own):
    """Standard error of the logarithm of relative growth, leaving out each customer in turn."""
    logs = []
    for left_out in range(len(own)):
        kept = np.arange(len(own)) != left_out
        a, b, c, s = first[kept], second[kept], cell[kept], own[kept]
        growth = np.bincount(c, b) / np.bincount(c, a)
        logs.append(log(b[s].sum() / (a[s] * growth[c[s]]).sum()))
    count = len(logs)
    return sqrt((count - 1) / count * ((np.array(logs) - np.mean(logs)) ** 2).sum())


def fifths(values, count=5):
    """Groups 1 to `count`, equal values together."""
    ranks = np.searchsorted(np.sort(values), values)
    return np.minimum(count, 1 + count * ranks // len(values))


@pytest.mark.many_builds
def test_the_comparison_recomputes_from_raw_rows(chance, raw, segment_of):
    past = raw.spend(0, JUDGED_DAY)
    later = raw.spend(JUDGED_DAY, JUDGED_DAY + HORIZON)
    seen = raw.day < JUDGED_DAY
    count = np.bincount(raw.customer[seen], minlength=CUSTOMERS)
    last = np.zeros(CUSTOMERS)
    np.maximum.at(last, raw.customer[seen], raw.day[seen])
    digests = [
        hashlib.sha256(f"{chance_shop.customer_id(i)} by chance".encode()).hexdigest()
        for i in range(CUSTOMERS)
    ]
    turn = np.argsort(np.argsort(digests)) + 1
    groups = {
        "segments": segment_of[day(JUDGED_DAY)],
        "spend quintiles": fifths(past),
        "RFM cells": 100 * fifths(last) + 10 * fifths(count) + fifths(past),
        "recency and spend cells": 10 * fifths(last) + fifths(past),
        "past spend ranking": fifths(past, 100),
        "chance": (turn - 1) * 4 // CUSTOMERS + 1,
    }
    found = {
        row[0]: row[1:]
        for row in chance.query(
            "select method, group_count, future_spend_variance_explained, "
            "top_20_percent_captured_share from segment_baselines where basis = 'backtest'"
        )
    }
    assert set(found) == METHODS == set(groups)
    for method, group in groups.items():
        assert found[method] == (
            len(set(group)),
            pytest.approx(explained(np.log1p(later), group, turn % 5), abs=1e-6),
            pytest.approx(captured(past, later, group), abs=1e-9),
        )
        # Nothing predicts chance: no method explains anything beyond luck.
        assert found[method][1] < 0.02
        assert abs(found[method][2] - 0.2) < 0.05


def explained(values, group, fold):
    """Variance that means of the other folds explain."""
    errors = total = 0.0
    for number in range(5):
        out = fold == number
        overall = values[~out].mean()
        total += ((values[out] - overall) ** 2).sum()
        for one in set(group[out]):
            others = values[~out & (group == one)]
            mean = others.mean() if len(others) else overall
            errors += ((values[out & (group == one)] - mean) ** 2).sum()
    return 1 - errors / total


def captured(past, later, group):
    """Share of future spend of the fifth of customers in the groups that had spent most."""
    places = 0.2 * len(group)
    brought = 0.0
    for one in sorted(set(group), key=lambda g: (-past[group == g].mean(), g)):
        own = group == one
        brought += later[own].sum() * min(1.0, max(0.0, places / own.sum()))
        places -= own.sum()
    return brought / later.sum()


@pytest.mark.many_builds
def test_the_run_and_the_marts_tell_the_same(chance):
    shown, date_judged, own, rfm, captured_share, past_share = chance.current_run(
        "baseline_finding",
        "backtest_fit_as_of_date",
        "future_spend_variance_explained",
        "rfm_variance_explained",
        "future_spend_captured_share",
        "past_spend_captured_share",
    )
    table = {
        method: rest
        for method, *rest in chance.query(
            "select method, future_spend_variance_explained, top_20_percent_captured_share "
            "from segment_baselines where basis = 'backtest'"
        )
    }
    assert date_judged == day(JUDGED_DAY)
    assert [own, captured_share] == table["segments"]
    assert rfm == table["RFM cells"][0]
    assert past_share == table["past spend ranking"][1]
    assert chance.query(
        "select distinct baseline_finding from segment_yield where basis = 'backtest'"
    ) == [(shown,)]


# --- by chance


@pytest.mark.many_builds
def test_nothing_grows_where_spend_is_pure_chance(chance):
    rows = chance.query("select basis, growth_direction from segment_yield")
    assert len(rows) == 8
    assert {direction for _, direction in rows} <= {"no clear change", "too few customers"}


def compiled(chance, name):
    """The SQL that dbt ran for a model of folder segmentation."""
    (path,) = Path(chance.warehouse.dbt_target, "compiled").rglob(f"{name}.sql")
    return path.read_text(encoding="utf-8")


class Growth:
    """The models of growth on windows that a test makes up."""

    def __init__(self, chance):
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as build")
        self.connection.execute("create schema build.segmentation")
        self.models = {
            name: compiled(chance, name)
            for name in (
                "int_future_spend_estimates",
                "int_growth_spend_bands",
                "segment_future_spend",
            )
        }

    def shown(self, segment, before, first, second):
        """Rows of segment_future_spend by segment; spend in cents."""
        table = pa.table(
            {
                "customer_id": [f"c{number}" for number in range(len(segment))],
                "segment_id": segment,
                "before": before,
                "first": first,
                "second": second,
            }
        )
        self.connection.register("windows", table)
        money = ", ".join(
            f'cast("{name}" * 0.01 as decimal(18, 4)) as {alias}'
            for name, alias in (
                ("before", "spend_before"),
                ("first", "future_spend"),
                ("first", "first_spend"),
                ("second", "second_spend"),
            )
        )
        self.connection.execute(
            "create or replace table build.segmentation.fit_segments as "
            "select distinct segment_id, 'kept' as lineage from windows"
        )
        self.connection.execute(
            "create or replace table build.segmentation.int_customer_future_spend as "
            f"select customer_id, 'backtest' as basis, segment_id, {money}, "
            "1 as future_order_count, true as is_counted, true as is_backtest_date, "
            "true as is_growth_start, date '2026-01-05' as as_of_date from windows"
        )
        for name, sql in self.models.items():
            self.connection.execute(f"create or replace table build.segmentation.{name} as {sql}")
        return self.connection.execute(
            "select segment_id, relative_growth, ln(relative_growth_high / relative_growth) / ? "
            "from build.segmentation.segment_future_spend order by 1",
            [norm.ppf(0.975)],
        ).fetchall()


@pytest.fixture(scope="module")
def growth(chance):
    return Growth(chance)


def spent(rng, rate):
    """Cents of a span: orders by chance at each customer's rate, lognormal amounts."""
    counts = rng.poisson(rate)
    owner = np.repeat(np.arange(len(counts)), counts)
    cents = np.rint(2_000 * np.exp(0.8 * rng.standard_normal(len(owner))))
    return np.bincount(owner, cents, len(counts)).astype(np.int64)


SEEDS = 60
SEGMENTS = 5
# Of segments, one in a hundred: 0.05 over five.
CORRECTED = norm.ppf(1 - 0.05 / 2 / SEGMENTS)


def has_change(rows):
    """Say whether any segment would be said to grow or shrink."""
    # Where a segment is compared with itself alone, only rounding is left.
    return any(abs(log(relative)) > max(CORRECTED * error, 1e-6) for _, relative, error in rows)


@pytest.mark.many_builds
def test_chance_alone_is_seldom_called_growth(growth):
    falsely = 0
    z_scores = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        before, first, second = (spent(rng, np.full(1_500, 4.0)) for _ in range(3))
        # Chosen by what they happened to spend before, as segments are.
        segment = fifths(before + rng.normal(0, 500, 1_500))
        rows = growth.shown(segment, before, first, second)
        z_scores += [log(relative) / error for _, relative, error in rows]
        falsely += has_change(rows)
    # Expected 3 of 60; more than 9 has probability 0.0007.
    assert falsely <= 9
    assert np.std(z_scores) == pytest.approx(1, abs=0.15)


@pytest.mark.many_builds
def test_types_that_differ_and_stay_as_they_are_do_not_grow(growth):
    falsely = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(1_000 + seed)
        segment = np.arange(1_500) % SEGMENTS + 1
        rate = np.array([1.0, 2.0, 4.0, 6.0, 9.0])[segment - 1]
        before, first, second = (spent(rng, rate) for _ in range(3))
        rows = growth.shown(segment, before, first, second)
        falsely += has_change(rows)
    assert falsely <= 9


@pytest.mark.many_builds
def test_the_plain_comparison_would_call_chance_growth(growth):
    # Against the days before, which chose the segments, the lowest would seem to grow every time.
    rng = np.random.default_rng(3)
    before, first, second = (spent(rng, np.full(1_500, 4.0)) for _ in range(3))
    segment = fifths(before)
    naive = [first[segment == s].sum() / before[segment == s].sum() for s in (1, 5)]
    assert naive[0] > 2 > 0.7 > naive[1]
    rows = growth.shown(segment, before, first, second)
    assert not has_change(rows)


@pytest.mark.many_builds
def test_low_spenders_that_recover_everywhere_are_no_growing_segment(growth):
    # Rates return half way to their mean between the spans, whatever the segment.
    falsely = 0
    for seed in range(SEEDS):
        rng = np.random.default_rng(2_000 + seed)
        early = np.exp(0.8 * rng.standard_normal(1_500)) * 4
        middle, late = 4 * (early / 4) ** 0.5, 4 * (early / 4) ** 0.25
        before, first, second = (spent(rng, r) for r in (early, middle, late))
        segment = fifths(before + rng.normal(0, 3_000, 1_500))
        rows = growth.shown(segment, before, first, second)
        falsely += has_change(rows)
    assert falsely <= 9


@pytest.mark.many_builds
def test_a_segment_that_grows_is_found(growth):
    rng = np.random.default_rng(4)
    segment = np.arange(1_500) % SEGMENTS + 1
    before, first = (spent(rng, np.full(1_500, 4.0)) for _ in range(2))
    second = spent(rng, np.where(segment == 2, 6.0, 4.0))
    rows = growth.shown(segment, before, first, second)
    grown = {s for s, relative, error in rows if log(relative) > CORRECTED * error}
    assert grown == {2}


# --- intervals against known values


@pytest.fixture(scope="module")
def macros():
    text = (ROOT / "dbt_project/macros/intervals.sql").read_text(encoding="utf-8")
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals["var"] = {"interval_level": 0.95}.__getitem__
    environment.globals["setting_within"] = lambda name, low, high: 0.95
    return environment.from_string(text).module


@pytest.mark.parametrize(
    "probability", [1e-9, 0.001, 0.0242, 0.0243, 0.3, 0.5, 0.8, 0.9757, 0.9758, 0.975, 0.99999]
)
def test_normal_quantiles_are_exact(macros, probability):
    sql = f"select {macros.normal_quantile(probability)}"
    assert duckdb.connect().execute(sql).fetchone()[0] == pytest.approx(
        norm.ppf(probability), rel=2e-9, abs=1e-9
    )


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17), table I: Wilson's method.
        # All of 20 is the mirror image of none.
        (20 / 20, 20, 0.8389, 1.0),
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0 / 20, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_published(macros, share, count, low, high):
    bounds = [
        duckdb.connect()
        .execute(f"select {macros.wilson_bound(share, count, macros.interval_errors(), sign)}")
        .fetchone()[0]
        for sign in "-+"
    ]
    assert bounds == pytest.approx([low, high], abs=5e-5)
