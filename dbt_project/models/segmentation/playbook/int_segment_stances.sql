{% set measures = {
    'yield_index': 'yield index',
    'retention_index': 'retention index',
    'engagement_index': 'engagement index',
} %}

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
        {%- for measure in measures %}
        and (
            playbook_rules.min_{{ measure }} is null
            or coalesce(
                segment_standing.{{ measure }}_lower,
                segment_standing.{{ measure }}
            )
            >= playbook_rules.min_{{ measure }}
        )
        and (
            playbook_rules.max_{{ measure }} is null
            or coalesce(
                segment_standing.{{ measure }}_upper,
                segment_standing.{{ measure }}
            )
            <= playbook_rules.max_{{ measure }}
        )
        {%- endfor %}
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
        playbook_rules.growth_direction as asked_growth_direction,
        {%- for measure in measures %}
        playbook_rules.min_{{ measure }},
        playbook_rules.max_{{ measure }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from segment_standing
    inner join met
        on segment_standing.segment_id = met.segment_id
    inner join playbook_rules
        on met.rule_order = playbook_rules.rule_order

),

-- Every figure, and beside it what the rule asked of it.
worded as (

    select
        *,
        {%- for measure, name in measures.items() %}
        '; {{ name }} '
        || coalesce({{ whole_number(measure) }}, 'unknown')
        || coalesce(
            ' (' || {{ whole_number(measure ~ '_lower') }}
            || ' to ' || {{ whole_number(measure ~ '_upper') }} || ')',
            ''
        )
        || coalesce(
            ', at least ' || {{ whole_number('min_' ~ measure) }}, ''
        )
        || coalesce(
            ', at most ' || {{ whole_number('max_' ~ measure) }}, ''
        ) as {{ measure }}_words,
        {%- endfor %}
        '; growth: ' || growth_direction as growth_words
    from applied

),

final as (

    select
        evidence,
        growth_direction,
        stance,
        'Rule ' || cast(rule_order as string) || ', ' || meaning
        {%- for measure in measures %}
        || {{ measure }}_words
        {%- endfor %}
        || growth_words || '.' as stance_reason,
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
        {%- for measure in measures %}
        {{ measure }},
        {{ measure }}_lower,
        {{ measure }}_upper,
        {%- endfor %}
        later_active_share,
        response_rate
    from worded

)

select * from final
