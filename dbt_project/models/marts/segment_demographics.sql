with

customer_attributes as (

    select * from {{ ref('int_customer_attributes_unpivoted') }}

),

attribute_profiles as (

    select * from {{ ref('int_attribute_profiles') }}
    where is_profiled

),

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

segment_attributes as (

    select
        customer_segments.segment_id,
        customer_attributes.attribute,
        customer_attributes.value,
        count(*) as customer_count
    from customer_attributes
    inner join attribute_profiles
        on customer_attributes.attribute = attribute_profiles.attribute
    inner join customer_segments
        on customer_attributes.customer_id = customer_segments.customer_id
    group by
        customer_segments.segment_id,
        customer_attributes.attribute,
        customer_attributes.value

),

-- Shares are of those who told the attribute: those who did not are no value.
shares as (

    select
        *,
        sum(customer_count) over (partition by segment_id, attribute)
            as known_count,
        sum(customer_count) over (partition by attribute, value)
            as population_count,
        sum(customer_count) over (partition by attribute)
            as population_known_count
    from segment_attributes

),

final as (

    select
        attribute,
        value,
        segment_id,
        customer_count,
        cast(known_count as bigint) as known_count,
        cast(customer_count as double) / cast(known_count as double)
            as customer_share,
        cast(population_count as double)
        / cast(population_known_count as double) as population_share,
        100
        * (cast(customer_count as double) / cast(known_count as double))
        / (
            cast(population_count as double)
            / cast(population_known_count as double)
        ) as index_value
    from shares

)

select * from final
