{% set placeholders = {
    'customer_count': 'cast(customer_count as string)',
    'future_spend': readable_number('future_spend_per_customer', "'money'"),
    'future_spend_days':
        "coalesce(cast(future_spend_days as string), case yield_basis"
        ~ " when 'attributes' then 'all' else 'unknown' end)",
    'future_spend_index':
        "coalesce(" ~ whole_number('future_spend_index') ~ ", 'unknown')",
    'retention': readable_number('active_share', "'share'"),
    'retention_index':
        "coalesce(" ~ whole_number('retention_index') ~ ", 'unknown')",
    'response_rate': readable_number('response_rate', "'share'"),
    'engagement_index':
        "coalesce(" ~ whole_number('engagement_index') ~ ", 'unknown')",
    'orders':
        "coalesce(" ~ whole_number('orders_per_customer') ~ ", 'unknown')",
    'order_value': readable_number(
        'spend_per_customer / nullif(orders_per_customer, 0)', "'money'"
    ),
    'next_future_spend':
        readable_number('next_future_spend_per_customer', "'money'"),
    'next_segment':
        "coalesce('\"' || " ~ without_braces('next_segment_name')
        ~ " || '\"', 'the segment above')",
    'categories':
        "coalesce(" ~ without_braces('lead_categories')
        ~ ", 'what they buy already')",
    'channel':
        "coalesce(" ~ without_braces('channel') ~ ", 'the usual channel')",
    'measures':
        "coalesce(" ~ without_braces('measures') ~ ", 'unknown')",
} %}

with

segment_strategies as (

    select * from {{ ref('segment_strategies') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

segment_upward_moves as (

    select * from {{ ref('segment_upward_moves') }}

),

segment_engagement as (

    select * from {{ ref('segment_engagement') }}
    where
        campaign_id = '(all)'
        and channel not in ('(all)', '(none)')

),

segment_category_affinity as (

    select * from {{ ref('segment_category_affinity') }}

),

segment_profiles as (

    select * from {{ ref('segment_profiles') }}

),

-- The channel by which campaigns are answered best, counted with caution: by
-- the lower end of its interval. Where no campaign was answered, the channel
-- through which the segment orders most.
channels_ranked as (

    select
        segment_id,
        channel,
        case interaction_type
            when 'order' then 'orders'
            else 'campaign answers'
        end as channel_basis,
        row_number() over (
            partition by segment_id
            order by
                case interaction_type when 'order' then 2 else 1 end asc,
                case interaction_type
                    when 'order' then contact_share
                    else rate_lower
                end desc,
                channel asc
        ) as place
    from segment_engagement
    where
        (interaction_type = 'campaign_sent' and responded_count > 0)
        or (interaction_type = 'order' and contact_count > 0)

),

channels as (

    select
        segment_id,
        channel,
        channel_basis
    from channels_ranked
    where place = 1

),

-- Bought by enough of the segment and of some weight in its spend: an index
-- alone is highest where hardly any customer buys.
categories_ranked as (

    select
        category,
        segment_id,
        row_number() over (
            partition by segment_id
            order by index_value desc, category asc
        ) as place
    from segment_category_affinity
    where
        category <> 'unknown'
        and index_value > 100
        and penetration >= {{ setting_within('min_lead_penetration', 0, 1) }}
        and spend_share >= {{ setting_within('min_lead_spend_share', 0, 1) }}

),

categories as (

    select
        segment_id,
        {{ text_join('category', ', ', 'place') }} as lead_categories
    from categories_ranked
    where place <= {{ setting_within('lead_category_count', 1, 100) }}
    group by segment_id

),

-- Segments that buy at a discount, or redeem coupons, more than others do.
discounts as (

    select
        segment_id,
        max(standardised_difference)
        >= {{ var('min_standardised_difference') }} as is_discount_sensitive
    from segment_profiles
    where feature in ('discount_rate', 'coupons_per_28_days')
    group by segment_id

),

joined as (

    select
        segment_strategies.*,
        segment_names.segment_name,
        segment_upward_moves.next_segment_id,
        segment_upward_moves.next_segment_name,
        segment_upward_moves.next_future_spend_per_customer,
        segment_upward_moves.future_spend_gap,
        segment_upward_moves.up_rate,
        segment_upward_moves.down_rate,
        segment_upward_moves.net_rate,
        segment_upward_moves.ceiling_amount,
        segment_upward_moves.ceiling_lower,
        segment_upward_moves.ceiling_upper,
        channels.channel,
        channels.channel_basis,
        categories.lead_categories,
        discounts.is_discount_sensitive,
        case
            when discounts.is_discount_sensitive
                then segment_strategies.offer_if_discount_sensitive
            else segment_strategies.offer
        end as offer_chosen
    from segment_strategies
    inner join segment_names
        on segment_strategies.segment_id = segment_names.segment_id
    left join segment_upward_moves
        on segment_strategies.segment_id = segment_upward_moves.segment_id
    left join channels
        on segment_strategies.segment_id = channels.segment_id
    left join categories
        on segment_strategies.segment_id = categories.segment_id
    left join discounts
        on segment_strategies.segment_id = discounts.segment_id

),

final as (

    select
        segment_name,
        strategy,
        strategy_reason,
        yield_basis,
        growth_direction,
        {%- for text in ['objective', 'offer_chosen', 'positioning'] %}
        {{ filled_template(text, placeholders) }}
            as {{ text.replace('_chosen', '') }},
        {%- endfor %}
        channel,
        channel_basis,
        lead_categories,
        kpi,
        {{ filled_template('kpi_label', placeholders) }} as kpi_label,
        next_segment_name,
        segment_id,
        next_segment_id,
        rule_order,
        future_spend_days,
        customer_count,
        cast(future_spend_rank as bigint) as future_spend_rank,
        future_spend_per_customer,
        future_spend_index,
        future_spend_index_lower,
        future_spend_index_upper,
        active_share as future_active_share,
        retention_index,
        retention_index_lower,
        retention_index_upper,
        response_rate,
        engagement_index,
        engagement_index_lower,
        engagement_index_upper,
        case kpi
            when 'future_spend_per_customer' then future_spend_per_customer
            when 'future_active_share' then active_share
            when 'response_rate' then response_rate
            when 'spend_per_customer' then spend_per_customer
            when 'orders_per_customer' then orders_per_customer
        end as kpi_current_value,
        next_future_spend_per_customer,
        future_spend_gap,
        up_rate,
        down_rate,
        net_rate,
        cast({{ var('yield_horizon_days') }} as bigint)
            as opportunity_horizon_days,
        ceiling_amount as opportunity_ceiling_amount,
        ceiling_lower as opportunity_ceiling_lower,
        ceiling_upper as opportunity_ceiling_upper,
        is_discount_sensitive
    from joined

)

select * from final
