"""The benchmark of needs: outcomes worked out by hand, and usefulness where it is plain."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pytest

from benchmarks import needs
from benchmarks.needs_future import (
    STYLE,
    Future,
    Usefulness,
    Window,
    gains,
    has_categories,
    quantile_groups,
    read_future,
    usefulness,
)

START, AS_OF = date(2024, 1, 1), date(2024, 12, 30)
# customer, order, time, product, quantity, net amount, discount
LINES = [
    (1, 1, "2025-01-04 19:00", 1, 1, 4, 1),  # a Saturday evening
    (1, 1, "2025-01-04 19:00", 2, 2, 6, 0),
    (1, 2, "2025-01-06 09:00", 1, 2, 10, 0),
    (1, 3, "2025-01-07 12:00", 1, 1, 10, 0),
    (2, 4, "2025-02-01 12:00", 2, 3, 30, 10),
    (2, 5, "2025-02-03 12:00", 2, 1, 10, 0),
    (2, 6, "2025-02-04 12:00", 9, 1, 10, 0),  # a product without a sub-category
    (3, 7, "2025-02-04 12:00", 1, 1, 10, 0),  # one order only
    (2, 8, "2024-12-29 12:00", 1, 1, 10, 0),  # before the date
    (1, 9, "2025-03-24 12:00", 3, 1, 10, 0),  # 84 days after it
    (4, 4, "2025-02-01 12:00", 2, 3, 30, 10),  # three orders, but of nobody in the window
    (4, 5, "2025-02-03 12:00", 2, 1, 10, 0),
    (4, 6, "2025-02-04 12:00", 9, 1, 10, 0),
    (None, 10, "2025-02-04 12:00", 9, 1, 10, 0),  # of nobody known
]
PRODUCTS = [
    (1, "p1", "food", "milk", True),
    (2, "p2", "food", "bread", False),
    (3, "p3", "care", "soap", None),
    (9, "p9", None, None, None),
]
WINDOW = Window(["a", "b", "c"], np.array([5.0, 4.0, 3.0]), START, AS_OF)


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.order_lines (customer_key bigint, order_key bigint, ordered_at "
            "timestamp, product_key bigint, quantity decimal(18, 4), net_amount decimal(18, 4), "
            "discount_amount decimal(18, 4), order_date date, is_purchase boolean)"
        )
        insert = "insert into core.order_lines select *, cast($3 as date), true from (values ({}))"
        query = insert.format(", ".join(f"${number}" for number in range(1, 8)))
        connection.executemany(query, LINES)
        connection.execute(
            "create table core.products (product_key bigint, product_id text, category text, "
            "subcategory text, is_private_label boolean)"
        )
        connection.executemany("insert into core.products values ($1, $2, $3, $4, $5)", PRODUCTS)
        connection.execute(
            "create table core.customers as select * from (values (1, 'a'), (2, 'b'), (3, 'c'), "
            "(4, 'elsewhere')) as customers (customer_key, customer_id)"
        )
        yield connection


def test_outcomes_by_hand(connection):
    future = read_future(connection, WINDOW)
    assert future.rows.tolist() == [0, 1]
    assert future.tiers.tolist() == [3, 1]
    # a: 3 of 4 lines are milk, 1 bread; b: 2 of 3 bread. Discounts: 1 of 31, 10 of 60 paid.
    expected = np.sqrt([[3 / 4, 1 / 4], [0, 2 / 3]])
    found = future.families["sub-categories"]
    assert np.sort(found, axis=1) == pytest.approx(np.sort(expected, axis=1))
    assert future.families["departments"] == pytest.approx(np.sqrt([[1], [2 / 3]]))
    assert future.families["discounts"] == pytest.approx(
        np.sqrt([[1 / 4, 1 / 31], [1 / 3, 10 / 60]])
    )
    assert future.families["private label"] == pytest.approx(np.sqrt([[3 / 4], [0]]))
    # One of three orders of a is on a Saturday evening, one of b on a Saturday.
    assert future.families["weekend and evening"] == pytest.approx(np.sqrt([[1 / 3], [0]]))
    prices = np.log([[31 / 4, 6 / 4], [60 / 3, 5 / 3]])
    assert future.families[STYLE] == pytest.approx(prices)


def test_product_codes_and_groups_of_them_stand_in_for_categories(connection):
    connection.execute("update core.products set subcategory = null, category = null")
    # In the window a buys p1 and p2 together, b and c buy p3 and p9.
    for customer, products in ((1, (1, 2)), (2, (3, 9)), (3, (3, 9))):
        for product in products:
            connection.execute(
                "insert into core.order_lines values (?, 50, '2024-05-01 12:00', ?, 1, 1, 0, "
                "date '2024-05-01', true)",
                [customer, product],
            )
    assert not has_categories(connection)
    future = read_future(connection, WINDOW)
    assert "departments" not in future.families
    assert future.rows.tolist() == [0, 1, 2], "one order is enough"
    assert future.families["products"].shape[1] == 3
    groups = connection.execute("select product_id from product_groups order by all").fetchall()
    assert groups == [("p1",), ("p2",), ("p3",), ("p9",)]


def figures(name: str, points: float, spend: float) -> needs.Groups:
    return needs.Groups(name, 5, Usefulness(points, 1), Usefulness(points, 1), {}, spend)


def test_targets_are_met_or_missed():
    chosen = needs.Chosen("needs", 5, "constructive", 0.72, 0.16)
    own = needs.Result("Shop", "2024-12-30", 6.0, chosen, 900, [figures("segments", 7.9, 0.005)])
    assert [one.word for one in needs.targets(own)] == ["met"] * 6
    poor = needs.Chosen("joint", 3, "weak", None, 0.02)
    other = needs.Result("Shop", "2024-12-30", 8.0, poor, 900, [figures("segments", 7.9, 0.3)])
    words = [one.word for one in needs.targets(other)]
    assert words == ["missed", "missed", "missed", "met", "not measured", "missed"]
    text = needs.groups_table([own])
    assert "| Shop | 2024-12-30 | segments (needs, constructive) | 5 | 7.9 ± 1.0 |" in text


def test_baselines_are_of_the_same_customers():
    random = np.random.default_rng(2)
    segments = random.integers(0, 4, 300)
    found = needs.baselines(random.standard_normal((300, 3)), segments, 1)
    assert all(len(labels) == 300 for labels in found.values())
    assert len(np.unique(found["RFM cells"])) == 27
    by_chance = found["random, sizes of segments"]
    assert np.bincount(by_chance).tolist() == np.bincount(segments).tolist()
    assert (by_chance != segments).any()


def test_usefulness_is_what_groups_say_beyond_tiers():
    random = np.random.default_rng(1)
    rows = np.arange(600)
    tiers = rows % 5
    labels = random.integers(0, 2, 600)
    outcome = tiers + 2.0 * labels + random.standard_normal(600)
    future = Future(rows, tiers, {"one": outcome[:, None], "noise": random.random((600, 2))})
    found = gains(labels, future, 1)
    names = future.family_names
    # Variance 2 of tiers, 1 of labels, 1 of noise: a quarter.
    one = usefulness(found, names, ["one"])
    assert one.points == pytest.approx(25, abs=4)
    assert 0 < one.half_width < 6
    assert abs(usefulness(found, names, ["noise"]).points) < 1
    assert usefulness(found, names).points == pytest.approx(one.points / 2, abs=1)
    by_chance = usefulness(gains(random.permutation(labels), future, 1), names, ["one"])
    assert abs(by_chance.points) < 2


def test_groups_by_rank_have_equal_sizes():
    groups = quantile_groups(np.array([5.0, 1.0, 1.0, 9.0, 7.0, 8.0]), 3)
    assert groups.tolist() == [1, 0, 0, 2, 1, 2]
