-- In which features two segments differ, the largest difference first. A macro
-- looks tables up in the database in use, which need not be its own when several
-- are attached: it refuses those of another run.
create or replace macro main.compare_segments(first_id, second_id) as table
select
    first_one.feature,
    first_one.label,
    first_one.family,
    first_one.unit,
    first_one.mean_value as first_mean,
    second_one.mean_value as second_mean,
    first_one.population_mean,
    first_one.standardised_difference
    - second_one.standardised_difference as standardised_difference
from main.segment_profiles as first_one
inner join main.segment_profiles as second_one
    on first_one.feature = second_one.feature
where
    first_one.segment_id = first_id
    and second_one.segment_id = second_id
    and case
        when
            '<run_id>' = (
                select run_id from main.segmentation_runs
                where is_current
            )
            then true
        else error(
            'compare_segments looks at the database in use, which is of '
            || 'another run than its own: say use <its name> first'
        )
    end
order by
    abs(
        first_one.standardised_difference - second_one.standardised_difference
    ) desc nulls last,
    first_one.position,
    first_one.feature
