"""What the accepted rows of some data add up to."""

from __future__ import annotations

from collections.abc import Sequence

from checking.findings import FileTotals, LargestCustomer, Outcome, Totals
from checking.project_models import SCHEMA, ProjectModels
from common.project_sql import Relation
from common.query_rows import one_row

# The accepted order lines with the place each came from, which the model `order_lines` lacks, and
# what they add up to by order and by customer.
LINES = Relation(SCHEMA, "accepted_lines")
ORDERS = Relation(SCHEMA, "accepted_orders")
ORDERING = Relation(SCHEMA, "ordering_customers")
CUSTOMERS_TABLE = "customers"


def make_accepted_lines(models: ProjectModels) -> None:
    """Make the tables of accepted order lines, orders and customers with orders."""
    models.connection.execute(
        f"""
        create table {LINES} as
        select
            lines.source_file,
            lines.source_row_number,
            lines.order_line_id,
            lines.order_id,
            lines.customer_id,
            lines.product_id,
            lines.quantity,
            lines.net_amount,
            lines.is_return,
            lines.is_amount_turned,
            cast(lines.ordered_at as date) as ordered_on,
            outcomes.reason as outcome_reason
        from {models.ref("int_order_lines_validated")} as lines
        left join {models.ref("int_order_line_outcomes")} as outcomes
            on
                lines.source_row_number = outcomes.source_row_number
                and lines.file_key = outcomes.file_key
        where
            lines.reject_reason is null
            and coalesce(outcomes.outcome, 'accepted') in ('accepted', 'cancelled')
        """
    )
    models.connection.execute(
        f"""
        create table {ORDERS} as
        select
            customer_id,
            order_id,
            ordered_on,
            count(*) as line_count,
            bool_and(is_return) as is_return,
            sum(net_amount) as spend
        from {LINES}
        group by customer_id, order_id, ordered_on
        """
    )
    models.connection.execute(
        f"""
        create table {ORDERING} as
        select
            customer_id,
            count(*) as order_count,
            sum(line_count) as line_count,
            sum(spend) as spend
        from {ORDERS}
        group by customer_id
        """
    )


def totals_of(models: ProjectModels, outcomes: Sequence[Outcome]) -> Totals:
    """Return what the accepted rows add up to; `make_accepted_lines` was called before."""
    customer_rows = sum(
        outcome.row_count
        for outcome in outcomes
        if (outcome.source_table, outcome.outcome) == (CUSTOMERS_TABLE, "accepted")
    )
    line_count, spend, return_count, return_amount, first, last = one_row(
        models.connection,
        f"""
        select
            count(*),
            sum(net_amount),
            count(*) filter (where is_return),
            coalesce(sum(net_amount) filter (where is_return), 0),
            min(ordered_on),
            max(ordered_on)
        from {LINES}
        """,
    )
    if not line_count:
        return Totals(0, 0, customer_rows, customer_rows)
    orders, customers = one_row(
        models.connection,
        f"select (select count(*) from {ORDERS}), (select count(*) from {ORDERING})",
    )
    return Totals(
        accepted_lines=line_count,
        orders=orders,
        customers=customers,
        customer_rows=customer_rows,
        spend=spend,
        return_count=return_count,
        return_amount=return_amount,
        first_ordered_on=first,
        last_ordered_on=last,
        largest=_largest(models),
        files=_files(models),
    )


def _largest(models: ProjectModels) -> LargestCustomer:
    customer_id, spend, lines, all_spend, all_lines = one_row(
        models.connection,
        f"""
        select
            customer_id,
            spend,
            line_count,
            sum(spend) over () as all_spend,
            sum(line_count) over () as all_line_count
        from {ORDERING}
        order by spend desc, line_count desc, customer_id
        limit 1
        """,
    )
    share = float(spend / all_spend) if all_spend > 0 else None
    return LargestCustomer(customer_id, spend, int(lines) / int(all_lines), share)


def _files(models: ProjectModels) -> tuple[FileTotals, ...]:
    rows = models.connection.execute(
        f"""
        select source_file, count(*), sum(net_amount), min(ordered_on), max(ordered_on)
        from {LINES}
        group by source_file
        order by source_file
        """
    ).fetchall()
    return tuple(FileTotals(*row) for row in rows)
