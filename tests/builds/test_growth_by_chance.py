"""Growth of segments: seldom found in pure chance, and found where there is some."""

from math import log
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import norm

import chance_shop
from chance_shop import fifths

pytestmark = pytest.mark.many_builds

CHAINS = [{"chance": chance_shop.build_chance}]


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
            for name in ("int_growth_spend_bands", "segment_future_spend")
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


def test_the_plain_comparison_would_call_chance_growth(growth):
    # Against the days before, which chose the segments, the lowest would seem to grow every time.
    rng = np.random.default_rng(3)
    before, first, second = (spent(rng, np.full(1_500, 4.0)) for _ in range(3))
    segment = fifths(before)
    naive = [first[segment == s].sum() / before[segment == s].sum() for s in (1, 5)]
    assert naive[0] > 2 > 0.7 > naive[1]
    rows = growth.shown(segment, before, first, second)
    assert not has_change(rows)


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


def test_a_segment_that_grows_is_found(growth):
    rng = np.random.default_rng(4)
    segment = np.arange(1_500) % SEGMENTS + 1
    before, first = (spent(rng, np.full(1_500, 4.0)) for _ in range(2))
    second = spent(rng, np.where(segment == 2, 6.0, 4.0))
    rows = growth.shown(segment, before, first, second)
    grown = {s for s, relative, error in rows if log(relative) > CORRECTED * error}
    assert grown == {2}
