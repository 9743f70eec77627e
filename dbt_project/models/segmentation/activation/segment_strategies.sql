with

segment_indexes as (

    select * from {{ ref('int_segment_indexes') }}

),

playbook_rules as (

    select * from {{ ref('playbook_rules') }}

),

playbook_problems as (

    select * from {{ ref('int_playbook_problems') }}

),

problems_ranked as (

    select
        problem,
        row_number() over (
            order by coalesce(rule_number, -1), column_name, problem
        ) as place
    from playbook_problems

),

problem_count as (

    select
        count(*) as problem_count,
        max(problem) filter (where place = 1) as first_problem
    from problems_ranked

),

-- One message, of the first problem: the build ends here.
checked as (

    select
        case
            when problem_count > 0
                then {{ failing(
                    "'Wrong setting: ' || first_problem || case when"
                    ~ " problem_count > 1 then ' (and '"
                    ~ " || cast(problem_count - 1 as string)"
                    ~ " || ' more)' else '' end"
                ) }}
        end as nothing
    from problem_count

),

-- A bound of any is no bound, which null stands for from here on.
rules as (

    select
        trim(playbook_rules.strategy) as strategy,
        nullif(trim(playbook_rules.growth_direction), 'any')
            as growth_direction,
        trim(playbook_rules.kpi) as kpi,
        trim(playbook_rules.meaning) as meaning,
        trim(playbook_rules.kpi_label) as kpi_label,
        trim(playbook_rules.objective) as objective,
        trim(playbook_rules.offer) as offer,
        trim(playbook_rules.offer_if_discount_sensitive)
            as offer_if_discount_sensitive,
        trim(playbook_rules.positioning) as positioning,
        cast(playbook_rules.rule_order as bigint) as rule_order,
        {{ playbook_bound('min_future_spend_index') }}
            as min_future_spend_index,
        {{ playbook_bound('max_future_spend_index') }}
            as max_future_spend_index,
        {{ playbook_bound('min_retention_index') }} as min_retention_index,
        {{ playbook_bound('max_retention_index') }} as max_retention_index,
        {{ playbook_bound('min_engagement_index') }} as min_engagement_index,
        {{ playbook_bound('max_engagement_index') }} as max_engagement_index
    from playbook_rules
    cross join checked
    where checked.nothing is null

),

-- A bound is met by the whole interval of a figure that has one. An unknown
-- figure meets no bound.
met as (

    select
        segment_indexes.segment_id,
        min(rules.rule_order) as rule_order
    from segment_indexes
    cross join rules
    where
        (
            rules.growth_direction is null
            or segment_indexes.growth_direction = rules.growth_direction
        )
        and {{ meets_bounds('future_spend_index') }}
        and {{ meets_bounds('retention_index') }}
        and {{ meets_bounds('engagement_index') }}
    group by segment_indexes.segment_id

),

applied as (

    select
        segment_indexes.*,
        rules.strategy,
        rules.meaning,
        rules.kpi,
        rules.kpi_label,
        rules.objective,
        rules.offer,
        rules.offer_if_discount_sensitive,
        rules.positioning,
        rules.rule_order,
        rules.min_future_spend_index,
        rules.max_future_spend_index,
        rules.min_retention_index,
        rules.max_retention_index,
        rules.min_engagement_index,
        rules.max_engagement_index
    from segment_indexes
    inner join met
        on segment_indexes.segment_id = met.segment_id
    inner join rules
        on met.rule_order = rules.rule_order

),

final as (

    select
        yield_basis,
        growth_direction,
        strategy,
        'Rule ' || cast(rule_order as string) || ', ' || meaning
        || {{ figure_words('future_spend_index') }}
        || {{ figure_words('retention_index') }}
        || {{ figure_words('engagement_index') }}
        || '; growth: ' || growth_direction || '.' as strategy_reason,
        kpi,
        kpi_label,
        objective,
        offer,
        offer_if_discount_sensitive,
        positioning,
        segment_id,
        rule_order,
        future_spend_days,
        customer_count,
        future_spend_rank,
        spend_per_customer,
        orders_per_customer,
        future_spend_per_customer,
        future_spend_standard_error,
        future_spend_index,
        future_spend_index_lower,
        future_spend_index_upper,
        retention_index,
        retention_index_lower,
        retention_index_upper,
        engagement_index,
        engagement_index_lower,
        engagement_index_upper,
        active_share,
        response_rate
    from applied

)

select * from final
