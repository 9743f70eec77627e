with

dataset as (

    with

    labels as (

        -- Segments that may be shown, with a short name for axes.
        select
            segment_id,
            segment_name,
            segment_id || ' ' || case
                when length(segment_name) <= 32 then segment_name
                else rtrim(left(segment_name, 31)) || '…'
            end as segment,
            bool_or(customer_count between 1 and 4) over () as has_small_segment
        from segment_summary
        qualify customer_count not between 1 and 4

    )

    select
        labels.segment,
        segment_profiles.label,
        segment_profiles.family,
        segment_profiles.unit,
        labels.segment_id,
        row_number() over (
            partition by segment_profiles.segment_id
            order by
                abs(segment_profiles.standardised_difference) desc nulls last,
                segment_profiles.feature
        ) as place,
        segment_profiles.mean_value,
        segment_profiles.population_mean,
        segment_profiles.standardised_difference,
        segment_profiles.index_value
    from segment_profiles
    inner join labels
        on segment_profiles.segment_id = labels.segment_id
    where
        segment_profiles.family <> 'needs'
        and segment_profiles.known_count not between 1 and 4

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
