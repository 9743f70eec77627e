with

yield_members as (

    select * from {{ ref('int_yield_members') }}
    where is_judged

),

judged as (

    select
        customer_id,
        segment_id
    from yield_members
    where basis = 'judged'

),

in_force as (

    select
        customer_id,
        segment_id
    from yield_members
    where basis = 'in_force'

),

paired as (

    select
        judged.segment_id as judged_id,
        in_force.segment_id as in_force_id
    from judged
    inner join in_force
        on judged.customer_id = in_force.customer_id

),

judged_sizes as (

    select
        judged_id as segment_id,
        count(*) as judged_count,
        count(*) filter (where judged_id = in_force_id) as shared_count
    from paired
    group by judged_id

),

in_force_sizes as (

    select
        in_force_id as segment_id,
        count(*) as in_force_count
    from paired
    group by in_force_id

),

-- Shared by both over in either.
final as (

    select
        judged_sizes.segment_id,
        cast(judged_sizes.shared_count as double)
        / (
            judged_sizes.judged_count
            + coalesce(in_force_sizes.in_force_count, 0)
            - judged_sizes.shared_count
        ) as member_overlap
    from judged_sizes
    left join in_force_sizes
        on judged_sizes.segment_id = in_force_sizes.segment_id

)

select * from final
