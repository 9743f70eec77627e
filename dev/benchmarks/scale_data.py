"""A shop of any size in the own-files contract, written by DuckDB as Parquet.

Every value is a hash of the seed, the entity's number and the name of the draw, so that the same
seed gives the same rows whatever the number of threads, and nothing is held in memory: orders are
counted off in order of time, spread into lines and streamed to disk.

The shop is skewed where shops are: a few customers place most orders, a few products make most
lines, customers come and go, weeks and years have seasons, and baskets lean to what a customer
likes. Some lines are returns, some cannot be accepted, some come twice with the same line id, and
a few line ids come with two different amounts.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import duckdb

from benchmarks.scale_lines import CAMPAIGNS, CATEGORIES, DAYS, FIRST_DAY, Shop, order_lines_sql
from common.quoting import literal

# Enough for a scan to be spread over threads, little enough to be held while it is written.
ROW_GROUP = 122_880


def macros(shop: Shop) -> list[str]:
    """Statements that create the draws: `u(name, number)` is uniform in [0, 1)."""
    customers, products = shop.customer_count, shop.product_count
    return [
        # Hashed twice: DuckDB joins the hashes of several values by a bare `xor`.
        "create macro u(name, number) as "
        f"hash(hash({shop.seed:d}, name, number)) / 18446744073709551616",
        # Exponential, mean 1: what amounts and gaps look like.
        "create macro e(name, number) as -ln(1 - u(name, number) * 0.999999)",
        # A customer's stay, as shares of the shop's days.
        "create macro joined(customer) as case when u('is new', customer) < 0.6 then 0.0 "
        "else 0.85 * u('joined', customer) end",
        "create macro stayed(customer) as case when u('stays', customer) < 0.75 then 1.0 "
        "else 0.1 + 0.8 * u('stayed', customer) end",
        "create macro is_there(customer, passed) as passed >= joined(customer) "
        "and passed <= joined(customer) + (1 - joined(customer)) * stayed(customer)",
        "create macro favourite(customer, number) as "
        f"cast(floor({CATEGORIES} * u('favourite', customer * 3 + number)) as bigint)",
        # Numbers of customers and products are in order of size; ids are not.
        f"create macro customer_id(number) as "
        f"'C' || lpad(cast((number * 7919 + 13) % {prime_above(customers)} as varchar), 8, '0')",
        "create macro product_id(number) as 'P' || lpad(cast(number as varchar), 6, '0')",
        # The largest customer has 25 times the lines of the mean one, the smallest a third.
        f"create macro some_customer(number) as cast(floor({customers} * (0.04 * "
        "u('customer', number) + 0.96 * pow(u('customer', number), 2.2))) as bigint)",
        f"create macro some_product(number) as cast(floor({products // CATEGORIES} * "
        "pow(u('product', number), 1.8)) as bigint)",
    ]


def prime_above(number: int) -> int:
    """The smallest prime above a number and 7919, so that multiples of 7919 are all different."""
    candidate = max(number, 7919) + 1
    while any(candidate % divisor == 0 for divisor in range(2, int(candidate**0.5) + 1)):
        candidate += 1
    return candidate


def customers_sql(shop: Shop) -> str:
    """Every customer with attributes, some of them unknown."""
    return f"""
select
    customer_id(range) as customer_id,
    (['18-29', '30-39', '40-49', '50-64', '65+'])[1 + cast(floor(5 * u('age', range)) as bigint)]
        as age_band,
    case when u('told', range) < 0.8 then
        (['female', 'male', 'other'])[1 + cast(floor(2.05 * u('gender', range)) as bigint)]
    end as gender,
    'region ' || cast(1 + cast(floor(12 * pow(u('region', range), 1.5)) as bigint) as varchar)
        as region,
    1 + cast(floor(least(5, e('household', range))) as bigint) as household_size
from range({shop.customer_count})
"""


def products_sql(shop: Shop) -> str:
    """Every product with its category, subcategory and brand."""
    return f"""
