"""In a shop where nothing changes, nothing may seem to change from one as-of date to the next.

Early dates see less history: 189 days against 301. Whatever adds up over days would seem to grow.
"""

from math import sqrt
from statistics import fmean, stdev

import pytest
from test_determinism import build_stationary

from stationary_shop import STATIONARY_CUSTOMERS, TYPES, day

pytestmark = pytest.mark.many_builds
CHAINS = [{"stationary": build_stationary}]

# Means differ by chance. With 22 features at 4 dates and 4.5 standard errors, a shop that is
# really stationary fails once in about 1,700 seeds.
STANDARD_ERRORS = 4.5
# Snapshots are 28 days apart and types lie far apart: a customer of one is not taken for another.
SHARE_THAT_MAY_MOVE = 0.01


@pytest.fixture(scope="module")
def stationary(builds):
    return builds["stationary"]


@pytest.fixture(scope="module")
def snapshots(stationary):
    """Features by as-of date and customer."""
    columns = [
        name
        for (name,) in stationary.query(
            "select column_name from duckdb_columns() where schema_name = 'main' "
            "and table_name = 'customer_features' and data_type = 'DOUBLE'"
        )
    ]
    by_date = {}
    for as_of, observed, customer, *values in stationary.query(
        f"select as_of_date, observed_days, customer_id, {', '.join(columns)} "
        "from customer_features order by as_of_date, customer_id"
    ):
        by_date.setdefault((as_of, observed), {})[customer] = dict(
            zip(columns, values, strict=True)
        )
    return by_date


def standard_errors_apart(early, late, feature, early_factor=1.0, late_factor=1.0):
    """Mean change of a feature per customer, in standard errors of that mean.

    Windows overlap, so values are compared customer by customer: what both windows see cancels.
    """
    changes = [
        late[customer][feature] * late_factor - values[feature] * early_factor
        for customer, values in early.items()
        if values[feature] is not None and late[customer][feature] is not None
    ]
    if len(changes) < 2:
        return None
    spread = stdev(changes)
    if spread == 0:
        return 0.0 if fmean(changes) == 0 else float("inf")
    return fmean(changes) / (spread / sqrt(len(changes)))


def test_snapshots_see_ever_less_and_those_that_see_too_little_are_not_made(stationary, snapshots):
    assert [(as_of, observed) for as_of, observed in snapshots] == [
        (day(number), number) for number in (189, 217, 245, 273, 301)
    ]
    assert all(len(customers) == STATIONARY_CUSTOMERS for customers in snapshots.values())
    # Two dates would have seen 161 and 133 days, under the 168 that are demanded.
    assert stationary.query("select skipped_snapshots from segmentation_runs") == [
        (f"{day(133)}, {day(161)}",)
    ]


def test_no_feature_moves_between_snapshots(snapshots):
    *earlier, latest = snapshots.values()
    features = [name for name in next(iter(latest.values())) if name != "tenure_days"]
    compared = 0
    moved = {}
    for (as_of, _), early in zip(snapshots, earlier, strict=False):
        for feature in features:
            apart = standard_errors_apart(early, latest, feature)
            compared += apart is not None
            if apart is not None and abs(apart) > STANDARD_ERRORS:
                moved[f"{feature} at {as_of}"] = round(apart, 1)
    assert not moved
    assert compared >= 22 * len(earlier)


def test_the_comparison_would_see_counts_that_are_no_rates(snapshots):
    (first, *_, last) = snapshots
    for feature in ("orders_per_28_days", "spend_per_28_days", "coupons_per_28_days"):
        apart = standard_errors_apart(
            snapshots[first], snapshots[last], feature, first[1] / 28, last[1] / 28
        )
        assert apart > 2 * STANDARD_ERRORS


def test_tenure_moves_no_more_than_the_first_order_lets_it(snapshots):
    # Nobody is seen before the data begins, so tenure, capped at the shortest history, is that
    # less the days up to the first order: on average at most one over the orders a day.
    waits = fmean(1 / kind.orders_per_day for kind in TYPES)
    shortest = min(observed for _, observed in snapshots)
    means = [
        fmean(values["tenure_days"] for values in customers.values())
        for customers in snapshots.values()
    ]
    assert all(shortest - waits <= mean <= shortest for mean in means)


def test_customers_stay_in_their_segments(stationary):
    moves = stationary.query_build(
        "select as_of_date, avg(cast(segment_id <> segment_before as integer)), count(*) from ("
        "select *, lag(segment_id) over (partition by customer_id order by as_of_date) "
        "as segment_before from segmentation.customer_assignments) "
        "where segment_before is not null group by as_of_date order by as_of_date"
    )
    assert [as_of for as_of, _, _ in moves] == [day(number) for number in (217, 245, 273, 301)]
    assert all(share <= SHARE_THAT_MAY_MOVE for _, share, _ in moves)
    assert all(count == STATIONARY_CUSTOMERS for _, _, count in moves)


def test_the_segments_are_the_types_of_customers(stationary):
    found = stationary.query(
        "select segment_id, list(distinct cast(customer_id[2:] as integer) % 4), count(*) "
        "from customer_segments group by segment_id"
    )
    assert sorted(types for _, types, _ in found) == [[0], [1], [2], [3]]
    assert {count for _, _, count in found} == {STATIONARY_CUSTOMERS // len(TYPES)}


def test_the_trend_is_level(stationary):
    # The trend of single customers scatters; its mean lies within the standard error of zero.
    trends = [
        trend
        for (trend,) in stationary.query(
            "select spend_trend from customer_features where is_current"
        )
    ]
    assert abs(fmean(trends)) < STANDARD_ERRORS * stdev(trends) / sqrt(len(trends))


def test_no_segment_is_said_to_grow(stationary):
    shown = stationary.query("select basis, growth_direction, relative_growth from segment_yield")
    assert len(shown) == 2 * len(TYPES)
    assert {direction for _, direction, _ in shown} == {"no clear change"}
