"""customer_lifecycle on the fixture shop: stages worked out by hand, estimates taken once more."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from statistics import median

import duckdb
import pytest

from shops import ANA, AS_OF, ZOE, Built

WINDOW, HORIZON = timedelta(days=364), timedelta(days=84)
# Dates of the grid that 84 days have followed (tests/fixtures/README.md).
FOLLOWED = (date(2024, 9, 2), date(2024, 9, 30), date(2024, 10, 28))
FIRST_DATE = date(2024, 1, 1)
SHOP_GAP = 133 / 11
PRIOR_GAPS, PRIOR_CUSTOMERS = 4, 20
BANDS = (0.5, 1, 2, 4)

NUMBERS = {
    "active": (1, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 32, 34),
    "slipping": (2, 8, 25, 36),
    "lapsing": (*range(17, 25), 26, 27, 28, 29, 30, 33, 42, 43, 44),
    "new": (31, 35),
    "lapsed": (37,),
    "never_ordered": (38, 39, 40),
}
STAGES = {"007": "active", "7": "lapsing", ANA: "lapsing", ZOE: "lapsing"} | {
    f"c{number:02}": stage for stage, numbers in NUMBERS.items() for number in numbers
}

# Days, net spend and whether something was bought, by customer.
Orders = Mapping[str, Sequence[tuple[date, float, bool]]]


@pytest.fixture(scope="module")
def orders(shop: Built) -> Orders:
    """What each customer bought and gave back on each day, from the accepted lines."""
    found: dict[str, list[tuple[date, float, bool]]] = {}
    for customer, day, spend, has_bought in shop.query_build(
        "select customer_id, order_date, cast(sum(net_amount) as double), bool_or(is_purchase) "
        "from core.order_lines inner join core.customers using (customer_key) "
        "group by customer_id, order_date order by customer_id, order_date"
    ):
        found.setdefault(customer, []).append((day, spend, has_bought))
    return found


def test_every_customer_has_the_stage_worked_out_by_hand(marts: duckdb.DuckDBPyConnection) -> None:
    found = dict(marts.execute("select customer_id, stage from customer_lifecycle").fetchall())
    assert found == STAGES
    assert Counter(found.values()) == {
        "active": 17,
        "slipping": 4,
        "lapsing": 20,
        "new": 2,
        "lapsed": 1,
        "never_ordered": 3,
    }


@pytest.mark.parametrize(
    ("customer", "gaps", "ordering_days", "silence_days", "expected"),
    [
        ("c25", 1, 154, 93, date(2024, 12, 14)),  # 40.5 days after 2024-11-04
        ("c31", 2, 54, 16, date(2025, 2, 6)),  # 17.1 days after 2025-01-20
        ("c33", 0, 0, 266, date(2024, 5, 27)),  # one order: the shop's 12.1 days
        ("c34", 3, 121, 2, date(2025, 2, 27)),  # 24.2 days after 2025-02-03
        ("c37", 0, 0, 401, date(2024, 1, 13)),  # lapsed: by the last window with orders
    ],
)
def test_rhythms_are_those_worked_out_by_hand(
    marts: duckdb.DuckDBPyConnection,
    customer: str,
    gaps: int,
    ordering_days: int,
    silence_days: int,
    expected: date,
) -> None:
    usual = (ordering_days + PRIOR_GAPS * SHOP_GAP) / (gaps + PRIOR_GAPS)
    ((*found, day),) = marts.execute(
        "select silence_days, usual_gap_days, silent_gaps, expected_next_order_date "
        "from customer_lifecycle where customer_id = ?",
        [customer],
    ).fetchall()
    assert found == pytest.approx([silence_days, usual, silence_days / usual])
    assert day == expected


def described(orders: Orders, as_of: date) -> dict[str, tuple[int, int, float]]:
    """Band of silence, fifth of spend and usual spend in the horizon, of who is not lapsed."""
    inside = {
        customer: [order for order in days if as_of - WINDOW <= order[0] < as_of]
        for customer, days in orders.items()
    }
    bought = {
        customer: [day for day, _, has_bought in days if has_bought]
        for customer, days in inside.items()
    }
    bought = {customer: days for customer, days in bought.items() if days}
    shop_gap = median(
        (days[-1] - days[0]).days / (len(days) - 1) for days in bought.values() if len(days) > 1
    )
    spent = {customer: round(sum(o[1] for o in inside[customer]), 4) for customer in bought}
    observed = (as_of - max(as_of - WINDOW, FIRST_DATE)).days
    found = {}
    for customer, days in bought.items():
        usual = ((days[-1] - days[0]).days + PRIOR_GAPS * shop_gap) / (len(days) - 1 + PRIOR_GAPS)
        below = sum(amount < spent[customer] for amount in spent.values())
        found[customer] = (
            bisect_right(BANDS, (as_of - days[-1]).days / usual),
            1 + 5 * below // len(spent),
            round(max(spent[customer], 0) * HORIZON.days / observed, 4),
        )
    return found


def test_estimates_are_what_comparable_customers_did(
    marts: duckdb.DuckDBPyConnection, orders: Orders
) -> None:
    # Band, fifth, usual spend, whether the customer bought, spend: by customer and date.
    seen = []
    for as_of in FOLLOWED:
        for customer, (band, fifth, usual) in described(orders, as_of).items():
            later = [o for o in orders[customer] if as_of <= o[0] < as_of + HORIZON]
            bought = any(has_bought for *_, has_bought in later)
            seen.append((band, fifth, usual, bought, sum(spend for _, spend, _ in later)))

    def shrunk(rows: list[tuple], means: tuple[float, ...]) -> tuple[float, ...]:
        sums = [sum(row[at] for row in rows) + PRIOR_CUSTOMERS * means[at - 2] for at in (2, 3, 4)]
        return tuple(total / (len(rows) + PRIOR_CUSTOMERS) for total in sums)

    overall = tuple(sum(row[at] for row in seen) / len(seen) for at in (2, 3, 4))
    expected = {}
    for customer, (band, fifth, usual) in described(orders, AS_OF).items():
        silent = [row for row in seen if row[0] == band]
        cell = [row for row in silent if row[1] == fifth]
        before, share, after = shrunk(cell, shrunk(silent, overall))
        expected[customer] = (len(cell), share, usual * max(after, 0) / before)

    found = {
        customer: estimates
        for customer, *estimates in marts.execute(
            "select customer_id, comparable_customer_count, order_probability, expected_spend "
            "from customer_lifecycle where stage not in ('lapsed', 'never_ordered')"
        ).fetchall()
    }
    assert found.keys() == expected.keys()
    for customer, estimates in expected.items():
        assert found[customer] == pytest.approx(estimates), customer


def test_nobody_had_lapsed_before_to_compare_the_lapsed_with(
    marts: duckdb.DuckDBPyConnection,
) -> None:
    found = marts.execute(
        "select comparable_customer_count, order_probability, expected_spend "
        "from customer_lifecycle where stage in ('lapsed', 'never_ordered')"
    ).fetchall()
    assert found == [(None, None, None)] * 4
