create temp table statuses as
with

before as (

    select customer_id, segment_id
    from ledger.members
    where export_id = $base

),

compared as (

    select
        coalesce(members.customer_id, before.customer_id) as customer_id,
        coalesce(members.segment_id, before.segment_id) as segment_id,
        before.segment_id as previous_segment_id,
        case
            when members.customer_id is null then 'left'
            when members.segment_id = before.segment_id then 'stayed'
            when before.customer_id is not null and not $by_segment then 'stayed'
            else 'entered'
        end as membership_status
    from members
    full outer join before
        on members.customer_id = before.customer_id

),

-- The last stay of a customer in a segment: its first run, and its last if it ended.
stays as (

    select
        customer_id,
        segment_id,
        max(first_run_number) as first_run_number,
        max(coalesce(last_run_number, 9223372036854775807)) as last_run_number
    from marts.history.assignments
    group by customer_id, segment_id

),

runs as (

    select run_number, as_of_date
    from marts.main.segmentation_runs

),

-- The newest name of every segment there ever was.
names as (

    select
        segments.segment_id,
        coalesce(
            max(summary.segment_name),
            max_by(segments.derived_name, segments.fit_number)
        ) as segment_name
    from marts.history.segments as segments
    left join marts.main.segment_summary as summary
        on segments.segment_id = summary.segment_id
    group by segments.segment_id

),

current_run as (

    select as_of_date
    from marts.main.segmentation_runs
    where is_current

)

-- A customer who is left out for another reason than a move left now.
select
    compared.customer_id,
    compared.segment_id,
    names.segment_name,
    compared.previous_segment_id,
    compared.membership_status,
    case
        when $by_segment then coalesce(runs.as_of_date, current_run.as_of_date)
    end as member_since_date
from compared
cross join current_run
left join names
    on compared.segment_id = names.segment_id
left join stays
    on
        compared.customer_id = stays.customer_id
        and compared.segment_id = stays.segment_id
left join runs
    on
        runs.run_number = case
            when compared.membership_status <> 'left' then stays.first_run_number
            when stays.last_run_number < 9223372036854775807
                then stays.last_run_number + 1
        end
