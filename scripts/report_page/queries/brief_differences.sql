select
    segment_profiles.feature,
    segment_profiles.label,
    segment_profiles.unit,
    segment_profiles.phrase,
    segment_profiles.mean_value,
    segment_profiles.median_value,
    segment_profiles.population_mean,
    segment_profiles.standardised_difference,
    segment_profiles.index_value,
    feature_catalog.is_used
from segment_profiles
left join feature_catalog
    on segment_profiles.feature = feature_catalog.feature
where
    segment_profiles.segment_id = $segment_id
    and segment_profiles.standardised_difference is not null
    and segment_profiles.family <> 'needs'
order by
    abs(segment_profiles.standardised_difference) desc,
    segment_profiles.position,
    segment_profiles.feature;
