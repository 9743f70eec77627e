with

snapshot_movement as (

    select * from {{ ref('int_snapshot_movement') }}

),

history_movement as (

    select * from {{ ref('history_movement') }}

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

final as (

    select
        basis,
        period,
        from_group,
        to_group,
        cast(from_segment_id as bigint) as from_segment_id,
        cast(to_segment_id as bigint) as to_segment_id,
        cast(customer_count as bigint) as customer_count,
        cast(customer_changed_count as bigint) as customer_changed_count,
        cast(model_changed_count as bigint) as model_changed_count,
        cast(customer_count as double)
        / cast(
            sum(customer_count) over (partition by basis, period, from_group)
            as double
        ) as from_share,
        from_date,
        to_date
    from unioned

)

select * from final
