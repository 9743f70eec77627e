with

segment_category_affinity as (

    select * from {{ ref('segment_category_affinity') }}

),

-- Bought by enough of the segment and of some weight in its spend: an index
-- alone is highest where nearly nobody buys.
ranked as (

    select
        category,
        segment_id,
        row_number() over (
            partition by segment_id
            order by index_value desc, category asc
        ) as place
    from segment_category_affinity
    where
        category <> 'unknown'
        and index_value > 100
        and penetration >= {{ var('min_lead_penetration') }}
        and spend_share >= {{ var('min_lead_spend_share') }}

),

final as (

    select
        segment_id,
        {{ text_join('category', ', ', 'place') }} as lead_categories
    from ranked
    where place <= {{ var('lead_category_count') }}
    group by segment_id

)

select * from final
