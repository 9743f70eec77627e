"""Kinds of suspicion about orders: their ids, dates, amounts and repeated lines."""

from __future__ import annotations

from checking.suspicions import Checked, Kind

# A day may stand alone in a shop with few orders: its gap is compared with the usual one.
LEAST_GAP_DAYS = 60
USUAL_GAPS = 10
# So few orders beyond a gap are strays; more are a season.
MOST_STRAY_ORDERS = 2
MOST_STRAY_SHARE = 0.01
# Two equal lines of an order may be two equal purchases; so many are not.
LEAST_REPEATED_SHARE = 0.05


def _stray_dates(*, latest: bool) -> str:
    """Return the query for dates that stand alone at one end of all dates."""
    neighbour, order, nearest = ("lag", "desc", "min") if latest else ("lead", "asc", "max")
    gap = "ordered_on - neighbour" if latest else "neighbour - ordered_on"
    return f"""
        with days as (
            select ordered_on, count(*) as order_count
            from checked.accepted_orders
            group by ordered_on
        ),
        neighbours as (
            select
                *,
                {neighbour}(ordered_on) over (order by ordered_on) as neighbour,
                sum(order_count) over (
                    order by ordered_on {order} rows unbounded preceding
                ) as stray_count,
                sum(order_count) over () as all_count
            from days
        ),
        gaps as (
            select *, {gap} as gap_days, median({gap}) over () as usual_gap
            from neighbours
        ),
        strays as (
            select *
            from gaps
            where
                gap_days > greatest({LEAST_GAP_DAYS}, {USUAL_GAPS} * usual_gap)
                and stray_count <= greatest({MOST_STRAY_ORDERS}, {MOST_STRAY_SHARE} * all_count)
        )
        select
            max(stray_count) as count,
            {nearest}(ordered_on) as example,
            {nearest}_by(gap_days, ordered_on) as gap_days,
            {nearest}_by(neighbour, ordered_on) as neighbour
        from strays
    """


# Lines of the orders in which some line is repeated, by what they say.
REPEATED = """
    with candidates as (
        select *
        from checked.accepted_lines
        where
            order_id in (
                select order_id from checked.accepted_lines
                where outcome_reason = 'suspected_duplicate'
            )
    ),
    contents as (
        select
            customer_id,
            order_id,
            product_id,
            quantity,
            net_amount,
            ordered_on,
            count(*) as copy_count,
            count(distinct source_file) as file_count,
            min(source_file) as first_file,
            max(source_file) as last_file
        from candidates
        group by all
    )
"""


def _line_ids(checked: Checked) -> str | None:
    """Return the query for line ids that restart; None where lines have none."""
    if "order_line_id" not in checked.order_sources:
        return None
    return """
        with line_ids as (
            select
                order_line_id,
                count(*) as line_count,
                count(distinct (customer_id, order_id)) as order_count
            from checked.int_order_lines_validated
            where reject_reason is null and order_line_id is not null
            group by order_line_id
        )
        select
            case
                when sum(line_count) filter (where order_count > 1) > 0.5 * sum(line_count)
                    then count(*) filter (where order_count > 1)
            end as count,
            min_by(order_line_id, (-order_count, order_line_id)) as example,
            max(order_count) as order_count
        from line_ids
    """


