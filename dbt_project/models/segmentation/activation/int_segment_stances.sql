with

segment_standing as (

    select * from {{ ref('int_segment_standing') }}

),

playbook_rules as (

    select * from {{ ref('int_playbook_rules') }}

),

-- A bound is met where that is clear: by the whole interval, where the figure
-- has one. A figure that is not known meets none.
met as (

    select
        segment_standing.segment_id,
        min(playbook_rules.rule_order) as rule_order
    from segment_standing
    cross join playbook_rules
    where
        (
            playbook_rules.growth_direction is null
            or segment_standing.growth_direction
            = playbook_rules.growth_direction
        )
        and {{ meets_bounds('yield_index') }}
        and {{ meets_bounds('retention_index') }}
        and {{ meets_bounds('engagement_index') }}
    group by segment_standing.segment_id

),

applied as (

    select
        segment_standing.*,
        playbook_rules.stance,
        playbook_rules.meaning,
        playbook_rules.kpi,
        playbook_rules.kpi_label,
        playbook_rules.objective,
        playbook_rules.offer,
        playbook_rules.offer_if_discount_sensitive,
        playbook_rules.positioning,
        playbook_rules.rule_order,
        playbook_rules.min_yield_index,
        playbook_rules.max_yield_index,
        playbook_rules.min_retention_index,
        playbook_rules.max_retention_index,
        playbook_rules.min_engagement_index,
        playbook_rules.max_engagement_index
    from segment_standing
    inner join met
        on segment_standing.segment_id = met.segment_id
    inner join playbook_rules
        on met.rule_order = playbook_rules.rule_order

),

final as (

    select
        evidence,
        growth_direction,
        stance,
        'Rule ' || cast(rule_order as string) || ', ' || meaning
        || {{ figure_words('yield_index') }}
        || {{ figure_words('retention_index') }}
        || {{ figure_words('engagement_index') }}
        || '; growth: ' || growth_direction || '.' as stance_reason,
        kpi,
        kpi_label,
        objective,
        offer,
        offer_if_discount_sensitive,
        positioning,
        segment_id,
        rule_order,
        yield_days,
        customer_count,
        yield_rank,
        spend_per_customer,
        orders_per_customer,
        yield_per_customer,
        yield_standard_error,
        yield_index,
        yield_index_lower,
        yield_index_upper,
        retention_index,
        retention_index_lower,
        retention_index_upper,
        engagement_index,
        engagement_index_lower,
        engagement_index_upper,
        later_active_share,
        response_rate
    from applied

)

select * from final
