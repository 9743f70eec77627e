with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

history_movement as (

    select * from {{ ref('history_movement') }}

),

consecutive_dates as (

    select
        as_of_date as to_date,
        lag(as_of_date) over (order by as_of_date) as from_date
    from {{ ref('snapshots') }}

),

assigned_before as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        consecutive_dates.from_date,
        consecutive_dates.to_date
    from customer_assignments
    inner join consecutive_dates
        on customer_assignments.as_of_date = consecutive_dates.from_date

),

assigned_after as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        consecutive_dates.from_date,
        consecutive_dates.to_date
    from customer_assignments
    inner join consecutive_dates
        on
            customer_assignments.as_of_date = consecutive_dates.to_date
            and consecutive_dates.from_date is not null

),

-- One model throughout: customers in another segment have changed.
moved as (

    select
        assigned_before.segment_id as from_segment_id,
        assigned_after.segment_id as to_segment_id,
        coalesce(assigned_before.from_date, assigned_after.from_date)
            as from_date,
        coalesce(assigned_before.to_date, assigned_after.to_date) as to_date
    from assigned_before
    full outer join assigned_after
        on
            assigned_before.customer_id = assigned_after.customer_id
            and assigned_before.to_date = assigned_after.to_date

),

snapshot_movement as (

    select
        from_segment_id,
        to_segment_id,
        count(*) as customer_count,
        from_date,
        to_date
    from moved
    group by
        from_segment_id,
        to_segment_id,
        from_date,
        to_date

),

unioned as (

    select
        'snapshots' as basis,
        cast(to_date as string) as period,
        coalesce(cast(from_segment_id as string), 'not segmented')
            as from_group,
        coalesce(cast(to_segment_id as string), 'not segmented') as to_group,
        from_segment_id,
        to_segment_id,
        customer_count,
        case
            when from_segment_id <> to_segment_id then customer_count
            else 0
        end as customer_changed_count,
        0 as model_changed_count,
        from_date,
        to_date
    from snapshot_movement
    union all
    select
        'runs' as basis,
        'run ' || cast(run_number as string) as period,
        from_group,
        to_group,
        from_segment_id,
        to_segment_id,
        customer_count,
        customer_changed_count,
        model_changed_count,
        from_date,
        to_date
    from history_movement

),

from_groups as (

    select distinct
        basis,
        period,
        from_group
    from unioned

),

to_groups as (

    select distinct
        basis,
        period,
        to_group
    from unioned

),

-- Shares reveal the totals of rows, and segment sizes those of columns.
cells as (

    select
        from_groups.basis,
        from_groups.period,
        from_groups.from_group,
        to_groups.to_group,
        coalesce(unioned.customer_count, 0) as people
    from from_groups
    inner join to_groups
        on
            from_groups.basis = to_groups.basis
            and from_groups.period = to_groups.period
    left join unioned
        on
            from_groups.basis = unioned.basis
            and from_groups.period = unioned.period
            and from_groups.from_group = unioned.from_group
            and to_groups.to_group = unioned.to_group

),

{{ hidden_cells('cells', 'basis, period', 'from_group', 'to_group') }},

final as (

    select
        unioned.basis,
        unioned.period,
        unioned.from_group,
        unioned.to_group,
        cast(unioned.from_segment_id as bigint) as from_segment_id,
        cast(unioned.to_segment_id as bigint) as to_segment_id,
        unioned.from_date,
        unioned.to_date,
        cast(unioned.customer_count as bigint) as customer_count,
        cast(unioned.customer_count as double)
        / cast(cells_hidden.row_people as double) as from_share,
        cast(unioned.customer_changed_count as bigint)
            as customer_changed_count,
        cast(unioned.model_changed_count as bigint) as model_changed_count,
        cells_hidden.is_hidden
        or {{ is_small_count('unioned.customer_changed_count') }}
        or {{ is_small_count('unioned.model_changed_count') }}
            as is_small_group
    from unioned
    inner join cells_hidden
        on
            unioned.basis = cells_hidden.basis
            and unioned.period = cells_hidden.period
            and unioned.from_group = cells_hidden.from_group
            and unioned.to_group = cells_hidden.to_group

)

select * from final
