-- Means, counts and standardised differences of the profiles follow from the
-- published feature values and assignments.

with

feature_values as (

    select
        customer_segments.segment_id,
        customer_feature_values.feature,
        customer_feature_values.value,
        customer_feature_values.standardised_value
    from {{ ref('customer_feature_values') }} as customer_feature_values
    inner join {{ ref('customer_segments') }} as customer_segments
        on customer_feature_values.customer_id = customer_segments.customer_id
    where customer_segments.status = 'segmented'

),

populations as (

    select
        feature,
        avg(standardised_value) as standardised_mean
    from feature_values
    group by feature

),

recomputed as (

    select
        feature_values.segment_id,
        feature_values.feature,
        count(*) as customer_count,
        avg(feature_values.value) as mean_value,
        avg(feature_values.standardised_value)
        - max(populations.standardised_mean) as standardised_difference
    from feature_values
    inner join populations
        on feature_values.feature = populations.feature
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
    or abs(
        segment_profiles.standardised_difference
        - recomputed.standardised_difference
    ) > 1e-6