ORDER_KINDS = (
    Kind(
        "overlapping_files",
        "Two exports that share days bring the same lines twice, and spend doubles.",
        REPEATED
        + """
        select
            sum(copy_count - 1) as count,
            min_by(
                order_id || ' in ' || first_file || ' and ' || last_file,
                (first_file, last_file, order_id)
            ) as example
        from contents
        where file_count > 1
        """,
        "lines in more than one file, such as of order {example}, are counted each time: export "
        "periods that do not overlap, or give each line an order_line_id",
    ),
    Kind(
        "repeated_lines",
        "A join with several rows an order, such as of payments, multiplies its lines.",
        REPEATED
        + f""",
        by_order as (
            select
                customer_id,
                order_id,
                count(*) as content_count,
                min(copy_count) as least_copies,
                sum(copy_count - 1) as extra_count
            from contents
            where file_count = 1
            group by customer_id, order_id
        )
        select
            case
                when
                    count(*) filter (where least_copies > 1 and content_count > 1) > 0
                    or sum(extra_count)
                    > {LEAST_REPEATED_SHARE} * (select count(*) from checked.accepted_lines)
                    then sum(extra_count)
            end as count,
            min(order_id) filter (where extra_count > 0) as example,
            count(*) filter (where least_copies > 1) as whole_count
        from by_order
        """,
        "lines that equal another line of their order, such as of order {example}, are counted; "
        "orders with every line repeated: {whole_count}, as a join with several rows an order "
        "makes them. Export lines without the join, or give each line an order_line_id",
    ),
    Kind(
        "order_ids_of_several_customers",
        "Receipt numbers that restart, or one number for several tills, are no order ids.",
        """
        with shared as (
            select order_id, count(distinct customer_id) as customer_count
            from checked.accepted_orders
            where not is_return
            group by order_id
            having count(distinct customer_id) > 1
        )
        select
            count(*) as count,
            min_by(order_id, (-customer_count, order_id)) as example,
            max(customer_count) as customer_count
        from shared
        """,
        "order ids of several customers, such as {example} of {customer_count}: an order is an id "
        "of one customer on one day; do the numbers restart?",
    ),
    Kind(
        "order_ids_on_several_days",
        "Numbers that restart daily join orders of different days, and move spend in time.",
        """
        with spread as (
            select customer_id, order_id, count(distinct ordered_on) as day_count
            from checked.accepted_orders
            where not is_return
            group by customer_id, order_id
            having count(distinct ordered_on) > 1
        )
        select
            count(*) as count,
            min_by(order_id, (-day_count, order_id)) as example,
            max(day_count) as day_count
        from spread
        """,
        "order ids of one customer on several days, such as {example} on {day_count}: an order is "
        "an id of one customer on one day; do the numbers restart?",
    ),
    Kind(
        "line_ids_restart_in_each_order",
        "A number of the line within its order names no line of the file.",
        _line_ids,
        "values of order_line_id in several orders, such as {example} in {order_count}: they "
        "number the lines of an order, so order and line together are the key",
    ),
    Kind(
        "last_date_stands_alone",
        "One mistyped year moves the as-of date, and every other customer lapses.",
        _stray_dates(latest=True),
        "orders far after all others, the first on {example}, {gap_days} days after {neighbour}: "
        "is the year right? Correct it, or set AS_OF to the day after the last real order",
    ),
    Kind(
        "first_date_stands_alone",
        "A date such as 1970-01-01 or 2000-01-01 stands for a missing one.",
        _stray_dates(latest=False),
        "orders far before all others, the last on {example}, {gap_days} days before "
        "{neighbour}: does the date stand for a missing one?",
    ),
    Kind(
        "all_amounts_negative",
        "Ledgers write sales as credits: every purchase is then taken for a return.",
        """
        select
            case when bool_and(net_amount < 0 and not is_amount_turned) then count(*) end as count,
            min(net_amount) as example
        from checked.accepted_lines
        """,
        "all amounts are negative, such as {example}, so every line is taken for a return: turn "
        "the sign in columns.yml, as in net_amount: -amount",
    ),
    Kind(
        "returns_with_positive_amounts",
        "Returns whose amounts are not below 0 look like purchases wherever they are summed.",
        """
        select
            case
                when bool_and(is_amount_turned) filter (where is_return and net_amount <> 0)
                    then count(*) filter (where is_amount_turned)
            end as count,
            min_by(order_id, (source_file, source_row_number))
            filter (where is_amount_turned) as example
        from checked.accepted_lines
        """,
        "no amount is negative, though lines are marked as returns, such as in order {example}: "
        "their amounts are taken as negative",
    ),
)
