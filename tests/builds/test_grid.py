"""segment_grid on the fixture shop: cells, spend and stages worked out by hand."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import duckdb
import pytest

SEGMENTED, SPEND = 42, Decimal("28530.76")
# By a customer of the segment: tiers, customers, spend, who is slipping or lapsing, future spend.
CELLS = {
    # c09 to c12 are high and c13 to c16 top: four each, and a cell needs five.
    "c09": [("top, high", 8, Decimal(12672), 0, 390.0)],
    # c04 to c08 are high, and c01 to c03 medium. Two of the eight are slipping, too few to tell.
    "c01": [("high, medium", 8, Decimal(9200), None, 275.0)],
    # c17 to c24 stopped in June.
    "c17": [("medium", 8, Decimal(6144), 8, 0.0)],
}


@pytest.mark.parametrize("customer", CELLS)
def test_cells_are_those_worked_out_by_hand(marts: duckdb.DuckDBPyConnection, customer: str):
    rows = marts.execute(
        "select tiers, customer_count, spend, slipping_count, future_spend_per_customer, "
        "tier_from || ', ' || tier_to, customer_share, spend_share, slipping_share, "
        "is_small_group, moved_from_date from segment_grid where segment_id = "
        "(select segment_id from customer_segments where customer_id = ?)",
        [customer],
    ).fetchall()
    assert [row[:5] for row in rows] == CELLS[customer]
    for tiers, count, spend, slipping, _, ends, *rest in rows:
        assert ends.split(", ") == [tiers.split(", ")[0], tiers.split(", ")[-1]]
        assert rest == [
            pytest.approx(count / SEGMENTED),
            pytest.approx(float(spend / SPEND)),
            None if slipping is None else slipping / count,
            False,
            # The snapshot of 2025-01-20 is less than 28 days before 2025-02-05.
            date(2024, 12, 23),
        ]


def test_customers_are_found_in_their_cells(marts: duckdb.DuckDBPyConnection):
    """Tier and segment of each customer lead to one cell, whose counts are theirs."""
    counted = marts.execute(
        "select grid.customer_count, count(*), grid.spend, sum(customers.spend) "
        "from customer_segments as customers inner join segment_grid as grid "
        "on customers.segment_id = grid.segment_id "
        "and list_contains(string_split(grid.tiers, ', '), customers.value_tier) "
        "where status = 'segmented' "
        "group by grid.segment_id, grid.tiers, grid.customer_count, grid.spend"
    ).fetchall()
    assert sum(row[1] for row in counted) == SEGMENTED
    for count, found, spend, summed in counted:
        assert (count, spend) == (found, summed)


def test_net_movement_is_that_of_segment_movement_where_a_segment_is_one_cell(
    marts: duckdb.DuckDBPyConnection,
):
    """Segments of one cell: their sizes at both dates, tiers or not."""
    rows = marts.execute(
        "with sizes as (select segment_id, count(*) as cells, max(customer_count) as today, "
        "max(net_moved_count) as net from segment_grid group by segment_id), "
        "earlier as (select to_segment_id as segment_id, sum(customer_count) as before "
        "from segment_movement where basis = 'snapshots' and to_date = date '2024-12-23' "
        "and to_segment_id is not null group by to_segment_id) "
        "select today, net, before from sizes inner join earlier using (segment_id) "
        "where cells = 1 and net is not null"
    ).fetchall()
    assert len(rows) >= 3
    for today, net, before in rows:
        assert net == today - before


def test_the_stage_of_a_customer_is_that_of_the_lifecycle(marts: duckdb.DuckDBPyConnection):
    assert marts.execute(
        "select count(*), count(*) filter (where lifecycle_stage = stage) "
        "from customer_segments full outer join customer_lifecycle using (customer_id)"
    ).fetchone() == (47, 47)
