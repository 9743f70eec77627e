"""The benchmark of needs: counts by SQL worked out by hand, and usefulness where it is plain."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pytest

from benchmarks.needs_counts import Window, read_window
from benchmarks.needs_future import Future, gains, quantile_groups, usefulness

START, UNTIL = date(2024, 1, 1), date(2024, 12, 31)
# customer, order, time, channel, product, quantity, net amount, discount
LINES = [
    ("a", "1", "2024-03-02 19:00", "store", "p1", 1, 4, 1),  # a Saturday evening
    ("a", "1", "2024-03-02 19:00", "store", "p2", 2, 6, 0),
    ("a", "1", "2024-03-02 19:00", "store", "p2", 1, 5, 0),
    ("a", "1", "2024-03-02 19:00", "store", "p3", 1, 5, 0),
    ("a", "2", "2024-03-04 09:00", "web", "p1", 2, 10, 0),  # a Monday morning
    ("a", "1", "2024-03-05 12:00", "store", "p1", 1, 10, 0),  # the order id of another day
    ("b", "7", "2024-05-01 12:00", "store", "p2", 3, 30, 10),
    ("b", "8", "2024-05-02 12:00", "web", "p9", 1, 10, 0),  # a product without a sub-category
    ("c", "9", "2024-05-02 12:00", "web", "p1", 1, 10, 0),  # one order only
    ("b", "6", "2023-12-31 12:00", "web", "p1", 1, 10, 0),  # before the window
]
PRODUCTS = [("p1", "milk", True), ("p2", "bread", False), ("p3", "soap", None), ("p9", None, None)]


@pytest.fixture
def connection():
    with duckdb.connect() as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.order_lines (customer_id text, order_id text, ordered_at timestamp, "
            "channel text, product_id text, quantity decimal(18, 4), net_amount decimal(18, 4), "
            "discount_amount decimal(18, 4), order_date date, is_purchase boolean)"
        )
        insert = "insert into core.order_lines select *, cast($3 as date), true from (values ({}))"
        query = insert.format(", ".join(f"${number}" for number in range(1, 9)))
        connection.executemany(query, LINES)
        connection.execute(
            "create table core.products "
            "(product_id text, subcategory text, is_private_label boolean, category text)"
        )
        connection.executemany("insert into core.products values ($1, $2, $3, 'goods')", PRODUCTS)
        yield connection


def shares(window: Window, part: str) -> dict[str, list[float]]:
    counts = getattr(window, part)
    names = [one.name for one in counts.definitions]
    return {name: counts.values[:, at].tolist() for at, name in enumerate(names)}


def baskets(window: Window, part: str) -> list[dict[str, float]]:
    counts = getattr(window, part)
    found: list[dict[str, float]] = [{} for _ in range(len(counts))]
    for row, product, count in zip(counts.row, counts.product, counts.count, strict=True):
        found[row][counts.products[product]] = count
    return found


def test_counts_of_a_window_by_hand(connection):
    window = read_window(connection, START, UNTIL)
    assert window.level == "subcategory"
    assert window.whole.customer_ids.to_pylist() == ["a", "b"]
    assert window.whole.products == ("bread", "milk", "soap")
    assert window.whole.lines.tolist() == [6, 2]
    assert window.whole.log_spend == pytest.approx(np.log1p([40, 40]))
    assert baskets(window, "whole") == [{"milk": 3, "bread": 2, "soap": 1}, {"bread": 1}]
    found = shares(window, "whole")
    assert found["discounted_lines"] == [1, 1]
    assert found["discount_rate"] == pytest.approx([1 / 41 * 6, 10 / 50 * 2])
    assert found["private_label"] == [3, 0]
    assert found["weekend"] == [1, 0]
    assert found["evening"] == [1, 0]
    assert found["morning"] == [1, 0]
    assert found["small_orders"] == [2, 2]
    assert [found["channel_0"], found["channel_1"]] == [[2, 1], [1, 1]]
    assert found["lines_per_order"] == pytest.approx(np.log([2, 1]))
    assert found["price_per_line"] == pytest.approx(np.log([41 / 6, 25]))
    assert found["quantity_per_line"] == pytest.approx(np.log([8 / 6, 2]))


def test_odd_and_even_orders_are_all_orders(connection):
    window = read_window(connection, START, UNTIL)
    assert window.odd.lines.tolist() == [5, 1]
    assert window.even.lines.tolist() == [1, 1]
    assert baskets(window, "odd") == [{"milk": 2, "bread": 2, "soap": 1}, {"bread": 1}]
    assert baskets(window, "even") == [{"milk": 1}, {}]
    assert shares(window, "odd")["weekend"] == [1, 0]
    assert shares(window, "even")["morning"] == [1, 0]


def test_product_codes_stand_in_where_there_are_no_categories(connection):
    connection.execute("update core.products set subcategory = null, category = null")
    window = read_window(connection, START, UNTIL)
    assert window.level == "product_id"
    assert window.whole.products == ("p1", "p2", "p3", "p9")


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
