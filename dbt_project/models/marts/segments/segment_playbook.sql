{# Null where unknown: the clause around it is left out. #}
{% set expressions = {
    'customer_count': spoken_number('customer_count', "'number'"),
    'value': 'value_words',
    'value_label': 'value_label',
    'future_spend': spoken_number('future_spend_per_customer', 'value_unit'),
    'future_spend_days': 'cast(future_spend_days as string)',
    'future_spend_index': whole_number('future_spend_index'),
    'period': spoken_days('future_spend_days'),
    'window': spoken_days(var('window_days')),
    'retention': 'case when active_share > 0 then '
        ~ spoken_share('active_share') ~ ' end',
    'retention_index': whole_number('retention_index'),
    'response_rate': spoken_share('response_rate'),
    'engagement_index': whole_number('engagement_index'),
    'orders': spoken_number('orders_known', "'number'"),
    'order_value': spoken_number(
        'spend_per_customer / nullif(orders_known, 0)', "'currency'"
    ),
    'next_future_spend': spoken_number(
        'next_future_spend_per_customer', 'value_unit'
    ),
    'next_segment': "'\"' || next_segment_name || '\"'",
    'categories': 'spoken_categories',
    'missing_categories': 'missing_categories',
    'channel': 'spoken_channel',
    'when': 'order_time',
    'line_value': spoken_number('line_value', "'currency'"),
    'measures': 'measures',
    'figures': 'figures',
    'traits': 'traits',
} %}
{% set placeholders = {} %}
{% for name in expressions %}
{% do placeholders.update({name: 'placed_' ~ name}) %}
{% endfor %}

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
    where
        category <> 'unknown'
        and is_product

),

