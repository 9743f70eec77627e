with

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}

),

int_value_features as (

    select * from {{ ref('int_value_features') }}

),

int_preference_features as (

    select * from {{ ref('int_preference_features') }}

),

int_promotion_features as (

    select * from {{ ref('int_promotion_features') }}

),

int_channel_time_features as (

    select * from {{ ref('int_channel_time_features') }}

),

final as (

    select
        customer_snapshots.customer_id,
        int_preference_features.name_set,
        customer_snapshots.observed_days,
        {% for feature in [
            'orders_per_28_days',
            'spend_per_28_days',
            'average_order_value',
            'days_since_last_order',
            'tenure_days',
            'days_between_orders',
            'lines_per_order',
            'spend_trend',
        ] -%}
        int_value_features.{{ feature }},
        {% endfor -%}
        {% for position in range(1, 9) -%}
        int_preference_features.category_{{ position }}_share,
        {% endfor -%}
        int_preference_features.category_breadth,
        int_preference_features.private_label_share,
        int_promotion_features.discount_rate,
        int_promotion_features.coupons_per_28_days,
        int_promotion_features.campaigns_per_28_days,
        int_promotion_features.campaign_response_rate,
        int_channel_time_features.weekend_order_share,
        int_channel_time_features.evening_order_share,
        {% for position in range(1, 4) -%}
        int_channel_time_features.channel_{{ position }}_share,
        {% endfor -%}
        customer_snapshots.is_current,
        customer_snapshots.has_sufficient_history,
        customer_snapshots.as_of_date
    from customer_snapshots
    inner join int_value_features
        on
            customer_snapshots.customer_id = int_value_features.customer_id
            and customer_snapshots.as_of_date = int_value_features.as_of_date
    inner join int_preference_features
        on
            customer_snapshots.customer_id = int_preference_features.customer_id
            and customer_snapshots.as_of_date
            = int_preference_features.as_of_date
    inner join int_promotion_features
        on
            customer_snapshots.customer_id = int_promotion_features.customer_id
            and customer_snapshots.as_of_date
            = int_promotion_features.as_of_date
    inner join int_channel_time_features
        on
            customer_snapshots.customer_id
            = int_channel_time_features.customer_id
            and customer_snapshots.as_of_date
            = int_channel_time_features.as_of_date
            and int_preference_features.name_set
            = int_channel_time_features.name_set

)

select * from final
