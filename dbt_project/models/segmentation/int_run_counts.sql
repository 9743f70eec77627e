with

customer_statuses as (

    select * from {{ ref('int_customer_statuses') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

record_outcomes as (

    select * from {{ ref('record_outcomes') }}

),

order_lines as (

    select * from {{ ref('order_lines') }}

),

customer_counts as (

    select
        count(*) as customer_count,
        count(*) filter (where status = 'segmented')
            as segmented_customer_count,
        count(*) filter (where status = 'lapsed') as lapsed_count,
        count(*) filter (where status = 'insufficient_history')
            as insufficient_history_count,
        count(*) filter (where status = 'never_ordered') as never_ordered_count
    from customer_statuses

),

outlier_counts as (

    select count(*) filter (where is_outlier) as outlier_count
    from customer_assignments

),

record_counts as (

    select
        coalesce(sum(row_count) filter (where outcome = 'rejected'), 0)
            as rejected_row_count,
        coalesce(sum(row_count) filter (where outcome = 'duplicate'), 0)
            as duplicate_row_count
    from record_outcomes

),

line_counts as (

    select count(*) as order_line_count from order_lines

),

final as (

    select
        customer_counts.customer_count,
        customer_counts.segmented_customer_count,
        customer_counts.lapsed_count,
        customer_counts.insufficient_history_count,
        customer_counts.never_ordered_count,
        outlier_counts.outlier_count,
        line_counts.order_line_count,
        cast(record_counts.rejected_row_count as bigint) as rejected_row_count,
        cast(record_counts.duplicate_row_count as bigint)
            as duplicate_row_count
    from customer_counts
    cross join outlier_counts
    cross join record_counts
    cross join line_counts

)

select * from final
