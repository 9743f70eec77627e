"""What becomes of each raw row of the fixture shop, against totals worked out by hand."""

import shutil
import subprocess
import sys
from decimal import Decimal

import pytest

from shops import (
    ACCEPTED_LINES,
    ANA,
    FIXTURES,
    SHOP,
    read_csv,
)

# --- what became of the rows


OUTCOMES = {
    ("order_lines", "accepted", "accepted"): 1227,
    ("order_lines", "duplicate", "exact_duplicate"): 3,
    ("order_lines", "rejected", "conflicting_order_line_id"): 3,
    ("order_lines", "rejected", "missing_customer_id"): 1,
    ("order_lines", "rejected", "missing_order_id"): 1,
    ("order_lines", "rejected", "missing_ordered_at"): 1,
    ("order_lines", "rejected", "missing_net_amount"): 1,
    ("order_lines", "rejected", "before_1970"): 1,
    ("order_lines", "rejected", "in_the_future"): 1,
    ("order_lines", "rejected", "unreadable_quantity"): 1,
    ("order_lines", "rejected", "unreadable_net_amount"): 2,
    ("order_lines", "rejected", "unreadable_discount_amount"): 1,
    ("order_lines", "rejected", "unreadable_is_return"): 1,
    ("order_lines", "rejected", "unreadable_ordered_at"): 2,
    ("order_lines", "noted", "suspected_duplicate"): 1,
    ("order_lines", "noted", "reused_order_id"): 4,
    ("order_lines", "noted", "zero_quantity_and_amount"): 1,
    ("order_lines", "noted", "zero_quantity"): 1,
    ("order_lines", "noted", "zero_amount"): 2,
    ("order_lines", "noted", "return_amount_made_negative"): 3,
    ("order_lines", "noted", "discount_made_positive"): 2,
    ("order_lines", "noted", "unknown_product"): 2,
    ("customers", "accepted", "accepted"): 29,
    ("customers", "duplicate", "exact_duplicate"): 1,
    ("customers", "rejected", "conflicting_customer_id"): 1,
    ("customers", "rejected", "missing_customer_id"): 1,
    ("products", "accepted", "accepted"): 12,
    ("products", "duplicate", "exact_duplicate"): 1,
    ("products", "rejected", "conflicting_product_id"): 1,
    ("products", "rejected", "missing_product_id"): 1,
    ("products", "rejected", "unreadable_is_private_label"): 1,
    ("interactions", "accepted", "accepted"): 18,
    ("interactions", "rejected", "missing_customer_id"): 1,
    ("interactions", "rejected", "missing_occurred_at"): 1,
    ("interactions", "rejected", "missing_interaction_type"): 1,
    ("interactions", "rejected", "unknown_interaction_type"): 1,
    ("interactions", "rejected", "before_1970"): 1,
    ("interactions", "rejected", "in_the_future"): 1,
    ("interactions", "rejected", "unreadable_score"): 1,
    ("interactions", "rejected", "unreadable_occurred_at"): 1,
}


def test_the_generator_writes_the_committed_file(tmp_path):
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    written = tmp_path / "fixtures" / "shop" / "order_lines.csv"
    written.unlink()
    subprocess.run([sys.executable, tmp_path / "fixtures" / "make_shop.py"], check=True)
    assert written.read_bytes() == (SHOP / "order_lines.csv").read_bytes()


def test_every_raw_row_is_accepted_rejected_or_a_duplicate_for_a_reason(marts):
    printed = marts.execute(
        "select source_table, outcome, reason, row_count from data_quality"
    ).fetchall()
    assert {(table, outcome, reason): rows for table, outcome, reason, rows in printed} == OUTCOMES
    for table in ("order_lines", "customers", "products", "interactions"):
        ends = [n for (t, outcome, _), n in OUTCOMES.items() if t == table and outcome != "noted"]
        assert sum(ends) == len(read_csv(SHOP / f"{table}.csv"))


def test_rejected_rows_are_kept_as_they_came(shop):
    ((kept,),) = shop.query_build(
        "select record_json from core.rejected_records "
        "where reason = 'unreadable_net_amount' and record_json like '%12,50%'"
    )
    assert '"order_id":"o4108"' in kept


@pytest.mark.parametrize(
    ("customer", "line_id", "amount"),
    [
        # By time, then by amount: the first of what shares an id stays.
        ("c27", "L27-1", Decimal("10.00")),
        ("c27", "L27-2", Decimal("5.00")),
        ("c27", "L27-3", Decimal("6.00")),
        # Lines without an id are told apart by order, product and number.
        ("c28", "o2801-P01#1", Decimal("5.00")),
        ("c28", "o2801-P01#2", Decimal("5.00")),
        ("c28", "o2801-P01#3", Decimal("6.00")),
        # An order id that two customers use.
        ("007", "shared-P01#1", Decimal("10.00")),
        ("7", "shared-P01#1", Decimal("10.00")),
        (ANA, 'L;"1"', Decimal("33.33")),
    ],
)
def test_accepted_lines_have_one_id_each(shop, customer, line_id, amount):
    found = shop.query_build(
        f"select net_amount from {ACCEPTED_LINES} where customer_id = ? and coalesce("
        "order_line_id, order_id || '-' || product_id || '#' || line_number) = ?",
        customer,
        line_id,
    )
    assert found == [(amount,)]
