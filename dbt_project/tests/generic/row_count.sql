{#
    The model has exactly so many rows; one row that names both numbers comes
    back where it has not.
#}

{% test row_count(model, equals) %}

    select
        count(*) as found_count,
        {{ equals }} as expected_count
    from {{ model }}
    having count(*) <> {{ equals }}

{% endtest %}
