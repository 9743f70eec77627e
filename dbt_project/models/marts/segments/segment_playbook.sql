{% set placeholders = {
    'customer_count': 'cast(customer_count as string)',
    'yield': readable_number('yield_per_customer', "'money'"),
    'yield_days':
        "coalesce(cast(yield_days as string), case evidence"
        ~ " when 'attributes' then 'all' else 'unknown' end)",
    'yield_index': "coalesce(" ~ whole_number('yield_index') ~ ", 'unknown')",
    'retention': readable_number('later_active_share', "'share'"),
    'retention_index':
        "coalesce(" ~ whole_number('retention_index') ~ ", 'unknown')",
    'response_rate': readable_number('response_rate', "'share'"),
    'engagement_index':
        "coalesce(" ~ whole_number('engagement_index') ~ ", 'unknown')",
    'next_yield': readable_number('next_yield_per_customer', "'money'"),
    'next_segment':
        "coalesce('\"' || " ~ without_braces('next_segment_name')
        ~ " || '\"', 'the segment above')",
    'categories':
        "coalesce(" ~ without_braces('lead_categories')
        ~ ", 'what they buy already')",
    'channel':
        "coalesce(" ~ without_braces('channel') ~ ", 'the usual channel')",
} %}

with

segment_stances as (

    select * from {{ ref('int_segment_stances') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

segment_opportunities as (

    select * from {{ ref('int_segment_opportunities') }}

),

segment_channels as (

    select * from {{ ref('int_segment_channels') }}

),

segment_lead_categories as (

    select * from {{ ref('int_segment_lead_categories') }}

),

-- Who buys at a discount, or redeems coupons, more than others do.
discounts as (

    select
        segment_id,
        max(standardised_difference)
        >= {{ var('min_standardised_difference') }} as is_discount_sensitive
    from {{ ref('segment_profiles') }}
    where feature in ('discount_rate', 'coupons_per_28_days')
    group by segment_id

),

joined as (

    select
        segment_stances.*,
        segment_names.segment_name,
        segment_opportunities.next_segment_id,
        segment_opportunities.next_segment_name,
        segment_opportunities.next_yield_per_customer,
        segment_opportunities.yield_gap,
        segment_opportunities.up_rate,
        segment_opportunities.down_rate,
        segment_opportunities.net_rate,
        segment_opportunities.ceiling_amount,
        segment_opportunities.ceiling_lower,
        segment_opportunities.ceiling_upper,
        segment_channels.channel,
        segment_channels.channel_basis,
        segment_lead_categories.lead_categories,
        discounts.is_discount_sensitive,
        case
            when discounts.is_discount_sensitive
                then segment_stances.offer_if_discount_sensitive
            else segment_stances.offer
        end as offer_chosen
    from segment_stances
    inner join segment_names
        on segment_stances.segment_id = segment_names.segment_id
    left join segment_opportunities
        on segment_stances.segment_id = segment_opportunities.segment_id
    left join segment_channels
        on segment_stances.segment_id = segment_channels.segment_id
    left join segment_lead_categories
        on segment_stances.segment_id = segment_lead_categories.segment_id
    left join discounts
        on segment_stances.segment_id = discounts.segment_id

),

final as (

    select
        segment_name,
        stance,
        stance_reason,
        evidence,
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
        yield_days,
        customer_count,
        cast(yield_rank as bigint) as yield_rank,
        yield_per_customer,
        yield_index,
        yield_index_lower,
        yield_index_upper,
        later_active_share,
        retention_index,
        retention_index_lower,
        retention_index_upper,
        response_rate,
        engagement_index,
        engagement_index_lower,
        engagement_index_upper,
        case kpi
            when 'yield_per_customer' then yield_per_customer
            when 'later_active_share' then later_active_share
            when 'response_rate' then response_rate
            when 'spend_per_customer' then spend_per_customer
            when 'orders_per_customer' then orders_per_customer
        end as kpi_current_value,
        next_yield_per_customer,
        yield_gap,
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
