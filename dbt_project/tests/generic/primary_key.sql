{#
    The columns name a row: together they are never null and never repeat.
    Without columns they are those that the model's meta names as primary_key.
    Rows that come back are the keys that break this, with how often.

    Rows whose hash is alone are no repeats: only the few others are compared
    by their values, as texts of many rows are dear to group by.
#}

{% test primary_key(model, columns=none) %}

    {%- set columns = columns or declared_key(model) %}

    with

    repeated_hashes as (

        select {{ row_hash(columns) }} as key_hash
        from {{ model }}
        group by key_hash
        having count(*) > 1

    )

    select
        {{ columns | join(',\n        ') }},
        count(*) as row_count
    from {{ model }}
    where
        {{ row_hash(columns) }} in (
            select repeated_hashes.key_hash from repeated_hashes
        )
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}
    group by
        {{ columns | join(',\n        ') }}
    having
        count(*) > 1
        {%- for column in columns %}
        or {{ column }} is null
        {%- endfor %}

{% endtest %}
