{#
    What is said of single columns, all of a model in one pass: never null,
    within a range (both ends included, null stands for no end), one of some
    values. Null passes the last two. What does not hold ends the test with an
    error that names each column and how many rows break it; dbt's own tests of
    one column each take most of their time to start and end.
#}

{% test columns_hold(model, never_null=[], ranges={}, accepted_values={}) %}

    {%- set rules = [] -%}
    {%- for column in never_null -%}
        {%- do rules.append((column ~ ' is null', column ~ ' is null')) -%}
    {%- endfor -%}
    {%- for column, ends in ranges.items() -%}
        {%- set low, high = ends -%}
        {%- set beyond = [] -%}
        {%- if low is not none -%}
            {%- do beyond.append(column ~ ' < ' ~ low) -%}
        {%- endif -%}
        {%- if high is not none -%}
            {%- do beyond.append(column ~ ' > ' ~ high) -%}
        {%- endif -%}
        {%- do rules.append((beyond | join(' or '), beyond | join(' or '))) -%}
    {%- endfor -%}
    {%- for column, values in accepted_values.items() -%}
        {%- set listed = [] -%}
        {%- for value in values -%}
            {%- do listed.append(text_literal(value)) -%}
        {%- endfor -%}
        {%- do rules.append((
            column ~ ' not in (' ~ listed | join(', ') ~ ')',
            column ~ ' is none of ' ~ values | join(', ')
        )) -%}
    {%- endfor %}

    with

    counted as (

        select
            {%- for condition, _ in rules %}
            count(*) filter (where {{ condition }}) as broken_{{ loop.index }}
            {{- ',' if not loop.last }}
            {%- endfor %}
        from {{ model }}

    ),

    problems as (

        select
            {%- for _, what in rules %}
            case
                when broken_{{ loop.index }} > 0
                    then {{ text_literal('; ' ~ what ~ ' in ') }}
                    || cast(broken_{{ loop.index }} as string) || ' rows'
                else ''
            end
            {{- ' ||' if not loop.last }}
            {%- endfor %} as what_is_broken
        from counted

    )

    select what_is_broken
    from problems
    where
        case
            when what_is_broken <> ''
                then {{ failing(
                    text_literal(model.identifier ~ ': ') ~ ' || substr(what_is_broken, 3)'
                ) }}
        end is not null

{% endtest %}
