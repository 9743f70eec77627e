with

segment_indexes as (

    select * from {{ ref('int_segment_indexes') }}

),

segment_measures as (

    select * from {{ ref('int_segment_measures') }}

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

rules as (

    select
        trim(playbook_rules.strategy) as strategy,
        trim(playbook_rules.conditions) as conditions,
        trim(playbook_rules.kpi) as kpi,
        trim(playbook_rules.meaning) as meaning,
        trim(playbook_rules.kpi_label) as kpi_label,
        trim(playbook_rules.objective) as objective,
        trim(playbook_rules.offer) as offer,
        trim(playbook_rules.offer_if_discount_sensitive)
            as offer_if_discount_sensitive,
        trim(playbook_rules.positioning) as positioning,
        coalesce(trim(playbook_rules.avoid), '') as avoid,
        cast(playbook_rules.rule_order as bigint) as rule_order
    from playbook_rules
    cross join checked
    where checked.nothing is null

),

{{ playbook_conditions('rules') }},

condition_counts as (

    select
        rule_order,
        count(distinct condition_text) as condition_count
    from alternatives_parsed
    group by rule_order

),

-- An estimate meets a bound by itself, or, where the rule must be sure, by its
-- whole interval if it has one. A figure that is not known meets none.
compared as (

    select
        segment_measures.segment_id,
        segment_measures.label,
        coalesce(segment_measures.words, segment_measures.label) as words,
        alternatives_parsed.rule_order,
        alternatives_parsed.conditions,
        alternatives_parsed.condition_text,
        alternatives_parsed.alternative_text,
        alternatives_parsed.comparison,
        alternatives_parsed.bound,
        case
            when not alternatives_parsed.is_sure
                then segment_measures.estimate
            when alternatives_parsed.comparison in ('>=', '>')
                then
                    coalesce(
                        segment_measures.lower_value, segment_measures.estimate
                    )
            else
                coalesce(
                    segment_measures.upper_value, segment_measures.estimate
                )
        end as compared_value
    from alternatives_parsed
    inner join segment_measures
        on
            alternatives_parsed.subject || ' ' || alternatives_parsed.figure
            = segment_measures.measure

),

alternatives_met as (

    select
        segment_id,
        rule_order,
        condition_text,
        row_number() over (
            partition by
                segment_id,
                rule_order,
                condition_text
            order by
                instr(conditions, alternative_text) asc,
                alternative_text asc
        ) as alternative_place,
        instr(conditions, condition_text) as condition_place,
        label,
        words
    from compared
    where
        (comparison = '>=' and compared_value >= bound)
        or (comparison = '<=' and compared_value <= bound)
        or (comparison = '>' and compared_value > bound)
        or (comparison = '<' and compared_value < bound)

),

-- Of alternatives the first that is met is the reason. Two conditions may be
-- of one figure, which is said once.
conditions_met as (

    select
        *,
        row_number() over (
            partition by
                segment_id,
                rule_order,
                words
            order by condition_place asc, condition_text asc
        ) as words_place
    from alternatives_met
    where alternative_place = 1

),

rules_met as (

    select
        segment_id,
        rule_order,
        count(*) as met_count,
        {{ text_join('label', ' and ', 'condition_place, condition_text') }}
            as measures,
        {{ text_join(
            'case when words_place = 1 then words end',
            '; ',
            'condition_place, condition_text'
        ) }} as words
    from conditions_met
    group by
        segment_id,
        rule_order

),

-- Who complained more than others is answered first, whatever else is done.
complaints as (

    select
        shares.segment_id,
        shares.words as complaints
    from segment_measures as shares
    inner join segment_measures as indexes
        on
            shares.segment_id = indexes.segment_id
            and indexes.measure = 'contact:complaint index'
    where
        shares.measure = 'contact:complaint share'
        and shares.is_shown
        and indexes.lower_value > 100

),

indexes_known as (

    select
        segment_id,
        {{ text_join(
            'words', '; ',
            "case measure when 'future_spend index' then 1"
            ~ " when 'retention index' then 2 else 3 end"
        ) }} as words
    from segment_measures
    where
        measure in (
            'future_spend index', 'retention index', 'engagement index'
        )
        and words is not null
    group by segment_id

),

-- The last rule has no condition: what is known of the segment is its reason.
candidates as (

    select
        rules_met.segment_id,
        rules_met.rule_order,
        rules_met.measures,
        rules_met.words
    from rules_met
    inner join condition_counts
        on
            rules_met.rule_order = condition_counts.rule_order
            and rules_met.met_count = condition_counts.condition_count
    union all
    select
        segment_indexes.segment_id,
        rules.rule_order,
        cast(null as string) as measures,
        indexes_known.words
    from segment_indexes
    cross join rules
    left join indexes_known
        on segment_indexes.segment_id = indexes_known.segment_id
    where rules.conditions = 'any'

),

candidates_ranked as (

    select
        *,
        row_number() over (
            partition by segment_id order by rule_order
        ) as place
    from candidates

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
        rules.avoid,
        rules.rule_order,
        candidates_ranked.measures,
        candidates_ranked.words,
        complaints.complaints
    from segment_indexes
    inner join candidates_ranked
        on
            segment_indexes.segment_id = candidates_ranked.segment_id
            and candidates_ranked.place = 1
    inner join rules
        on candidates_ranked.rule_order = rules.rule_order
    left join complaints
        on segment_indexes.segment_id = complaints.segment_id

),

final as (

    select
        yield_basis,
        growth_direction,
        strategy,
        upper(substr(meaning, 1, 1)) || substr(meaning, 2)
        || coalesce(': ' || words, '') || '.' as strategy_reason,
        measures,
        words as figures,
        complaints,
        value_label,
        value_unit,
        value_words,
        kpi,
        kpi_label,
        objective,
        offer,
        offer_if_discount_sensitive,
        positioning,
        avoid,
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
