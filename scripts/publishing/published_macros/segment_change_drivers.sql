-- Why the spend of a segment changed from one period to the next. What customers
-- with an order spent is customers x orders per customer x lines per order x
-- price per line. The part of a factor is its change, times the mean of the
-- product of the other three over all orders in which the four can change one
-- after the other (Shapley): 1/4 each where all three are of one period, 1/12
-- each where they are mixed. What came back from customers without an order is
-- the fifth part, so that the parts add up to the change. A factor that is not
-- known of one period, as nobody ordered, is taken from the other.
create or replace view main.segment_change_drivers as

with

known as (

    select *
    from main.customer_periods
    where
        is_snapshot
        and is_complete
        and segment_id is not null

),

periods as (

    select distinct
        period_start_date,
        period_end_date
    from known

),

steps as (

    select
        periods_before.period_start_date as before_date,
        periods_after.period_start_date as after_date,
        periods_after.period_end_date
    from periods as periods_after
    inner join periods as periods_before
        on periods_before.period_end_date = periods_after.period_start_date

),

totals as (

    select
        segment_id,
        period_start_date,
        count(*) filter (where order_count > 0) as customer_count,
        coalesce(sum(order_count), 0) as order_count,
        coalesce(sum(line_count), 0) as line_count,
        coalesce(sum(spend) filter (where order_count > 0), 0) as ordered,
        coalesce(sum(spend) filter (where order_count = 0), 0) as returned
    from known
    group by
        segment_id,
        period_start_date

),

paired as (

    select
        segments.segment_id,
        segments.segment_name,
        steps.after_date,
        steps.period_end_date,
        coalesce(before.customer_count, 0) as c0,
        coalesce(after.customer_count, 0) as c1,
        before.order_count / nullif(before.customer_count, 0) as orders_before,
        after.order_count / nullif(after.customer_count, 0) as orders_after,
        before.line_count / nullif(before.order_count, 0) as lines_before,
        after.line_count / nullif(after.order_count, 0) as lines_after,
        cast(before.ordered as double) / nullif(before.line_count, 0)
            as price_before,
        cast(after.ordered as double) / nullif(after.line_count, 0)
            as price_after,
        coalesce(before.ordered + before.returned, 0) as spend_before,
        coalesce(after.ordered + after.returned, 0) as spend,
        cast(
            coalesce(after.returned, 0) - coalesce(before.returned, 0) as double
        ) as returns_effect
    from main.segment_summary as segments
    cross join steps
    left join totals as before
        on
            before.segment_id = segments.segment_id
            and before.period_start_date = steps.before_date
    left join totals as after
        on
            after.segment_id = segments.segment_id
            and after.period_start_date = steps.after_date

),

factors as (

    select
        *,
        coalesce(orders_before, orders_after, 0) as o0,
        coalesce(orders_after, orders_before, 0) as o1,
        coalesce(lines_before, lines_after, 0) as l0,
        coalesce(lines_after, lines_before, 0) as l1,
        coalesce(price_before, price_after, 0) as p0,
        coalesce(price_after, price_before, 0) as p1
    from paired

)

select
    segment_id,
    segment_name,
    after_date as period_start_date,
    period_end_date,
    cast(spend as decimal(18, 4)) as spend,
    cast(spend_before as decimal(18, 4)) as spend_before,
    cast(spend - spend_before as decimal(18, 4)) as spend_change,
    (c1 - c0) * (
        (o0 * l0 * p0 + o1 * l1 * p1) / 4
        + (
            o0 * l0 * p1 + o0 * l1 * p0 + o1 * l0 * p0
            + o1 * l1 * p0 + o1 * l0 * p1 + o0 * l1 * p1
        ) / 12
    ) as customers_effect,
    (o1 - o0) * (
        (c0 * l0 * p0 + c1 * l1 * p1) / 4
        + (
            c0 * l0 * p1 + c0 * l1 * p0 + c1 * l0 * p0
            + c1 * l1 * p0 + c1 * l0 * p1 + c0 * l1 * p1
        ) / 12
    ) as orders_effect,
    (l1 - l0) * (
        (c0 * o0 * p0 + c1 * o1 * p1) / 4
        + (
            c0 * o0 * p1 + c0 * o1 * p0 + c1 * o0 * p0
            + c1 * o1 * p0 + c1 * o0 * p1 + c0 * o1 * p1
        ) / 12
    ) as lines_effect,
    (p1 - p0) * (
        (c0 * o0 * l0 + c1 * o1 * l1) / 4
        + (
            c0 * o0 * l1 + c0 * o1 * l0 + c1 * o0 * l0
            + c1 * o1 * l0 + c1 * o0 * l1 + c0 * o1 * l1
        ) / 12
    ) as price_effect,
    returns_effect,
    c1 as customer_count,
    c0 as customer_count_before,
    orders_after as orders_per_customer,
    orders_before as orders_per_customer_before,
    lines_after as lines_per_order,
    lines_before as lines_per_order_before,
    price_after as price_per_line,
    price_before as price_per_line_before
from factors;

comment on view main.segment_change_drivers is
'Why the spend of each segment changed from one complete period of 28 days to the next: parts that add up to the change. Customers count in the segment they were in at the end of each period, so those who moved in are among customers_effect. Counts are exact: not for showing where they are small. Grain: one row per segment and period with snapshots at its end and its start.';

comment on column main.segment_change_drivers.segment_id is
'Segment of the active fit.';
comment on column main.segment_change_drivers.segment_name is
'Name of the segment.';
comment on column main.segment_change_drivers.period_start_date is
'First day of the period.';
comment on column main.segment_change_drivers.period_end_date is
'First day after the period.';
comment on column main.segment_change_drivers.spend is
'Spend of the segment in the period: paid less returned, in the currency of the source.';
comment on column main.segment_change_drivers.spend_before is
'Spend of the segment in the period before.';
comment on column main.segment_change_drivers.spend_change is
'Spend less spend_before: the sum of the five effects.';
comment on column main.segment_change_drivers.customers_effect is
'Part of the change from more or fewer customers with an order, in the currency of the source.';
comment on column main.segment_change_drivers.orders_effect is
'Part of the change from more or fewer orders per customer with an order.';
comment on column main.segment_change_drivers.lines_effect is
'Part of the change from more or fewer purchase lines per order.';
comment on column main.segment_change_drivers.price_effect is
'Part of the change from a higher or lower price per purchase line, after discounts and returns.';
comment on column main.segment_change_drivers.returns_effect is
'Part of the change from returns of customers without an order in the period.';
comment on column main.segment_change_drivers.customer_count is
'Customers of the segment with an order in the period.';
comment on column main.segment_change_drivers.customer_count_before is
'Customers of the segment with an order in the period before.';
comment on column main.segment_change_drivers.orders_per_customer is
'Orders per customer with an order in the period; null without one.';
comment on column main.segment_change_drivers.orders_per_customer_before is
'Orders per customer with an order in the period before; null without one.';
comment on column main.segment_change_drivers.lines_per_order is
'Purchase lines per order in the period; null without an order.';
comment on column main.segment_change_drivers.lines_per_order_before is
'Purchase lines per order in the period before; null without an order.';
comment on column main.segment_change_drivers.price_per_line is
'Spend per purchase line in the period; null without an order.';
comment on column main.segment_change_drivers.price_per_line_before is
'Spend per purchase line in the period before; null without an order.';
