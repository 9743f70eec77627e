"""Why spend changed, in what the fixture shop published."""

from __future__ import annotations


def test_parts_add_up_to_the_change_of_what_customers_spent(shop):
    rows = shop.query(
        "select customers_effect + orders_effect + lines_effect + price_effect + returns_effect "
        "- spend_change from segment_change_drivers"
    )
    assert len(rows) > 20
    assert all(abs(rest) < 1e-9 for (rest,) in rows)
    different = shop.query(
        "from segment_change_drivers as drivers full join ("
        "select segment_id, period_start_date, sum(spend) as spend from customer_periods "
        "where is_snapshot and is_complete group by all"
        ") as periods using (segment_id, period_start_date) "
        "where drivers.spend <> coalesce(periods.spend, 0)"
    )
    assert different == []
    assert shop.one("select sum(abs(spend_change)) > 0 from segment_change_drivers") == (True,)


def test_a_segment_has_a_row_for_each_step_between_periods(shop):
    ((steps,),) = shop.query(
        "select count(distinct period_start_date) - 1 from customer_periods "
        "where is_snapshot and is_complete"
    )
    (segments,) = shop.one("select count(*) from segment_summary")
    assert shop.one("select count(*) from segment_change_drivers") == (steps * segments,)
