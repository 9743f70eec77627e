{#
    The columns name a row: together they are never null and never repeat.
    Rows that come back are the keys that break this, with how often.
#}

{% test primary_key(model, columns) %}

    select
        {{ columns | join(',\n        ') }},
        count(*) as row_count
    from {{ model }}
    group by
        {{ columns | join(',\n        ') }}
    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}

{% endtest %}
