{% set known = playbook_vocabulary() %}
{% set emptied = {} %}
{% for name in known.placeholders %}
{% do emptied.update({name: "''"}) %}
{% endfor %}

with

playbook_rules as (

    select * from {{ ref('playbook_rules') }}

),

feature_definitions as (

    select * from {{ ref('feature_definitions') }}

),

-- Spaces around a cell mean nothing.
trimmed as (

    select
        {%- for text in known.texts %}
        coalesce(trim({{ text }}), '') as {{ text }},
        {%- endfor %}
        coalesce(trim(rule_order), '') as rule_order,
        try_cast(trim(rule_order) as bigint) as rule_number,
        coalesce(trim(strategy), '') as strategy,
        coalesce(trim(conditions), '') as conditions,
        coalesce(trim(kpi), '') as kpi
    from playbook_rules

),

placed as (

    select
        *,
        count(*) over (partition by rule_number) as rule_number_count,
        max(rule_number) over () as last_rule_number,
        conditions = 'any' as is_for_all
    from trimmed

),

{{ playbook_conditions('trimmed') }},

text_columns as (

    select
        texts.column_name,
        texts.is_optional
    from (
        values
        {% for text in known.texts -%}
        ('{{ text }}', {{ text in known.optional_texts }})
        {{- ',' if not loop.last }}
        {% endfor %}
    ) as texts (column_name, is_optional)

),

templates as (

    select
        placed.rule_order,
        placed.rule_number,
        text_columns.column_name,
        text_columns.is_optional,
        case text_columns.column_name
            {% for text in known.texts -%}
            when '{{ text }}' then placed.{{ text }}
            {% endfor -%}
        end as template
    from placed
    cross join text_columns

),

templates_emptied as (

    select
        *,
        {{ is_open_outside_clauses('template') }} as is_open,
        {{ filled_template('template', emptied) }} as without_placeholders
    from templates

),

templates_read as (

    select
        *,
        instr(without_placeholders, '{') > 0
        or instr(without_placeholders, '}') > 0 as has_braces
    from templates_emptied

),

