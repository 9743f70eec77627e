select
    feature,
    label,
    unit,
    phrase,
    mean_value,
    population_mean,
    standardised_difference
from segment_profiles
where
    segment_id = $segment_id
    and standardised_difference is not null
    and family <> 'needs'
order by abs(standardised_difference) desc, position, feature;
