select
    segment_id,
    feature,
    label,
    family,
    unit,
    phrase,
    mean_value,
    population_mean,
    median_value,
    p10_value,
    p90_value,
    standardised_difference
from segment_profiles
where
    standardised_difference is not null
    and family <> 'needs'
order by position, feature, segment_id;
