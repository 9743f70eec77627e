{#
    A model of one row has one. For models that have one whatever the data, and
    that others read by a cross join: with none, these would be empty; with two,
    every row would be there twice.
#}

{% test one_row(model) %}

    with

    counted as (

        select count(*) as row_count from {{ model }}

    )

    select row_count
    from counted
    where row_count <> 1

{% endtest %}
