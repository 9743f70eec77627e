{#
    The columns name a row: together they are never null and never repeat.
    Without columns they are those that the model's meta names as primary_key.
    Rows that come back are the keys that break this, with how often.

    Rows whose hash is alone are no repeats: only the few others are compared
    by their values, as texts of many rows are dear to group by.

    With affected_orders_only, an increment looks at the rows of orders that
    have new lines. The key has to name the order, so that no row of another
    order can repeat one of these.
#}

{% test primary_key(model, columns=none, affected_orders_only=false) %}

    {%- set columns = columns or declared_key(model) %}

    with

    rows_tested as (

        select * from {{ model }}
        {% if affected_orders_only -%}
        where {{ of_affected_orders() }}
        {%- endif %}

    ),

    repeated_hashes as (

        select {{ row_hash(columns) }} as key_hash
        from rows_tested
        group by key_hash
        having count(*) > 1

    )

    select
        {{ columns | join(',\n        ') }},
        count(*) as row_count
    from rows_tested
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