segment_phrases as (

    select * from {{ ref('segment_phrases') }}
    where phrase_rank <= 2

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
-- alone is highest where hardly any customer buys. The first is what it spends
-- most on beyond the average share, as its name says. What a segment buys least
-- of, among what weighs in the shop, is what it could still be sold.
categories_ranked as (

    select
        category_label,
        main_items,
        segment_id,
        'lead' as kind,
        row_number() over (
            partition by segment_id
            order by
                spend_share * (index_value - 100) / index_value desc,
                category asc
        ) as place,
        {{ setting_within('lead_category_count', 1, 100) }} as most
    from segment_category_affinity
    where
        index_value >= {{ var('min_lead_index') }}
        and penetration >= {{ setting_within('min_lead_penetration', 0, 1) }}
        and spend_share >= {{ setting_within('min_lead_spend_share', 0, 1) }}
    union all
    select
        category_label,
        main_items,
        segment_id,
        'missing' as kind,
        row_number() over (
            partition by segment_id
            order by index_value asc, category asc
        ) as place,
        2 as most
    from segment_category_affinity
    where
        index_value < {{ var('average_index')['lowest'] }}
        and population_spend_share
        >= {{ setting_within('min_lead_spend_share', 0, 1) }}

),

categories_counted as (

    select
        *,
        count(*) over (
            partition by
                segment_id,
                kind
        ) as listed
    from categories_ranked
    where place <= most

),

categories as (

    select
        segment_id,
        {%- for kind, name, joined_by in [
            ('lead', 'spoken_categories', 'and'),
            ('missing', 'missing_categories', 'or'),
        ] %}
        nullif(
            {{ text_join(
                "case when kind <> '" ~ kind ~ "' then ''"
                ~ " when place = 1 then category_label"
                ~ " when place = listed then ' " ~ joined_by
                ~ " ' || category_label"
                ~ " else ', ' || category_label end",
                '',
                'place, kind'
            ) }},
            ''
        ) as {{ name }},
        {%- endfor %}
        {{ text_join(
            "case when kind = 'lead' then category_label end",
            ', ',
            'place'
        ) }} as lead_categories,
        {{ text_join(
            "case when kind = 'lead' then category_label"
            ~ " || coalesce(' (' || main_items || ')', '') end",
            '; ',
            'place'
        ) }} as lead_items
    from categories_counted
    group by segment_id

),

-- When a segment orders more than others, and what a line of it costs.
hours as (

    select
        segment_id,
        max_by(
            case feature
                when 'evening_order_share' then 'in the evening'
                when 'morning_order_share' then 'in the morning'
                when 'weekend_order_share' then 'at the weekend'
            end,
            standardised_difference
        ) filter (
            where
            feature in (
                'evening_order_share',
                'morning_order_share',
                'weekend_order_share'
            )
            and standardised_difference
            >= {{ var('min_standardised_difference') }}
        ) as order_time,
        max(median_value) filter (where feature = 'price_per_line')
            as line_value
    from segment_profiles
    group by segment_id

),

traits as (

    select
        segment_id,
        {{ text_join('phrase', ' and ', 'phrase_rank') }} as traits
    from segment_phrases
    group by segment_id

),

-- Segments that buy at a discount, or redeem coupons, more than others do.
discounts as (

    select
        segment_id,
        max(standardised_difference)
        >= {{ var('min_standardised_difference') }} as is_discount_sensitive
    from segment_profiles
    where
        feature in ('discount_rate', 'coupons_per_28_days')
        or (
            {{ described_role('feature', 'label') }} = 'deals'
            and feature not in ({{ text_list(behaviour_features()) }})
        )
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
        {{ channel_words(
            'channels.channel',
            "case channels.channel_basis when 'orders' then 'through '"
            ~ " else 'by ' end"
        ) }} as spoken_channel,
        hours.order_time,
        hours.line_value,
        nullif(segment_strategies.orders_per_customer, 0) as orders_known,
        categories.lead_categories,
        categories.lead_items,
        categories.spoken_categories,
        categories.missing_categories,
        traits.traits,
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
    left join traits
        on segment_strategies.segment_id = traits.segment_id
    left join hours
        on segment_strategies.segment_id = hours.segment_id

),

placed as (

    select
        {%- for name, expression in expressions.items() %}
        {{ placed_value(expression) }} as placed_{{ name }},
        {%- endfor %}
        joined.*
    from joined

),

-- Where the measure of the rule is not known, the value is watched.
watched as (

    select
        *,
        case kpi
            when 'future_active_share' then active_share
            when 'response_rate' then response_rate
            when 'spend_per_customer' then spend_per_customer
            when 'orders_per_customer' then orders_known
        end as kpi_value
    from placed

),

filled as (

    select
        *,
        case
            when kpi_value is null and future_spend_per_customer is not null
                then 'future_spend_per_customer'
            else kpi
        end as kpi_watched,
        {{ known_clauses(filled_template('objective', placeholders)) }}
            as filled_objective,
        {{ known_clauses(filled_template('offer_chosen', placeholders)) }}
            as filled_offer,
        {{ known_clauses(filled_template('positioning', placeholders)) }}
            as filled_positioning,
        {{ known_clauses(filled_template('kpi_label', placeholders)) }}
            as filled_kpi_label,
        {{ known_clauses(filled_template('avoid', placeholders)) }}
            as filled_avoid
    from watched

),

-- No segment is offered what another is offered: two that differ in neither
-- rule nor categories differ by what sets each apart.
distinguished as (

    select
        *,
        filled_offer
        || case
            when count(*) over (partition by filled_offer) > 1
                then coalesce('; keep in mind: ' || traits, '')
            else ''
        end
        || case
            when strategy <> 'repair'
                then
                    coalesce(
                        '; before that, an answer to each complaint ('
                        || replace(
                            complaints,
                            'customers with a complaint',
                            'complained'
                        )
                        || ')',
                        ''
                    )
            else ''
        end as offer_distinguished
    from filled

),

final as (

    select
        segment_id,
        segment_name,
        strategy,
        yield_basis,
        growth_direction,
        is_discount_sensitive,
        channel,
        channel_basis,
        customer_count,
        future_spend_days,
        future_spend_per_customer,
        cast(future_spend_rank as bigint) as future_spend_rank,
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
        kpi_watched as kpi,
        case
            when kpi_watched <> kpi
                then coalesce(value_label, 'spend per customer')
            when yield_basis = 'attributes' and kpi = 'future_active_share'
                then 'share who bought lately'
            else filled_kpi_label
        end as kpi_label,
        case kpi_watched
            when 'future_spend_per_customer' then future_spend_per_customer
            else kpi_value
        end as kpi_current_value,
        value_label,
        case when value_label is not null then value_unit end as value_unit,
        next_segment_id,
        next_segment_name,
        next_future_spend_per_customer,
        future_spend_gap,
        up_rate,
        down_rate,
        net_rate,
        case
            when coalesce(yield_basis, '') <> 'attributes'
                then cast({{ var('yield_horizon_days') }} as bigint)
        end as opportunity_horizon_days,
        ceiling_amount as opportunity_ceiling_amount,
        ceiling_lower as opportunity_ceiling_lower,
        ceiling_upper as opportunity_ceiling_upper,
        replace(
            filled_objective, 'these 1 customers', 'this one customer'
        ) as objective,
        offer_distinguished as offer,
        filled_positioning as positioning,
        nullif(filled_avoid, '') as avoid,
        lead_categories,
        lead_items,
        strategy_reason,
        rule_order
    from distinguished

)

select * from final