-- Rules may ask for what is made of orders though definitions of a user leave
-- it out: such a rule meets no segment.
features_named as (

    select feature from feature_definitions
    union
    select usual_features.feature
    from (
        values
        {% for feature in behaviour_features() -%}
        ('{{ feature }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as usual_features (feature)

),

-- Names of features are known before the build, those of attributes and of
-- their values are not.
measures as (

    select fixed_measures.measure
    from (
        values
        {% for measure in playbook_measures() -%}
        ('{{ measure }}'){{ ',' if not loop.last }}
        {% endfor %}
    ) as fixed_measures (measure)
    union all
    {% for figure in known.feature_figures -%}
    select 'feature:' || feature || ' {{ figure }}' as measure
    from features_named
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

alternatives as (

    select
        alternatives_parsed.*,
        try_cast(alternatives_parsed.rule_order as bigint) as rule_number,
        alternatives_parsed.subject || ' ' || alternatives_parsed.figure
            as measure,
        case
            when alternatives_parsed.subject like 'attribute:_%=_%'
                then alternatives_parsed.figure in ('share', 'index')
            when alternatives_parsed.subject like 'attribute:_%'
                then
                    alternatives_parsed.figure
                    in ({{ text_list(known.feature_figures) }})
            else measures.measure is not null
        end as is_known
    from alternatives_parsed
    left join measures
        on
            alternatives_parsed.subject || ' ' || alternatives_parsed.figure
            = measures.measure

),

-- The known measure that is spelled most alike.
nearest_measures as (

    select
        alternatives.rule_order,
        alternatives.measure,
        measures.measure as nearest_measure,
        row_number() over (
            partition by
                alternatives.rule_order,
                alternatives.measure
            order by
                levenshtein(alternatives.measure, measures.measure) asc,
                measures.measure asc
        ) as place
    from (
        select distinct
            rule_order,
            measure
        from alternatives
        where
            subject <> ''
            and not is_known
    ) as alternatives
    cross join measures

),

-- Alternatives may contradict each other, conditions may not.
bounds as (

    select
        rule_order,
        rule_number,
        measure,
        max(bound) filter (where comparison in ('>=', '>')) as lowest,
        min(bound) filter (where comparison in ('<=', '<')) as highest
    from alternatives
    where condition_text = alternative_text
    group by
        rule_order,
        rule_number,
        measure

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
        'kpi' as column_name,
        kpi as found,
        'one of {{ known.kpis | join(", ") }}' as expected
    from placed
    where kpi not in ({{ text_list(known.kpis) }})
    union all
    select
        rule_order,
        rule_number,
        'conditions' as column_name,
        conditions as found,
        'conditions, or any' as expected
    from placed
    where conditions = ''
    union all
    select
        rule_order,
        rule_number,
        'conditions' as column_name,
        alternative_text as found,
        'a measure, a figure of it (index, share, difference or mean), one of'
        || ' >=, <=, > and <, and a number, such as "orders index <= 100", and'
        || ' surely where the whole interval must meet it; ; between'
        || ' conditions, or between alternatives' as expected
    from alternatives
    where
        conditions <> ''
        and subject = ''
    union all
    select
        alternatives.rule_order,
        alternatives.rule_number,
        'conditions' as column_name,
        alternatives.measure as found,
        case
            when alternatives.subject like 'attribute:%'
                then
                    'share or index of a value, such as'
                    || ' attribute:gender=female share, or'
                    || ' {{ known.feature_figures | join(", ") }} of a column'
                    || ' of numbers, such as attribute:age mean'
            else
                'a measure and a figure that it has, as docs/playbook.md lists'
                || ' them, such as ' || nearest_measures.nearest_measure
        end as expected
    from alternatives
    inner join nearest_measures
        on
            alternatives.rule_order = nearest_measures.rule_order
            and alternatives.measure = nearest_measures.measure
            and nearest_measures.place = 1
    union all
    select
        rule_order,
        rule_number,
        'conditions' as column_name,
        alternative_text as found,
        case figure
            when 'share' then 'a share from 0 to 1'
            when 'index' then 'an index of at least 0 (100 is the average)'
            else 'a number of fewer digits'
        end as expected
    from alternatives
    where
        subject <> ''
        and (
            bound is null
            or (figure in ('share', 'index') and bound < 0)
            or (figure = 'share' and bound > 1)
        )
    union all
    select
        rule_order,
        rule_number,
        'conditions' as column_name,
        measure || ' of at least ' || cast(lowest as string)
        || ' and at most ' || cast(highest as string) as found,
        'bounds that a figure can meet' as expected
    from bounds
    where lowest > highest
    union all
    select
        rule_order,
        rule_number,
        column_name,
        template as found,
        'a text in which braces hold one of '
        || '{{ known.placeholders | join(", ") }}' as expected
    from templates_read
    where (template = '' and not is_optional) or has_braces
    union all
    select
        rule_order,
        rule_number,
        column_name,
        template as found,
        'square brackets around each clause that may be unknown, such as'
        || ' "sent once[ {channel}]", with bars between alternatives, and'
        || ' no brackets in brackets; only {customer_count} is always known'
            as expected
    from templates_read
    where is_open and not has_braces
    union all
    select
        rule_order,
        rule_number,
        'strategy' as column_name,
        strategy as found,
        'maintain for the last rule, with any for conditions, so that each'
        || ' segment has a strategy' as expected
    from placed
    where
        rule_number = last_rule_number
        and not (strategy = 'maintain' and is_for_all)
    union all
    select
        rule_order,
        rule_number,
        'conditions' as column_name,
        conditions as found,
        'a condition: only the last rule may have none, no later rule would'
        || ' ever apply' as expected
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
