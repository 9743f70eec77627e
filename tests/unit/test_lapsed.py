"""Customers who ordered, but not within the window, are lapsed and known by their last one."""

from __future__ import annotations

import pytest

from thin_shops import cdnow_like
from tried import Tried, model_rows, try_files

pytestmark = [pytest.mark.many_builds, pytest.mark.short]


@pytest.fixture(scope="module")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """A cohort of which most buy once, more than a window before the data ends."""
    folder = tmp_path_factory.mktemp("cohort")
    data = cdnow_like(folder / "made", customer_count=300)
    return try_files(folder, {"order_lines.csv": (data / "order_lines.csv").read_bytes()})


def test_whoever_ordered_before_the_window_only_is_lapsed(cohort: Tried) -> None:
    expected = cohort.query(
        "select customer_id, case when max(cast(ordered_at as date)) < date '1997-07-02' "
        "then 'lapsed' else 'segmented' end from raw.order_lines group by customer_id order by all"
    )
    found = model_rows(cohort, "customer_statuses", "customer_id, status")
    assert found == expected
    assert sum(status == "lapsed" for _, status in found) > 150


def test_the_last_window_of_lapsed_customers_holds_their_orders(cohort: Tried) -> None:
    # The data begins less than a window before anybody lapsed: the window holds all they did.
    bought = cohort.query(
        "select customer_id, count(distinct order_id), "
        "cast(sum(cast(net_amount as decimal(18, 4))) as double), "
        "max(cast(ordered_at as date)) as last_date from raw.order_lines group by customer_id "
        "having last_date < date '1997-07-02' order by all"
    )
    columns = "customer_id, order_count, cast(spend as double), last_order_date"
    assert model_rows(cohort, "customer_snapshots", columns, where="is_lapsed") == bought
    (least,) = min(model_rows(cohort, "customer_snapshots", "observed_days", where="is_lapsed"))
    assert least >= 351
