{{ config(tags=['guards_code']) }}

-- Means and counts of the profiles follow from the published feature values and
-- assignments, and differences have the sign of the means.

with

feature_values as (

    select
        customer_segments.segment_id,
        customer_feature_values.feature,
        customer_feature_values.value
    from {{ ref('customer_feature_values') }} as customer_feature_values
    inner join {{ ref('customer_segments') }} as customer_segments
        on customer_feature_values.customer_id = customer_segments.customer_id
    where customer_segments.status = 'segmented'

),

recomputed as (

    select
        feature_values.segment_id,
        feature_values.feature,
        count(*) as customer_count,
        avg(feature_values.value) as mean_value
    from feature_values
    group by
        feature_values.segment_id,
        feature_values.feature

)

select
    coalesce(segment_profiles.segment_id, recomputed.segment_id) as segment_id,
    coalesce(segment_profiles.feature, recomputed.feature) as feature,
    segment_profiles.mean_value,
    recomputed.mean_value as recomputed_mean_value
from {{ ref('segment_profiles') }} as segment_profiles
full outer join recomputed
    on
        segment_profiles.segment_id = recomputed.segment_id
        and segment_profiles.feature = recomputed.feature
where
    segment_profiles.segment_id is null
    or recomputed.segment_id is null
    or segment_profiles.customer_count <> recomputed.customer_count
    or (segment_profiles.mean_value is null)
    <> (recomputed.mean_value is null)
    -- Profiles sum decimals of nine places, this test sums doubles.
    or abs(segment_profiles.mean_value - recomputed.mean_value)
    > 1e-6 * greatest(1, abs(recomputed.mean_value))
    or segment_profiles.standardised_difference
    * (segment_profiles.mean_value - segment_profiles.population_mean) < 0
