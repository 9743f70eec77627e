with

segment_attributes as (

    select * from {{ ref('int_segment_attributes_folded') }}

),

cells as (

    select
        *,
        customer_count as people,
        sum(customer_count) over (partition by attribute)
            as population_known_count
    from segment_attributes

),

{{ hidden_cells('cells', 'attribute', 'segment_id', 'value') }},

-- Shares are of customers whose attribute is known: unknown is no value.
-- The population is all of them, whether a segment shows the value or not.
shares as (

    select
        *,
        case when not is_hidden then people end as shown_count,
        case
            when not is_hidden
                then cast(people as double) / cast(row_people as double)
        end as customer_share,
        cast(column_people as double)
        / cast(population_known_count as double) as population_share
    from cells_hidden

),

final as (

    select
        attribute,
        value,
        segment_id,
        shown_count as customer_count,
        case when not is_total_hidden then cast(row_people as bigint) end
            as known_count,
        cast(value_count as bigint) as value_count,
        customer_share,
        population_share,
        100 * customer_share / population_share as index_value,
        is_folded,
        is_hidden as is_small_group
    from shares

)

select * from final