select
    product_id(range) as product_id,
    'category ' || lpad(cast(range % {CATEGORIES} + 1 as varchar), 2, '0') as category,
    'subcategory ' || cast(range % ({CATEGORIES} * 6) as varchar) as subcategory,
    'brand ' || cast(cast(floor(200 * pow(u('brand', range), 2)) as bigint) as varchar) as brand,
    u('private label', range) < 0.2 as is_private_label
from range({shop.product_count})
"""


def interactions_sql(shop: Shop) -> str:
    """Campaigns sent to a fifth of the customers each, their answers, and coupons."""
    return f"""
with sent as (
    select
        customers.range as customer,
        campaigns.range as campaign,
        customers.range * {CAMPAIGNS} + campaigns.range as number,
        timestamp '{FIRST_DAY} 09:00:00'
            + to_days(cast(10 + campaigns.range * {DAYS - 40} // {CAMPAIGNS} as integer)) as sent_at
    from range({shop.customer_count}) as customers
    cross join range({CAMPAIGNS}) as campaigns
    where u('sent', customers.range * {CAMPAIGNS} + campaigns.range) < 0.2
),
answered as (
    select
        *,
        case when u('redeems', number) < 0.4 then 'coupon_redeemed' else 'campaign_response' end
            as interaction_type
    from sent
    where u('answers', number) < 0.3 * u('hunts discounts', customer)
)
select
    customer_id(customer) as customer_id,
    'campaign_sent' as interaction_type,
    'campaign ' || cast(campaign + 1 as varchar) as campaign_id,
    case when number % 2 = 0 then 'email' else 'app' end as channel,
    cast(null as integer) as score,
    sent_at as occurred_at
from sent
union all
select
    customer_id(customer),
    interaction_type,
    'campaign ' || cast(campaign + 1 as varchar),
    case when number % 2 = 0 then 'email' else 'app' end,
    null,
    sent_at + to_hours(1 + cast(floor(300 * u('answered', number)) as integer))
from answered
"""


def write_shop(
    shop: Shop,
    folder: Path,
    *,
    threads: int,
    file_count: int = 1,
    report: Callable[[str], None] = lambda _: None,
) -> int:
    """Write the files of a shop; returns the bytes of them all.

    The lines go to `order_lines.parquet`, or to `order_lines_001.parquet` and so on where more
    than one file is asked for. Each of these ends with a Sunday.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {threads:d}")
        # Rows need no order, and keeping one would hold back what is written.
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set memory_limit = '2GB'")
        connection.execute(f"set temp_directory = {literal(folder / 'tmp')}")
        for statement in macros(shop):
            connection.execute(statement)
        for name, query in files(shop, file_count):
            report(f"writing {name}.parquet")
            connection.execute(
                f"copy ({query}) to {literal(folder / f'{name}.parquet')} "
                f"(format parquet, compression zstd, row_group_size {ROW_GROUP:d})"
            )
    return sum(path.stat().st_size for path in folder.glob("*.parquet"))


def day_of(share: float) -> float:
    """The day on which a share of all orders has been placed: weeks and years have seasons."""
    return DAYS * (share - 0.02 * math.sin(4 * math.pi * share))


def first_order_of(shop: Shop, share: float) -> int:
    """The first order of the week that begins nearest to the day of a share of all orders.

    A shop that is cut within a week has days without orders at its end, because some wait for the
    weekend, and there would be no recent orders.
    """
    day = 7.0 * round(day_of(share) / 7)
    numbers = range(shop.order_count + 1)
    return bisect_right(numbers, day, key=lambda number: day_of(number / shop.order_count)) - 1


def files(shop: Shop, file_count: int) -> Iterator[tuple[str, str]]:
    """Names and queries of the files."""
    bounds = [first_order_of(shop, number / file_count) for number in range(file_count + 1)]
    for number, (first, last) in enumerate(pairwise(bounds), start=1):
        name = "order_lines" if file_count == 1 else f"order_lines_{number:03d}"
        yield name, order_lines_sql(shop, first, last)
    yield "customers", customers_sql(shop)
    yield "products", products_sql(shop)
    yield "interactions", interactions_sql(shop)
