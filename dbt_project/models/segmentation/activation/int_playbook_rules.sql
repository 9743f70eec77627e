with

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
final as (

    select
        trim(playbook_rules.stance) as stance,
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
        {{ playbook_bound('min_yield_index') }} as min_yield_index,
        {{ playbook_bound('max_yield_index') }} as max_yield_index,
        {{ playbook_bound('min_retention_index') }} as min_retention_index,
        {{ playbook_bound('max_retention_index') }} as max_retention_index,
        {{ playbook_bound('min_engagement_index') }} as min_engagement_index,
        {{ playbook_bound('max_engagement_index') }} as max_engagement_index
    from playbook_rules
    cross join checked
    where checked.nothing is null

)

select * from final
