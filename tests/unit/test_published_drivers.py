"""The view segment_change_drivers of the published file, on periods made by hand."""

import random
from collections.abc import Iterator

import duckdb
import pytest

from publishing.publish import MACROS


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two segments without periods, and the view."""
    with duckdb.connect() as made:
        made.execute(
            "create table segment_summary as "
            "select * from (values (1, 'One'), (2, 'Two')) as t(segment_id, segment_name)"
        )
        made.execute(
            "create table customer_periods (customer_id text, segment_id bigint, "
            "order_count bigint, line_count bigint, spend decimal(18, 4), is_snapshot boolean, "
            "is_complete boolean, period_start_date date, period_end_date date)"
        )
        made.execute((MACROS / "segment_change_drivers.sql").read_text(encoding="utf-8"))
        yield made


EFFECTS = ("customers", "orders", "lines", "price", "returns")


def add_period(made, number: int, *customers: tuple, segment: int = 1, is_complete=True) -> None:
    """Add a period of 28 days: orders, lines and spend of each customer."""
    for place, (orders, lines, spend) in enumerate(customers):
        made.execute(
            "insert into customer_periods select ?, ?, ?, ?, ?, true, ?, "
            "date '2025-01-06' + 28 * ?, date '2025-02-03' + 28 * ?",
            [str(place), segment, orders, lines, spend, is_complete, number, number],
        )


def drivers(made, segment: int = 1) -> list[dict]:
    """Return the rows of a segment by period."""
    cursor = made.execute(
        "from segment_change_drivers where segment_id = ? order by period_start_date",
        [segment],
    )
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def effects(row: dict) -> list[float]:
    return [row[f"{name}_effect"] for name in EFFECTS]


def test_a_change_of_one_factor_is_its_own(connection):
    add_period(connection, 0, (2, 4, 40), (2, 4, 40))
    add_period(connection, 1, (2, 4, 40), (2, 4, 40), (2, 4, 40))  # a customer more
    add_period(connection, 2, (3, 6, 60), (3, 6, 60), (3, 6, 60))  # an order more each
    add_period(connection, 3, (3, 9, 90), (3, 9, 90), (3, 9, 90))  # a line more in each order
    add_period(connection, 4, (3, 9, 45), (3, 9, 45), (3, 9, 45))  # half the price
    add_period(connection, 5, (3, 9, 45), (3, 9, 45), (3, 9, 45), (0, 0, -7))  # a return
    found = [effects(row) for row in drivers(connection)]
    changes = [40, 60, 90, -135, -7]
    assert found == [
        [change if place == number else 0 for place in range(5)]
        for number, change in enumerate(changes)
    ]


def test_two_factors_share_what_they_do_together(connection):
    # 1 customer x 1 x 1 x 10, then 2 x 1 x 1 x 20: the mean of both orders of changing.
    add_period(connection, 0, (1, 1, 10))
    add_period(connection, 1, (1, 1, 20), (1, 1, 20))
    (row,) = drivers(connection)
    assert effects(row) == pytest.approx([15, 0, 0, 15, 0])
    assert (row["spend_before"], row["spend"], row["spend_change"]) == (10, 40, 30)


def test_parts_add_up_whatever_changes_and_where_nobody_ordered(connection):
    made_up = random.Random(7)
    for number in range(8):
        customers = [
            (
                orders := made_up.randint(1, 5),
                orders + made_up.randint(0, 9),
                made_up.randint(1, 99),
            )
            for _ in range(made_up.randint(0, 6) * (number != 4))
        ]
        add_period(connection, number, *customers, (0, 0, -made_up.randint(0, 9)))
    rows = drivers(connection)
    assert len(rows) == 7
    for row in rows:
        assert sum(effects(row)) == pytest.approx(float(row["spend_change"]), abs=1e-9)
    assert rows[3]["customer_count"] == 0
    assert rows[3]["orders_effect"] == 0


def test_periods_that_are_not_over_and_other_segments_do_not_count(connection):
    add_period(connection, 0, (1, 1, 10))
    add_period(connection, 1, (1, 1, 20))
    add_period(connection, 2, (1, 1, 90), is_complete=False)
    assert [row["spend_change"] for row in drivers(connection)] == [10]
    (other,) = drivers(connection, 2)
    assert effects(other) == [0, 0, 0, 0, 0]
    assert other["orders_per_customer"] is None
