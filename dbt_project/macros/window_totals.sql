{# What a customer's days in a window add up to: a list of select expressions.
   The days have days_before, half_observed_days, is_weekend and
   is_first_of_week beside the columns of customer_days. #}
{% macro window_totals() -%}
cast(sum(order_count) as bigint) as order_count,
cast(sum(evening_order_count) as bigint) as evening_order_count,
cast(
    coalesce(sum(order_count) filter (where is_weekend), 0) as bigint
) as weekend_order_count,
count(*) filter (where order_count > 0) as order_day_count,
count(*) filter (where is_first_of_week) as order_week_count,
cast(sum(line_count) as bigint) as line_count,
cast(sum(spend) as decimal(18, 4)) as spend,
-- Both halves are equally long, whatever the window's length.
cast(
    coalesce(
        sum(spend) filter (where days_before <= half_observed_days), 0
    ) as decimal(18, 4)
) as late_spend,
cast(
    coalesce(
        sum(spend) filter (
            where days_before > half_observed_days
            and days_before <= 2 * half_observed_days
        ),
        0
    ) as decimal(18, 4)
) as early_spend,
cast(sum(purchase_amount) as decimal(18, 4)) as purchase_amount,
cast(sum(return_amount) as decimal(18, 4)) as return_amount,
cast(sum(discount_amount) as decimal(18, 4)) as discount_amount,
cast(sum(private_label_amount) as decimal(18, 4))
    as private_label_amount,
cast(sum(known_label_amount) as decimal(18, 4)) as known_label_amount
{%- endmacro %}
