-- What sets each segment apart? The five features furthest from the average
-- customer, in standard deviations.
select
    segment_id,
    label,
    round(mean_value, 3) as segment_mean,
    round(population_mean, 3) as population_mean,
    round(standardised_difference, 2) as standard_deviations
from segment_profiles
where standardised_difference is not null
qualify row_number() over (
    partition by segment_id
    order by abs(standardised_difference) desc, feature
) <= 5
order by segment_id, abs(standardised_difference) desc, feature;
