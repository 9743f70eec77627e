"""Groups of products that the same customers buy, worked by hand and from relations."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from models_py.group_names import group_names
from models_py.product_group_step import SCHEMA, groups_step
from models_py.product_groups import (
    GROUPS,
    PRODUCTS,
    Level,
    Purchases,
    by_size,
    group_count,
    grouped,
    without_volume,
)
from product_lines import (
    CALENDAR,
    ITEMS,
    KINDS,
    NAMED,
    NO_CATEGORY,
    purchases_of_kinds,
    relations,
)


def test_items_that_the_same_customers_buy_are_one_group():
    chosen, numbers = grouped(purchases_of_kinds(), PRODUCTS)
    assert chosen.tolist() == list(range(KINDS * ITEMS))
    assert group_count(len(chosen)) == KINDS
    kinds = numbers.reshape(KINDS, ITEMS)
    assert (kinds == kinds[:, :1]).all()
    assert sorted(kinds[:, 0].tolist()) == list(range(KINDS))


def test_the_order_of_rows_changes_nothing():
    one = purchases_of_kinds()
    order = np.random.default_rng(0).permutation(len(one.lines))
    other = Purchases.of(one.customers[order] * 7 + 3, one.items[order], one.lines[order])
    for before, after in zip(grouped(one, PRODUCTS), grouped(other, PRODUCTS), strict=True):
        assert before.tolist() == after.tolist()


def test_rare_items_and_few_customers_are_in_no_group():
    chosen, _ = grouped(purchases_of_kinds(), Level("product", 0.99, 500))
    assert chosen.tolist() == []
    one = purchases_of_kinds()
    is_first = one.customers < 150
    few = Purchases.of(one.customers[is_first], one.items[is_first], one.lines[is_first])
    assert grouped(few, PRODUCTS)[0].tolist() == []


def test_what_is_no_item_counts_among_all_lines():
    found = Purchases.of(
        np.array([5, 5, 5, 9]), np.array([0, -1, 0, 1]), np.array([2.0, 3.0, 1.0, 4.0])
    )
    assert found.all_lines.tolist() == [6, 4]
    assert found.counts(np.array([0, 1])).tolist() == [[3, 0], [0, 4]]


@pytest.mark.parametrize(
    ("items", "groups"), [(20, 4), (24, 4), (25, 5), (59, 11), (60, GROUPS), (500, GROUPS)]
)
def test_how_many_groups_there_are(items: int, groups: int):
    assert group_count(items) == groups


def test_groups_are_numbered_by_lines_then_by_their_first_item():
    numbers = by_size(np.array([2, 0, 1, 2, 0]), np.array([1.0, 5.0, 2.0, 1.0, 5.0]))
    assert numbers.tolist() == [1, 0, 2, 1, 0]


def test_shares_are_shrunk_rooted_and_without_volume():
    """Two customers of 4 lines, two of 12: by hand, see the comments."""
    counts = np.array([[4.0], [0.0], [9.0], [3.0]])
    whole = np.array([4.0, 4.0, 12.0, 12.0])
    # mu = 16 / 32 = 1/2; V = 2 * 1/4 = 1/2. Squared distances of (share, rest) to (1/2, 1/2):
    # 1/2, 1/2, 1/8, 1/8; weighted by lines S = (2 + 2 + 1.5 + 1.5) / 32 = 7/32; W = 4/32.
    # rho = (7/16 - 1/8) / (7/8) = 5/14; m = 14/5 - 1 = 9/5.
    prior = 9 / 5
    rooted = np.sqrt((counts[:, 0] + prior / 2) / (whole + prior))
    # The line through two volumes is the mean of each pair.
    expected = rooted - np.repeat(rooted.reshape(2, 2).mean(axis=1), 2)
    assert without_volume(counts, whole)[:, 0] == pytest.approx(expected, abs=1e-12)


def test_groups_are_named_by_what_their_products_share():
    names = [
        "LUNCH BAG RED",
        "LUNCH BAG PINK",
        "JUMBO BAG",
        "SET OF 3 CAKE TINS",
        "ROUND CAKE TINS",
        "POSTAGE",
        "85123A",
    ]
    groups = np.array([0, 0, 0, 1, 1, 2, 2])
    lines = np.array([5.0, 4.0, 6.0, 3.0, 3.0, 9.0, 1.0])
    assert group_names(names, groups, lines) == ["lunch bag", "cake tins", "85123A"]


def test_no_two_groups_have_one_name():
    names = ["tea set", "tea set blue", "tea set", "tea set green"]
    found = group_names(names, np.array([0, 0, 1, 1]), np.ones(4))
    assert len(set(found)) == 2


def test_products_without_a_category_are_grouped():
    _, given = relations(NO_CATEGORY)
    found = groups_step(*given, CALENDAR)
    assert found.schema == SCHEMA
    rows = found.to_pylist()
    assert len(rows) == KINDS * ITEMS
    assert {row["level"] for row in rows} == {"product"}
    kinds = {int(row["item"][1:]) // ITEMS: row["product_group"] for row in rows}
    assert all(row["product_group"] == kinds[int(row["item"][1:]) // ITEMS] for row in rows)
    assert len(set(kinds.values())) == KINDS


def test_categories_alone_are_the_groups():
    _, given = relations(f"{NAMED}, 'food' as category, null::varchar as subcategory")
    assert groups_step(*given, CALENDAR).num_rows == 0


def test_sub_categories_are_grouped_where_there_are_any():
    subcategories = f"{NAMED}, 'food' as category, 'sub ' || number as subcategory"
    _, given = relations(subcategories)
    rows = groups_step(*given, CALENDAR).to_pylist()
    assert {row["level"] for row in rows} == {"subcategory"}
    assert {row["item"] for row in rows} == {f"sub {number}" for number in range(KINDS * ITEMS)}


def test_groups_stay_and_new_products_join_them_when_a_refit_is_asked_for(monkeypatch):
    connection, given = relations(NO_CATEGORY)
    first = groups_step(*given, CALENDAR).to_pylist()
    connection.execute("insert into fits values (1), (2)")
    assert groups_step(*given, CALENDAR).num_rows == 0
    connection.execute("insert into stored values (1, 'product', 'p1', 'Old')")
    kept = [row for row in first if int(row["item"][1:]) % ITEMS != 2]
    for row in kept:
        connection.execute("insert into stored values (2, ?, ?, ?)", list(row.values()))
    assert groups_step(*given, CALENDAR).to_pylist() == kept
    # The item that is in no group is bought with the others of its kind.
    monkeypatch.setenv("SEGMENTATION_SETTINGS", '{"refit": "always"}')
    assert groups_step(*given, CALENDAR).to_pylist() == sorted(first, key=lambda row: row["item"])
    # Groups of another kind of item are no groups of these.
    connection.execute("update stored set level = 'subcategory'")
    assert groups_step(*given, CALENDAR).to_pylist() == first


def test_what_the_backtest_is_judged_by_is_not_learned_from():
    connection, given = relations(NO_CATEGORY)
    before = groups_step(*given, CALENDAR).to_pylist()
    # The current date is 2024-10-01; 84 days before is 2024-07-09, the grid has 2024-07-08.
    connection.execute("insert into lines select 1, 1, null, false, date '2024-09-30'")
    connection.execute(
        "insert into lines select range % 400, 0, null, false, date '2024-07-08' from range(9999)"
    )
    assert groups_step(*given, CALENDAR).to_pylist() == before
    connection.execute("update lines set order_date = date '2024-07-07' where product_key = 0")
    assert groups_step(*given, CALENDAR).to_pylist() != before


def test_the_date_before_which_lines_count():
    first, last = date(2024, 1, 1), date(2024, 9, 30)
    assert CALENDAR.until(first, last, None) == date(2024, 7, 8)
    assert CALENDAR.until(first, last, "2025-01-01") == date(2024, 9, 30)
    # Without a backtest, whatever is before the current date.
    assert CALENDAR.until(first, last, "2024-08-01") == date(2024, 8, 1)
    assert CALENDAR.until(date(2024, 3, 1), last, None) == date(2024, 10, 1)
