{% set known = playbook_vocabulary() %}

with

playbook_rules as (

    select * from {{ ref('playbook_rules') }}

),

-- Spaces around a cell mean nothing.
trimmed as (

    select
        {%- for measure in known.measures %}
        {%- for bound in ['min', 'max'] %}
        coalesce(trim({{ bound }}_{{ measure }}), '')
            as {{ bound }}_{{ measure }},
        {%- endfor %}
        {%- endfor %}
        {%- for text in known.texts %}
        coalesce(trim({{ text }}), '') as {{ text }},
        {%- endfor %}
        coalesce(trim(rule_order), '') as rule_order,
        try_cast(trim(rule_order) as bigint) as rule_number,
        coalesce(trim(strategy), '') as strategy,
        coalesce(trim(growth_direction), '') as growth_direction,
        coalesce(trim(kpi), '') as kpi
    from playbook_rules

),

placed as (

    select
        *,
        count(*) over (partition by rule_number) as rule_number_count,
        max(rule_number) over () as last_rule_number,
        {%- for measure in known.measures %}
        min_{{ measure }} = 'any'
        and max_{{ measure }} = 'any'
        and {%- endfor %} growth_direction = 'any' as is_for_all
    from trimmed

),

problems as (

    select
        rule_order,
        rule_number,
        'rule_order' as column_name,
        rule_order as found,
        'a whole number that no other rule has' as expected
    from placed
    where rule_number is null or rule_number_count > 1
    union all
    select
        rule_order,
        rule_number,
        'strategy' as column_name,
        strategy as found,
        'one of {{ known.strategies | join(", ") }}' as expected
    from placed
    where strategy not in ({{ text_list(known.strategies) }})
    union all
    select
        rule_order,
        rule_number,
        'growth_direction' as column_name,
        growth_direction as found,
        'one of {{ known.growth | join(", ") }}' as expected
    from placed
    where growth_direction not in ({{ text_list(known.growth) }})
    union all
    select
        rule_order,
        rule_number,
        'kpi' as column_name,
        kpi as found,
        'one of {{ known.kpis | join(", ") }}' as expected
    from placed
    where kpi not in ({{ text_list(known.kpis) }})
    {%- for measure in known.measures %}
    {%- for bound in ['min', 'max'] %}
    union all
    select
        rule_order,
        rule_number,
        '{{ bound }}_{{ measure }}' as column_name,
        {{ bound }}_{{ measure }} as found,
        'a number of at least 0 (100 is the average), or any' as expected
    from placed
    where
        {{ bound }}_{{ measure }} <> 'any'
        and coalesce(
            try_cast({{ bound }}_{{ measure }} as decimal(18, 4)), -1
        ) < 0
    {%- endfor %}
    union all
    select
        rule_order,
        rule_number,
        'max_{{ measure }}' as column_name,
        max_{{ measure }} as found,
        'at least min_{{ measure }}, ' || min_{{ measure }} as expected
    from placed
    where
        try_cast(max_{{ measure }} as decimal(18, 4))
        < try_cast(min_{{ measure }} as decimal(18, 4))
    {%- endfor %}
    {%- for text in known.texts %}
    union all
    select
        rule_order,
        rule_number,
        '{{ text }}' as column_name,
        {{ text }} as found,
        'a text in which braces hold one of '
        || '{{ known.placeholders | join(", ") }}' as expected
    from placed
    where
        {{ text }} = ''
        {%- set emptied = {} %}
        {%- for name in known.placeholders %}
        {%- do emptied.update({name: "''"}) %}
        {%- endfor %}
        or instr({{ filled_template(text, emptied) }}, '{') > 0
        or instr({{ filled_template(text, emptied) }}, '}') > 0
    {%- endfor %}
    union all
    select
        rule_order,
        rule_number,
        'strategy' as column_name,
        strategy as found,
        'maintain for the last rule, with any in every condition, so that'
        || ' each segment has a strategy' as expected
    from placed
    where
        rule_number = last_rule_number
        and not (strategy = 'maintain' and is_for_all)
    union all
    select
        rule_order,
        rule_number,
        'growth_direction' as column_name,
        growth_direction as found,
        'a condition in some column: only the last rule may have none, no'
        || ' later rule would ever apply' as expected
    from placed
    where rule_number < last_rule_number and is_for_all

),

final as (

    select
        'playbook_rules.csv, rule_order ' || rule_order || ', column '
        || column_name || ': expected ' || expected || ', found "' || found
        || '"' as problem,
        rule_order,
        column_name,
        expected,
        found,
        rule_number
    from problems

)

select * from final
