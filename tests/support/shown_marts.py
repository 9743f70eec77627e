"""A published file with rows for every chart of the dashboards."""

from __future__ import annotations

from report_pages import Connection, make_large


def make_shown(connection: Connection) -> None:
    """Have the fixture shop, with its 51 customers, show what a large one does."""
    make_large(connection)
    # In a shop this small, hardly anyone moves.
    connection.execute(
        """
        insert into segment_movement
        select * replace (
            from_segment_id % 7 + 1 as to_segment_id,
            cast(from_segment_id % 7 + 1 as varchar) as to_group,
            5 + from_segment_id as customer_count
        )
        from segment_movement
        where basis = 'snapshots' and from_group = to_group
        """
    )
    connection.execute(
        """
        update segment_demographics set
            customer_share = coalesce(customer_share, 0.1),
            index_value = coalesce(index_value, 100),
            is_small_group = false
        """
    )
    connection.execute(
        """
        update segment_grid set
            slipping_count = coalesce(slipping_count, 1),
            net_moved_count = coalesce(net_moved_count, -segment_id)
        """
    )
