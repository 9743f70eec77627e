"""An order is an order id of one customer on one day; a line id is unique within its order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tried import HEADER, model_rows, try_files

LINES = HEADER.replace("\n", ",order_line_id\n")


def test_order_ids_that_restart_are_orders_of_each_customer_and_day(tmp_path: Path) -> None:
    text = (
        "1,c1,2024-01-28 08:00:00,10\n1,c1,2024-01-28 08:05:00,5\n1,c1,2024-12-11 09:00:00,7\n"
        "1,c2,2024-01-28 08:00:00,3\n2,c2,2024-01-28 09:00:00,4\n2,c2,2024-02-01 09:00:00,-4\n"
    )
    tried = try_files(tmp_path, {"order_lines.csv": HEADER + text})
    columns = "customer_id, cast(order_date as varchar), cast(spend as double)"
    assert model_rows(tried, "orders", columns) == [
        ("c1", "2024-01-28", 15.0),
        ("c1", "2024-12-11", 7.0),
        ("c2", "2024-01-28", 3.0),
        ("c2", "2024-01-28", 4.0),
        ("c2", "2024-02-01", -4.0),
    ]
    # The return under the id of its order is no reuse.
    assert tried.outcomes["order_lines", "noted", "reused_order_id"] == 4
    assert "reused_order_id" in tried.shown


@pytest.mark.inputs
@pytest.mark.short
def test_order_ids_of_one_order_each_are_not_reported(tmp_path: Path) -> None:
    text = "1,c1,2024-01-28 08:00:00,10\n1,c1,2024-01-28 08:05:00,5\n2,c1,2024-01-28,7\n"
    tried = try_files(tmp_path, {"order_lines.csv": HEADER + text})
    assert ("order_lines", "noted", "reused_order_id") not in tried.outcomes


@pytest.mark.inputs
@pytest.mark.short
@pytest.mark.parametrize(
    ("second", "orders"),
    [("2,c1,2024-01-28", 2), ("1,c2,2024-01-28", 2), ("1,c1,2024-01-29", 2)],
    ids=["another order id", "another customer", "another day"],
)
def test_line_numbers_may_restart_in_each_order(tmp_path: Path, second: str, orders: int) -> None:
    text = f"1,c1,2024-01-28,10,1\n1,c1,2024-01-28,5,2\n{second},10,1\n{second},6,2\n"
    tried = try_files(tmp_path, {"order_lines.csv": LINES + text})
    assert tried.reasons() == {}
    assert tried.accepted() == 4
    assert len(model_rows(tried, "orders", "customer_id")) == orders
    key = "customer_key, order_key, order_date, line_key"
    assert len(set(model_rows(tried, "order_lines", key))) == 4


@pytest.mark.inputs
@pytest.mark.short
def test_a_line_number_twice_within_an_order_is_a_copy_or_a_conflict(tmp_path: Path) -> None:
    text = "1,c1,2024-01-28,10,1\n1,c1,2024-01-28,10,1\n1,c1,2024-01-28,9,1\n2,c1,2024-01-28,9,1\n"
    tried = try_files(tmp_path, {"order_lines.csv": LINES + text})
    assert tried.accepted() == 2
    assert tried.reasons() == {"exact_duplicate": 1, "conflicting_order_line_id": 1}


@pytest.mark.inputs
@pytest.mark.short
def test_a_reused_order_id_is_counted_by_its_accepted_lines(tmp_path: Path) -> None:
    text = "1,c1,2024-01-28,10,1\n1,c1,2024-01-28,10,1\n1,c1,2024-01-29,9,1\n"
    tried = try_files(tmp_path, {"order_lines.csv": LINES + text})
    assert tried.outcomes["order_lines", "noted", "reused_order_id"] == 2
