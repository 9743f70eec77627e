with

run_movement as (

    select * from {{ ref('int_run_movement') }}

),

-- Of the customers in a segment then and now: who is elsewhere because the
-- customer changed, and who because the model did. The two may cancel.
final as (

    select
        cast(sum(customer_changed_count) as double)
        / nullif(cast(sum(customer_count) as double), 0)
            as customer_changed_share,
        cast(sum(model_changed_count) as double)
        / nullif(cast(sum(customer_count) as double), 0) as model_changed_share
    from run_movement
    where
        from_segment_id is not null
        and to_segment_id is not null

)

select * from final
