"""Future spend, growth and baselines, computed again from the raw rows of a shop."""

import hashlib
from math import log, sqrt

import numpy as np
import pytest
from scipy.stats import norm

import chance_shop
from chance_shop import (
    CUSTOMERS,
    GROWTH_DAYS,
    GROWTH_FROM_DAY,
    HORIZON,
    JUDGED_DAY,
    day,
    fifths,
    orders,
)

pytestmark = pytest.mark.many_builds

CHAINS = [{"chance": chance_shop.build_chance}]


METHODS = {
    "segments",
    "spend quintiles",
    "RFM cells",
    "recency and spend cells",
    "past spend ranking",
    "chance",
}


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
