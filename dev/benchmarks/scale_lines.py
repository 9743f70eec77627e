"""The order lines of the shop that `scale_data` writes, as SQL, and how large it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

FIRST_DAY = date(2024, 12, 30)
DAYS = 546  # a window of 364 days and six grid steps before it, and then some
LINES_PER_CUSTOMER = 100
LINES_PER_ORDER = 5
LEAST_CUSTOMERS, LEAST_PRODUCTS, MOST_PRODUCTS = 50, 480, 48_000
LINES_PER_PRODUCT = 500
CATEGORIES = 24
CAMPAIGNS = 12
# Shares of lines.
RETURNED, REJECTED, REPEATED, CONFLICTING = 0.02, 0.002, 0.003, 0.0001


@dataclass(frozen=True)
class Shop:
    """Size and seed of a shop.

    line_count: lines aimed at; the exact number follows from the seed and lies within 2% of it.
    """

    line_count: int
    seed: int

    @property
    def order_count(self) -> int:
        """Number of orders."""
        return max(1, self.line_count // LINES_PER_ORDER)

    @property
    def customer_count(self) -> int:
        """Number of customers."""
        return max(LEAST_CUSTOMERS, self.line_count // LINES_PER_CUSTOMER)

    @property
    def product_count(self) -> int:
        """Number of products, a multiple of the number of categories."""
        wanted = self.line_count // LINES_PER_PRODUCT
        return min(MOST_PRODUCTS, max(LEAST_PRODUCTS, wanted)) // CATEGORIES * CATEGORIES


def order_lines_sql(shop: Shop, first_order: int, last_order: int) -> str:
    """The lines of orders `first_order` up to but not including `last_order`."""
    return f"""
with {_dated_orders(shop, first_order, last_order)},
{_LINES}
select * exclude (again) replace (cast(net_amount as decimal(18, 2)) as net_amount) from written
union all
select * exclude (again, is_copied) replace (cast(net_amount as decimal(18, 2)) as net_amount)
from repeated
"""


def _dated_orders(shop: Shop, first_order: int, last_order: int) -> str:
    """The CTEs up to `dated`: orders with customer, day, time and number of lines."""
    # Only customers present at the time order: the first of four drawn, or else the last.
    drawn = [f"some_customer(number * 4 + {draw})" for draw in range(4)]
    tries = ", ".join(f"case when is_there({one}, passed) then {one} end" for one in drawn[:3])
    return f"""counted as (
    select
        range as number,
        (range + u('when', range)) / {shop.order_count} as passed
    from range({first_order}, {last_order})
),
orders as (
    select
        number,
        coalesce({tries}, {drawn[3]}) as customer,
        cast(
            floor({DAYS} * least(0.999999, greatest(0, passed - 0.02 * sin(4 * pi() * passed))))
            as bigint
        ) as day
    from counted
),
dated as (
    select
        number,
        customer,
        -- Half of what falls on a Monday or Tuesday waits for the weekend.
        day + case
            when day % 7 < 2 and u('weekend', number) < 0.5
                then 5 - day % 7 + cast(u('sunday', number) < 0.4 as bigint)
            else 0
        end as day,
        cast(floor(3600 * (8 + 13 * (u('hour', number) + u('late', number)) / 2)) as bigint)
            as second,
        1 + cast(floor(9 * u('lines', number)) as bigint) as line_count
    from orders
)"""


# From `dated` to `repeated`: lines as the file has them, with those that a build rejects.
_LINES = f"""lines as (
    select
        dated.*,
        dated.number * 10 + unnest(range(dated.line_count)) as line
    from dated
),
drawn as (
    select
        *,
        case
            when u('likes', line) < 0.55
                then some_product(line) * {CATEGORIES}
                + favourite(customer, cast(floor(3 * u('liked', line)) as bigint))
            else some_product(line) * {CATEGORIES}
                + cast(floor({CATEGORIES} * pow(u('category', line), 1.5)) as bigint)
        end as product,
        1 + cast(floor(least(4, e('quantity', line) * 0.8)) as bigint) as quantity,
        u('returned', line) < {RETURNED} as is_return,
        u('rejected', line) as fate,
        u('repeated', line) as again
    from lines
),
priced as (
    select
        *,
        (0.5 + 4 * e('price', product)) * quantity as full_amount,
        case
            when u('discounted', line) < 0.1 + 0.4 * pow(u('hunts discounts', customer), 2)
                then 0.1 + 0.2 * u('discount', line)
            else 0
        end as discount
    from drawn
),
written as (
    select
        'L' || lpad(cast(line as varchar), 11, '0') as order_line_id,
        'O' || lpad(cast(number as varchar), 10, '0') as order_id,
        case when fate >= {REJECTED / 4} then customer_id(customer) end as customer_id,
        product_id(product) as product_id,
        case
            when u('channel', number) < 0.2 + 0.7 * u('is online', customer) then 'web'
            when u('app', number) < 0.3 then 'app'
            else 'store'
        end as channel,
        cast(quantity as integer) as quantity,
        case
            when fate < {REJECTED / 2} and fate >= {REJECTED / 4} then null
            when fate < {REJECTED} and fate >= {3 * REJECTED / 4} then 1e12
            else cast(round(case when is_return then -1 else 1 end
                * full_amount * (1 - discount), 2) as decimal(14, 2))
        end as net_amount,
        cast(round(full_amount * discount, 2) as decimal(14, 2)) as discount_amount,
        is_return,
        case
            when fate < {3 * REJECTED / 4} and fate >= {REJECTED / 2}
                then timestamp '2199-01-01 00:00:00'
            else timestamp '{FIRST_DAY} 00:00:00'
                + to_days(cast(day as integer)) + to_seconds(second + line % 10)
        end as ordered_at,
        again
    from priced
),
repeated as (
    select
        * replace (case when is_copied then net_amount else net_amount + 1 end as net_amount)
    from (
        select *, again < {REPEATED} as is_copied from written
        where again < {REPEATED + CONFLICTING}
    )
)"""
