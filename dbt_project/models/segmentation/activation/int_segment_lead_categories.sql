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
        and penetration >= {{ setting_within('min_lead_penetration', 0, 1) }}
        and spend_share >= {{ setting_within('min_lead_spend_share', 0, 1) }}

),

final as (

    select
        segment_id,
        {{ text_join('category', ', ', 'place') }} as lead_categories
    from ranked
    where place <= {{ setting_within('lead_category_count', 1, 100) }}
    group by segment_id

)

select * from final
