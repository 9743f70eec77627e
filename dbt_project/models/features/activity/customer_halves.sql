{% set amounts = [
    'purchase_amount', 'discount_amount', 'private_label_amount',
    'known_label_amount',
] %}
{% set used = used_slot_columns(ref('category_slots')) %}
{% set slot_amounts = shared_slot_columns('category')[:used.category] %}
{% set slot_orders = shared_slot_columns('channel')[:used.channel] %}
{% set counts = [
    'order_count', 'line_count', 'weekend_order_count', 'evening_order_count',
    'morning_order_count', 'small_order_count', 'discounted_line_count',
    'channel_order_count',
] + slot_orders %}
{% set features = {} %}
{% for feature, expression in behaviour_features().items() %}
{% if feature in needs_columns() and needs_columns()[feature][0] != 'engagement'
    and feature != 'coupons_per_28_days' or feature == 'orders_per_28_days' %}
{% do features.update({feature: expression}) %}
{% endif %}
{% endfor %}

with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where
        is_current
        and has_sufficient_history

),

customers as (

    select * from {{ ref('customers') }}

),

customer_parts as (

    select * from {{ ref('int_customer_parts') }}

),

window_parts as (

    select * from {{ ref('window_parts') }}
    where is_whole

),

slot_sets as (

    select * from {{ ref('slot_sets') }}
    where is_candidate

),

-- Some thousand customers show whether a need comes back, and keys are hashes:
-- those with the lowest are any.
chosen as (

    select
        customers.customer_key,
        customer_snapshots.customer_id,
        customer_snapshots.observed_days,
        customer_snapshots.spend,
        customer_snapshots.as_of_date
    from customer_snapshots
    inner join customers
        on customer_snapshots.customer_id = customers.customer_id
    where customer_snapshots.order_count > 1
    order by customers.customer_key
    limit {{ var('halves_customers') }}

),

-- Every second week, as an order is of one week.
halves as (

    select
        chosen.customer_id,
        chosen.observed_days,
        chosen.spend,
        cast(mod(floor(customer_parts.part / 64.0), 2) as bigint) as half,
        {% for count in counts -%}
        cast(sum(customer_parts.{{ count }}) as bigint) as {{ count }},
        {% endfor -%}
        cast(sum(customer_parts.purchase_quantity) as decimal(18, 4))
            as purchase_quantity,
        {% for amount in amounts + slot_amounts -%}
        cast(sum(customer_parts.{{ amount }}) as decimal(18, 4))
            as {{ amount }},
        {% endfor -%}
        chosen.as_of_date
    from chosen
    inner join window_parts
        on chosen.as_of_date = window_parts.as_of_date
    inner join customer_parts
        on
            chosen.customer_key = customer_parts.customer_key
            and window_parts.part = customer_parts.part
    group by
        chosen.customer_id,
        chosen.observed_days,
        chosen.spend,
        chosen.as_of_date,
        cast(mod(floor(customer_parts.part / 64.0), 2) as bigint)
    having sum(customer_parts.order_count) > 0

),

counted as (

    select
        *,
        count(*) over (partition by customer_id) as half_count
    from halves

),

windows as (

    select
        counted.*,
        {% for amount in slot_columns('category', 'amount') -%}
        {{ slot_value('category', loop.index, used) }} as {{ amount }},
        {% endfor -%}
        {% for count in slot_columns('channel', 'count') -%}
        {{ slot_value('channel', loop.index, used) }} as {{ count }},
        {% endfor -%}
        slot_sets.*
    from counted
    cross join slot_sets
    where counted.half_count = 2

),

-- How much is spent is of both halves: what is taken out with it is the same.
final as (

    select
        customer_id,
        half,
        cast(observed_days as double) as observed_days,
        {{ per_28_days('spend') }} as spend_per_28_days,
        {% for feature, expression in features.items() -%}
        {{ expression }} as {{ feature }},
        {% endfor -%}
        as_of_date
    from windows

)

select * from final
